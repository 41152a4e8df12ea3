from wikipayam_async.demo.troubles import READING, SENDING, arm, count_troubles
from wikipayam_async.emulator import Emulator, Fault, FaultKind, ThrownFault


def thrown(requests: int, seed: int, *, faults: bool = True) -> list[Fault]:
    """What strikes so many sends."""
    emulator = Emulator()
    arm(emulator, requests, seed, faults=faults)
    taken = [emulator.faults.take("POST", "/sms/send") for _ in range(requests)]
    return [fault for fault in taken if fault is not None]


def test_every_trouble_strikes() -> None:
    """A run of the usual size shows each at least once, whatever the seed; the rest is only slow."""
    for seed in range(3):
        faults = thrown(250, seed)
        assert {trouble.fault for trouble in SENDING} <= set(faults)
        assert sum(fault.kind is FaultKind.DELAY for fault in faults) == 227


def test_the_seed_decides_what_strikes() -> None:
    """The same seed gives the same troubles in the same places, another seed others."""
    assert thrown(250, 1) == thrown(250, 1)
    assert thrown(250, 1) != thrown(250, 2)


def test_a_small_run_is_not_all_troubles() -> None:
    """Of a few requests at most a quarter is struck."""
    assert sum(fault.kind is not FaultKind.DELAY for fault in thrown(8, 1)) == 2


def test_without_faults_all_is_only_slow() -> None:
    """Every request takes its few milliseconds and none fails."""
    faults = thrown(250, 1, faults=False)
    assert {fault.kind for fault in faults} == {FaultKind.DELAY}
    assert all(0.004 <= fault.seconds <= 0.014 for fault in faults)


def test_what_is_not_planned_is_only_slow() -> None:
    """Requests beyond the plan, and requests of other kinds, take their time and do not fail."""
    emulator = Emulator()
    arm(emulator, 0, 1, faults=True)
    for target in ("/sms/send", "/sms/deliver", "/user/balance"):
        fault = emulator.faults.take("POST", target)
        assert fault is not None
        assert fault.kind is FaultKind.DELAY


def test_troubles_are_counted_by_name() -> None:
    """Sends and look-ups are told apart, the latency is left out, and so is what did not happen."""
    log = [
        ThrownFault(SENDING[0].fault, "POST", "/sms/send"),
        ThrownFault(SENDING[3].fault, "POST", "/sms/send"),
        ThrownFault(Fault.delay(0.005), "POST", "/sms/send"),
        ThrownFault(SENDING[0].fault, "POST", "/sms/send"),
        ThrownFault(READING[1].fault, "POST", "/sms/deliver"),
    ]
    assert count_troubles(log) == {"429 with Retry-After": 2, "502 after accepting": 1, "status: 502": 1}

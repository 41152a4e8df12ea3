from wikipayam_async.demo.faults import READING, SENDING, arm, count_faults
from wikipayam_async.emulator import Emulator, Fault, FaultKind, ThrownFault


def thrown(requests: int, seed: int, *, faults: bool = True) -> list[Fault]:
    """Return the faults of a number of sends."""
    emulator = Emulator()
    arm(emulator, requests, seed, faults=faults)
    taken = [emulator.faults.take("POST", "/sms/send") for _ in range(requests)]
    return [fault for fault in taken if fault is not None]


def test_every_fault_strikes() -> None:
    """A run of the usual size has each fault at least once, with any seed; other requests only have latency."""
    for seed in range(3):
        faults = thrown(250, seed)
        assert {one.fault for one in SENDING} <= set(faults)
        assert sum(fault.kind is FaultKind.DELAY for fault in faults) == 227


def test_the_seed_decides_the_plan() -> None:
    """The same seed gives the same plan, another seed another one."""
    assert thrown(250, 1) == thrown(250, 1)
    assert thrown(250, 1) != thrown(250, 2)


def test_a_small_run_has_few_faults() -> None:
    """Faults strike at most a quarter of a few requests."""
    assert sum(fault.kind is not FaultKind.DELAY for fault in thrown(8, 1)) == 2


def test_without_faults_there_is_only_latency() -> None:
    """Every request takes a few milliseconds and none fails."""
    faults = thrown(250, 1, faults=False)
    assert {fault.kind for fault in faults} == {FaultKind.DELAY}
    assert all(0.004 <= fault.seconds <= 0.014 for fault in faults)


def test_unplanned_requests_have_only_latency() -> None:
    """Requests beyond the plan, and other endpoints, have latency and do not fail."""
    emulator = Emulator()
    arm(emulator, 0, 1, faults=True)
    for target in ("/sms/send", "/sms/deliver", "/user/balance"):
        fault = emulator.faults.take("POST", target)
        assert fault is not None
        assert fault.kind is FaultKind.DELAY


def test_faults_are_counted_by_name() -> None:
    """Sends and status requests are counted separately; latency and absent faults are left out."""
    log = [
        ThrownFault(SENDING[0].fault, "POST", "/sms/send"),
        ThrownFault(SENDING[3].fault, "POST", "/sms/send"),
        ThrownFault(Fault.delay(0.005), "POST", "/sms/send"),
        ThrownFault(SENDING[0].fault, "POST", "/sms/send"),
        ThrownFault(READING[1].fault, "POST", "/sms/deliver"),
    ]
    assert count_faults(log) == {"429 with Retry-After": 2, "502 after accepting": 1, "status: 502": 1}

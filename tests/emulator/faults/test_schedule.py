import pytest

from wikipayam_async.emulator import Fault, FaultKind, Faults, ThrownFault

HANG, RESET = Fault.hang(), Fault.reset()


def test_a_fault_strikes_as_often_as_armed() -> None:
    """Once by default, twice if asked, and then no more."""
    faults = Faults()
    faults.arm(HANG)
    faults.arm(RESET, times=2)
    assert faults.pending == 3
    assert [faults.take("GET", "/x") for _ in range(4)] == [HANG, RESET, RESET, None]
    assert faults.pending == 0


def test_a_fault_can_be_armed_for_ever() -> None:
    """Without a number of times it strikes until cleared."""
    faults = Faults()
    faults.arm(HANG, times=None)
    assert [faults.take("GET", "/x") for _ in range(3)] == [HANG] * 3
    assert faults.pending == 1
    faults.clear()
    assert faults.take("GET", "/x") is None


@pytest.mark.parametrize(
    ("on", "struck"),
    [
        (None, True),
        ("POST /sms/send", True),
        ("POST *", True),
        ("* /sms/*", True),
        ("POST /sms", False),
        ("GET *", False),
    ],
)
def test_a_fault_strikes_what_is_meant(on: str | None, struck: bool) -> None:
    """A pattern names a method and a path, with stars for anything."""
    faults = Faults()
    faults.arm(HANG, on=on)
    assert (faults.take("POST", "/sms/send") == HANG) is struck


def test_a_script_tells_the_fate_of_each_request() -> None:
    """The faults of a script come one by one, and None lets a request through."""
    faults = Faults()
    faults.script([HANG, None, RESET], on="GET *")
    assert [faults.take("GET", "/x") for _ in range(4)] == [HANG, None, RESET, None]


def test_chance_strikes_the_same_way_every_time() -> None:
    """One seed gives one sequence, in about the given proportions."""
    runs = []
    for _ in range(2):
        faults = Faults()
        faults.random({HANG: 0.1, RESET: 0.2}, seed=3)
        runs.append([faults.take("GET", "/x") for _ in range(2_000)])
    assert runs[0] == runs[1]
    assert 150 < runs[0].count(HANG) < 250
    assert 340 < runs[0].count(RESET) < 460


def test_chance_is_asked_where_no_armed_fault_fits() -> None:
    """Armed faults go first, and a plan strikes only what it means."""
    faults = Faults()
    faults.random({}, seed=1)
    faults.random({RESET: 1.0}, on="POST *")
    faults.arm(HANG)
    assert [faults.take(method, "/x") for method in ("POST", "POST", "GET")] == [HANG, RESET, None]


@pytest.mark.parametrize("odds", [{HANG: 0.6, RESET: 0.6}, {HANG: -0.1}])
def test_chances_have_to_be_probabilities(odds: dict[Fault, float]) -> None:
    """Negative odds and more than certainty are refused."""
    with pytest.raises(ValueError) as caught:
        Faults().random(odds)
    assert str(caught.value) == "probabilities are not negative, and together at most 1"


def test_what_was_thrown_is_logged() -> None:
    """The log keeps the fault and the request, until a reset."""
    faults = Faults()
    faults.script([HANG, None, HANG])
    for path in ("/a", "/b", "/c"):
        faults.take("GET", path)
    assert faults.log == [ThrownFault(HANG, "GET", "/a"), ThrownFault(HANG, "GET", "/c")]
    assert faults.thrown == {FaultKind.HANG: 2}
    faults.reset()
    assert faults.log == []


def test_a_fault_strikes_by_turns() -> None:
    """One request of so many is struck, and only those that are meant are counted."""
    faults = Faults()
    faults.every(HANG, 2, on="GET *")
    assert [faults.take(method, "/x") for method in ("GET", "POST", "GET", "GET", "GET")] == [
        None,
        None,
        HANG,
        None,
        HANG,
    ]
    faults.clear()
    assert [faults.take("GET", "/x") for _ in range(2)] == [None, None]


def test_turns_begin_at_one() -> None:
    """There is no turn before every request."""
    with pytest.raises(ValueError) as caught:
        Faults().every(HANG, 0)
    assert str(caught.value) == "turns begin at 1, which is every request"

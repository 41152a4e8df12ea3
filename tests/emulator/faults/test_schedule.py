import pytest

from wikipayam_async.emulator import Fault, FaultKind, Faults, ThrownFault

HANG, RESET = Fault.hang(), Fault.reset()


def test_a_fault_occurs_as_often_as_armed() -> None:
    """An armed fault occurs once by default, or `times` times."""
    faults = Faults()
    faults.arm(HANG)
    faults.arm(RESET, times=2)
    assert faults.pending == 3
    assert [faults.take("GET", "/x") for _ in range(4)] == [HANG, RESET, RESET, None]
    assert faults.pending == 0


def test_a_fault_can_be_armed_without_limit() -> None:
    """With `times=None` a fault occurs until it is cleared."""
    faults = Faults()
    faults.arm(HANG, times=None)
    assert [faults.take("GET", "/x") for _ in range(3)] == [HANG] * 3
    assert faults.pending == 1
    faults.clear()
    assert faults.take("GET", "/x") is None


@pytest.mark.parametrize(
    ("on", "matches"),
    [
        (None, True),
        ("POST /sms/send", True),
        ("POST *", True),
        ("* /sms/*", True),
        ("POST /sms", False),
        ("GET *", False),
    ],
)
def test_a_fault_occurs_on_matching_requests(on: str | None, matches: bool) -> None:
    """A pattern has a method and a path, with `*` for anything."""
    faults = Faults()
    faults.arm(HANG, on=on)
    assert (faults.take("POST", "/sms/send") == HANG) is matches


def test_a_script_sets_the_fault_of_each_request() -> None:
    """The faults of a script occur one by one, and None means no fault."""
    faults = Faults()
    faults.script([HANG, None, RESET], on="GET *")
    assert [faults.take("GET", "/x") for _ in range(4)] == [HANG, None, RESET, None]


def test_random_faults_are_reproducible() -> None:
    """The same seed gives the same faults, in about the given proportions."""
    runs = []
    for _ in range(2):
        faults = Faults()
        faults.random({HANG: 0.1, RESET: 0.2}, seed=3)
        runs.append([faults.take("GET", "/x") for _ in range(2_000)])
    assert runs[0] == runs[1]
    assert 150 < runs[0].count(HANG) < 250
    assert 340 < runs[0].count(RESET) < 460


def test_armed_faults_go_before_random_ones() -> None:
    """Armed faults occur first, and random faults only on matching requests."""
    faults = Faults()
    faults.random({}, seed=1)
    faults.random({RESET: 1.0}, on="POST *")
    faults.arm(HANG)
    assert [faults.take(method, "/x") for method in ("POST", "POST", "GET")] == [HANG, RESET, None]


@pytest.mark.parametrize("odds", [{HANG: 0.6, RESET: 0.6}, {HANG: -0.1}])
def test_probabilities_are_validated(odds: dict[Fault, float]) -> None:
    """Negative probabilities and a sum above 1 are refused."""
    with pytest.raises(ValueError) as caught:
        Faults().random(odds)
    assert str(caught.value) == "expected probabilities from 0 whose sum is at most 1"


def test_faults_that_occurred_are_logged() -> None:
    """The log holds the fault and the request, until a reset."""
    faults = Faults()
    faults.script([HANG, None, HANG])
    for path in ("/a", "/b", "/c"):
        faults.take("GET", path)
    assert faults.log == [ThrownFault(HANG, "GET", "/a"), ThrownFault(HANG, "GET", "/c")]
    assert faults.thrown == {FaultKind.HANG: 2}
    faults.reset()
    assert faults.log == []


def test_a_fault_occurs_periodically() -> None:
    """A fault occurs on every nth request, and only matching requests are counted."""
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


def test_a_period_is_at_least_one() -> None:
    """A period below 1 is refused."""
    with pytest.raises(ValueError) as caught:
        Faults().every(HANG, 0)
    assert str(caught.value) == "expected a period of at least 1, which is every request"

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from wikipayam_async.services.receives.health import HealthRecord, WorkerHealth

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)


class Time:
    now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_the_repr_shows_some_values() -> None:
    """The repr shows the number of ids and offsets, and the first five."""
    health = WorkerHealth(True, None, 1, 2, 3, None, tuple("abcdefg"), ("a",), ())
    assert repr(health) == (
        "WorkerHealth(running=True, last_poll=None, handled=1, failed=2, restarts=3, last_error=None, "
        "unmarked=<7: a, b, c, d, e, …>, parked=<1: a>, unreadable=())"
    )


@pytest.mark.parametrize(("poll_interval", "longest"), [(1.0, 60.0), (100.0, 300.0)])
def test_recent(poll_interval: float, longest: float) -> None:
    """A record is recent for a minute, or three polls, after an answer or a handled message, and not after an error."""
    time = Time()
    record = HealthRecord(clock=time, poll_interval=poll_interval)
    assert not record.is_recent
    record.progressed()
    assert not record.is_recent
    record.polled(NOON)
    time.now += longest
    assert record.is_recent
    record.progressed()
    time.now += longest
    assert record.is_recent
    time.now += 0.1
    assert not record.is_recent
    time.now -= 1e6  # a clock that was set back
    assert record.is_recent
    record.ended(ValueError())
    assert (record.is_recent, record.last_error) == (False, "ValueError")
    record.polled(NOON)
    assert record.is_recent


def test_a_snapshot() -> None:
    """The snapshot holds the counts, and what is stuck."""
    record = HealthRecord(clock=Time(), poll_interval=1.0)
    record.polled(NOON)
    record.handled, record.failed, record.restarts = 1, 2, 3
    assert record.health(running=True, unmarked=["a", "b"], parked=["a"], unreadable=[7]) == WorkerHealth(
        running=True, last_poll=NOON, handled=1, failed=2, restarts=3, last_error=None,
        unmarked=("a", "b"), parked=("a",), unreadable=(7,),
    )  # fmt: skip

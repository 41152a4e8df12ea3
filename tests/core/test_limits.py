import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.core.limits import Gate, Gcra, RateLimit, RateLimiter

pytestmark = pytest.mark.anyio


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        """Return what it shows."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Move on at once."""
        self.slept.append(seconds)
        self.now += seconds


@given(
    rate=st.sampled_from([0.5, 1.0, 3.0, 100.0]),
    burst=st.sampled_from([0.0, 0.1, 1.0, 10.0]),
    calls=st.lists(st.tuples(st.floats(0, 5), st.integers(1, 20)), min_size=1, max_size=40),
)
def test_no_window_holds_more_than_the_burst_and_the_rate(
    rate: float, burst: float, calls: list[tuple[float, int]]
) -> None:
    """In any stretch of time no more goes than the burst (or one call, if that is larger) and what the rate adds."""
    gcra = Gcra(rate, burst)
    now, went = 50.0, []
    for pause, units in calls:
        now += pause
        went.append((now + gcra.reserve(now, units), units))
    for first in range(len(went)):
        total = 0
        for at, units in went[first:]:
            total += units
            assert total <= rate * (at - went[first][0]) + max(burst * rate, units) + 1e-6


@given(
    rate=st.sampled_from([0.5, 3.0, 100.0]),
    burst=st.sampled_from([0.0, 1.0, 10.0]),
    calls=st.lists(st.tuples(st.floats(0, 5), st.integers(1, 20)), min_size=1, max_size=40),
)
def test_turns_come_in_the_order_of_asking(rate: float, burst: float, calls: list[tuple[float, int]]) -> None:
    """Nobody overtakes, and nobody is sent to the past."""
    gcra = Gcra(rate, burst)
    now, turn = 50.0, 0.0
    for pause, units in calls:
        now += pause
        wait = gcra.reserve(now, units)
        assert (wait >= 0, now + wait >= turn - 1e-9) == (True, True)
        turn = now + wait


@pytest.mark.parametrize(
    ("burst", "units", "waits"),
    [
        (1.0, 1, [0.0, 0.0, 0.0, 0.0, 0.25, 0.5]),
        (0.0, 1, [0.0, 0.25, 0.5, 0.75]),
        (0.5, 1, [0.0, 0.0, 0.25, 0.5]),
        (1.0, 4, [0.0, 1.0, 2.0]),
        (1.0, 8, [0.0, 2.0, 4.0]),
        (1.0, 2, [0.0, 0.0, 0.5, 1.0]),
    ],
)
def test_the_waits_of_calls_at_once(burst: float, units: int, waits: list[float]) -> None:
    """Four units a second: a burst goes at once, and then each call waits for what went before it."""
    gcra = Gcra(4.0, burst)
    assert [gcra.reserve(7.0, units) for _ in waits] == waits


def test_a_rest_saves_up_one_burst_and_no_more() -> None:
    """After an hour's silence a second's worth goes at once, not an hour's."""
    gcra = Gcra(2.0, 1.0)
    gcra.reserve(0.0)
    assert [gcra.reserve(3600.0) for _ in range(4)] == [0.0, 0.0, 0.5, 1.0]


async def test_a_limiter_spaces_requests() -> None:
    """Two requests a second without a burst: the first goes, the next wait half a second each."""
    clock = Clock()
    limiter = RateLimiter(RateLimit(requests_per_second=2, burst=0), clock=clock, sleep=clock.sleep)
    for _ in range(3):
        await limiter.wait()
    assert clock.slept == [0.5, 0.5]


async def test_a_limiter_counts_messages_apart() -> None:
    """Messages have a limit of their own; a call without any takes none of it."""
    clock = Clock()
    limiter = RateLimiter(RateLimit(messages_per_second=10, burst=1), clock=clock, sleep=clock.sleep)
    await limiter.wait(10)
    await limiter.wait()
    assert clock.slept == []
    await limiter.wait(5)
    assert clock.slept == [0.5]


async def test_the_stricter_of_both_limits_holds() -> None:
    """With both limits a call waits for the turn of its messages and then for that of its request."""
    clock = Clock()
    limit = RateLimit(requests_per_second=1, messages_per_second=128, burst=0)
    limiter = RateLimiter(limit, clock=clock, sleep=clock.sleep)
    await limiter.wait(512)
    await limiter.wait(1)
    await limiter.wait(1)
    assert clock.slept == [4.0, 1 / 128, 1 - 1 / 128]


async def test_no_limit_is_none() -> None:
    """A limit of None never waits."""
    clock = Clock()
    limiter = RateLimiter(RateLimit(), clock=clock, sleep=clock.sleep)
    for _ in range(100):
        await limiter.wait(100)
    assert clock.slept == []


@pytest.mark.parametrize(
    "given",
    [
        {"requests_per_second": 0},
        {"requests_per_second": -1},
        {"messages_per_second": math.inf},
        {"messages_per_second": math.nan},
        {"burst": -0.1},
        {"burst": math.inf},
        {"burst": None},
        {"requests_per_second": "5"},
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(given: dict[str, Any]) -> None:
    """Rates are above zero and finite, and a burst is not negative."""
    with pytest.raises((ValueError, TypeError)):
        RateLimit(**given)


def test_a_gate_opens_when_its_time_has_come() -> None:
    """It counts down, and is open at the end."""
    gate = Gate()
    before = gate.remaining(10.0)
    gate.close(10.0, 5.0)
    assert [before, *(gate.remaining(now) for now in (10.0, 12.0, 15.0, 99.0))] == [0.0, 5.0, 3.0, 0.0, 0.0]


def test_a_gate_is_never_opened_early_by_another_answer() -> None:
    """The later of two times holds, whichever was named first."""
    gate = Gate()
    gate.close(10.0, 5.0)
    gate.close(11.0, 1.0)
    assert gate.not_before == 15.0
    gate.close(11.0, 9.0)
    assert gate.not_before == 20.0


def test_a_gate_closes_for_an_hour_at_most() -> None:
    """A gateway's slip does not close a client for good."""
    gate = Gate()
    gate.close(0.0, 10**12)
    assert gate.remaining(0.0) == 3600.0

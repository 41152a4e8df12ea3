import itertools
import math
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.core.limits import Gate, Gcra, RateLimit, RateLimiter, limiter_of
from wikipayam_async.errors import ConfigurationError

pytestmark = pytest.mark.anyio


class Clock:
    """A clock that only sleeping advances."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Advance the time."""
        self.slept.append(seconds)
        self.now += seconds


@given(
    rate=st.sampled_from([0.5, 1.0, 3.0, 100.0]),
    burst=st.sampled_from([0.0, 0.1, 1.0, 10.0]),
    calls=st.lists(st.tuples(st.floats(0, 5), st.integers(1, 20)), min_size=1, max_size=40),
)
def test_no_window_exceeds_burst_and_rate(rate: float, burst: float, calls: list[tuple[float, int]]) -> None:
    """In any window, at most the burst (or one call, if larger) plus the rate is allowed."""
    gcra = Gcra(rate, burst)
    now, allowed = 50.0, []
    for gap, units in calls:
        now += gap
        allowed.append((now + gcra.reserve(now, units), units))
    for first in range(len(allowed)):
        total = 0
        for at, units in allowed[first:]:
            total += units
            assert total <= rate * (at - allowed[first][0]) + max(burst * rate, units) + 1e-6


@given(
    rate=st.sampled_from([0.5, 3.0, 100.0]),
    burst=st.sampled_from([0.0, 1.0, 10.0]),
    calls=st.lists(st.tuples(st.floats(0, 5), st.integers(1, 20)), min_size=1, max_size=40),
)
def test_calls_are_allowed_in_order_of_arrival(rate: float, burst: float, calls: list[tuple[float, int]]) -> None:
    """A later call is never allowed before an earlier one, and no delay is negative."""
    gcra = Gcra(rate, burst)
    now, previous = 50.0, 0.0
    for gap, units in calls:
        now += gap
        delay = gcra.reserve(now, units)
        assert (delay >= 0, now + delay >= previous - 1e-9) == (True, True)
        previous = now + delay


@pytest.mark.parametrize(
    ("burst", "units", "delays"),
    [
        (1.0, 1, [0.0, 0.0, 0.0, 0.0, 0.25, 0.5]),
        (0.0, 1, [0.0, 0.25, 0.5, 0.75]),
        (0.5, 1, [0.0, 0.0, 0.25, 0.5]),
        (1.0, 4, [0.0, 1.0, 2.0]),
        (1.0, 8, [0.0, 2.0, 4.0]),
        (1.0, 2, [0.0, 0.0, 0.5, 1.0]),
    ],
)
def test_the_delays_of_simultaneous_calls(burst: float, units: int, delays: list[float]) -> None:
    """At four units per second, a burst proceeds at once, and each further call is delayed by the calls before it."""
    gcra = Gcra(4.0, burst)
    assert [gcra.reserve(7.0, units) for _ in delays] == delays


def test_idle_time_allows_at_most_one_burst() -> None:
    """After an hour without calls, one second's worth is allowed at once, not an hour's."""
    gcra = Gcra(2.0, 1.0)
    gcra.reserve(0.0)
    assert [gcra.reserve(3600.0) for _ in range(4)] == [0.0, 0.0, 0.5, 1.0]


def test_a_delay_is_asked_for_one_unit() -> None:
    """Asking uses nothing up; a number of units that is given counts."""
    gcra = Gcra(2.0, 1.0)
    gcra.reserve(0.0, 2)
    assert (gcra.delay(0.0), gcra.delay(0.0, 2), gcra.delay(0.0)) == (0.5, 1.0, 0.5)


async def test_a_limiter_spaces_requests() -> None:
    """At two requests per second without a burst, each further request waits half a second."""
    clock = Clock()
    limiter = RateLimiter(RateLimit(requests_per_second=2, burst_seconds=0), clock=clock, sleep=clock.sleep)
    for _ in range(3):
        await limiter.wait()
    assert clock.slept == [0.5, 0.5]


async def test_messages_have_their_own_limit() -> None:
    """A call without messages uses none of it."""
    clock = Clock()
    limiter = RateLimiter(RateLimit(messages_per_second=10, burst_seconds=1), clock=clock, sleep=clock.sleep)
    await limiter.wait(10)
    await limiter.wait()
    assert clock.slept == []
    await limiter.wait(5)
    assert clock.slept == [0.5]


async def test_both_limits_apply() -> None:
    """A call waits for the message limit and then for the request limit."""
    clock = Clock()
    limit = RateLimit(requests_per_second=1, messages_per_second=128, burst_seconds=0)
    limiter = RateLimiter(limit, clock=clock, sleep=clock.sleep)
    await limiter.wait(512)
    await limiter.wait(1)
    await limiter.wait(1)
    assert clock.slept == [4.0, 1 / 128, 1 - 1 / 128]


async def test_a_limit_of_none_never_waits() -> None:
    """Without limits, no call waits."""
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
def test_an_invalid_limit_is_refused(given: dict[str, Any]) -> None:
    """Rates must be finite and above 0, and the burst not negative."""
    with pytest.raises((ValueError, TypeError)):
        RateLimit(**given)


def test_a_gate_opens_when_its_time_is_over() -> None:
    """The remaining seconds count down to 0."""
    gate = Gate()
    assert gate.not_before == -math.inf
    before = gate.remaining(10.0)
    gate.close(10.0, 5.0)
    assert [before, *(gate.remaining(now) for now in (10.0, 12.0, 15.0, 99.0))] == [0.0, 5.0, 3.0, 0.0, 0.0]


def test_a_gate_keeps_the_later_time() -> None:
    """A shorter closure does not open a gate early."""
    gate = Gate()
    gate.close(10.0, 5.0)
    gate.close(11.0, 1.0)
    assert gate.not_before == 15.0
    gate.close(11.0, 9.0)
    assert gate.not_before == 20.0


def test_a_gate_closes_for_an_hour_at_most() -> None:
    """A gateway's mistake does not block a client forever."""
    gate = Gate()
    gate.close(0.0, 10**12)
    assert gate.remaining(0.0) == 3600.0


def test_a_limiter_is_made_for_a_rate_limit_only() -> None:
    """None means no limit; a bare number is refused with an example, because it does not say of what."""
    assert limiter_of(None) is None
    assert isinstance(limiter_of(RateLimit(messages_per_second=10)), RateLimiter)
    wrong: Any = 10
    with pytest.raises(ConfigurationError) as caught:
        limiter_of(wrong)
    assert str(caught.value) == (
        "rate_limit: expected a RateLimit, such as RateLimit(messages_per_second=10); got a number (int)"
    )


class SharedClock:
    """A clock for tasks that sleep at the same time: it moves when all of them sleep."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Sleep until the time has come; other tasks run meanwhile."""
        end = self.now + seconds
        for _ in range(50):
            await anyio.lowlevel.checkpoint()
        self.now = max(self.now, end)


@pytest.mark.parametrize(
    ("limit", "messages"),
    [
        (RateLimit(requests_per_second=10, burst_seconds=0), 0),
        (RateLimit(requests_per_second=10, burst_seconds=0), 3),
        (RateLimit(messages_per_second=10, burst_seconds=0), 1),
        (RateLimit(messages_per_second=30, burst_seconds=0), 3),
        (RateLimit(requests_per_second=1000, messages_per_second=10, burst_seconds=0), 1),
    ],
)
async def test_calls_of_many_tasks_are_spaced(limit: RateLimit, messages: int) -> None:
    """Seven tasks that ask at once proceed one by one, a tenth of a second apart."""
    clock = SharedClock()
    limiter = RateLimiter(limit, clock=clock, sleep=clock.sleep)
    allowed: list[tuple[int, float]] = []

    async def call(number: int) -> None:
        await limiter.wait(messages)
        allowed.append((number, round(clock.now - 100, 6)))

    async with anyio.create_task_group() as group:
        for number in range(7):
            group.start_soon(call, number)
            await anyio.lowlevel.checkpoint()
    numbers, times = zip(*allowed, strict=True)
    assert [round(later - earlier, 6) for earlier, later in itertools.pairwise(times)] == [0.1] * 6
    assert sorted(numbers) == list(range(7))


def test_the_clock_of_another_event_loop_may_be_far_behind() -> None:
    """A limit and a closed gate hold for as long as in the loop that set them, not for the difference of the clocks."""
    gcra, gate = Gcra(2, 0), Gate()
    gcra.reserve(1_000_000.0, 6)
    gate.close(1_000_000.0, 20)
    assert (gcra.delay(5.0), gate.remaining(5.0)) == (3.0, 20.0)
    assert (gcra.delay(7.0), gate.remaining(15.0)) == (1.0, 10.0)
    assert (gcra.delay(2_000_000.0), gate.remaining(2_000_000.0)) == (0.0, 0.0)


def test_a_limiter_works_in_one_event_loop_after_another() -> None:
    """What was used up in the first loop counts in the second, whose clock starts at another time."""
    clock = Clock()
    limiter = RateLimiter(RateLimit(requests_per_second=10, burst_seconds=0), clock=clock, sleep=clock.sleep)

    async def call() -> None:
        await limiter.wait()
        await limiter.wait()

    anyio.run(call)
    clock.now = 3.0
    anyio.run(call, backend="trio")
    assert [round(seconds, 6) for seconds in clock.slept] == [0.1, 0.1, 0.1]


async def test_an_allowance_for_messages_may_be_used_elsewhere_during_the_wait_for_a_request() -> None:
    """The call leaves the queue of requests, waits for the messages again, and then uses both allowances at once."""
    clock = Clock()
    limit = RateLimit(requests_per_second=0.5, messages_per_second=1, burst_seconds=0)
    limiter = RateLimiter(limit, clock=clock, sleep=clock.sleep)
    await limiter.wait(1)
    sleep = limiter._sleep

    async def sleep_and_steal(seconds: float) -> None:
        await sleep(seconds)
        if len(clock.slept) == 2:
            assert limiter._messages is not None
            limiter._messages.reserve(clock.now, 3)

    limiter._sleep = sleep_and_steal
    await limiter.wait(1)
    assert clock.slept == [1.0, 1.0, 3.0]
    await limiter.wait()
    assert clock.slept == [1.0, 1.0, 3.0, 2.0]


async def test_an_allowance_may_be_used_elsewhere_at_the_last_moment() -> None:
    """A call that was told to go, and finds the allowance used, waits for the next."""
    clock = Clock()
    limiter = RateLimiter(RateLimit(requests_per_second=1, burst_seconds=0), clock=clock, sleep=clock.sleep)
    looks: list[float] = []

    def steal() -> float:
        looks.append(clock.now)
        if len(looks) == 2:  # the first look allowed it
            assert limiter._requests is not None
            limiter._requests.reserve(clock.now, 1)
        return clock.now

    limiter._clock = steal
    await limiter.wait()
    assert (clock.slept, limiter._requests and limiter._requests._waiting) == ([1.0], {})

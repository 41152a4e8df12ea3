"""The bounded-retries promise: retries are bounded, and every attempt is visible."""

from __future__ import annotations

import contextlib
import math
from email.utils import formatdate
from time import time
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream

from tests.support.clock import VirtualClock
from tests.support.net import BALANCE, RECEIVER, connected
from tests.support.raw import RawRequest, accept_all, answer, raw_gateway
from wikipayam_async import (
    APIConnectionError,
    AsyncWikipayam,
    Attempt,
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    CallOutcome,
    Event,
    Phase,
    RateLimit,
    RateLimitError,
    RetryPolicy,
    RetryScheduled,
    ServerError,
)
from wikipayam_async.core.limits import RateLimiter

pytestmark = pytest.mark.anyio


class Gateway:
    """Answers with the given replies in order, then accepts every send and read."""

    def __init__(self, *replies: bytes | None) -> None:
        self.replies = list(replies)

    async def __call__(self, request: RawRequest, _: ByteStream) -> object:
        """Answer a request; a reply of None closes the connection."""
        if self.replies:
            return self.replies.pop(0) or False
        return accept_all(request) if request.method == "POST" else BALANCE


def throttled(after: object) -> bytes:
    """Return a 429 with a `Retry-After`."""
    return answer({"message": "Too Many Attempts."}, 429, {"Retry-After": str(after)})


class TestBoundedRetries:
    """What is retried, how often, after which delays, and which events report it."""

    @pytest.mark.parametrize("attempts", [1, 2, 3, 7])
    async def test_a_call_gets_no_more_than_its_attempts(self, attempts: int) -> None:
        """`RetryPolicy.max_attempts` includes the first attempt; the delays double up to their bound."""
        policy = RetryPolicy(max_attempts=attempts)
        async with (
            raw_gateway(Gateway(*[None] * 20)) as gateway,
            connected(gateway.url, retry=policy) as (client, clock, _),
        ):
            with pytest.raises(APIConnectionError) as caught:
                await client.balance()
        assert (len(gateway.requests), len(caught.value.attempts)) == (attempts, attempts)
        assert clock.slept == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0][: attempts - 1]

    async def test_a_delay_has_full_jitter(self) -> None:
        """Each delay is drawn between 0 and the doubled bound."""
        asked: list[tuple[float, float]] = []

        def a_quarter(lower: float, upper: float) -> float:
            asked.append((lower, upper))
            return upper / 4

        async with (
            raw_gateway(Gateway(*[None] * 3)) as gateway,
            connected(gateway.url, retry=RetryPolicy(max_attempts=4)) as (client, clock, _),
        ):
            client._shared.uniform = a_quarter
            await client.balance()
        assert asked == [(0.0, 0.5), (0.0, 1.0), (0.0, 2.0)]
        assert clock.slept == [0.125, 0.25, 0.5]

    async def test_jitter_is_random_by_default(self) -> None:
        """By default the jitter is random within its bounds."""
        client = AsyncWikipayam("t")
        assert len({client._shared.uniform(0, 1) for _ in range(20)}) > 10
        assert all(0 <= client._shared.uniform(0, 0.5) <= 0.5 for _ in range(100))

    @pytest.mark.parametrize("status", [429, 503])
    @pytest.mark.parametrize("after", [5, 60, "a date"])
    async def test_retry_after_is_the_shortest_delay(self, status: int, after: object) -> None:
        """A retry waits at least `Retry-After`, given in seconds or as a date."""
        header = formatdate(time() + 30, usegmt=True) if after == "a date" else str(after)
        reply = answer({}, status, {"Retry-After": header})
        async with raw_gateway(Gateway(reply)) as gateway, connected(gateway.url) as (client, clock, recorder):
            await client.balance()
        expected = after if isinstance(after, int) else pytest.approx(27, abs=4)
        assert sum(clock.slept) == pytest.approx(expected, abs=0.1)
        assert [event.delay for event in recorder.of(RetryScheduled)] == [expected]

    @pytest.mark.parametrize(("status", "kind"), [(429, RateLimitError), (503, ServerError)])
    async def test_a_retry_after_of_more_than_60_seconds_is_raised(self, status: int, kind: type[Any]) -> None:
        """A `Retry-After` of more than 60 s raises at once, and the error has the seconds."""
        reply = answer({}, status, {"Retry-After": "61"})
        async with raw_gateway(Gateway(reply)) as gateway, connected(gateway.url) as (client, clock, _):
            with pytest.raises(kind) as caught:
                await client.balance()
        assert (caught.value.retry_after, len(gateway.requests), clock.slept) == (61.0, 1, [])

    async def test_a_retry_after_beyond_the_callers_deadline_is_raised_at_once(self) -> None:
        """A call with twenty seconds left does not wait thirty seconds."""
        async with raw_gateway(Gateway(throttled(30))) as gateway, connected(gateway.url) as (client, clock, _):
            with anyio.fail_after(20), pytest.raises(RateLimitError) as caught:
                await client.balance()
        assert (caught.value.retry_after, len(gateway.requests), clock.slept) == (30.0, 1, [])

    async def test_a_429_holds_back_every_call_of_the_client(self) -> None:
        """Until `Retry-After` has passed nothing is sent, not even by clients made with `with_options`."""
        async with (
            raw_gateway(Gateway(throttled(30))) as gateway,
            connected(gateway.url, retry=RetryPolicy(max_attempts=1)) as (client, clock, _),
        ):
            with pytest.raises(RateLimitError):
                await client.balance()
            started = clock.now()
            await client.with_options(sender="5").sms.send(RECEIVER, "text")
        assert 29 < clock.now() - started < 60
        assert len(gateway.requests) == 2

    async def test_a_call_is_not_held_back_beyond_its_deadline_or_a_minute(self) -> None:
        """While the gateway throttles for longer than the caller can wait, calls fail at once and send nothing."""
        async with raw_gateway(Gateway(throttled(600))) as gateway, connected(gateway.url) as (client, clock, recorder):
            for _ in range(2):
                with pytest.raises(RateLimitError) as caught:
                    await client.sms.send(RECEIVER, "text")
            assert caught.value.retry_after == pytest.approx(600, abs=1)
            assert (caught.value.attempts, recorder.outcomes[1].status) == ((), "not_attempted")
            await clock.sleep(580)
            with anyio.fail_after(5), pytest.raises(RateLimitError):
                await client.balance()
        assert (len(gateway.requests), clock.slept) == (1, [580])

    async def test_an_empty_retry_budget_stops_retries(self) -> None:
        """The budget has 100 tokens and a retry costs 5; with none left a call gets one attempt until calls succeed."""
        async with raw_gateway(Gateway(*[None] * 40)) as gateway, connected(gateway.url) as (client, *_):
            for _ in range(12):
                with pytest.raises(APIConnectionError):
                    await client.balance()
            assert (len(gateway.requests), client._shared.budget.tokens) == (12 + 20, 0)
            for _ in range(8):
                with pytest.raises(APIConnectionError):
                    await client.balance()
            assert len(gateway.requests) == 40
            for _ in range(5):
                await client.balance()
            assert client._shared.budget.tokens == 5

    async def test_every_step_is_passed_to_on_event(self) -> None:
        """Attempts, retries and the outcome are passed to `on_event` in order, with one call id."""
        replies = Gateway(None, answer({}, 503))

        async def take_a_while(request: RawRequest, stream: ByteStream) -> object:
            await anyio.sleep(0.003)  # uvloop's clock goes in steps of a millisecond
            return await replies(request, stream)

        async with raw_gateway(take_a_while) as gateway, connected(gateway.url) as (client, _, recorder):
            await client.balance()
        events = recorder.events
        ids = {event.call_id for event in events}
        assert len(ids) == 1
        assert {event.operation for event in events} == {"account.balance"}
        kinds = [type(event) for event in events]
        attempt = [AttemptStarted, AttemptFinished]
        assert kinds == [*attempt, RetryScheduled, *attempt, RetryScheduled, *attempt, CallFinished]
        assert [event.number for event in recorder.of(AttemptStarted)] == [1, 2, 3]
        attempts = recorder.of(AttemptFinished)
        assert [(a.number, a.phase, a.status_code, a.failure) for a in attempts] == [
            (1, Phase.SENT, None, "disconnected"),
            (2, Phase.ANSWERED, 503, None),
            (3, Phase.ANSWERED, 200, None),
        ]
        assert all(one.elapsed > 0 for one in attempts)
        retries = [(event.number, event.delay, event.failure) for event in recorder.of(RetryScheduled)]
        assert retries == [(1, 0.5, "disconnected"), (2, 1.0, "503")]
        end = recorder.finished[0]
        assert [(a.number, a.phase, a.elapsed, a.status_code, a.failure) for a in end.attempts] == [
            (a.number, a.phase, a.elapsed, a.status_code, a.failure) for a in attempts
        ]
        assert (end.outcome, end.messages, end.status_code) == (CallOutcome.SUCCEEDED, (), 200)
        assert end.elapsed > 1.5 + sum(one.elapsed for one in attempts)

    async def test_every_step_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        """The logger `wikipayam_async` logs every attempt, retry and outcome."""
        caplog.set_level("DEBUG", "wikipayam_async")
        async with raw_gateway(Gateway(None)) as gateway, connected(gateway.url) as (client, _, recorder):
            await client.balance()
        lines = [record.getMessage() for record in caplog.records if record.name == "wikipayam_async"]
        name = f"account.balance {recorder.finished[0].call_id}: "
        assert [line.removeprefix(name).partition(",")[0] for line in lines] == [
            "attempt 1: disconnected while sent",
            "attempt 1 failed (disconnected)",
            "attempt 2: 200 while answered",
            "succeeded after 2 attempts",
        ]

    async def test_a_hook_that_raises_does_not_affect_the_call(self, caplog: pytest.LogCaptureFixture) -> None:
        """If `on_event` raises, the call goes on, and the exception's type is logged."""

        def bad(event: Event) -> None:
            raise KeyError(event)

        async with raw_gateway(Gateway()) as gateway, connected(gateway.url, on_event=bad) as (client, *_):
            sent = await client.sms.send(RECEIVER, "text")
        assert sent.id == "0" * 24
        assert "on_event raised KeyError for CallFinished; the call continues" in caplog.text

    async def test_every_call_has_one_call_finished(self) -> None:
        """Every call, cancelled ones included, ends with one `CallFinished`."""

        async def handle(request: RawRequest, _: ByteStream) -> object:
            if not len(gateway.requests) % 2:
                await anyio.sleep_forever()
            return BALANCE

        async with (
            raw_gateway(handle) as gateway,
            connected(gateway.url, timeout=0.15, retry=RetryPolicy(max_attempts=1)) as (client, _, recorder),
        ):
            for _ in range(4):
                with anyio.move_on_after(0.01 if len(gateway.requests) == 3 else math.inf):
                    with contextlib.suppress(APIConnectionError):
                        await client.balance()
        outcomes = [end.outcome for end in recorder.finished]
        assert outcomes == [CallOutcome.SUCCEEDED, CallOutcome.FAILED, CallOutcome.SUCCEEDED, CallOutcome.CANCELLED]
        assert len({end.call_id for end in recorder.finished}) == 4

    @pytest.mark.parametrize(
        ("limit", "expected"),
        [
            (RateLimit(requests_per_second=2, burst_seconds=0), [0, 0.5, 1.0, 1.5]),
            (RateLimit(requests_per_second=2, burst_seconds=1), [0, 0, 0.5, 1.0]),
            (RateLimit(messages_per_second=1, burst_seconds=0), [0, 1, 2, 3]),
            (RateLimit(requests_per_second=100, messages_per_second=0.5, burst_seconds=0), [0, 2, 4, 6]),
        ],
    )
    async def test_a_rate_limit_spaces_requests_and_messages(self, limit: RateLimit, expected: list[float]) -> None:
        """Requests and messages are sent no faster than the limit."""
        async with raw_gateway(Gateway()) as gateway, connected(gateway.url, rate_limit=limit) as (client, clock, _):
            limit_on_virtual_time(client, clock)
            sent_at: list[float] = []
            for _ in range(4):
                await client.sms.send(RECEIVER, "text")
                sent_at.append(clock.ahead)
        assert sent_at == pytest.approx(expected)

    async def test_a_rate_limit_of_messages_lets_reads_through(self) -> None:
        """A read does not count against the message limit; a retry counts as one more request."""
        limit = RateLimit(requests_per_second=10, messages_per_second=0.001, burst_seconds=0)
        async with (
            raw_gateway(Gateway(None)) as gateway,
            connected(gateway.url, rate_limit=limit) as (client, clock, _),
        ):
            limit_on_virtual_time(client, clock)
            client._shared.uniform = lambda _lower, _upper: 0.0
            await client.balance()
        assert clock.slept[1:] == [pytest.approx(0.1)]
        assert len(gateway.requests) == 2

    async def test_a_sibling_shares_the_limit_unless_it_has_its_own(self) -> None:
        """`with_options` shares the rate limit unless it is given another one or None."""
        client = AsyncWikipayam("t", rate_limit=RateLimit(requests_per_second=1))
        assert client.with_options(sender="1")._limiter is client._limiter
        assert client.with_options(rate_limit=None)._limiter is None
        own = client.with_options(rate_limit=RateLimit(requests_per_second=2))._limiter
        assert isinstance(own, RateLimiter)
        assert own is not client._limiter

    async def test_an_error_has_the_attempts_of_its_call(self) -> None:
        """An error's attempts equal those of the `CallFinished` event."""
        async with (
            raw_gateway(Gateway(*[answer({}, 504)] * 3)) as gateway,
            connected(gateway.url) as (client, _, recorder),
        ):
            with pytest.raises(ServerError) as caught:
                await client.balance()
        assert caught.value.attempts == recorder.finished[0].attempts
        assert all(isinstance(one, Attempt) and one.status_code == 504 for one in caught.value.attempts)


def limit_on_virtual_time(client: AsyncWikipayam, clock: VirtualClock) -> None:
    """Put a client's rate limiter on virtual time alone, in which nothing but a sleep takes time."""
    limiter = client._limiter
    assert limiter is not None
    limiter._clock, limiter._sleep = lambda: clock.ahead, clock.sleep

"""P2: retries are bounded and visible."""

from __future__ import annotations

import contextlib
import math
from email.utils import formatdate
from time import time
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream

from tests.support.net import BALANCE, RECEIVER, Times, connected
from tests.support.raw import RawRequest, accept_all, answer, raw_gateway
from wikipayam_async import (
    APIConnectionError,
    AsyncWikipayam,
    Attempt,
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    Event,
    Outcome,
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
    """Answers with the replies of a list, one after the other, and then with balances."""

    def __init__(self, *replies: bytes | None) -> None:
        self.replies = list(replies)

    async def __call__(self, request: RawRequest, _: ByteStream) -> object:
        """Answer; None closes the connection."""
        if self.replies:
            return self.replies.pop(0) or False
        return accept_all(request) if request.method == "POST" else BALANCE


def throttled(after: object) -> bytes:
    """Return a 429 with a `Retry-After`."""
    return answer({"message": "Too Many Attempts."}, 429, {"Retry-After": str(after)})


class TestP2RetriesAreBoundedAndVisible:
    """What is tried again, how often, after which pauses, and who hears of it."""

    @pytest.mark.parametrize("attempts", [1, 2, 3, 7])
    async def test_a_call_gets_so_many_tries_and_no_more(self, attempts: int) -> None:
        """`RetryPolicy.attempts` counts the first try in; the pauses double up to their bound."""
        policy = RetryPolicy(attempts=attempts)
        async with (
            raw_gateway(Gateway(*[None] * 20)) as gateway,
            connected(gateway.url, retry=policy) as (client, times, _),
        ):
            with pytest.raises(APIConnectionError) as caught:
                await client.balance()
        assert (len(gateway.requests), len(caught.value.attempts)) == (attempts, attempts)
        assert times.slept == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0][: attempts - 1]

    async def test_a_pause_is_left_to_chance_within_its_bound(self) -> None:
        """Full jitter: each pause is drawn between 0 and the doubled bound."""
        asked: list[tuple[float, float]] = []

        def a_quarter(lower: float, upper: float) -> float:
            asked.append((lower, upper))
            return upper / 4

        async with (
            raw_gateway(Gateway(*[None] * 3)) as gateway,
            connected(gateway.url, retry=RetryPolicy(attempts=4)) as (client, times, _),
        ):
            client._shared.uniform = a_quarter
            await client.balance()
        assert asked == [(0.0, 0.5), (0.0, 1.0), (0.0, 2.0)]
        assert times.slept == [0.125, 0.25, 0.5]

    async def test_chance_is_by_default_a_real_one(self) -> None:
        """Two clients do not pause in step."""
        client = AsyncWikipayam("t")
        assert len({client._shared.uniform(0, 1) for _ in range(20)}) > 10
        assert all(0 <= client._shared.uniform(0, 0.5) <= 0.5 for _ in range(100))

    @pytest.mark.parametrize("status", [429, 503])
    @pytest.mark.parametrize("after", [5, 60, "a date"])
    async def test_retry_after_is_the_least_pause(self, status: int, after: object) -> None:
        """The gateway's own wish, in seconds or as a date, is never fallen short of."""
        wish = formatdate(time() + 30, usegmt=True) if after == "a date" else str(after)
        reply = answer({}, status, {"Retry-After": wish})
        async with raw_gateway(Gateway(reply)) as gateway, connected(gateway.url) as (client, times, ear):
            await client.balance()
        expected = after if isinstance(after, int) else pytest.approx(29, abs=2)
        assert sum(times.slept) == pytest.approx(expected, abs=0.1)
        assert [event.delay for event in ear.of(RetryScheduled)] == [expected]

    @pytest.mark.parametrize(("status", "kind"), [(429, RateLimitError), (503, ServerError)])
    async def test_a_longer_wish_is_the_callers_business(self, status: int, kind: type[Any]) -> None:
        """More than 60 s is not waited for: the error comes at once and says how long."""
        reply = answer({}, status, {"Retry-After": "61"})
        async with raw_gateway(Gateway(reply)) as gateway, connected(gateway.url) as (client, times, _):
            with pytest.raises(kind) as caught:
                await client.balance()
        assert (caught.value.retry_after, len(gateway.requests), times.slept) == (61.0, 1, [])

    async def test_a_wish_beyond_the_callers_deadline_is_raised_at_once(self) -> None:
        """Who has two seconds left is not kept waiting for five."""
        async with raw_gateway(Gateway(throttled(5))) as gateway, connected(gateway.url) as (client, times, _):
            with anyio.fail_after(2), pytest.raises(RateLimitError) as caught:
                await client.balance()
        assert (caught.value.retry_after, len(gateway.requests), times.slept) == (5.0, 1, [])

    async def test_a_429_holds_back_every_call_of_the_client(self) -> None:
        """Until the time that the gateway named nothing is sent, by siblings made with `with_options` neither."""
        async with (
            raw_gateway(Gateway(throttled(30))) as gateway,
            connected(gateway.url, retry=RetryPolicy(attempts=1)) as (client, times, _),
        ):
            with pytest.raises(RateLimitError):
                await client.balance()
            begun = times.clock()
            await client.with_options(sender="5").sms.send(RECEIVER, "text")
        assert times.clock() - begun == pytest.approx(30, abs=0.2)
        assert len(gateway.requests) == 2

    async def test_a_call_is_not_held_back_beyond_its_deadline_or_a_minute(self) -> None:
        """While the gate is closed for longer than a caller can wait, calls fail at once and nothing is sent."""
        async with raw_gateway(Gateway(throttled(600))) as gateway, connected(gateway.url) as (client, times, ear):
            for _ in range(2):
                with pytest.raises(RateLimitError) as caught:
                    await client.sms.send(RECEIVER, "text")
            assert caught.value.retry_after == pytest.approx(600, abs=1)
            assert (caught.value.attempts, ear.outcomes[1].status) == ((), "not_attempted")
            await times.sleep(580)
            with anyio.fail_after(5), pytest.raises(RateLimitError):
                await client.balance()
        assert (len(gateway.requests), times.slept) == (1, [580])

    async def test_the_budget_runs_dry(self) -> None:
        """100 tokens, 5 a retry: after 20 retries without a success calls get one try each, until successes fill it."""
        async with raw_gateway(Gateway(*[None] * 40)) as gateway, connected(gateway.url) as (client, _, _ear):
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

    async def test_every_step_is_told(self) -> None:
        """Attempts, retries and the outcome reach `on_event` in their order, under one call id."""
        async with raw_gateway(Gateway(None, answer({}, 503))) as gateway, connected(gateway.url) as (client, _, ear):
            await client.balance()
        events = ear.events
        ids = {event.call_id for event in events}
        assert len(ids) == 1
        assert {event.operation for event in events} == {"account.balance"}
        kinds = [type(event) for event in events]
        tried = [AttemptStarted, AttemptFinished]
        assert kinds == [*tried, RetryScheduled, *tried, RetryScheduled, *tried, CallFinished]
        assert [event.attempt for event in ear.of(AttemptStarted)] == [1, 2, 3]
        attempts = [event.attempt for event in ear.of(AttemptFinished)]
        assert [(a.number, a.phase, a.status_code, a.failure) for a in attempts] == [
            (1, Phase.SENT, None, "disconnected"),
            (2, Phase.ANSWERED, 503, None),
            (3, Phase.ANSWERED, 200, None),
        ]
        assert all(one.elapsed > 0 for one in attempts)
        retries = [(event.attempt, event.delay, event.reason) for event in ear.of(RetryScheduled)]
        assert retries == [(1, 0.5, "disconnected"), (2, 1.0, "503")]
        end = ear.finished[0]
        assert (end.outcome, end.attempts, end.messages) == (Outcome.SUCCEEDED, tuple(attempts), ())
        assert 1.5 < end.elapsed < 2.5

    async def test_every_step_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        """The same story stands in the log `wikipayam_async`."""
        caplog.set_level("DEBUG", "wikipayam_async")
        async with raw_gateway(Gateway(None)) as gateway, connected(gateway.url) as (client, _, ear):
            await client.balance()
        lines = [record.getMessage() for record in caplog.records if record.name == "wikipayam_async"]
        name = f"account.balance {ear.finished[0].call_id}: "
        assert [line.removeprefix(name).partition(",")[0] for line in lines] == [
            "attempt 1: disconnected while sent",
            "attempt 1 failed (disconnected)",
            "attempt 2: 200 while answered",
            "succeeded after 2 attempts",
        ]

    async def test_a_hook_that_raises_harms_nothing(self, caplog: pytest.LogCaptureFixture) -> None:
        """What an observer does wrong changes nothing for the call; the log names the exception's kind."""

        def bad(event: Event) -> None:
            raise KeyError(event)

        async with raw_gateway(Gateway()) as gateway, connected(gateway.url, on_event=bad) as (client, _, _ear):
            sent = await client.sms.send(RECEIVER, "text")
        assert sent.id == "0" * 24
        assert "on_event raised KeyError for CallFinished; the call goes on" in caplog.text

    async def test_exactly_one_end_a_call(self) -> None:
        """Whatever becomes of calls, each has one `CallFinished`, cancelled ones included."""

        async def handle(request: RawRequest, _: ByteStream) -> object:
            if not len(gateway.requests) % 2:
                await anyio.sleep_forever()
            return BALANCE

        async with (
            raw_gateway(handle) as gateway,
            connected(gateway.url, timeout=0.15, retry=RetryPolicy(attempts=1)) as (client, _, ear),
        ):
            for _ in range(4):
                with anyio.move_on_after(0.01 if len(gateway.requests) == 3 else math.inf):
                    with contextlib.suppress(APIConnectionError):
                        await client.balance()
        outcomes = [end.outcome for end in ear.finished]
        assert outcomes == [Outcome.SUCCEEDED, Outcome.FAILED, Outcome.SUCCEEDED, Outcome.CANCELLED]
        assert len({end.call_id for end in ear.finished}) == 4

    @pytest.mark.parametrize(
        ("limit", "expected"),
        [
            (RateLimit(requests_per_second=2, burst=0), [0, 0.5, 1.0, 1.5]),
            (RateLimit(requests_per_second=2, burst=1), [0, 0, 0.5, 1.0]),
            (RateLimit(messages_per_second=1, burst=0), [0, 1, 2, 3]),
            (RateLimit(requests_per_second=100, messages_per_second=0.5, burst=0), [0, 2, 4, 6]),
        ],
    )
    async def test_a_rate_limit_spaces_requests_and_messages(self, limit: RateLimit, expected: list[float]) -> None:
        """Calls go out no faster than the limit says."""
        async with raw_gateway(Gateway()) as gateway, connected(gateway.url, rate_limit=limit) as (client, times, _):
            on_times(client, times)
            begun = times.clock()
            came: list[float] = []
            for _ in range(4):
                await client.sms.send(RECEIVER, "text")
                came.append(times.clock() - begun)
        assert came == pytest.approx(expected, abs=0.15)

    async def test_a_rate_limit_of_messages_lets_reads_through(self) -> None:
        """A read carries no message, and a retry is one more request."""
        limit = RateLimit(requests_per_second=10, messages_per_second=0.001, burst=0)
        async with (
            raw_gateway(Gateway(None)) as gateway,
            connected(gateway.url, rate_limit=limit) as (client, times, _),
        ):
            on_times(client, times)
            client._shared.uniform = lambda _lower, _upper: 0.0
            await client.balance()
        assert times.slept[1:] == [pytest.approx(0.1, abs=0.05)]
        assert len(gateway.requests) == 2

    async def test_a_sibling_shares_the_limit_unless_it_has_its_own(self) -> None:
        """`with_options` keeps the rate limit; another one, or none, is the sibling's own."""
        client = AsyncWikipayam("t", rate_limit=RateLimit(requests_per_second=1))
        assert client.with_options(sender="1")._limiter is client._limiter
        assert client.with_options(rate_limit=None)._limiter is None
        own = client.with_options(rate_limit=RateLimit(requests_per_second=2))._limiter
        assert isinstance(own, RateLimiter)
        assert own is not client._limiter

    async def test_an_attempt_remembers_what_an_error_needs(self) -> None:
        """The attempts of an error are those of its call."""
        async with raw_gateway(Gateway(*[answer({}, 504)] * 3)) as gateway, connected(gateway.url) as (client, _, ear):
            with pytest.raises(ServerError) as caught:
                await client.balance()
        assert caught.value.attempts == ear.finished[0].attempts
        assert all(isinstance(one, Attempt) and one.status_code == 504 for one in caught.value.attempts)


def on_times(client: AsyncWikipayam, times: Times) -> None:
    """Put a client's rate limit on virtual time too."""
    limiter = client._limiter
    assert limiter is not None
    limiter._clock, limiter._sleep = times.clock, times.sleep

"""The safe-cancellation promise under load: thousands of calls, fifty at a time, cancelled at random once or twice."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import tracemalloc
from collections import Counter

import anyio
import pytest
from anyio.abc import TaskGroup

from tests.support.effort import long_or_short
from tests.support.figures import record
from tests.support.ledger_gateway import ConnectionGauge, LedgerGateway, pool_of, quiet
from tests.support.net import RECEIVER, TOKEN
from tests.support.raw import RawGateway, raw_gateway
from wikipayam_async import AsyncWikipayam, CallFinished, Event, SendStatus, SmsMessage

pytestmark = pytest.mark.anyio

CALLS = long_or_short(10_000, 1_500)
CONCURRENCY = 50
LANES = 10
LATENCY = 0.002


class Tally:
    """An `on_event` hook that keeps the outcome of each message in little memory.

    Attributes:
        ended: How many calls ended with which outcome.
        outcomes: The outcome of each message.
        twice: The messages whose outcome was reported twice.
    """

    def __init__(self) -> None:
        self.ended: Counter[str] = Counter()
        self.outcomes: dict[str | None, SendStatus] = {}
        self.twice: list[str | None] = []

    def __call__(self, event: Event) -> None:
        """Count an event."""
        if isinstance(event, CallFinished):
            self.ended[str(event.outcome)] += 1
            for outcome in event.messages:
                if outcome.track_id in self.outcomes:
                    self.twice.append(outcome.track_id)
                self.outcomes[outcome.track_id] = outcome.status


class CancelledCalls:
    """Makes calls and cancels each after a random time, once or twice.

    Attributes:
        cancels: How often a call was cancelled.
        sent: How many messages were passed to the client by calls that started.
    """

    def __init__(self, client: AsyncWikipayam, seed: int) -> None:
        self._client = client
        self._random = random.Random(seed)
        self.cancels = 0
        self.sent = 0

    async def call(self, number: int) -> None:
        """Make one call; most are sends."""
        kind = number % 8
        name = f"m{number}"
        if kind == 0:
            await self._client.balance()
        elif kind == 1:
            await self._client.receives.list()
        elif kind == 2:
            self.sent += 2
            await self._client.sms.send_many([SmsMessage(RECEIVER, "t", track_id=f"{name}-{i}") for i in range(2)])
        elif kind == 3:
            self.sent += 1
            await self._client.voice.send(RECEIVER, "1234", track_id=name)
        else:
            self.sent += 1
            await self._client.sms.send(RECEIVER, "t", track_id=name)

    def delay(self) -> float:
        """Return when to cancel: often at once, mostly during the call, sometimes after it."""
        return self._random.choice((0.0, 0.001, LATENCY, self._random.uniform(0, 0.04), self._random.uniform(0, 0.04)))

    async def make_calls(self, start: int) -> None:
        """Make `CONCURRENCY` calls at once; on asyncio half are cancelled natively, otherwise all through scopes."""
        native = _is_asyncio()
        async with anyio.create_task_group() as group:
            for number in range(start, start + CONCURRENCY):
                if native and number % 2:
                    group.start_soon(self._natively, number)
                else:
                    group.start_soon(self._in_a_scope, number, group)

    async def _in_a_scope(self, number: int, group: TaskGroup) -> None:
        with anyio.CancelScope() as outer, anyio.CancelScope() as inner:
            group.start_soon(self._cancel_scopes, inner, outer)
            await self.call(number)

    async def _cancel_scopes(self, inner: anyio.CancelScope, outer: anyio.CancelScope) -> None:
        for scope in (inner, outer)[: self._random.randint(1, 2)]:
            await anyio.sleep(self.delay())
            scope.cancel()
            self.cancels += 1

    async def _natively(self, number: int) -> None:
        task = asyncio.ensure_future(self.call(number))
        for _ in range(self._random.randint(1, 2)):
            await asyncio.sleep(self.delay())
            self.cancels += task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _is_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def tasks_of_the_client() -> int:
    """Count the running tasks, without those that serve the gateway's connections."""
    return len([task for task in anyio.get_running_tasks() if "serve_one" not in (task.name or "")])


async def check(
    client: AsyncWikipayam, gateway: RawGateway, ledger: LedgerGateway, tally: Tally, calls: CancelledCalls
) -> None:
    """Assert that no message was lost or doubled and that the client leaks no connection."""
    for _ in range(20):
        assert (await client.balance()).balance == 7
    sent = await client.sms.send(RECEIVER, "t", track_id="last")
    assert sent.track_id == "last"
    open_now, idle = await quiet(gateway, client)
    assert (open_now, pool_of(client).slots.value) == (idle, LANES)
    assert {name for name, outcome in tally.outcomes.items() if outcome is SendStatus.ACCEPTED} == set(ledger.accepted)
    assert (ledger.doubled, tally.twice) == ([], [])
    assert len(tally.outcomes) == calls.sent + 1
    assert set(tally.outcomes.values()) == {SendStatus.ACCEPTED, SendStatus.NOT_ATTEMPTED}


async def test_thousands_of_cancellations(anyio_backend: str) -> None:
    """After thousands of cancelled calls no message is lost, sent twice or reported twice, and nothing is leaked."""
    ledger, tally = LedgerGateway(lambda: anyio.sleep(LATENCY)), Tally()
    async with (
        raw_gateway(ledger) as gateway,
        AsyncWikipayam(TOKEN, base_url=gateway.url, sender="1", max_connections=LANES, on_event=tally) as client,
    ):
        calls, gauge = CancelledCalls(client, seed=11), ConnectionGauge(client)
        await client.balance()
        tasks = tasks_of_the_client()
        for start in range(0, CALLS, CONCURRENCY):
            with anyio.fail_after(10):
                await calls.make_calls(start)
            assert pool_of(client).slots.value == LANES
            gateway.requests.clear()
        await check(client, gateway, ledger, tally, calls)
        assert gauge.peak == LANES
        assert gauge.now == gateway.open_now
        assert tasks_of_the_client() == tasks
    record(
        f"cancellation.{anyio_backend}",
        {
            "calls": CALLS,
            "cancellations": calls.cancels,
            "messages": calls.sent,
            "messages_accepted": len(ledger.accepted),
            "messages_not_attempted": len(tally.outcomes) - len(ledger.accepted),
            **{f"calls_{outcome}": count for outcome, count in sorted(tally.ended.items())},
            "lost": calls.sent + 1 - len(tally.outcomes),
            "duplicated": len(ledger.doubled),
            "connections_opened": gateway.opened,
            "peak_sockets": gauge.peak,
            "lane_limit": LANES,
        },
    )


async def test_cancelled_calls_leak_no_memory(caplog: pytest.LogCaptureFixture) -> None:
    """After 900 cancelled calls the client holds no more memory than after the first 300."""
    caplog.set_level("CRITICAL", logger="wikipayam_async")  # pytest would keep each warning about a cancelled send
    ledger = LedgerGateway(lambda: anyio.sleep(0.001))
    async with (
        raw_gateway(ledger) as gateway,
        AsyncWikipayam(TOKEN, base_url=gateway.url, sender="1", max_connections=LANES) as client,
    ):
        calls = CancelledCalls(client, seed=12)

        async def memory_after(rounds: int) -> int:
            for number in range(rounds):
                await calls.make_calls(number * CONCURRENCY)
                gateway.requests.clear()
                ledger.accepted.clear()
            gc.collect()
            return tracemalloc.get_traced_memory()[0]

        tracemalloc.start()
        try:
            before = await memory_after(6)
            grown = await memory_after(12) - before
        finally:
            tracemalloc.stop()
    assert grown < 200_000

"""P3 in a storm: ten thousand calls, cancelled at random, once or twice, fifty of them at a time."""

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

from tests.support.ledger_gateway import LedgerGateway, ConnectionGauge, quiet, pool_of
from tests.support.figures import record
from tests.support.net import RECEIVER, TOKEN
from tests.support.raw import RawGateway, raw_gateway
from wikipayam_async import AsyncWikipayam, CallFinished, Event, SendStatus, SmsMessage

pytestmark = pytest.mark.anyio

CALLS = 10_000
AT_ONCE = 50
LANES = 10
LATENCY = 0.002


class Tally:
    """Counts what a client tells, message by message, in little memory.

    Attributes:
        ended: How many calls ended in which way.
        outcomes: Each message's outcome; a message that is told of twice is in `twice`.
    """

    def __init__(self) -> None:
        self.ended: Counter[str] = Counter()
        self.outcomes: dict[str | None, SendStatus] = {}
        self.twice: list[str | None] = []

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, CallFinished):
            self.ended[str(event.outcome)] += 1
            for outcome in event.messages:
                if outcome.track_id in self.outcomes:
                    self.twice.append(outcome.track_id)
                self.outcomes[outcome.track_id] = outcome.status


class Storm:
    """Calls, each of which is cancelled after a random time, and perhaps again.

    Attributes:
        cancels: How often a call that was in flight was cancelled.
        sent: How many messages were given to the client by calls that began.
    """

    def __init__(self, client: AsyncWikipayam, seed: int) -> None:
        self._client = client
        self._chance = random.Random(seed)
        self.cancels = 0
        self.sent = 0

    async def call(self, number: int) -> None:
        """Make one call: most are sends."""
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
        """Return when to strike: often at once, mostly within a call's time, sometimes only after it."""
        return self._chance.choice((0.0, 0.001, LATENCY, self._chance.uniform(0, 0.04), self._chance.uniform(0, 0.04)))

    async def chunk(self, start: int) -> None:
        """Make the calls of one chunk at once; half are cancelled through scopes, half natively where there is that."""
        native = _is_asyncio()
        async with anyio.create_task_group() as group:
            for number in range(start, start + AT_ONCE):
                if native and number % 2:
                    group.start_soon(self._natively, number)
                else:
                    group.start_soon(self._in_a_scope, number, group)

    async def _in_a_scope(self, number: int, group: TaskGroup) -> None:
        with anyio.CancelScope() as outer, anyio.CancelScope() as inner:
            group.start_soon(self._strike_scopes, inner, outer)
            await self.call(number)

    async def _strike_scopes(self, inner: anyio.CancelScope, outer: anyio.CancelScope) -> None:
        for scope in (inner, outer)[: self._chance.randint(1, 2)]:
            await anyio.sleep(self.delay())
            scope.cancel()
            self.cancels += 1

    async def _natively(self, number: int) -> None:
        task = asyncio.ensure_future(self.call(number))
        for _ in range(self._chance.randint(1, 2)):
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
    """Count the tasks there are, those apart that serve the gateway's connections."""
    return len([task for task in anyio.get_running_tasks() if "serve_one" not in (task.name or "")])


async def check(client: AsyncWikipayam, gateway: RawGateway, books: LedgerGateway, tally: Tally, storm: Storm) -> None:
    """See that nothing was lost, nothing doubled, and that the client holds what it ought to."""
    for _ in range(20):
        assert (await client.balance()).balance == 7
    sent = await client.sms.send(RECEIVER, "t", track_id="last")
    assert sent.track_id == "last"
    open_now, idle = await quiet(gateway, client)
    assert (open_now, pool_of(client).places.value) == (idle, LANES)
    assert {name for name, outcome in tally.outcomes.items() if outcome is SendStatus.ACCEPTED} == set(books.accepted)
    assert (books.doubled, tally.twice) == ([], [])
    assert len(tally.outcomes) == storm.sent + 1
    assert set(tally.outcomes.values()) == {SendStatus.ACCEPTED, SendStatus.NOT_ATTEMPTED}


async def test_ten_thousand_cancellations(anyio_backend: str) -> None:
    """The client works afterwards; what reached the gateway is told of once, and nothing is sent twice or leaked."""
    books, tally = LedgerGateway(lambda: anyio.sleep(LATENCY)), Tally()
    async with (
        raw_gateway(books) as gateway,
        AsyncWikipayam(TOKEN, base_url=gateway.url, sender="1", max_connections=LANES, on_event=tally) as client,
    ):
        storm, gauge = Storm(client, seed=11), ConnectionGauge(client)
        await client.balance()
        tasks = tasks_of_the_client()
        for start in range(0, CALLS, AT_ONCE):
            with anyio.fail_after(10):
                await storm.chunk(start)
            assert pool_of(client).places.value == LANES
            gateway.requests.clear()
        await check(client, gateway, books, tally, storm)
        assert gauge.peak == LANES
        assert gauge.now == gateway.open_now
        assert tasks_of_the_client() == tasks
    record(
        f"cancellation.{anyio_backend}",
        {
            "calls": CALLS,
            "cancels": storm.cancels,
            "messages": storm.sent,
            "messages_that_reached_the_gateway": len(books.accepted),
            "messages_told_as_not_attempted": len(tally.outcomes) - len(books.accepted),
            **{f"calls_{outcome}": count for outcome, count in sorted(tally.ended.items())},
            "lost": storm.sent + 1 - len(tally.outcomes),
            "doubled": len(books.doubled),
            "connections": gateway.opened,
            "peak_sockets": gauge.peak,
            "most_lanes": LANES,
        },
    )


async def test_a_storm_leaves_no_memory_behind() -> None:
    """After many hundred cancelled calls the client holds no more memory than after the first few hundred."""
    books = LedgerGateway(lambda: anyio.sleep(0.001))
    async with (
        raw_gateway(books) as gateway,
        AsyncWikipayam(TOKEN, base_url=gateway.url, sender="1", max_connections=LANES) as client,
    ):
        storm = Storm(client, seed=12)

        async def blow(chunks: int) -> int:
            for number in range(chunks):
                await storm.chunk(number * AT_ONCE)
                gateway.requests.clear()
                books.accepted.clear()
            gc.collect()
            return tracemalloc.get_traced_memory()[0]

        tracemalloc.start()
        try:
            before = await blow(6)
            grown = await blow(12) - before
        finally:
            tracemalloc.stop()
    assert grown < 200_000

"""P3, from outside: time-outs around calls, groups and event loops that end while calls are in flight, closed clients."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio
import pytest
import trio

from tests.support.ledger_gateway import INBOX, LedgerGateway, check_outcomes, quiet, pool_of
from tests.faults.threaded_gateway import Far, far_gateway
from tests.support.net import RECEIVER, TOKEN, EventRecorder, connected
from tests.support.raw import raw_gateway
from wikipayam_async import (
    AsyncWikipayam,
    RateLimit,
    Receive,
    SendStatus,
    SmsMessage,
)

pytestmark = pytest.mark.anyio

ACCEPTED, NOT_ATTEMPTED = SendStatus.ACCEPTED, SendStatus.NOT_ATTEMPTED
LATENCY = 0.004
ON_ASYNCIO = pytest.mark.parametrize("anyio_backend", ["asyncio"])


async def _all(messages: AsyncIterator[Receive]) -> list[Receive]:
    return [message async for message in messages]


CALLS: dict[str, Callable[[AsyncWikipayam, str], Awaitable[object]]] = {
    "sms.send": lambda client, name: client.sms.send(RECEIVER, "text", track_id=name),
    "otp.send": lambda client, name: client.otp.send(RECEIVER, "1234", track_id=name),
    "voice.send": lambda client, name: client.voice.send(RECEIVER, "1234", track_id=name),
    "sms.send_bulk": lambda client, name: client.sms.send_bulk(
        [SmsMessage(RECEIVER, "text", track_id=f"{name}-{index}") for index in range(7)], batch_size=2, concurrency=2
    ),
    "balance": lambda client, _: client.balance(),
    "receives.iter": lambda client, _: _all(client.receives.iter(page_size=2)),
    "receives.mark_read": lambda client, _: client.receives.mark_read(INBOX),
    "sms.delivery_status": lambda client, _: client.sms.delivery_status([f"id{index}" for index in range(250)]),
    "sms.wait_for_delivery": lambda client, _: client.sms.wait_for_delivery("a"),
}

Limit = Callable[[float, Awaitable[object]], Awaitable[object]]


async def _fail_after(seconds: float, call: Awaitable[object]) -> None:
    with anyio.fail_after(seconds):
        await call


async def _move_on_after(seconds: float, call: Awaitable[object]) -> None:
    with anyio.move_on_after(seconds):
        await call


async def _timeout(seconds: float, call: Awaitable[object]) -> None:
    async with asyncio.timeout(seconds):
        await call


async def _wait_for(seconds: float, call: Awaitable[object]) -> None:
    await asyncio.wait_for(call, seconds)


EVERYWHERE: list[Limit] = [_fail_after, _move_on_after]
LIMITS = [("trio", one) for one in EVERYWHERE] + [("asyncio", one) for one in (*EVERYWHERE, _timeout, _wait_for)]


@pytest.mark.parametrize(("anyio_backend", "limit"), LIMITS)
@pytest.mark.parametrize("kind", CALLS)
async def test_a_time_out_around_a_call(kind: str, limit: Limit) -> None:
    """At once, at the very end of an answer, or at random: no message is lost or doubled, and the client goes on."""
    chance = random.Random(f"{kind} {limit.__name__}")
    books = LedgerGateway(lambda: anyio.sleep(LATENCY))
    delays = [0.0, 0.0, LATENCY, LATENCY + 0.0005, LATENCY + 0.001, LATENCY + 0.002]
    delays += [chance.uniform(0, 4 * LATENCY) for _ in range(14)]
    async with raw_gateway(books) as gateway, connected(gateway.url, max_connections=3) as (client, _, ear):
        for number, delay in enumerate(delays):
            with suppress(TimeoutError):
                await limit(delay, CALLS[kind](client, f"m{number}"))
            assert (await client.balance()).balance == 7
        open_now, idle = await quiet(gateway, client)
        assert (open_now, pool_of(client).places.value) == (idle, 3)
        check_outcomes(ear, books)
    gc.collect()


class Sibling(Exception):  # noqa: N818 - what goes wrong beside the calls
    pass


@pytest.mark.parametrize(("anyio_backend", "native"), [("asyncio", False), ("trio", False), ("asyncio", True)])
async def test_a_group_that_dies_of_a_sibling(native: bool) -> None:
    """Sends in flight in a task group whose other task raises are finished, and each has its outcome told."""
    books = LedgerGateway(lambda: anyio.sleep(LATENCY))
    async with raw_gateway(books) as gateway, connected(gateway.url, max_connections=3) as (client, _, ear):

        async def raise_after(seconds: float) -> None:
            await anyio.sleep(seconds)
            raise Sibling

        async def run(number: int) -> None:
            calls = [client.sms.send(RECEIVER, "text", track_id=f"m{number}-{index}") for index in range(6)]
            if native:
                async with asyncio.TaskGroup() as tasks:
                    for call in calls:
                        tasks.create_task(call)
                    tasks.create_task(raise_after(number * 0.002))
            else:
                async with anyio.create_task_group() as group:
                    for call in calls:
                        group.start_soon(_await, call)
                    group.start_soon(raise_after, number * 0.002)

        for number in range(8):
            # In a task of its own: before Python 3.13 an `asyncio.TaskGroup` that fails leaves its task marked as cancelled.
            death = asyncio.ensure_future(run(number)) if native else run(number)
            with pytest.raises(ExceptionGroup) as caught:
                await death
            assert [type(error) for error in caught.value.exceptions] == [Sibling]
            await client.balance()
        check_outcomes(ear, books)
        assert len(ear.outcomes) == 48


async def _await(call: Awaitable[object]) -> None:
    await call


def client_of(far: Far, ear: EventRecorder | None = None, **options: Any) -> AsyncWikipayam:
    """Make a client of a gateway that lives in another thread."""
    return AsyncWikipayam(TOKEN, base_url=far.url, sender="10002000", on_event=ear, **options)


async def close_lanes(client: AsyncWikipayam) -> None:
    """Close the connections of a client that stays open: Python would warn of what a forgetful caller leaves open."""
    for _, lane in pool_of(client).idle:
        await lane.aclose()


def test_the_end_of_an_event_loop_finds_sends_finished() -> None:
    """`asyncio.run` cancels every task when its function returns; sends that are in flight are finished first."""
    ear = EventRecorder()

    async def main(client: AsyncWikipayam, far: Far) -> None:
        async with client:
            tasks = [asyncio.create_task(client.sms.send(RECEIVER, "t", track_id=f"m{i}")) for i in range(3)]
            while len(far.books.accepted) < 3:  # noqa: ASYNC110 - it is in another thread
                await asyncio.sleep(0.001)
            assert not any(task.done() for task in tasks)

    with far_gateway() as far:
        asyncio.run(main(client_of(far, ear), far))
        assert [outcome.status for outcome in ear.outcomes] == [ACCEPTED] * 3
        assert set(far.books.accepted) == {"m0", "m1", "m2"}
    gc.collect()


def test_the_end_of_an_event_loop_finds_handled_messages_marked() -> None:
    """A consumer that runs when `asyncio.run` ends has marked what its handler returned from, and nothing else."""
    handled: list[str] = []

    async def consume(far: Far) -> None:
        async with client_of(far) as client:
            await client.receives.consume(lambda message: handled.append(message.id), 0.01)

    async def main(far: Far) -> None:
        task = asyncio.create_task(consume(far))
        while not handled:  # noqa: ASYNC110 - a plain list
            await asyncio.sleep(0.001)
        assert not task.done()

    with far_gateway() as far:
        far.books.fill()
        asyncio.run(main(far))
        assert set(INBOX) - set(far.books.unread) == set(handled)
    gc.collect()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, Sibling])
def test_an_exception_that_ends_the_event_loop_finds_sends_finished(backend: str, error: type[BaseException]) -> None:
    """Ctrl-C and the like, raised in the main task, end everything only after the sends in flight."""
    ear = EventRecorder()

    async def main(far: Far) -> None:
        async with client_of(far, ear) as client, anyio.create_task_group() as group:
            for index in range(3):
                group.start_soon(_await, client.sms.send(RECEIVER, "t", track_id=f"m{index}"))
            while len(far.books.accepted) < 3:  # noqa: ASYNC110 - it is in another thread
                await anyio.sleep(0.001)
            raise error

    with far_gateway() as far:
        with pytest.raises(BaseExceptionGroup) as caught:
            anyio.run(main, far, backend=backend)
        assert [type(one) for one in caught.value.exceptions] == [error]
        assert [outcome.status for outcome in ear.outcomes] == [ACCEPTED] * 3
    gc.collect()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_client_left_open_when_its_loop_closed_works_in_the_next(backend: str) -> None:
    """The next loop starts with lanes of its own, and finds no place taken by what the last one cut off."""
    ear = EventRecorder()

    async def first(client: AsyncWikipayam, far: Far) -> None:
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(_await, client.sms.send(RECEIVER, "t"))
            while not far.books.accepted:  # noqa: ASYNC110 - it is in another thread
                await anyio.sleep(0.001)
            group.cancel_scope.cancel()
        await close_lanes(client)

    async def second(client: AsyncWikipayam) -> int:
        async with client:
            return (await client.balance()).balance

    with far_gateway(0.005) as far:
        client = client_of(far, ear, max_connections=2, rate_limit=RateLimit(requests_per_second=1000))
        anyio.run(first, client, far, backend=backend)
        assert anyio.run(second, client, backend=backend) == 7
        told = [outcome.track_id for outcome in ear.outcomes if outcome.status is ACCEPTED]
        assert (set(told), len(ear.outcomes)) == (set(far.books.accepted), 4)
    gc.collect()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_limits_and_pauses_go_along_to_the_next_loop(backend: str) -> None:
    """The clock of another loop may stand anywhere: a pause lasts no longer than it was, and a limit goes on limiting."""
    slept: list[float] = []
    now = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        slept.append(seconds)
        await anyio.lowlevel.checkpoint()

    async def use(client: AsyncWikipayam) -> None:
        await client.balance()
        client._shared.gate.close(now, 30)
        await close_lanes(client)

    with far_gateway(0.001) as far:
        client = client_of(far, rate_limit=RateLimit(requests_per_second=0.1, burst=0))
        shared, limiter = client._shared, client._limiter
        assert limiter is not None
        limiter._clock = shared.clock = lambda: now
        limiter._sleep = shared.sleep = sleep
        for now in (1e9, 0.0):  # noqa: B007 - the clock
            anyio.run(use, client, backend=backend)
    assert slept == [10, 30]
    gc.collect()


def test_trio_ended_by_an_exception_of_its_nursery() -> None:
    """A nursery of trio's own, ended by an exception, finishes the sends in flight as well."""
    ear = EventRecorder()

    async def main(far: Far) -> None:
        async with client_of(far, ear) as client, trio.open_nursery() as nursery:
            nursery.start_soon(_await, client.sms.send(RECEIVER, "t", track_id="m"))
            while not far.books.accepted:  # noqa: ASYNC110 - it is in another thread
                await trio.sleep(0.001)
            raise Sibling

    with far_gateway() as far:
        with pytest.raises(ExceptionGroup):
            trio.run(main, far)
        assert [(outcome.track_id, outcome.status) for outcome in ear.outcomes] == [("m", ACCEPTED)]
    gc.collect()

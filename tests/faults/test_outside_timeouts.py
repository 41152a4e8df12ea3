"""The safe-cancellation promise: time-outs around calls, and task groups and event loops that end during calls."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio
import pytest
import trio

from tests.faults.threaded_gateway import ThreadedGateway, threaded_gateway
from tests.support.calls import read_all
from tests.support.effort import across
from tests.support.ledger_gateway import INBOX, LedgerGateway, check_outcomes, pool_of, quiet
from tests.support.net import RECEIVER, TOKEN, EventRecorder, connected
from tests.support.raw import raw_gateway
from wikipayam_async import (
    AsyncWikipayam,
    RateLimit,
    SendStatus,
    SmsMessage,
)

pytestmark = pytest.mark.anyio

ACCEPTED, NOT_ATTEMPTED = SendStatus.ACCEPTED, SendStatus.NOT_ATTEMPTED
LATENCY = 0.004
ON_ASYNCIO = pytest.mark.parametrize("anyio_backend", ["asyncio"])


CALLS: dict[str, Callable[[AsyncWikipayam, str], Awaitable[object]]] = {
    "sms.send": lambda client, name: client.sms.send(RECEIVER, "text", track_id=name),
    "otp.send": lambda client, name: client.otp.send(RECEIVER, "1234", track_id=name),
    "voice.send": lambda client, name: client.voice.send(RECEIVER, "1234", track_id=name),
    "sms.send_bulk": lambda client, name: client.sms.send_bulk(
        [SmsMessage(RECEIVER, "text", track_id=f"{name}-{index}") for index in range(7)], batch_size=2, concurrency=2
    ),
    "balance": lambda client, _: client.balance(),
    "receives.iter": lambda client, _: read_all(client.receives.iter(page_size=2)),
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


@across("kind, anyio_backend, limit", CALLS, LIMITS)
async def test_a_time_out_around_a_call_loses_nothing(kind: str, limit: Limit) -> None:
    """After a time-out at once, at the end of the answer or at random, no message is lost or doubled."""
    rng = random.Random(f"{kind} {limit.__name__}")
    ledger = LedgerGateway(lambda: anyio.sleep(LATENCY))
    delays = [0.0, 0.0, LATENCY, LATENCY + 0.0005, LATENCY + 0.001, LATENCY + 0.002]
    delays += [rng.uniform(0, 4 * LATENCY) for _ in range(14)]
    async with raw_gateway(ledger) as gateway, connected(gateway.url, max_connections=3) as (client, _, recorder):
        for number, delay in enumerate(delays):
            with suppress(TimeoutError):
                await limit(delay, CALLS[kind](client, f"m{number}"))
            assert (await client.balance()).balance == 7
        open_now, idle = await quiet(gateway, client)
        assert (open_now, pool_of(client).slots.value) == (idle, 3)
        check_outcomes(recorder, ledger)
    gc.collect()


class SiblingError(Exception):
    """What another task of the group raises."""


@pytest.mark.parametrize(("anyio_backend", "native"), [("asyncio", False), ("trio", False), ("asyncio", True)])
async def test_sends_are_finished_before_a_failed_task_group_ends(native: bool) -> None:
    """When another task of the group raises, sends in flight are finished and their outcomes reported."""
    ledger = LedgerGateway(lambda: anyio.sleep(LATENCY))
    async with raw_gateway(ledger) as gateway, connected(gateway.url, max_connections=3) as (client, _, recorder):

        async def raise_after(seconds: float) -> None:
            await anyio.sleep(seconds)
            raise SiblingError

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
            # In its own task: before Python 3.13 an `asyncio.TaskGroup` that fails leaves its task marked as cancelled.
            failing = asyncio.ensure_future(run(number)) if native else run(number)
            with pytest.raises(ExceptionGroup) as caught:
                await failing
            assert [type(error) for error in caught.value.exceptions] == [SiblingError]
            await client.balance()
        check_outcomes(recorder, ledger)
        assert len(recorder.outcomes) == 48


async def _await(call: Awaitable[object]) -> None:
    await call


def client_of(gateway: ThreadedGateway, recorder: EventRecorder | None = None, **options: Any) -> AsyncWikipayam:
    """Return a client of a gateway in another thread."""
    return AsyncWikipayam(TOKEN, base_url=gateway.url, sender="10002000", on_event=recorder, **options)


async def close_lanes(client: AsyncWikipayam) -> None:
    """Close the connections of a client that stays open, which Python would warn about."""
    for _, lane in pool_of(client).idle:
        await lane.aclose()


def test_sends_are_finished_before_asyncio_run_ends() -> None:
    """When `asyncio.run` cancels the remaining tasks, sends in flight are finished first."""
    recorder = EventRecorder()

    async def main(client: AsyncWikipayam, gateway: ThreadedGateway) -> None:
        async with client:
            tasks = [asyncio.create_task(client.sms.send(RECEIVER, "t", track_id=f"m{i}")) for i in range(3)]
            while len(gateway.ledger.accepted) < 3:  # noqa: ASYNC110 - the ledger is in another thread
                await asyncio.sleep(0.001)
            assert not any(task.done() for task in tasks)

    with threaded_gateway() as gateway:
        asyncio.run(main(client_of(gateway, recorder), gateway))
        assert [outcome.status for outcome in recorder.outcomes] == [ACCEPTED] * 3
        assert set(gateway.ledger.accepted) == {"m0", "m1", "m2"}
    gc.collect()


def test_handled_messages_are_marked_before_asyncio_run_ends() -> None:
    """A consumer that is cancelled as `asyncio.run` ends has marked exactly the messages its handler returned from."""
    handled: list[str] = []

    async def consume(gateway: ThreadedGateway) -> None:
        async with client_of(gateway) as client:
            await client.receives.consume(lambda message: handled.append(message.id), poll_interval=0.01)

    async def main(gateway: ThreadedGateway) -> None:
        task = asyncio.create_task(consume(gateway))
        while not handled:  # noqa: ASYNC110 - a list has no event
            await asyncio.sleep(0.001)
        assert not task.done()

    with threaded_gateway() as gateway:
        gateway.ledger.fill_inbox()
        asyncio.run(main(gateway))
        assert set(INBOX) - set(gateway.ledger.unread) == set(handled)
    gc.collect()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, SiblingError])
def test_sends_are_finished_before_an_exception_ends_the_event_loop(backend: str, error: type[BaseException]) -> None:
    """An exception in the main task, Ctrl-C included, ends the event loop after the sends in flight."""
    recorder = EventRecorder()

    async def main(gateway: ThreadedGateway) -> None:
        async with client_of(gateway, recorder) as client, anyio.create_task_group() as group:
            for index in range(3):
                group.start_soon(_await, client.sms.send(RECEIVER, "t", track_id=f"m{index}"))
            while len(gateway.ledger.accepted) < 3:  # noqa: ASYNC110 - the ledger is in another thread
                await anyio.sleep(0.001)
            raise error

    with threaded_gateway() as gateway:
        with pytest.raises(BaseExceptionGroup) as caught:
            anyio.run(main, gateway, backend=backend)
        assert [type(one) for one in caught.value.exceptions] == [error]
        assert [outcome.status for outcome in recorder.outcomes] == [ACCEPTED] * 3
    gc.collect()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_client_that_outlives_its_event_loop_works_in_the_next(backend: str) -> None:
    """In the next event loop the client opens new lanes, and calls cut off in the last one occupy none of its slots."""
    recorder = EventRecorder()

    async def first(client: AsyncWikipayam, gateway: ThreadedGateway) -> None:
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(_await, client.sms.send(RECEIVER, "t"))
            while not gateway.ledger.accepted:  # noqa: ASYNC110 - the ledger is in another thread
                await anyio.sleep(0.001)
            group.cancel_scope.cancel()
        await close_lanes(client)

    async def second(client: AsyncWikipayam) -> int:
        async with client:
            return (await client.balance()).balance

    with threaded_gateway(0.005) as gateway:
        client = client_of(gateway, recorder, max_connections=2, rate_limit=RateLimit(requests_per_second=1000))
        anyio.run(first, client, gateway, backend=backend)
        assert anyio.run(second, client, backend=backend) == 7
        accepted = [outcome.track_id for outcome in recorder.outcomes if outcome.status is ACCEPTED]
        assert (set(accepted), len(recorder.outcomes)) == (set(gateway.ledger.accepted), 4)
    gc.collect()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_rate_limits_and_delays_carry_over_to_the_next_event_loop(backend: str) -> None:
    """With another event loop's clock a delay lasts no longer than asked for, and a rate limit still applies."""
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

    with threaded_gateway(0.001) as gateway:
        client = client_of(gateway, rate_limit=RateLimit(requests_per_second=0.1, burst_seconds=0))
        shared, limiter = client._shared, client._limiter
        assert limiter is not None
        limiter._clock = shared.clock = lambda: now
        limiter._sleep = shared.sleep = sleep
        for now in (1e9, 0.0):  # noqa: B007 - the clock
            anyio.run(use, client, backend=backend)
    assert slept == [10, 30]
    gc.collect()


def test_sends_are_finished_before_a_failed_trio_nursery_ends() -> None:
    """An exception in a trio nursery ends it after the sends in flight."""
    recorder = EventRecorder()

    async def main(gateway: ThreadedGateway) -> None:
        async with client_of(gateway, recorder) as client, trio.open_nursery() as nursery:
            nursery.start_soon(_await, client.sms.send(RECEIVER, "t", track_id="m"))
            while not gateway.ledger.accepted:  # noqa: ASYNC110 - the ledger is in another thread
                await trio.sleep(0.001)
            raise SiblingError

    with threaded_gateway() as gateway:
        with pytest.raises(ExceptionGroup):
            trio.run(main, gateway)
        assert [(outcome.track_id, outcome.status) for outcome in recorder.outcomes] == [("m", ACCEPTED)]
    gc.collect()

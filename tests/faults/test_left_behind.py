"""P3, what is left behind: clients closed while calls are in flight, iterations dropped, calls given up in a queue."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable
from contextlib import aclosing

import anyio
import httpx
import pytest

from tests.support.ledger_gateway import INBOX, LedgerGateway, check_outcomes, quiet
from tests.support.net import RECEIVER, TOKEN, EventRecorder, connected
from tests.support.raw import raw_gateway
from wikipayam_async import (
    AsyncWikipayam,
    ConfigurationError,
    Outcome,
    RateLimit,
    SendStatus,
    SmsMessage,
    UnknownOutcomeError,
)

pytestmark = pytest.mark.anyio

ACCEPTED = SendStatus.ACCEPTED
LATENCY = 0.004
ON_ASYNCIO = pytest.mark.parametrize("anyio_backend", ["asyncio"])


async def _await(call: Awaitable[object]) -> None:
    await call


@pytest.mark.parametrize("way", ["scope", "native"])
@ON_ASYNCIO
async def test_closing_that_is_cancelled_closes_all_the_same(way: str) -> None:
    """A cancellation that strikes while the client closes leaves no connection open."""
    await _close_cancelled(native=way == "native")


@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_closing_that_is_cancelled_closes_all_the_same_on_trio() -> None:
    """A cancelled scope around the closing of a client leaves no connection open."""
    await _close_cancelled(native=False)


async def _close_cancelled(*, native: bool) -> None:
    books = LedgerGateway()
    async with raw_gateway(books) as gateway, connected(gateway.url) as (client, _, _ear):
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(client.balance)
        assert gateway.open_now == 5
        if native:
            task = asyncio.ensure_future(client.aclose())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
        else:
            with anyio.CancelScope() as scope:
                scope.cancel()
                await client.aclose()
        assert await quiet(gateway, client) == (0, 0)
    gc.collect()


async def test_a_client_that_is_closed_while_calls_are_under_way() -> None:
    """What has a lane is finished; what waits for one is refused; nothing is left without an end or open."""
    go = anyio.Event()
    books = LedgerGateway(go.wait)
    ends: list[object] = []
    async with raw_gateway(books) as gateway, connected(gateway.url, max_connections=2) as (client, _, ear):

        async def call(name: str) -> None:
            try:
                ends.append(await client.sms.send(RECEIVER, "text", track_id=name))
            except ConfigurationError as error:
                ends.append(error)

        async with anyio.create_task_group() as group:
            for index in range(6):
                group.start_soon(call, f"m{index}")
            while len(books.accepted) < 2:  # noqa: ASYNC110 - the gateway has no event for it
                await anyio.sleep(0.0005)
            await client.aclose()
            go.set()
        assert len([end for end in ends if isinstance(end, ConfigurationError)]) == 4
        assert (await quiet(gateway, client), len(books.accepted)) == ((0, 0), 2)
        check_outcomes(ear, books)
        assert sorted(end.outcome for end in ear.finished) == [Outcome.FAILED] * 4 + [Outcome.SUCCEEDED] * 2


async def test_an_iteration_that_is_left_needs_no_closing() -> None:
    """Breaking out of `receives.iter` and dropping it costs no warning and no connection, on trio either."""
    books = LedgerGateway()
    async with raw_gateway(books) as gateway, connected(gateway.url) as (client, _, _ear):
        for iterate in (client.receives.iter, client.receives.iter_unread):
            books.fill()
            async for message in iterate(page_size=2):
                assert message.id == INBOX[0]
                break
            gc.collect()
            async with aclosing(iterate(page_size=2)) as messages:  # type: ignore[type-var]
                assert (await anext(messages)).id == INBOX[0]
            assert [message async for message in messages] == []
        assert (await client.balance()).balance == 7
        assert await quiet(gateway, client) == (1, 1)


async def test_a_step_of_an_iteration_that_is_cancelled_is_taken_again() -> None:
    """After a time-out the same iterator goes on where it was, and gives out every message once."""
    books = LedgerGateway(lambda: anyio.sleep(LATENCY))
    async with raw_gateway(books) as gateway, connected(gateway.url) as (client, _, _ear):
        messages = client.receives.iter(page_size=2)
        with anyio.move_on_after(LATENCY / 2) as scope:
            await anext(messages)
        assert scope.cancelled_caught
        assert [message.id async for message in messages] == list(INBOX)


async def test_a_bulk_iteration_that_is_left_and_dropped() -> None:
    """Breaking out of a bulk run's iteration ends the workers; what nobody took is in `leftover`."""
    books = LedgerGateway()
    async with raw_gateway(books) as gateway, connected(gateway.url) as (client, _, ear):
        messages = [SmsMessage(RECEIVER, "text", track_id=f"m{index}") for index in range(20)]
        bulk = client.sms.bulk(messages, batch_size=2, concurrency=2)
        async with bulk as results:
            iterator = aiter(results)
            taken = [await anext(iterator)]
            del iterator
        client.sms.bulk(messages)  # never entered
        gc.collect()
        accounted = {result.track_id: result.status for result in taken + bulk.leftover}
        assert {name for name, status in accounted.items() if status is ACCEPTED} == set(books.accepted)
        assert len(accounted) == len(taken) + len(bulk.leftover)
        assert (await quiet(gateway, client))[0] <= 2
        check_outcomes(ear, books)


async def test_cancelled_calls_leave_no_gap_in_the_rate() -> None:
    """A hundred calls cancelled while they wait for their turn do not hold up the next."""
    books = LedgerGateway()
    limit = RateLimit(requests_per_second=1000, messages_per_second=20, burst=0)
    async with raw_gateway(books) as gateway, connected(gateway.url, rate_limit=limit) as (client, _, ear):
        async with anyio.create_task_group() as group:
            for index in range(100):
                group.start_soon(_await, client.sms.send(RECEIVER, "text", track_id=f"m{index}"))
            while not books.accepted:  # noqa: ASYNC110 - the gateway has no event for it
                await anyio.sleep(0.0005)
            group.cancel_scope.cancel()
        with anyio.fail_after(2):
            await client.sms.send(RECEIVER, "text", track_id="next")
        assert (len(ear.outcomes), books.accepted["next"]) == (101, 1)
        check_outcomes(ear, books)


@ON_ASYNCIO
async def test_a_transport_that_cancels_of_its_own_leaves_the_fate_unknown() -> None:
    """A cancellation from within a caller's transport is an outcome nobody knows, and not the caller's cancellation."""

    def cancel(_: httpx.Request) -> httpx.Response:
        raise asyncio.CancelledError

    ear = EventRecorder()
    async with AsyncWikipayam(
        TOKEN, sender="1", base_url="http://127.0.0.1:9", transport=httpx.MockTransport(cancel), on_event=ear
    ) as client:
        with pytest.raises(UnknownOutcomeError):
            await client.sms.send(RECEIVER, "text", track_id="m")
    assert [(outcome.track_id, outcome.status) for outcome in ear.outcomes] == [("m", SendStatus.UNKNOWN)]

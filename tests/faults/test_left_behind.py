"""The safe-cancellation promise: clients closed during calls, abandoned iterations, calls cancelled while they wait."""

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
    CallOutcome,
    RateLimit,
    SendStatus,
    SmsMessage,
    UnknownOutcomeError,
)
from wikipayam_async.errors import ClosedError

pytestmark = pytest.mark.anyio

ACCEPTED = SendStatus.ACCEPTED
LATENCY = 0.004
ON_ASYNCIO = pytest.mark.parametrize("anyio_backend", ["asyncio"])


async def _await(call: Awaitable[object]) -> None:
    await call


@pytest.mark.parametrize("way", ["scope", "native"])
@ON_ASYNCIO
async def test_a_cancelled_close_closes_every_connection(way: str) -> None:
    """A cancellation of `aclose` on asyncio leaves no connection open."""
    await _close_cancelled(native=way == "native")


@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_a_cancelled_close_closes_every_connection_on_trio() -> None:
    """A cancellation of `aclose` on trio leaves no connection open."""
    await _close_cancelled(native=False)


async def _close_cancelled(*, native: bool) -> None:
    ledger = LedgerGateway()
    async with raw_gateway(ledger) as gateway, connected(gateway.url) as (client, _, _recorder):
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


async def test_closing_a_client_while_calls_are_in_flight() -> None:
    """Calls that have a lane finish, calls that wait for one are refused, and every call and connection ends."""
    release = anyio.Event()
    ledger = LedgerGateway(release.wait)
    ends: list[object] = []
    async with raw_gateway(ledger) as gateway, connected(gateway.url, max_connections=2) as (client, _, recorder):

        async def call(name: str) -> None:
            try:
                ends.append(await client.sms.send(RECEIVER, "text", track_id=name))
            except ClosedError as error:
                ends.append(error)

        async with anyio.create_task_group() as group:
            for index in range(6):
                group.start_soon(call, f"m{index}")
            while len(ledger.accepted) < 2:  # noqa: ASYNC110 - the ledger has no event
                await anyio.sleep(0.0005)
            await client.aclose()
            release.set()
        assert len([end for end in ends if isinstance(end, ClosedError)]) == 4
        assert (await quiet(gateway, client), len(ledger.accepted)) == ((0, 0), 2)
        check_outcomes(recorder, ledger)
        assert (
            sorted(end.outcome for end in recorder.finished) == [CallOutcome.FAILED] * 4 + [CallOutcome.SUCCEEDED] * 2
        )


async def test_an_abandoned_iteration_needs_no_closing() -> None:
    """An iteration of `receives.iter` that is broken off and dropped causes no warning and leaks no connection."""
    ledger = LedgerGateway()
    async with raw_gateway(ledger) as gateway, connected(gateway.url) as (client, _, _recorder):
        for iterate in (client.receives.iter, client.receives.iter_unread):
            ledger.fill_inbox()
            async for message in iterate(page_size=2):
                assert message.id == INBOX[0]
                break
            gc.collect()
            async with aclosing(iterate(page_size=2)) as messages:
                assert (await anext(messages)).id == INBOX[0]
            assert [message async for message in messages] == []
        assert (await client.balance()).balance == 7
        assert await quiet(gateway, client) == (1, 1)


async def test_a_cancelled_step_of_an_iteration_is_repeated() -> None:
    """After a time-out the same iterator goes on where it was and yields every message once."""
    ledger = LedgerGateway(lambda: anyio.sleep(LATENCY))
    async with raw_gateway(ledger) as gateway, connected(gateway.url) as (client, _, _recorder):
        messages = client.receives.iter(page_size=2)
        with anyio.move_on_after(LATENCY / 2) as scope:
            await anext(messages)
        assert scope.cancelled_caught
        assert [message.id async for message in messages] == list(INBOX)


async def test_an_abandoned_bulk_iteration_ends_its_workers() -> None:
    """Breaking out of a bulk send's iteration ends its workers; results not taken are in `leftover`."""
    ledger = LedgerGateway()
    async with raw_gateway(ledger) as gateway, connected(gateway.url) as (client, _, recorder):
        messages = [SmsMessage(RECEIVER, "text", track_id=f"m{index}") for index in range(20)]
        bulk = client.sms.bulk(messages, batch_size=2, concurrency=2)
        async with bulk as results:
            iterator = aiter(results)
            taken = [await anext(iterator)]
            del iterator
        client.sms.bulk(messages)  # never entered
        gc.collect()
        accounted = {result.track_id: result.status for result in taken + bulk.leftover}
        assert {name for name, status in accounted.items() if status is ACCEPTED} == set(ledger.accepted)
        assert len(accounted) == len(taken) + len(bulk.leftover)
        assert (await quiet(gateway, client))[0] <= 2
        check_outcomes(recorder, ledger)


async def test_cancelled_calls_do_not_use_up_the_rate_limit() -> None:
    """A hundred calls cancelled while they wait for the rate limit do not delay the next call."""
    ledger = LedgerGateway()
    limit = RateLimit(requests_per_second=1000, messages_per_second=5, burst_seconds=0)
    async with raw_gateway(ledger) as gateway, connected(gateway.url, rate_limit=limit) as (client, _, recorder):
        async with anyio.create_task_group() as group:
            for index in range(100):
                group.start_soon(_await, client.sms.send(RECEIVER, "text", track_id=f"m{index}"))
            while not ledger.accepted:  # noqa: ASYNC110 - the ledger has no event
                await anyio.sleep(0.0005)
            group.cancel_scope.cancel()
        with anyio.fail_after(15):
            await client.sms.send(RECEIVER, "text", track_id="next")
        assert (len(recorder.outcomes), ledger.accepted["next"]) == (101, 1)
        check_outcomes(recorder, ledger)


@ON_ASYNCIO
async def test_a_cancellation_raised_by_a_transport_leaves_the_outcome_unknown() -> None:
    """A cancellation that a transport raises by itself becomes an `UnknownOutcomeError`."""

    def cancel(_: httpx.Request) -> httpx.Response:
        raise asyncio.CancelledError

    recorder = EventRecorder()
    async with AsyncWikipayam(
        TOKEN, sender="1", base_url="http://127.0.0.1:9", transport=httpx.MockTransport(cancel), on_event=recorder
    ) as client:
        with pytest.raises(UnknownOutcomeError):
            await client.sms.send(RECEIVER, "text", track_id="m")
    assert [(outcome.track_id, outcome.status) for outcome in recorder.outcomes] == [("m", SendStatus.UNKNOWN)]

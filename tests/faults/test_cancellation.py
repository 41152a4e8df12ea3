"""P3, point by point: every kind of call, cancelled at every single suspension point, in every way there is."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from typing import Any

import anyio
import pytest

from tests.support.ledger_gateway import INBOX, LedgerGateway, quiet, pool_of
from tests.faults.cancel_stepping import Knife, every_way
from tests.support.net import RECEIVER, EventRecorder, client_tls, connected, server_tls, tunnel
from tests.support.raw import RawGateway, raw_gateway
from wikipayam_async import (
    AsyncWikipayam,
    AttemptStarted,
    LaneTransport,
    OtpMessage,
    Receive,
    SendResult,
    SendStatus,
    SmsMessage,
)

pytestmark = pytest.mark.anyio

MOST_LANES = 4
ACCEPTED, NOT_ATTEMPTED = SendStatus.ACCEPTED, SendStatus.NOT_ATTEMPTED

SENDS: dict[str, Callable[[AsyncWikipayam, str], Awaitable[object]]] = {
    "sms.send": lambda client, name: client.sms.send(RECEIVER, "text", track_id=name),
    "sms.send_many": lambda client, name: client.sms.send_many(
        [SmsMessage(RECEIVER, "text", track_id=f"{name}-{index}") for index in range(3)]
    ),
    "otp.send": lambda client, name: client.otp.send(RECEIVER, "1234", track_id=name),
    "otp.send_many": lambda client, name: client.otp.send_many(
        [OtpMessage(RECEIVER, "1234", track_id=f"{name}-{index}") for index in range(3)]
    ),
    "voice.send": lambda client, name: client.voice.send(RECEIVER, "1234", track_id=name),
    "holoo.send": lambda client, name: client.holoo.send(RECEIVER, name),
    "holoo.send_get": lambda client, name: client.holoo.send_get(RECEIVER, name),
    "sms.send_bulk": lambda client, name: client.sms.send_bulk(
        [SmsMessage(RECEIVER, "text", track_id=f"{name}-{index}") for index in range(5)], batch_size=2, concurrency=2
    ),
}


async def _all(messages: AsyncIterator[Receive]) -> list[Receive]:
    return [message async for message in messages]


READS: dict[str, Callable[[AsyncWikipayam], Awaitable[object]]] = {
    "balance": lambda client: client.balance(),
    "receives.list": lambda client: client.receives.list(),
    "receives.iter": lambda client: _all(client.receives.iter(page_size=2)),
    "receives.mark_read": lambda client: client.receives.mark_read(INBOX),
    "receives.delete": lambda client: client.receives.delete(INBOX),
    "sms.delivery_status": lambda client: client.sms.delivery_status([f"id{index}" for index in range(250)]),
    "sms.wait_for_delivery": lambda client: client.sms.wait_for_delivery([f"id{index}" for index in range(250)]),
}


def options(lanes: str) -> dict[str, Any]:
    """Return the options of a client whose lanes are used again (`warm`), or else opened anew for every request."""
    if lanes == "cold":
        return {"transport": LaneTransport(max_connections=MOST_LANES, idle_expiry=-1.0)}
    return {"max_connections": MOST_LANES}


async def check_the_client(client: AsyncWikipayam, gateway: RawGateway, books: LedgerGateway, probe: str) -> None:
    """See that the client answers a read and a send, every open connection is an idle lane, and no place is lost."""
    with anyio.fail_after(5):
        assert (await client.balance()).balance == 7
        assert (await client.sms.send(RECEIVER, "text", track_id=probe)).track_id == probe
    pool = pool_of(client)
    open_now, idle = await quiet(gateway, client)
    assert (open_now, pool.places.value, books.doubled) == (idle, MOST_LANES, [])
    assert idle <= MOST_LANES


def check_the_story(ear: EventRecorder, books: LedgerGateway, before: set[str]) -> set[str]:
    """See that every call ended once, and what was told of each message is what the books say by now; return what they have."""
    begun = {event.call_id for event in ear.of(AttemptStarted)}
    ended = [end.call_id for end in ear.finished]
    assert len(ended) == len(set(ended))
    assert begun <= set(ended)
    accepted = {name for name in books.accepted if name not in before and not name.startswith("probe")}
    told = {outcome.track_id: outcome.status for outcome in ear.outcomes if outcome.track_id is not None}
    if len(told) == len(ear.outcomes):
        assert {name for name, status in told.items() if status is ACCEPTED} == accepted
    else:
        assert [outcome.status for outcome in ear.outcomes].count(ACCEPTED) == len(accepted)
    assert {outcome.status for outcome in ear.outcomes} <= {ACCEPTED, NOT_ATTEMPTED}
    return accepted


def hear(ear: EventRecorder) -> EventRecorder:
    """Return what an ear has heard so far, and let it begin anew."""
    told = EventRecorder()
    told.events, ear.events = ear.events, []
    return told


async def at_every_point(
    way: str, operation: Callable[[str], Awaitable[object]], check: Callable[[Knife, str], Awaitable[object]]
) -> int:
    """Cancel an operation at its first suspension point, then at its second, and so on; return how many it has."""
    point = 0
    while True:
        knife, name = Knife.at(point, way), f"p{point}"
        with anyio.fail_after(5):
            await knife.run(lambda name=name: operation(name))  # type: ignore[misc]
        await check(knife, name)
        if not knife.struck:
            return point
        point += 1
        assert point < 500


@every_way
@pytest.mark.parametrize("lanes", ["warm", "cold", "closing"])
@pytest.mark.parametrize("kind", SENDS)
async def test_a_send_cancelled_at_any_point_has_its_true_fate_told_once(kind: str, lanes: str, way: str) -> None:
    """What the gateway accepted is told as accepted, and nothing else is; the client goes on as if nothing had been."""
    books = LedgerGateway(closing=lanes == "closing")
    async with raw_gateway(books) as gateway, connected(gateway.url, **options(lanes)) as (client, _, ear):
        await client.balance()

        async def check(knife: Knife, name: str) -> None:
            told = hear(ear)
            await check_the_client(client, gateway, books, f"probe-{name}")
            accepted = check_the_story(told, books, before)
            if "bulk" not in kind:
                assert len(told.finished) == (1 if knife.began else 0)
                if knife.struck and "scope" not in way:
                    assert type(knife.error).__name__ == "CancelledError"
            if not knife.struck:
                assert (knife.error, len(accepted)) == (
                    None,
                    {"sms.send_bulk": 5}.get(kind, 3 if "many" in kind else 1),
                )
            before.update(books.accepted)
            ear.events.clear()

        before: set[str] = set()
        ear.events.clear()
        assert await at_every_point(way, lambda name: SENDS[kind](client, name), check) >= 2
    gc.collect()


@every_way
@pytest.mark.parametrize("road", ["tls", "tls cold", "pool", "transport", "tunnel"])
async def test_a_send_on_any_road_cancelled_at_any_point_has_a_true_outcome(road: str, way: str) -> None:
    """With TLS, a caller's client or a proxy: what the gateway has is never told as not attempted, nor the reverse."""
    books = LedgerGateway()
    own = "tls" in road or road == "tunnel"
    given: dict[str, Any] = {}
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(raw_gateway(books, tls=server_tls() if own else None))
        if road == "tunnel":
            given["proxy"] = (await stack.enter_async_context(raw_gateway(tunnel(gateway.port)))).url
        elif road == "tls cold":
            given["transport"] = LaneTransport(idle_expiry=-1.0, ssl_context=client_tls())
            given["ssl_context"] = None
        client, _, ear = await stack.enter_async_context(connected(gateway.url, "lanes" if own else road, **given))

        async def check(knife: Knife, name: str) -> None:
            (outcome,) = [outcome.status for outcome in hear(ear).outcomes] or [NOT_ATTEMPTED]
            await client.sms.send(RECEIVER, "text", track_id=f"probe-{name}")
            if outcome is not SendStatus.UNKNOWN:
                assert (outcome is ACCEPTED) == (name in books.accepted)
            else:
                assert way == "every task"  # the task that carries a send on these roads is cancelled too
            if not knife.struck:
                assert (knife.error, outcome) == (None, ACCEPTED)
            assert books.doubled == []
            ear.events.clear()

        assert await at_every_point(way, lambda name: SENDS["sms.send"](client, name), check) >= 2
    gc.collect()


@every_way
@pytest.mark.parametrize("lanes", ["warm", "cold"])
@pytest.mark.parametrize("kind", READS)
async def test_a_read_cancelled_at_any_point_leaves_the_client_whole(kind: str, lanes: str, way: str) -> None:
    """Every call that began has its end told once; no connection, and no place for one, is lost."""
    books = LedgerGateway()
    async with raw_gateway(books) as gateway, connected(gateway.url, **options(lanes)) as (client, _, ear):

        async def check(knife: Knife, name: str) -> None:
            check_the_story(hear(ear), books, set(books.accepted))
            if knife.struck and way.startswith("native"):
                assert type(knife.error).__name__ == "CancelledError"
            if not knife.struck:
                assert (knife.error, knife.result is None) == (None, False)
            await check_the_client(client, gateway, books, f"probe-{name}")
            ear.events.clear()

        assert await at_every_point(way, lambda _: READS[kind](client), check) >= 1
    gc.collect()


class Supply:
    """Messages as they are pulled from it, plain or async.

    Attributes:
        pulled: The track ids of the messages it gave.
    """

    def __init__(self, name: str, count: int) -> None:
        self._messages = [SmsMessage(RECEIVER, "text", track_id=f"{name}-{index}") for index in range(count)]
        self.pulled: list[str | None] = []
        self.closed = False

    def plain(self) -> Iterable[SmsMessage]:
        """Give the messages."""
        for message in self._messages:
            self.pulled.append(message.track_id)
            yield message

    async def slow(self) -> AsyncIterator[SmsMessage]:
        """Give the messages, each after a turn of the event loop."""
        try:
            for message in self._messages:
                await anyio.lowlevel.checkpoint()
                self.pulled.append(message.track_id)
                yield message
        finally:
            self.closed = True


@every_way
@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("source", ["plain", "slow"])
async def test_a_bulk_run_cancelled_at_any_point_accounts_for_every_message(
    source: str, ordered: bool, way: str
) -> None:
    """Results taken and results left over are together every message pulled, exactly once, as the books have it."""
    books = LedgerGateway()
    async with raw_gateway(books) as gateway, connected(gateway.url, max_connections=MOST_LANES) as (client, _, ear):
        taken: list[SendResult] = []
        left: list[SendResult] = []
        supplies: list[Supply] = []

        async def run(name: str) -> None:
            supply = Supply(name, 7)
            supplies.append(supply)
            bulk = client.sms.bulk(getattr(supply, source)(), batch_size=2, concurrency=2, ordered=ordered)
            try:
                async with bulk as results:
                    async for result in results:
                        taken.append(result)
                        await anyio.lowlevel.checkpoint()
            finally:
                left.extend(bulk.leftover)

        async def check(knife: Knife, name: str) -> None:
            told = hear(ear)
            await check_the_client(client, gateway, books, f"probe-{name}")
            accepted = check_the_story(told, books, before)
            results = sorted(taken + left, key=lambda result: result.index)
            pulled = supplies[-1].pulled if supplies else []
            assert [(result.index, result.track_id) for result in results] == list(enumerate(pulled))
            assert {result.track_id for result in results if result.status is ACCEPTED} == accepted
            assert {result.status for result in results} <= {ACCEPTED, NOT_ATTEMPTED}
            if not knife.struck:
                assert (knife.error, len(taken), left) == (None, 7, [])
            before.update(books.accepted)
            for gone in (taken, left, supplies, ear.events):
                gone.clear()

        before: set[str] = set()
        assert await at_every_point(way, run, check) >= 20
    gc.collect()


@every_way
@pytest.mark.parametrize("at_once", [1, 2])
@pytest.mark.parametrize("waits", [False, True])
async def test_a_consumer_cancelled_at_any_point_marks_what_was_handled(waits: bool, at_once: int, way: str) -> None:
    """A message whose handler returned is marked as read; one whose handler did not is not."""
    books = LedgerGateway()
    async with raw_gateway(books) as gateway, connected(gateway.url, max_connections=MOST_LANES) as (client, _, ear):
        handled: list[str] = []

        async def slow(message: Receive) -> None:
            await anyio.lowlevel.checkpoint()
            handled.append(message.id)

        async def consume() -> None:
            handler = slow if waits else (lambda message: handled.append(message.id))
            await client.receives.consume(handler, 0.001, concurrency=at_once)

        async def run(_: str) -> None:
            books.fill()
            async with anyio.create_task_group() as group:
                group.start_soon(consume)
                await books.drained.wait()
                group.cancel_scope.cancel()

        async def check(knife: Knife, name: str) -> None:
            check_the_story(hear(ear), books, set(books.accepted))
            assert len(handled) == len(set(handled))
            if knife.began:
                assert set(handled) == set(INBOX) - set(books.unread)
            if not knife.struck:
                assert (knife.error, sorted(handled)) == (None, list(INBOX))
            await check_the_client(client, gateway, books, f"probe-{name}")
            ear.events.clear()
            handled.clear()

        assert await at_every_point(way, run, check) >= 8
    gc.collect()

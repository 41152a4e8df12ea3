"""The safe-cancellation promise: every kind of call, cancelled at every suspension point, in every way."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from typing import Any

import anyio
import pytest

from tests.faults.cancel_stepping import BACKENDS_AND_WAYS, Canceller
from tests.support.calls import read_all
from tests.support.effort import across
from tests.support.ledger_gateway import INBOX, LedgerGateway, pool_of, quiet
from tests.support.net import RECEIVER, EventRecorder, client_tls, connected, server_tls, tunnel
from tests.support.raw import RawGateway, raw_gateway
from wikipayam_async import (
    AsyncWikipayam,
    AttemptStarted,
    OtpMessage,
    ReceivedMessage,
    SendResult,
    SendStatus,
    SmsMessage,
)
from wikipayam_async.core.httpx_transport import LaneTransport
from wikipayam_async.core.loops import runs_asyncio

pytestmark = pytest.mark.anyio

MAX_LANES = 4
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
    "holoo.send_via_url": lambda client, name: client.holoo.send_via_url(RECEIVER, name),
    "sms.send_bulk": lambda client, name: client.sms.send_bulk(
        [SmsMessage(RECEIVER, "text", track_id=f"{name}-{index}") for index in range(5)], batch_size=2, concurrency=2
    ),
}


READS: dict[str, Callable[[AsyncWikipayam], Awaitable[object]]] = {
    "balance": lambda client: client.balance(),
    "receives.list": lambda client: client.receives.list(),
    "receives.iter": lambda client: read_all(client.receives.iter(page_size=2)),
    "receives.mark_read": lambda client: client.receives.mark_read(INBOX),
    "receives.delete": lambda client: client.receives.delete(INBOX),
    "sms.delivery_status": lambda client: client.sms.delivery_status([f"id{index}" for index in range(250)]),
    "sms.wait_for_delivery": lambda client: client.sms.wait_for_delivery([f"id{index}" for index in range(250)]),
}


def options(lanes: str) -> dict[str, Any]:
    """Return the options of a client that reuses its lanes, or (`cold`) opens one for every request."""
    if lanes == "cold":
        return {"transport": LaneTransport(max_connections=MAX_LANES, idle_expiry=-1.0)}
    return {"max_connections": MAX_LANES}


async def check_the_client(client: AsyncWikipayam, gateway: RawGateway, ledger: LedgerGateway, probe: str) -> None:
    """Assert that the client works, every open connection is an idle lane, and no slot of the pool is lost."""
    with anyio.fail_after(5):
        assert (await client.balance()).balance == 7
        assert (await client.sms.send(RECEIVER, "text", track_id=probe)).track_id == probe
    pool = pool_of(client)
    open_now, idle = await quiet(gateway, client)
    assert (open_now, pool.slots.value, ledger.doubled) == (idle, MAX_LANES, [])
    assert idle <= MAX_LANES


def check_events(recorder: EventRecorder, ledger: LedgerGateway, before: set[str]) -> set[str]:
    """Assert that every call ended once and every outcome agrees with the ledger; return what was accepted since."""
    started = {event.call_id for event in recorder.of(AttemptStarted)}
    ended = [end.call_id for end in recorder.finished]
    assert len(ended) == len(set(ended))
    assert started <= set(ended)
    accepted = {name for name in ledger.accepted if name not in before and not name.startswith("probe")}
    reported = {outcome.track_id: outcome.status for outcome in recorder.outcomes if outcome.track_id is not None}
    if len(reported) == len(recorder.outcomes):
        assert {name for name, status in reported.items() if status is ACCEPTED} == accepted
    else:
        assert [outcome.status for outcome in recorder.outcomes].count(ACCEPTED) == len(accepted)
    assert {outcome.status for outcome in recorder.outcomes} <= {ACCEPTED, NOT_ATTEMPTED}
    return accepted


def take(recorder: EventRecorder) -> EventRecorder:
    """Return the events recorded so far, and clear the recorder."""
    taken = EventRecorder()
    taken.events, recorder.events = recorder.events, []
    return taken


async def at_every_point(
    way: str, operation: Callable[[str], Awaitable[object]], check: Callable[[Canceller, str], Awaitable[object]]
) -> int:
    """Run an operation once for each of its suspension points, cancelled there; return how many it has."""
    point = 0
    while True:
        canceller, name = Canceller.at(point, way), f"p{point}"
        with anyio.fail_after(5):
            await canceller.run(lambda name=name: operation(name))  # type: ignore[misc]
        await check(canceller, name)
        if not canceller.fired:
            return point
        point += 1
        assert point < 500


def fewest(points: int) -> int:
    """Return the fewest points at which a send waits; a lane of asyncio's own waits once for an exchange, others twice."""
    return points if not runs_asyncio() else points - max(1, points // 4)


@across("kind, lanes, anyio_backend, way", SENDS, ["warm", "cold", "closing"], BACKENDS_AND_WAYS)
async def test_a_send_cancelled_at_any_point_has_one_true_outcome(kind: str, lanes: str, way: str) -> None:
    """Exactly what the gateway accepted is reported as accepted, and the client goes on working."""
    ledger = LedgerGateway(closing=lanes == "closing")
    async with raw_gateway(ledger) as gateway, connected(gateway.url, **options(lanes)) as (client, _, recorder):
        await client.balance()

        async def check(canceller: Canceller, name: str) -> None:
            events = take(recorder)
            await check_the_client(client, gateway, ledger, f"probe-{name}")
            accepted = check_events(events, ledger, before)
            if "bulk" not in kind:
                assert len(events.finished) == (1 if canceller.began else 0)
                if canceller.fired and "scope" not in way:
                    assert type(canceller.error).__name__ == "CancelledError"
            if not canceller.fired:
                assert (canceller.error, len(accepted)) == (
                    None,
                    {"sms.send_bulk": 5}.get(kind, 3 if "many" in kind else 1),
                )
            before.update(ledger.accepted)
            recorder.events.clear()

        before: set[str] = set()
        recorder.events.clear()
        assert await at_every_point(way, lambda name: SENDS[kind](client, name), check) >= fewest(2)
    gc.collect()


@across("via, anyio_backend, way", ["tls", "tls cold", "pool", "transport", "tunnel"], BACKENDS_AND_WAYS)
async def test_a_send_over_any_transport_cancelled_at_any_point_has_a_true_outcome(via: str, way: str) -> None:
    """With TLS, a caller's client or a proxy, the outcome of a cancelled send agrees with the gateway's ledger."""
    ledger = LedgerGateway()
    own_lanes = "tls" in via or via == "tunnel"
    settings: dict[str, Any] = {}
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(raw_gateway(ledger, tls=server_tls() if own_lanes else None))
        if via == "tunnel":
            settings["proxy"] = (await stack.enter_async_context(raw_gateway(tunnel(gateway.port)))).url
        elif via == "tls cold":
            settings["transport"] = LaneTransport(idle_expiry=-1.0, ssl_context=client_tls())
            settings["ssl_context"] = None
        client, _, recorder = await stack.enter_async_context(
            connected(gateway.url, "lanes" if own_lanes else via, **settings)
        )

        async def check(canceller: Canceller, name: str) -> None:
            (outcome,) = [outcome.status for outcome in take(recorder).outcomes] or [NOT_ATTEMPTED]
            await client.sms.send(RECEIVER, "text", track_id=f"probe-{name}")
            if outcome is not SendStatus.UNKNOWN:
                assert (outcome is ACCEPTED) == (name in ledger.accepted)
            else:
                assert way == "every task"  # the task that performs the send is cancelled too
            if not canceller.fired:
                assert (canceller.error, outcome) == (None, ACCEPTED)
            assert ledger.doubled == []
            recorder.events.clear()

        assert await at_every_point(way, lambda name: SENDS["sms.send"](client, name), check) >= fewest(2)
    gc.collect()


@across("kind, lanes, anyio_backend, way", READS, ["warm", "cold"], BACKENDS_AND_WAYS)
async def test_a_read_cancelled_at_any_point_leaks_nothing(kind: str, lanes: str, way: str) -> None:
    """Every call that started ends once, and no connection and no slot of the pool is lost."""
    ledger = LedgerGateway()
    async with raw_gateway(ledger) as gateway, connected(gateway.url, **options(lanes)) as (client, _, recorder):

        async def check(canceller: Canceller, name: str) -> None:
            check_events(take(recorder), ledger, set(ledger.accepted))
            if canceller.fired and way.startswith("native"):
                assert type(canceller.error).__name__ == "CancelledError"
            if not canceller.fired:
                assert (canceller.error, canceller.result is None) == (None, False)
            await check_the_client(client, gateway, ledger, f"probe-{name}")
            recorder.events.clear()

        assert await at_every_point(way, lambda _: READS[kind](client), check) >= 1
    gc.collect()


class Source:
    """A source of messages, as a plain or an async iterable.

    Attributes:
        pulled: The track ids of the messages pulled so far.
    """

    def __init__(self, name: str, count: int) -> None:
        self._messages = [SmsMessage(RECEIVER, "text", track_id=f"{name}-{index}") for index in range(count)]
        self.pulled: list[str | None] = []

    def plain(self) -> Iterable[SmsMessage]:
        """Yield the messages."""
        for message in self._messages:
            self.pulled.append(message.track_id)
            yield message

    async def slow(self) -> AsyncIterator[SmsMessage]:
        """Yield the messages, each after a checkpoint."""
        for message in self._messages:
            await anyio.lowlevel.checkpoint()
            self.pulled.append(message.track_id)
            yield message


@across("source, ordered, anyio_backend, way", ["plain", "slow"], [False, True], BACKENDS_AND_WAYS)
async def test_a_bulk_run_cancelled_at_any_point_accounts_for_every_message(
    source: str, ordered: bool, way: str
) -> None:
    """The results taken and left over name every pulled message once and agree with the gateway's ledger."""
    ledger = LedgerGateway()
    async with (
        raw_gateway(ledger) as gateway,
        connected(gateway.url, max_connections=MAX_LANES) as (client, _, recorder),
    ):
        taken: list[SendResult] = []
        left: list[SendResult] = []
        sources: list[Source] = []

        async def run(name: str) -> None:
            messages = Source(name, 7)
            sources.append(messages)
            bulk = client.sms.bulk(getattr(messages, source)(), batch_size=2, concurrency=2, ordered=ordered)
            try:
                async with bulk as results:
                    async for result in results:
                        taken.append(result)
                        await anyio.lowlevel.checkpoint()
            finally:
                left.extend(bulk.leftover)

        async def check(canceller: Canceller, name: str) -> None:
            events = take(recorder)
            await check_the_client(client, gateway, ledger, f"probe-{name}")
            accepted = check_events(events, ledger, before)
            results = sorted(taken + left, key=lambda result: result.index)
            pulled = sources[-1].pulled if sources else []
            assert [(result.index, result.track_id) for result in results] == list(enumerate(pulled))
            assert {result.track_id for result in results if result.status is ACCEPTED} == accepted
            assert {result.status for result in results} <= {ACCEPTED, NOT_ATTEMPTED}
            if not canceller.fired:
                assert (canceller.error, len(taken), left) == (None, 7, [])
            before.update(ledger.accepted)
            for used in (taken, left, sources, recorder.events):
                used.clear()

        before: set[str] = set()
        assert await at_every_point(way, run, check) >= fewest(20)
    gc.collect()


@across("waits, at_once, anyio_backend, way", [False, True], [1, 2], BACKENDS_AND_WAYS)
async def test_a_consumer_cancelled_at_any_point_marks_what_was_handled(waits: bool, at_once: int, way: str) -> None:
    """A message is marked as read if and only if its handler returned."""
    ledger = LedgerGateway()
    async with (
        raw_gateway(ledger) as gateway,
        connected(gateway.url, max_connections=MAX_LANES) as (client, _, recorder),
    ):
        handled: list[str] = []

        async def slow(message: ReceivedMessage) -> None:
            await anyio.lowlevel.checkpoint()
            handled.append(message.id)

        async def consume() -> None:
            handler = slow if waits else (lambda message: handled.append(message.id))
            await client.receives.consume(handler, poll_interval=0.001, concurrency=at_once)

        async def run(_: str) -> None:
            ledger.fill_inbox()
            client._shared.objects.clear()  # the inbox is filled with the same ids, which the client would not handle again
            async with anyio.create_task_group() as group:
                group.start_soon(consume)
                await ledger.drained.wait()
                group.cancel_scope.cancel()

        async def check(canceller: Canceller, name: str) -> None:
            check_events(take(recorder), ledger, set(ledger.accepted))
            assert len(handled) == len(set(handled))
            if canceller.began:
                assert set(handled) == set(INBOX) - set(ledger.unread)
            if not canceller.fired:
                assert (canceller.error, sorted(handled)) == (None, list(INBOX))
            await check_the_client(client, gateway, ledger, f"probe-{name}")
            recorder.events.clear()
            handled.clear()

        assert await at_every_point(way, run, check) >= 8
    gc.collect()

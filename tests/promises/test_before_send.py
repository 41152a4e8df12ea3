"""The hook before a request leaves, over real sockets: after every wait, once a message, and nothing leaves if it fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio
import httpx
import pytest
from anyio.abc import ByteStream
from anyio.lowlevel import checkpoint

from tests.support.net import RECEIVER, TRANSPORT_KINDS, client_tls, connected, server_tls, tunnel
from tests.support.raw import RawGateway, RawRequest, accept_all, answer, closed_port, raw_gateway
from wikipayam_async import (
    AsyncWikipayam,
    BeforeSendError,
    BulkError,
    OutgoingMessage,
    Phase,
    RateLimit,
    RetryScheduled,
    SendStatus,
    SmsMessage,
)

pytestmark = pytest.mark.anyio

NOT_ATTEMPTED, ACCEPTED = SendStatus.NOT_ATTEMPTED, SendStatus.ACCEPTED


def messages(count: int) -> list[SmsMessage]:
    """Make messages with track ids."""
    return [SmsMessage(RECEIVER, f"m{index}", track_id=f"T{index}") for index in range(count)]


async def accept(request: RawRequest, _: ByteStream) -> bytes:
    """Accept a request."""
    await checkpoint()
    return accept_all(request)


class Hook:
    """A hook that records the track ids it gets and how many requests the gateway had then."""

    def __init__(self, gateway: RawGateway, *, failure: BaseException | None = None) -> None:
        self._gateway = gateway
        self._failure = failure
        self.log: list[tuple[list[str], int]] = []

    async def __call__(self, batch: Sequence[OutgoingMessage]) -> None:
        """Record a batch."""
        await anyio.sleep(0.005)
        self.log.append(([message.track_id for message in batch], len(self._gateway.requests)))
        if self._failure is not None:
            raise self._failure

    @property
    def batches(self) -> list[list[str]]:
        """The track ids of every call."""
        return [track_ids for track_ids, _ in self.log]


def track_ids(gateway: RawGateway) -> list[list[str]]:
    """Return the track ids of every request of a gateway."""
    return [[item["track_id"] for item in request.json] for request in gateway.requests]


async def send_bulk(client: AsyncWikipayam, count: int, hook: Any) -> list[tuple[SendStatus, object]]:
    """Use the client's `send_bulk`; return status and error of every message."""
    report = await client.sms.send_bulk(messages(count), batch_size=2, concurrency=1, before_send=hook)
    return [(result.status, result.error) for result in report]


async def bulk(client: AsyncWikipayam, count: int, hook: Any) -> list[tuple[SendStatus, object]]:
    """Use the client's `bulk`; return status and error of every message."""
    async with client.sms.bulk(messages(count), batch_size=2, concurrency=1, before_send=hook) as results:
        return [(result.status, result.error) async for result in results]


Run = Callable[[AsyncWikipayam, int, Any], Awaitable[list[tuple[SendStatus, object]]]]
BOTH = pytest.mark.parametrize("run", [send_bulk, bulk])


@BOTH
@pytest.mark.parametrize("via", TRANSPORT_KINDS)
async def test_every_message_is_announced_before_its_request(run: Run, via: str) -> None:
    """The hook gets the messages of each request just before it."""
    async with raw_gateway(accept) as gateway, connected(gateway.url, via) as (client, _, _):
        hook = Hook(gateway)
        assert await run(client, 5, hook) == [(ACCEPTED, None)] * 5
    assert hook.log == [(["T0", "T1"], 0), (["T2", "T3"], 1), (["T4"], 2)]
    assert track_ids(gateway) == hook.batches


@BOTH
@pytest.mark.parametrize("via", TRANSPORT_KINDS)
@pytest.mark.parametrize("failure", [OSError("disk full"), ExceptionGroup("two", [OSError()])])
async def test_nothing_leaves_if_it_fails(run: Run, via: str, failure: Exception) -> None:
    """All messages are not attempted, with one error of the package whose cause is the exception; nothing is raised."""
    async with raw_gateway(accept) as gateway, connected(gateway.url, via) as (client, _, recorder):
        seen = await run(client, 5, Hook(gateway, failure=failure))
    error: Any = seen[0][1]
    assert seen == [(NOT_ATTEMPTED, error)] * 5
    assert (type(error), error.__cause__) == (BeforeSendError, failure)
    assert gateway.requests == []
    assert [outcome.status for outcome in recorder.outcomes] == [NOT_ATTEMPTED] * 2
    assert {attempt.phase for end in recorder.finished for attempt in end.attempts} == {Phase.WAITING}


@BOTH
async def test_the_hook_over_a_proxy(run: Run) -> None:
    """It is awaited before each request through the tunnel, and nothing leaves if it fails."""
    async with raw_gateway(accept, tls=server_tls()) as gateway, raw_gateway(tunnel(gateway.port)) as proxy:
        options: dict[str, Any] = {"proxy": proxy.url, "ssl_context": client_tls()}
        async with connected(gateway.url, "options", **options) as (client, _, _):
            hook = Hook(gateway)
            assert await run(client, 3, hook) == [(ACCEPTED, None)] * 3
            failed = await run(client, 3, Hook(gateway, failure=OSError("disk full")))
    assert hook.log == [(["T0", "T1"], 0), (["T2"], 1)]
    assert [(status, type(error)) for status, error in failed] == [(NOT_ATTEMPTED, BeforeSendError)] * 3
    assert len(gateway.requests) == 2


@BOTH
async def test_the_hook_beside_event_hooks_of_httpx(run: Run) -> None:
    """With event hooks, a request goes through the `httpx.AsyncClient`; errors of the hook come back unchanged."""
    seen: list[str] = []

    async def see(request: httpx.Request) -> None:
        await checkpoint()
        seen.append(request.method)

    async with raw_gateway(accept) as gateway, connected(gateway.url) as (client, _, _):
        client.http_client.event_hooks = {"request": [see]}
        hook = Hook(gateway)
        assert await run(client, 3, hook) == [(ACCEPTED, None)] * 3
        failed = await run(client, 3, Hook(gateway, failure=OSError("disk full")))
    assert (hook.log, seen) == ([(["T0", "T1"], 0), (["T2"], 1)], ["POST"] * 3)
    assert [(status, type(error)) for status, error in failed] == [(NOT_ATTEMPTED, BeforeSendError)] * 3
    assert len(gateway.requests) == 2


async def test_raise_for_failures_after_a_failed_hook() -> None:
    """The `BulkError` names the hook's failure and has it as its cause."""
    async with raw_gateway(accept) as gateway, connected(gateway.url) as (client, _, _):
        hook = Hook(gateway, failure=OSError("disk full"))
        report = await client.sms.send_bulk(messages(2), before_send=hook)
    with pytest.raises(BulkError, match="before_send raised OSError for 2 messages") as caught:
        report.raise_for_failures()
    assert type(caught.value.__cause__) is BeforeSendError


async def test_the_hook_comes_after_the_rate_limit() -> None:
    """What waits for the rate limit is not announced: a crash meanwhile leaves no message unknown."""
    limit = RateLimit(messages_per_second=1, burst_seconds=2)
    async with raw_gateway(accept) as gateway, connected(gateway.url, rate_limit=limit) as (client, _, _):
        hook = Hook(gateway)
        with anyio.move_on_after(0.5):
            await client.sms.send_bulk(messages(20), batch_size=2, concurrency=4, before_send=hook)
    assert (hook.batches, track_ids(gateway)) == ([["T0", "T1"]], [["T0", "T1"]])


async def test_the_hook_comes_after_the_pause_of_a_429() -> None:
    """A request that waits because of another call's 429 is announced when the pause is over."""
    statuses = [429, 200]

    async def throttle(request: RawRequest, _: ByteStream) -> bytes:
        if statuses.pop(0) == 429:
            return answer({}, 429, {"Retry-After": "7"})
        return accept_all(request)

    async with raw_gateway(throttle) as gateway, connected(gateway.url) as (client, clock, _):
        slept: list[list[float]] = []

        async def hook(_: Sequence[OutgoingMessage]) -> None:
            slept.append([round(seconds) for seconds in clock.slept])

        client._shared.gate.close(clock.now(), 5)
        assert await send_bulk(client, 1, hook) == [(ACCEPTED, None)]
    assert slept == [[5]]  # before its own first attempt, and not again after its own 429
    assert len(gateway.requests) == 2


@pytest.mark.parametrize(
    "first",
    [
        answer({"message": "too large"}, 413),
        answer({"message": "no", "errors": {"0.receiver": ["bad"]}}, 422),
        answer({}, 429, {"Retry-After": "1"}),
    ],
    ids=["413", "422", "429"],
)
async def test_a_request_that_was_refused_as_a_whole_is_not_announced_again(first: bytes) -> None:
    """Its messages were announced before the first request; those are the only ones that leave."""
    answers = [first]

    async def refuse_once(request: RawRequest, _: ByteStream) -> bytes:
        return answers.pop() if answers else accept_all(request)

    async with raw_gateway(refuse_once) as gateway, connected(gateway.url) as (client, _, _):
        hook = Hook(gateway)
        await send_bulk(client, 2, hook)
    assert hook.log == [(["T0", "T1"], 0)]
    assert len(gateway.requests) >= 2


async def test_a_connection_that_is_retried_is_announced_once() -> None:
    """The attempts of one request that never reach the gateway have one announcement."""
    async with connected(f"http://127.0.0.1:{closed_port()}") as (client, _, recorder):
        hook = Hook(RawGateway())
        assert [status for status, _ in await send_bulk(client, 1, hook)] == [NOT_ATTEMPTED]
    assert hook.batches == [["T0"]]
    assert len(recorder.of(RetryScheduled)) == 2


@pytest.mark.parametrize("via", TRANSPORT_KINDS)
async def test_a_cancellation_in_the_hook(via: str) -> None:
    """Nothing leaves, and the messages are not attempted."""
    async with raw_gateway(accept) as gateway, connected(gateway.url, via) as (client, _, recorder):

        async def hang(_: Sequence[OutgoingMessage]) -> None:
            scope.cancel()
            await anyio.sleep_forever()

        with anyio.CancelScope() as scope:
            async with client.sms.bulk(messages(2), before_send=hang) as run:
                await anyio.sleep_forever()
    assert [(result.index, result.status, result.error) for result in run.leftover] == [
        (0, NOT_ATTEMPTED, None),
        (1, NOT_ATTEMPTED, None),
    ]
    assert gateway.requests == []
    assert [outcome.status for outcome in recorder.outcomes] == [NOT_ATTEMPTED] * 2


@pytest.mark.parametrize("via", TRANSPORT_KINDS)
async def test_a_cancellation_that_the_hook_does_not_notice(via: str) -> None:
    """A hook that is shielded, or works in a thread, returns although the run was cancelled: nothing leaves."""
    async with raw_gateway(accept) as gateway, connected(gateway.url, via) as (client, _, _):

        def cancel() -> None:
            anyio.from_thread.run_sync(scope.cancel)

        async def record(_: Sequence[OutgoingMessage]) -> None:
            await anyio.to_thread.run_sync(cancel)

        with anyio.CancelScope() as scope:
            async with client.sms.bulk(messages(2), before_send=record) as run:
                await anyio.sleep_forever()
    assert ([result.status for result in run.leftover], gateway.requests) == ([NOT_ATTEMPTED] * 2, [])


async def test_a_client_that_is_closed_during_the_hook() -> None:
    """Nothing leaves afterwards."""
    async with raw_gateway(accept) as gateway, connected(gateway.url) as (client, _, recorder):

        async def close(_: Sequence[OutgoingMessage]) -> None:
            await client.aclose()

        assert [status for status, _ in await send_bulk(client, 2, close)] == [NOT_ATTEMPTED] * 2
    assert (gateway.requests, len(recorder.outcomes)) == ([], 2)


async def test_a_hook_may_use_the_same_client() -> None:
    """It has the connection that its request will use, so that a client with one connection can still make its call."""

    async def serve(request: RawRequest, stream: ByteStream) -> bytes:
        return answer({"data": {"balance": 7}}) if request.method == "GET" else await accept(request, stream)

    balances: list[object] = []
    async with raw_gateway(serve) as gateway, connected(gateway.url, max_connections=1) as (client, _, _):

        async def ask(_: Sequence[OutgoingMessage]) -> None:
            balances.append((await client.balance()).balance)

        with anyio.fail_after(10):
            report = await client.sms.send_bulk(messages(6), batch_size=1, concurrency=3, before_send=ask)
    assert (len(report.accepted), balances) == (6, [7] * 6)


async def test_calls_of_a_hook_at_once() -> None:
    """Several calls of one hook at once use its connection one after the other."""

    async def serve(request: RawRequest, stream: ByteStream) -> bytes:
        return answer({"data": {"balance": 7}}) if request.method == "GET" else await accept(request, stream)

    async with raw_gateway(serve) as gateway, connected(gateway.url, max_connections=2) as (client, _, _):

        async def ask(_: Sequence[OutgoingMessage]) -> None:
            async with anyio.create_task_group() as group:
                for _number in range(5):
                    group.start_soon(client.balance)

        with anyio.fail_after(10):
            report = await client.sms.send_bulk(messages(6), batch_size=1, concurrency=3, before_send=ask)
        assert client.connections is not None
        assert client.connections.in_use == 0
    assert (len(report.accepted), gateway.peak) == (6, 2)
    assert [request.method for request in gateway.requests].count("GET") == 30


async def test_the_hook_comes_after_the_wait_for_a_free_connection() -> None:
    """With fewer connections than requests at once, only what has a connection is announced."""
    both, release = anyio.Event(), anyio.Event()

    async def hold(request: RawRequest, _: ByteStream) -> bytes:
        if len(gateway.requests) == 2:
            both.set()
        await release.wait()
        return accept_all(request)

    async with raw_gateway(hold) as gateway, connected(gateway.url, max_connections=2) as (client, _, _):
        hook = Hook(gateway)
        async with anyio.create_task_group() as group:

            async def watch() -> None:
                await both.wait()
                await anyio.sleep(0.05)
                assert sorted(hook.batches) == sorted(track_ids(gateway))
                release.set()

            group.start_soon(watch)
            report = await client.sms.send_bulk(messages(6), batch_size=1, concurrency=6, before_send=hook)
    assert (len(report.accepted), len(hook.log), gateway.peak) == (6, 6, 2)


@pytest.mark.parametrize("wrong", [1, "hook", [print]])
async def test_a_hook_that_cannot_be_called(wrong: Any) -> None:
    """It is refused before anything is read from the source."""
    async with connected("http://127.0.0.1:1") as (client, _, _):
        rows = iter(messages(1))
        with pytest.raises(ValueError, match="before_send: expected an async function; got"):
            await client.sms.send_bulk(rows, before_send=wrong)
        with pytest.raises(ValueError, match="before_send: expected an async function; got"):
            client.sms.bulk(rows, before_send=wrong)
        assert len(list(rows)) == 1

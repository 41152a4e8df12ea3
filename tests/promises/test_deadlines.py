"""The deadlines promise: every deadline holds, and no answer is too large."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import anyio
import msgspec
import pytest
import trio
from anyio.abc import ByteStream
from anyio.from_thread import start_blocking_portal

from tests.support.net import BALANCE, RECEIVER, TRANSPORT_KINDS, connected, server_tls, tunnel
from tests.support.raw import (
    Handler,
    RawGateway,
    RawRequest,
    accept_all,
    answer,
    never_answer,
    raw_gateway,
    raw_server,
    sent_items,
)
from wikipayam_async import (
    APIConnectionError,
    APITimeoutError,
    AsyncWikipayam,
    InvalidInputError,
    Phase,
    ResponseError,
    RetryPolicy,
    SendStatus,
    SmsMessage,
    UnknownOutcomeError,
)
from wikipayam_async.core.operation import Call, Operation, Replay, SendBatch
from wikipayam_async.redact.sealed import SealedBytes

pytestmark = [
    pytest.mark.anyio,
    # httpx leaves its generators to the garbage collector when an exchange fails.
    pytest.mark.filterwarnings("ignore:Async generator 'http:ResourceWarning"),
]

ONCE = RetryPolicy(max_attempts=1)
TIMEOUT = 0.4
TOLERANCE = 4.0
"""What a busy machine may add; it is less than the rest of every answer that comes too slowly."""
MIB = 1024 * 1024


async def drip(stream: ByteStream, data: bytes) -> object:
    """Send one byte every 50 ms."""
    for byte in data:
        await stream.send(bytes([byte]))
        await anyio.sleep(0.05)
    return True


async def drip_the_head(_: RawRequest, stream: ByteStream) -> object:
    """Drip a whole answer."""
    return await drip(stream, answer({"data": {"balance": 1}}))


async def drip_the_body(_: RawRequest, stream: ByteStream) -> object:
    """Send the head at once and drip the body."""
    await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
    return await drip(stream, b" " * 500)


async def drip_chunks(_: RawRequest, stream: ByteStream) -> object:
    """Drip a body in chunks of one byte."""
    await stream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await stream.send(b"1\r\n \r\n")
        await anyio.sleep(0.02)


async def endless_continue(_: RawRequest, stream: ByteStream) -> object:
    """Send 100 Continue without end."""
    while True:
        await stream.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        await anyio.sleep(0.02)


async def head_only(_: RawRequest, stream: ByteStream) -> object:
    """Send the head and never the body."""
    await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
    await anyio.sleep_forever()
    return False


def context(tls: bool) -> Any:
    """Return the TLS context of the server, or None without TLS."""
    return server_tls() if tls else None


def behind_two_balances(handler: Handler) -> Handler:
    """Return a handler that answers two requests at once, each on its own connection, before it handles others.

    A time-out includes connecting, which takes long on a busy machine.
    """
    arrived, both = 0, anyio.Event()

    async def handle(request: RawRequest, stream: ByteStream) -> object:
        nonlocal arrived
        arrived += 1
        if arrived > 2:
            return await handler(request, stream)
        if arrived == 2:
            both.set()
        await both.wait()
        await stream.send(BALANCE)
        return True

    return handle


async def open_two(client: AsyncWikipayam) -> None:
    """Open two connections."""
    patient = client.with_options(timeout=30)
    async with anyio.create_task_group() as group:
        for _ in range(2):
            group.start_soon(patient.balance)


SLOW = [drip_the_head, drip_the_body, drip_chunks, endless_continue, head_only, never_answer]


async def balance(client: AsyncWikipayam) -> object:
    """Read the balance."""
    return await client.balance()


async def send(client: AsyncWikipayam) -> object:
    """Send a message."""
    return await client.sms.send(RECEIVER, "text", track_id="t-1")


class TestDeadlines:
    """`timeout` bounds a whole attempt, whatever the gateway does."""

    @pytest.mark.parametrize("via", ["lanes", "tls", "pool", "tunnel"])
    @pytest.mark.parametrize("handler", SLOW)
    async def test_an_attempt_ends_in_time(self, via: str, handler: Handler) -> None:
        """Slow, interim or missing answers time out a read and leave a send's outcome unknown."""
        tls = context(via in {"tls", "tunnel"})
        async with (
            raw_gateway(behind_two_balances(handler), tls=tls) as gateway,
            raw_gateway(tunnel(gateway.port)) as proxy,
        ):
            options = {"timeout": TIMEOUT, "retry": ONCE} | ({"proxy": proxy.url} if via == "tunnel" else {})
            transport = via if via == "pool" else "lanes"
            async with connected(gateway.url, transport, **options) as (client, _, recorder):
                await open_two(client)
                started = time.monotonic()

                async def read() -> None:
                    with pytest.raises(APITimeoutError) as caught:
                        await client.balance()
                    assert caught.value.phase in {Phase.SENT, Phase.READING}

                async with anyio.create_task_group() as group:
                    group.start_soon(read)
                    with pytest.raises(UnknownOutcomeError) as unknown:
                        await send(client)
                took = time.monotonic() - started
        assert TIMEOUT * 0.9 < took < TIMEOUT + TOLERANCE
        assert isinstance(unknown.value.__cause__, APITimeoutError)
        assert [outcome.status for outcome in recorder.outcomes] == [SendStatus.UNKNOWN]

    @pytest.mark.parametrize("via", ["lanes", "tls", "pool", "tunnel"])
    async def test_a_gateway_that_stops_reading_is_not_waited_for(self, via: str) -> None:
        """A body that the gateway does not read ends at the time-out, and its connection is closed."""
        ended, closed = anyio.Event(), anyio.Event()
        tls = via in {"tls", "tunnel"}
        timeout = 1.8  # the time-out includes making a request of 20 MB, too

        async def stop_reading(stream: ByteStream) -> None:
            await stream.receive(1000)
            try:
                await ended.wait()
                while True:
                    await stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                closed.set()
                raise

        async with (
            raw_server(stop_reading, tls=context(tls)) as url,
            raw_gateway(tunnel(int(url.rpartition(":")[2]))) as proxy,
        ):
            options = {"proxy": proxy.url} if via == "tunnel" else {}
            transport = via if via == "pool" else "lanes"
            async with connected(url, transport, timeout=timeout, **options) as (client, *_):
                started = time.monotonic()
                with pytest.raises(UnknownOutcomeError) as caught:
                    await client.sms.send(RECEIVER, "x" * 20_000_000)
                took = time.monotonic() - started
                assert len(caught.value.attempts) == 1
                assert caught.value.phase is Phase.SENDING
                ended.set()
                with anyio.fail_after(30):
                    await closed.wait()
        assert took < timeout + TOLERANCE

    async def test_a_tls_handshake_that_hangs_counts_as_no_connection(self) -> None:
        """A handshake that times out is retried, and the message is not attempted."""
        opened = 0

        async def hang(stream: ByteStream) -> None:
            nonlocal opened
            opened += 1
            await stream.receive()
            await anyio.sleep_forever()

        async with (
            raw_server(hang) as url,
            connected(url.replace("http", "https"), timeout=0.25) as (client, _, recorder),
        ):
            with pytest.raises(APITimeoutError) as caught:
                await send(client)
        assert [(one.phase, one.failure) for one in caught.value.attempts] == [(Phase.CONNECTING, "timeout")] * 3
        assert (opened, recorder.outcomes[0].status) == (3, SendStatus.NOT_ATTEMPTED)

    @pytest.mark.parametrize("via", ["lanes", "pool"])
    @pytest.mark.parametrize("chunked", [False, True])
    async def test_an_answer_of_more_than_16_mib_is_refused(self, via: str, chunked: bool) -> None:
        """The limit applies to announced and to chunked bodies; an answer of 16 MiB is read."""

        async def pour(request: RawRequest, stream: ByteStream) -> object:
            size = 16 * MIB if "small" in request.target else 17 * MIB
            if chunked:
                await stream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for _ in range(size // MIB):
                    await stream.send(b"100000\r\n" + b"1" * MIB + b"\r\n")
                await stream.send(b"0\r\n\r\n")
            else:
                await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
                for _ in range(size // MIB):
                    await stream.send(b"1" * MIB)
            return True

        async with raw_gateway(pour) as gateway, connected(gateway.url, via) as (client, *_):
            with pytest.raises(ResponseError, match="larger than 16777216 bytes"):
                await client.balance()
            with pytest.raises(UnknownOutcomeError):
                await send(client)
            with pytest.raises(ResponseError, match=r"not JSON|what the call needs"):
                await client.request("GET", "small", cast_to=dict[str, int])

    @pytest.mark.parametrize(
        "flood",
        [
            b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * 200_000,
            b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 1000) for n in range(300)),
            b"x" * 200_000,
            b"HTTP/1.1 100 Continue\r\n\r\n" * 300,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" + b"X-Trailer: y\r\n" * 30_000,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Trailer: " + b"y" * 300_000,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;" + b"y" * 300_000,
        ],
        ids=["long header", "many headers", "no http", "interim", "many trailers", "long trailer", "long extension"],
    )
    async def test_a_flood_beside_the_body_is_refused(self, flood: bytes) -> None:
        """Endless heads, trailers and interim answers are refused long before the time-out."""

        async def pour(_: RawRequest, stream: ByteStream) -> object:
            await stream.send(flood)
            await anyio.sleep_forever()
            return False

        async with (
            raw_gateway(pour) as gateway,
            connected(gateway.url, timeout=30, retry=ONCE) as (client, _, recorder),
        ):
            with pytest.raises(ResponseError):
                await client.balance()
            with pytest.raises(UnknownOutcomeError) as caught:
                await send(client)
        assert type(caught.value.__cause__) is ResponseError
        assert recorder.outcomes[0].status is SendStatus.UNKNOWN

    @pytest.mark.parametrize("via", ["lanes", "pool"])
    @pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip", "x-unknown"])
    async def test_a_compressed_answer_is_refused(self, via: str, encoding: str) -> None:
        """A compressed answer, which the client never asks for, raises `ResponseError`."""

        async def squeeze(_: RawRequest, _stream: ByteStream) -> object:
            return answer(b"\x1f\x8b\x08", headers={"Content-Encoding": encoding})

        async with raw_gateway(squeeze) as gateway, connected(gateway.url, via) as (client, *_):
            with pytest.raises(ResponseError, match="compressed"):
                await client.balance()
        assert len(gateway.requests) == 1

    @pytest.mark.parametrize("encoding", ["identity", "", " Identity "])
    async def test_an_answer_with_identity_encoding_is_read(self, encoding: str) -> None:
        """`Content-Encoding: identity`, in any spelling or empty, is accepted."""

        async def plain(_: RawRequest, _stream: ByteStream) -> object:
            return answer({"data": {"balance": 3}}, headers={"Content-Encoding": encoding})

        async with raw_gateway(plain) as gateway, connected(gateway.url) as (client, *_):
            assert (await client.balance()).balance == 3

    @pytest.mark.parametrize(
        "lengths",
        [
            b"Content-Length: 2\r\nContent-Length: 20",
            b"Content-Length: 2\r\nTransfer-Encoding: chunked",
            b"Transfer-Encoding: chunked\r\nContent-Length: 2",
            b"Content-Length: 2, 20",
            b"Content-Length: -2",
            b"Content-Length: 0x2",
            b"Content-Length: 99999999999999999999999",
            b"Content-Length : 2",
        ],
    )
    async def test_conflicting_lengths_are_refused(self, lengths: bytes) -> None:
        """An answer with an ambiguous length is refused, and its lane is not reused."""

        async def conflict(_: RawRequest, stream: ByteStream) -> object:
            await stream.send(b"HTTP/1.1 200 OK\r\n" + lengths + b'\r\n\r\n{"data": {"balance": 1}}')
            return True

        async with raw_gateway(conflict) as gateway, connected(gateway.url, timeout=1) as (client, *_):
            for _ in range(2):
                with pytest.raises((ResponseError, APIConnectionError)):
                    await client.balance()
        assert (gateway.opened, len(gateway.requests)) == (2, 2)

    @pytest.mark.parametrize("call", [balance, send])
    async def test_with_options_changes_the_time_out(self, call: Callable[[AsyncWikipayam], Awaitable[object]]) -> None:
        """`with_options(timeout=...)` bounds the calls of the new client."""
        async with (
            raw_gateway(never_answer) as gateway,
            connected(gateway.url, timeout=30, retry=ONCE) as (client, _, _),
        ):
            started = time.monotonic()
            with pytest.raises((APITimeoutError, UnknownOutcomeError)):
                await call(client.with_options(timeout=0.05))
        assert time.monotonic() - started < 0.05 + TOLERANCE

    @pytest.mark.parametrize("via", TRANSPORT_KINDS)
    async def test_the_time_out_of_a_call_replaces_the_clients(self, via: str) -> None:
        """A send that gets no answer ends after the call's own time-out, with an unknown outcome."""
        message = SmsMessage(RECEIVER, "text", track_id="t-1")
        call: Call[Any] = Call(
            operation=Operation("sms.send", "POST", "sms/send", Replay.SEND),
            read=str,
            body=SealedBytes(b"[]"),
            batch=SendBatch([message], ["t-1"], str),
            timeout=0.2,
        )
        async with (
            raw_gateway(never_answer) as gateway,
            connected(gateway.url, via, timeout=30) as (client, _, recorder),
        ):
            started = time.monotonic()
            with pytest.raises(UnknownOutcomeError) as caught:
                await client._pipeline.run(call)
            took = time.monotonic() - started
            assert 0.18 < took < 0.2 + TOLERANCE
            with pytest.raises(InvalidInputError, match="timeout"):
                await client._pipeline.run(msgspec.structs.replace(call, timeout=0))
        assert (len(gateway.requests), type(caught.value.__cause__)) == (1, APITimeoutError)
        assert [(outcome.track_id, outcome.status) for outcome in recorder.outcomes] == [("t-1", SendStatus.UNKNOWN)]
        assert caught.value.send_status is SendStatus.UNKNOWN

    async def test_interim_answers_are_skipped(self) -> None:
        """100 Continue and 103 Early Hints before the answer are skipped."""

        async def hint(_: RawRequest, stream: ByteStream) -> object:
            await stream.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n")
            return answer({"data": {"balance": 4}})

        async with raw_gateway(hint) as gateway, connected(gateway.url) as (client, *_):
            assert [(await client.balance()).balance for _ in range(2)] == [4, 4]
        assert gateway.opened == 1


@contextmanager
def gateway_in_a_thread(handler: Handler, *, tls: bool = False) -> Iterator[RawGateway]:
    """Serve in an event loop of its own, which goes on while the client's is blocked."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(raw_gateway(handler, tls=context(tls))) as gateway,
    ):
        yield gateway


@asynccontextmanager
async def client_via(via: str, gateway: RawGateway, **options: Any) -> AsyncIterator[AsyncWikipayam]:
    """Yield a client over lanes (plain or TLS), an `httpx.AsyncClient` or a proxy."""
    async with AsyncExitStack() as stack:
        if via == "tunnel":
            proxy = stack.enter_context(gateway_in_a_thread(tunnel(gateway.port)))
            options["proxy"] = proxy.url
        transport = via if via == "pool" else "lanes"
        client, *_ = await stack.enter_async_context(connected(gateway.url, transport, retry=ONCE, **options))
        yield client


def block_after_connecting(patch: pytest.MonkeyPatch) -> None:
    """Block the event loop of this thread whenever a connection was opened in it."""
    thread = threading.get_ident()

    def blocking(connect: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def connect_and_block(*args: Any, **options: Any) -> Any:
            stream = await connect(*args, **options)
            if threading.get_ident() == thread:
                time.sleep(0.4)  # noqa: ASYNC251 - the stall
            return stream

        return connect_and_block

    patch.setattr(anyio, "connect_tcp", blocking(anyio.connect_tcp))
    patch.setattr(trio, "open_tcp_stream", blocking(trio.open_tcp_stream))


async def until_requested(gateway: RawGateway) -> None:
    """Wait until a gateway in another thread has a request, and is about to answer it."""
    while not gateway.requests:  # noqa: ASYNC110 - the gateway runs in another event loop
        await anyio.sleep(0.001)
    await anyio.sleep(0.01)


STALLED = ["lanes", "tls", "pool", "tunnel"]


class TestStalls:
    """Another task blocks the event loop, as a synchronous database driver does."""

    @pytest.mark.parametrize("via", STALLED)
    async def test_no_request_leaves_after_its_time_out(self, via: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """If the loop was blocked while connecting, the message is not attempted, and the gateway sees nothing."""

        async def accept(request: RawRequest, _: ByteStream) -> object:
            return accept_all(request)

        with gateway_in_a_thread(accept, tls=via in {"tls", "tunnel"}) as gateway:
            async with client_via(via, gateway, timeout=0.3) as client:
                with monkeypatch.context() as patch:
                    block_after_connecting(patch)
                    with pytest.raises(APITimeoutError) as caught:
                        await send(client)
                await anyio.sleep(0.05)
                seen = list(gateway.requests)
                accepted = await client.with_options(timeout=30).sms.send(RECEIVER, "text", track_id="t-2")
        assert (seen, caught.value.send_status) == ([], SendStatus.NOT_ATTEMPTED)
        assert (accepted.track_id, len(gateway.requests)) == ("t-2", 1)

    @pytest.mark.parametrize("via", ["lanes", "tls"])
    async def test_no_request_leaves_after_the_callers_deadline(
        self, via: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A deadline of the caller that passed during the stall is delivered before anything leaves."""

        async def accept(request: RawRequest, _: ByteStream) -> object:
            return accept_all(request)

        with gateway_in_a_thread(accept, tls=via == "tls") as gateway:
            async with client_via(via, gateway, timeout=30) as client:
                block_after_connecting(monkeypatch)
                with anyio.move_on_after(0.3) as scope:
                    await send(client)
                await anyio.sleep(0.05)
        assert (scope.cancelled_caught, gateway.requests) == (True, [])

    @pytest.mark.parametrize(
        ("via", "size"), [*((via, 0) for via in STALLED), ("lanes", 100_000), ("tls", 100_000), ("lanes", 900_000)]
    )
    async def test_an_answer_that_has_arrived_counts(self, via: str, size: int) -> None:
        """An answer in the socket when a stall ends is taken before the time-out that passed meanwhile."""

        async def accept_later(request: RawRequest, _: ByteStream) -> object:
            await anyio.sleep(0.03)
            return answer({"data": sent_items(request), "padding": "x" * size})

        async def block() -> None:
            await until_requested(gateway)
            time.sleep(0.4)  # noqa: ASYNC251 - the stall

        with gateway_in_a_thread(accept_later, tls=via in {"tls", "tunnel"}) as gateway:
            async with client_via(via, gateway, timeout=0.3) as client:
                await client.with_options(timeout=30).sms.send(RECEIVER, "text")  # connecting may take long, too
                for number in range(3):
                    gateway.requests.clear()
                    async with anyio.create_task_group() as group:
                        group.start_soon(block)
                        sent = await client.sms.send(RECEIVER, "text", track_id=f"t-{number}")
                    assert sent.track_id == f"t-{number}"
                await anyio.lowlevel.checkpoint()  # no cancellation is left over
                assert gateway.opened == 1

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    async def test_a_cancellation_beside_the_time_out_is_delivered(self) -> None:
        """`Task.cancel` during the stall is raised after the answer was read and recorded."""
        stalls = threading.Event()

        async def accept_later(request: RawRequest, _: ByteStream) -> object:
            while not stalls.is_set():  # noqa: ASYNC110 - it is set in another thread
                await anyio.sleep(0.001)
            return accept_all(request)

        with gateway_in_a_thread(accept_later) as gateway:
            async with connected(gateway.url, timeout=0.3, retry=ONCE) as (client, _, recorder):
                task = asyncio.ensure_future(send(client))
                await until_requested(gateway)
                asyncio.get_running_loop().call_later(0.29, task.cancel)
                stalls.set()
                time.sleep(0.4)  # noqa: ASYNC251 - the stall
                with pytest.raises(asyncio.CancelledError):
                    await task
        assert [outcome.status for outcome in recorder.outcomes] == [SendStatus.ACCEPTED]

    @pytest.mark.parametrize("via", ["lanes", "tls"])
    async def test_an_answer_that_goes_on_after_the_time_out_is_not_waited_for(self, via: str) -> None:
        """What arrives after the time-out extends the attempt by a tenth of a second at most."""

        async def drip(_: RawRequest, stream: ByteStream) -> object:
            await stream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                await stream.send(b"1\r\n \r\n")
                await anyio.sleep(0.001)

        with gateway_in_a_thread(drip, tls=via == "tls") as gateway:
            async with client_via(via, gateway, timeout=0.3) as client:
                started = time.monotonic()
                with pytest.raises(APITimeoutError):
                    await client.balance()
                took = time.monotonic() - started
        assert 0.3 <= took < 0.3 + 0.1 + TOLERANCE

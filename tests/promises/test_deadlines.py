"""P4: every deadline holds, and no answer is too large."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream

from tests.support.net import RECEIVER, connected, server_tls, tunnel
from tests.support.raw import RawRequest, answer, raw_gateway, raw_server
from wikipayam_async import (
    APIConnectionError,
    APITimeoutError,
    AsyncWikipayam,
    Phase,
    ResponseError,
    RetryPolicy,
    SendStatus,
    UnknownOutcomeError,
)

pytestmark = [
    pytest.mark.anyio,
    # httpx leaves its generators to the garbage collector when an exchange breaks off.
    pytest.mark.filterwarnings("ignore:Async generator 'http:ResourceWarning"),
]

ONCE = RetryPolicy(attempts=1)
TIMEOUT = 0.08
TOLERANCE = 1.0
MIB = 1024 * 1024

Handler = Callable[[RawRequest, ByteStream], Awaitable[object]]


async def drip(stream: ByteStream, data: bytes) -> object:
    """Send a byte at a time, slowly."""
    for byte in data:
        await stream.send(bytes([byte]))
        await anyio.sleep(0.05)
    return True


async def drip_the_head(_: RawRequest, stream: ByteStream) -> object:
    """Drip an answer from its first byte on."""
    return await drip(stream, answer({"data": {"balance": 1}}))


async def drip_the_body(_: RawRequest, stream: ByteStream) -> object:
    """Send a head at once, and drip the body."""
    await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
    return await drip(stream, b" " * 500)


async def drip_chunks(_: RawRequest, stream: ByteStream) -> object:
    """Drip a body in chunks of one byte."""
    await stream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await stream.send(b"1\r\n \r\n")
        await anyio.sleep(0.02)


async def continue_for_ever(_: RawRequest, stream: ByteStream) -> object:
    """Send 100 Continue again and again."""
    while True:
        await stream.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        await anyio.sleep(0.02)


async def head_only(_: RawRequest, stream: ByteStream) -> object:
    """Send a head, and never the body."""
    await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
    await anyio.sleep_forever()
    return False


async def say_nothing(_: RawRequest, _stream: ByteStream) -> object:
    """Read the request and hang."""
    await anyio.sleep_forever()
    return False


def calls(tls: bool) -> Any:
    """Return the context of a server with TLS or without."""
    return server_tls() if tls else None


SLOW = [drip_the_head, drip_the_body, drip_chunks, continue_for_ever, head_only, say_nothing]


async def balance(client: AsyncWikipayam) -> object:
    """Ask for the balance."""
    return await client.balance()


async def send(client: AsyncWikipayam) -> object:
    """Send a message."""
    return await client.sms.send(RECEIVER, "text", track_id="t-1")


class TestP4EveryDeadlineHolds:
    """`timeout` bounds a whole attempt, whatever the gateway does."""

    @pytest.mark.parametrize("road", ["lanes", "tls", "pool", "tunnel"])
    @pytest.mark.parametrize("handler", SLOW)
    async def test_an_attempt_ends_in_time(self, road: str, handler: Handler) -> None:
        """Drip-fed answers, endless interim ones and silence end a read in time, and leave a send's outcome unknown."""
        tls = road in {"tls", "tunnel"}
        async with raw_gateway(handler, tls=calls(tls)) as gateway, raw_gateway(tunnel(gateway.port)) as proxy:
            options = {"timeout": TIMEOUT, "retry": ONCE} | ({"proxy": proxy.url} if road == "tunnel" else {})
            lane = road if road == "pool" else "lanes"
            async with connected(gateway.url, lane, **options) as (client, _, ear):
                begun = time.monotonic()

                async def read() -> None:
                    with pytest.raises(APITimeoutError) as caught:
                        await client.balance()
                    assert caught.value.phase in {Phase.SENT, Phase.READING}

                async with anyio.create_task_group() as group:
                    group.start_soon(read)
                    with pytest.raises(UnknownOutcomeError) as unknown:
                        await send(client)
                took = time.monotonic() - begun
        assert TIMEOUT * 0.9 < took < TIMEOUT + TOLERANCE
        assert isinstance(unknown.value.__cause__, APITimeoutError)
        assert [outcome.status for outcome in ear.outcomes] == [SendStatus.UNKNOWN]

    @pytest.mark.parametrize("road", ["lanes", "tls", "pool", "tunnel"])
    async def test_a_gateway_that_stops_reading_is_not_waited_for(self, road: str) -> None:
        """A body that does not get away ends with the time-out; its connection is given up at once."""
        gone = anyio.Event()

        async def stop_reading(stream: ByteStream) -> None:
            await stream.receive(1000)
            try:
                await anyio.sleep(TIMEOUT * 2)
                while True:
                    await stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                gone.set()
                raise

        tls = road in {"tls", "tunnel"}
        async with (
            raw_server(stop_reading, tls=calls(tls)) as url,
            raw_gateway(tunnel(int(url.rpartition(":")[2]))) as proxy,
        ):
            options = {"proxy": proxy.url} if road == "tunnel" else {}
            lane = road if road == "pool" else "lanes"
            async with connected(url, lane, timeout=TIMEOUT, **options) as (client, _, _ear):
                begun = time.monotonic()
                with pytest.raises(UnknownOutcomeError) as caught:
                    await client.sms.send(RECEIVER, "x" * 20_000_000)
                took = time.monotonic() - begun
                assert len(caught.value.attempts) == 1
                assert caught.value.phase is Phase.SENDING
                with anyio.fail_after(3):
                    await gone.wait()
        assert took < TIMEOUT + 2 * TOLERANCE

    async def test_a_tls_handshake_that_hangs_is_a_time_out_without_a_connection(self) -> None:
        """A server that never answers the handshake has seen nothing: tried again, and safe to try again."""
        opened = 0

        async def hang(stream: ByteStream) -> None:
            nonlocal opened
            opened += 1
            await stream.receive()
            await anyio.sleep_forever()

        async with raw_server(hang) as url, connected(url.replace("http", "https"), timeout=0.06) as (client, _, ear):
            with pytest.raises(APITimeoutError) as caught:
                await send(client)
        assert [(one.phase, one.failure) for one in caught.value.attempts] == [(Phase.CONNECTING, "timeout")] * 3
        assert (opened, ear.outcomes[0].status) == (3, SendStatus.NOT_ATTEMPTED)

    @pytest.mark.parametrize("road", ["lanes", "pool"])
    @pytest.mark.parametrize("chunked", [False, True])
    async def test_an_answer_of_more_than_16_mib_is_refused(self, road: str, chunked: bool) -> None:
        """The bound holds for announced and for chunked bodies; just below it, an answer is read."""

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

        async with raw_gateway(pour) as gateway, connected(gateway.url, road) as (client, _, _ear):
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
        """Heads, trailers and interim answers without end are refused long before the time is up."""

        async def pour(_: RawRequest, stream: ByteStream) -> object:
            await stream.send(flood)
            await anyio.sleep_forever()
            return False

        async with raw_gateway(pour) as gateway, connected(gateway.url, timeout=5, retry=ONCE) as (client, _, ear):
            begun = time.monotonic()
            with pytest.raises(ResponseError):
                await client.balance()
            with pytest.raises(UnknownOutcomeError):
                await send(client)
        assert time.monotonic() - begun < 2
        assert ear.outcomes[0].status is SendStatus.UNKNOWN

    @pytest.mark.parametrize("road", ["lanes", "pool"])
    @pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip", "x-unknown"])
    async def test_a_compressed_answer_is_refused(self, road: str, encoding: str) -> None:
        """Nothing compressed was asked for, and a few bytes of it can hold gigabytes."""

        async def squeeze(_: RawRequest, _stream: ByteStream) -> object:
            return answer(b"\x1f\x8b\x08", headers={"Content-Encoding": encoding})

        async with raw_gateway(squeeze) as gateway, connected(gateway.url, road) as (client, _, _ear):
            with pytest.raises(ResponseError, match="compressed"):
                await client.balance()
        assert len(gateway.requests) == 1

    @pytest.mark.parametrize("encoding", ["identity", "", " Identity "])
    async def test_an_answer_that_says_it_is_plain_is_read(self, encoding: str) -> None:
        """`Content-Encoding: identity` means nothing."""

        async def plain(_: RawRequest, _stream: ByteStream) -> object:
            return answer({"data": {"balance": 3}}, headers={"Content-Encoding": encoding})

        async with raw_gateway(plain) as gateway, connected(gateway.url) as (client, _, _ear):
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
        """An answer whose end can be read in two ways is not read at all, and its lane not used again."""

        async def conflict(_: RawRequest, stream: ByteStream) -> object:
            await stream.send(b"HTTP/1.1 200 OK\r\n" + lengths + b'\r\n\r\n{"data": {"balance": 1}}')
            return True

        async with raw_gateway(conflict) as gateway, connected(gateway.url, timeout=1) as (client, _, _ear):
            for _ in range(2):
                with pytest.raises((ResponseError, APIConnectionError)):
                    await client.balance()
        assert (gateway.opened, len(gateway.requests)) == (2, 2)

    @pytest.mark.parametrize("call", [balance, send])
    async def test_the_time_out_can_be_chosen(self, call: Callable[[AsyncWikipayam], Awaitable[object]]) -> None:
        """`with_options(timeout=...)` bounds the calls of the sibling."""
        async with (
            raw_gateway(say_nothing) as gateway,
            connected(gateway.url, timeout=30, retry=ONCE) as (client, _, _),
        ):
            begun = time.monotonic()
            with pytest.raises((APITimeoutError, UnknownOutcomeError)):
                await call(client.with_options(timeout=0.05))
        assert time.monotonic() - begun < 0.05 + TOLERANCE

    async def test_interim_answers_before_the_true_one_are_passed_over(self) -> None:
        """100 Continue and 103 Early Hints are no answer."""

        async def hint(_: RawRequest, stream: ByteStream) -> object:
            await stream.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n")
            return answer({"data": {"balance": 4}})

        async with raw_gateway(hint) as gateway, connected(gateway.url) as (client, _, _ear):
            assert [(await client.balance()).balance for _ in range(2)] == [4, 4]
        assert gateway.opened == 1

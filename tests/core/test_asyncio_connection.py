"""What is peculiar to asyncio's own connections, below their lanes."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream

from tests.core.test_http1 import outgoing
from tests.core.test_lane_contract import Peer, lane_to, outcome_of, reply, started
from tests.core.test_tls import Server
from tests.support.net import SELECTORS, UVLOOP, client_tls
from tests.support.raw import answer, raw_server, reset
from wikipayam_async import Phase
from wikipayam_async.core.asyncio_connection import AsyncioConnection, attach
from wikipayam_async.core.asyncio_wire import AsyncioLane
from wikipayam_async.core.http1 import encode_request

pytestmark = pytest.mark.anyio

on_both_loops = pytest.mark.parametrize("anyio_backend", ["asyncio", UVLOOP])
on_selectors = pytest.mark.parametrize("anyio_backend", [SELECTORS])
OK = answer("{}")
FORGED = b"\x17\x03\x03\x00\x20" + bytes(32)
"""A record that is not of the session, to which TLS replies with an alert."""


@on_both_loops
async def test_an_idle_connection_is_closed_when_the_gateway_closes_it() -> None:
    """Its socket does not stay half-open until a request finds the lane."""
    closed = anyio.Event()

    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.stream.send_eof()
        with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
            await peer.stream.receive()
        closed.set()

    async with lane_to(serve, AsyncioLane) as lane:
        await outcome_of(lane, started())
        with anyio.fail_after(20):
            await closed.wait()
        assert not lane.is_usable(0.0, 1e9)


@on_both_loops
async def test_a_cancelled_opening_leaves_no_socket() -> None:
    """Whether it is cancelled while the socket is handed over or in the handshake."""
    ends: list[str] = []
    began: list[str] = []

    async def run(stream: ByteStream) -> None:
        began.append("opened")
        try:
            while True:
                await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            ends.append("closed")

    async with raw_server(run) as url:
        port = int(url.rpartition(":")[2])
        for tls in (None, client_tls()):
            for turns in range(12):
                task = asyncio.ensure_future(AsyncioLane.open("localhost", port, tls))
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                done, _ = await asyncio.wait([task])
                if not task.cancelled():
                    await done.pop().result().aclose()
        with anyio.fail_after(20):
            while len(ends) < len(began):  # noqa: ASYNC110 - the count has no event
                await anyio.sleep(0.001)
    gc.collect()


@on_both_loops
async def test_the_timer_of_a_connection_serves_many_exchanges() -> None:
    """A later deadline moves it when it rings; an earlier one replaces it."""
    timers: list[object] = []

    async def serve(peer: Peer) -> None:
        for _ in range(2):
            await peer.request()
            await peer.send(OK)
        await peer.request()
        while lane._connection._timer is timers[0]:  # noqa: ASYNC110 - the timer has no event
            await anyio.sleep(0.001)
        await peer.send(OK)
        await peer.request()
        await peer.stay()

    async with lane_to(serve, AsyncioLane) as lane:
        for seconds in (0.5, 5.0, 5.0):
            assert await outcome_of(lane, started(seconds)) == (200, b"{}")
            timers.append(lane._connection._timer)
        assert timers[0] is timers[1] is not timers[2]
        assert await outcome_of(lane, started(0.05)) == ("timeout", True)


@on_both_loops
async def test_a_full_socket_between_exchanges_delays_nobody() -> None:
    """Only bytes of a request are waited for, such as none of those that TLS sends by itself."""
    async with lane_to(reply(OK), AsyncioLane) as lane:
        connection = lane._connection
        assert (connection.has_ended, connection.end_error, connection.is_closed) == (False, None, False)
        assert (connection.is_paused, connection.is_sending) == (False, False)
        connection.pause_writing()
        connection.resume_writing()
        assert connection.is_paused is False
        assert await outcome_of(lane, started()) == (200, b"{}")


@on_both_loops
async def test_a_session_that_takes_no_more_hands_nothing_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS that refuses the request has written none of it."""

    class Session:
        has_ended = False

        def encrypt(self, _: bytes) -> bytes:
            raise ssl.SSLError

    async with lane_to(reply(OK), AsyncioLane) as lane:
        connection: Any = lane._connection
        monkeypatch.setattr(connection, "_tls", Session())
        assert await outcome_of(lane, started()) == ("disconnected", False)


class NarrowSocket(socket.socket):
    """A socket that takes as many bytes as it is told to.

    Attributes:
        room: How many; None for any number.
        offered: The size of the first write since.
    """

    room: int | None = None
    offered = 0

    def send(self, data: Any, *_: int) -> int:
        """Take some of the bytes."""
        if self.room is None:
            return super().send(data)
        self.offered = self.offered or len(data)
        if self.room == 0:
            raise BlockingIOError
        taken = super().send(bytes(data)[: self.room])
        self.room -= taken
        return taken

    def sendmsg(self, buffers: Iterable[Any], *_: Any) -> int:
        """Take some of the bytes."""
        return self.send(b"".join(buffers))


async def handshake(stream: ByteStream) -> Server:
    """Return the gateway's side of a TLS session, whose bytes a test moves."""
    server = Server()
    while not server.session.version():
        server.take(await stream.receive())
        with suppress(ssl.SSLWantReadError):
            server.session.do_handshake()
        await stream.send(server.give())
    return server


async def read_to_last(server: Server, stream: ByteStream) -> None:
    """Read a request whose body is `last`."""
    got = b""
    while not got.endswith(b"last"):
        try:
            got += server.session.read(10_000)
        except ssl.SSLWantReadError:
            server.take(await stream.receive())


async def attached(sock: NarrowSocket, url: str) -> AsyncioConnection:
    """Return the connection of a socket to a server."""
    sock.connect(("127.0.0.1", int(url.rpartition(":")[2])))
    sock.setblocking(False)
    return await attach(sock)


@on_both_loops
async def test_an_answer_together_with_the_end_of_tls_counts() -> None:
    """Both are in one read, as of a gateway that answers and closes."""

    async def run(stream: ByteStream) -> None:
        server = await handshake(stream)
        await read_to_last(server, stream)
        server.session.write(OK)
        with suppress(ssl.SSLWantReadError):
            server.session.unwrap()
        await stream.send(server.give())

    async with raw_server(run) as url:
        lane = await AsyncioLane.open("localhost", int(url.rpartition(":")[2]), client_tls())
        assert await outcome_of(lane, started(), method="POST", body=b"last") == (200, b"{}")
        assert not lane.clean
        await lane.aclose()


@on_both_loops
async def test_tls_replies_once_the_request_has_left() -> None:
    """Such as with an alert, before the connection is closed."""
    replies: list[bytes] = []
    closed = anyio.Event()

    async def run(stream: ByteStream) -> None:
        await read_to_last(await handshake(stream), stream)
        await stream.send(FORGED)
        with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
            replies.append(await stream.receive())
        closed.set()

    async with raw_server(run) as url:
        lane = await AsyncioLane.open("localhost", int(url.rpartition(":")[2]), client_tls())
        assert await outcome_of(lane, started(), method="POST", body=b"last") == ("disconnected", True)
        assert lane._connection.is_sending is False
        await lane.aclose()
        await closed.wait()
    assert [reply[:3] for reply in replies] == [b"\x17\x03\x03"]


@on_selectors
async def test_a_request_without_its_last_byte_was_not_handed_over() -> None:
    """The socket had taken all but that when the connection broke."""
    sock, size = NarrowSocket(), len(encode_request(outgoing("POST", body=b"last")))

    async def run(stream: ByteStream) -> None:
        got = b""
        while len(got) < size - 1:
            got += await stream.receive()
        await reset(stream)

    async with raw_server(run) as url:
        lane, progress = AsyncioLane(await attached(sock, url)), started()
        sock.room = size - 1
        assert await outcome_of(lane, progress, method="POST", body=b"last") == ("disconnected", False)
        assert (progress.phase, lane.clean) == (Phase.SENDING, False)
        await lane.aclose()


@on_selectors
async def test_what_tls_sends_by_itself_is_not_taken_for_the_rest_of_a_request() -> None:
    """The socket took the last byte of the request, so the gateway may have it, though not what TLS replies meanwhile."""
    has_all, sock = anyio.Event(), NarrowSocket()

    async def run(stream: ByteStream) -> None:
        server = await handshake(stream)
        while not sock.offered:  # noqa: ASYNC110 - a write has no event
            await anyio.sleep(0.001)
        await stream.send(FORGED)
        await read_to_last(server, stream)
        has_all.set()
        await reset(stream)

    async with raw_server(run) as url, anyio.create_task_group() as group:
        connection = await attached(sock, url)
        await connection.start_tls(client_tls(), "localhost")
        lane, sock.room = AsyncioLane(connection), 20

        async def take_the_request() -> None:
            while connection.end_error is None:  # noqa: ASYNC110 - the alert has no event
                await anyio.sleep(0.001)
            sock.room = sock.offered - 20 + 5

        group.start_soon(take_the_request)
        progress = started()
        assert await outcome_of(lane, progress, method="POST", body=b"last") == ("disconnected", True)
        assert progress.phase is Phase.SENT
        await has_all.wait()
        await lane.aclose()


@on_both_loops
async def test_a_socket_that_cannot_be_handed_over_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an error in the closing of anyio's stream nor one in the attaching to asyncio leaves it open."""
    closed = anyio.Event()
    close_stream = anyio.aclose_forcefully

    async def run(stream: ByteStream) -> None:
        with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
            await stream.receive()
        closed.set()

    async def fail(stream: ByteStream) -> None:
        await close_stream(stream)
        raise LookupError

    async with raw_server(run) as url:
        monkeypatch.setattr(anyio, "aclose_forcefully", fail)
        with pytest.raises(LookupError):
            await AsyncioLane.open("127.0.0.1", int(url.rpartition(":")[2]), None)
        with anyio.fail_after(20):
            await closed.wait()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with pytest.raises(ValueError, match=r"[Ss]tream [Ss]ocket"):
        await attach(sock)
    assert sock.fileno() == -1

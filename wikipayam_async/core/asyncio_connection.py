"""A connection of asyncio's own, for its event loop and for uvloop: a protocol that is always read."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Protocol, cast

import anyio
from anyio.abc import SocketAttribute

from wikipayam_async.core.tls import TlsSession

__all__ = ["AsyncioConnection", "attach", "connect"]


class Listener(Protocol):
    """The exchange that a connection carries."""

    def receive(self, data: bytes) -> None:
        """Read received bytes."""
        ...

    def end(self) -> None:
        """Handle the end of the connection."""
        ...

    def wake(self) -> None:
        """Look again at what is waited for."""
        ...

    def look_at(self, now: float) -> float | None:
        """Return when to look at the time again; None if the time-out has passed."""
        ...


class AsyncioConnection(asyncio.Protocol):
    """The protocol of one connection. What arrives without an exchange ends it.

    Attributes:
        exchange: The exchange in flight, which is told what happens.
        has_ended: Whether nothing more will arrive.
        end_error: What ended it, unless the gateway closed it.
        is_closed: Whether nothing more can be sent either.
        is_paused: Whether the socket has not yet taken all that was written, or had not when the connection broke.
        is_sending: Whether a request leaves. What TLS has to send by itself then waits, so that no bytes but those of the
            request, and what came before it, are left.
    """

    __slots__ = (
        "_is_ready", "_timer", "_timer_at", "_tls", "end_error", "exchange", "has_ended", "is_closed", "is_paused",
        "is_sending", "loop", "transport",
    )  # fmt: skip
    transport: asyncio.Transport
    _timer_at: float

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.exchange: Listener | None = None
        self.has_ended = False
        self.end_error: Exception | None = None
        self.is_closed = False
        self.is_paused = False
        self.is_sending = False
        self._tls: TlsSession | None = None
        self._is_ready: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, which calls `pause_writing` whenever bytes are left."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(0)

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Make the TLS handshake.

        Raises:
            OSError: It failed.
            EOFError: The connection was closed during it.
        """
        self._tls = TlsSession(context, host)
        self._is_ready = self.loop.create_future()
        try:
            self.data_received(b"")
            await self._is_ready
        except BaseException:
            self.abort()
            raise
        finally:
            self._is_ready = None
        if self.has_ended:
            self.abort()
            raise self.end_error or EOFError

    def write(self, data: bytes) -> bool:
        """Write bytes; return whether the connection was open for all of them."""
        if self.transport.is_closing():
            return False
        self.is_sending = True
        try:
            self.transport.write(data if self._tls is None else self._tls.encrypt(data))
        except ssl.SSLError:
            return False
        return not self.transport.is_closing()

    def data_received(self, data: bytes) -> None:
        """Pass bytes on to the exchange."""
        tls = self._tls
        if tls is not None:
            data = tls.feed(data)
            if not self.is_sending and (reply := tls.pending()):
                self.transport.write(reply)
            if self._is_ready is not None and tls.is_established and not self._is_ready.done():
                self._is_ready.set_result(None)
        if data:
            if self.exchange is None:
                self.abort()
            else:
                self.exchange.receive(data)
        if tls is not None and tls.has_ended:
            self._end(tls.error)

    def eof_received(self) -> bool:
        """Note the end of what arrives; what is being written still leaves."""
        self._end(None)
        if self.exchange is None:
            self.abort()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end of the connection."""
        self._close()
        self._end(exc)

    def pause_writing(self) -> None:
        """Note that bytes are left."""
        self.is_paused = True

    def resume_writing(self) -> None:
        """Note that the socket has taken all bytes."""
        self.is_paused = False
        if self.exchange is not None:
            self.exchange.wake()

    def abort(self) -> None:
        """Close the connection at once, and drop what is left to be written."""
        self._close()
        self.has_ended = True
        self.transport.abort()

    def watch(self, deadline: float) -> None:
        """Let the exchange look at the time at its deadline. The timer of an earlier exchange serves if it ends before."""
        if self._timer is not None:
            if self._timer_at <= deadline:
                return
            self._timer.cancel()
        self._timer_at = deadline
        self._timer = self.loop.call_at(deadline, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self.exchange is not None and (again := self.exchange.look_at(self.loop.time())) is not None:
            self.watch(again)

    def _end(self, error: Exception | None) -> None:
        if not self.has_ended:
            self.has_ended = True
            self.end_error = error
        if self.exchange is not None:
            self.exchange.end()
        if self._is_ready is not None and not self._is_ready.done():
            self._is_ready.set_result(None)

    def _close(self) -> None:
        self.is_closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def connect(host: str, port: int) -> socket.socket:
    """Return a connected socket. anyio chooses among IPv6 and IPv4: asyncio's own choice left sockets open in Python 3.13.0."""
    stream = await anyio.connect_tcp(host, port)
    raw: socket.socket = stream.extra(SocketAttribute.raw_socket)
    sock = socket.fromfd(raw.fileno(), raw.family, raw.type)
    try:
        await anyio.aclose_forcefully(stream)
    except BaseException:
        sock.close()
        raise
    return sock


async def attach(sock: socket.socket) -> AsyncioConnection:
    """Return the protocol that reads a connected socket."""
    try:
        _, connection = await asyncio.get_running_loop().create_connection(AsyncioConnection, sock=sock)
    except BaseException:
        sock.close()
        raise
    return connection

"""A lane of anyio: it works on every event loop, and is the only kind on trio."""

from __future__ import annotations

import functools
import select
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Self

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSAttribute, TLSStream

from wikipayam_async.core.connecting import connection_fault
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.http1 import AnswerReader, encode_request
from wikipayam_async.core.progress import AttemptProgress, run_in_time
from wikipayam_async.core.protocol import Answer, Outgoing
from wikipayam_async.outcomes import Phase

__all__ = ["Lane", "readable_check"]

_READ_SIZE = 262_144
"""What asyncio reads at once. With less, the rest stays in a buffer that the check for stray bytes does not see."""


class _GuardedStream(ByteStream):
    """A socket stream whose writes a cancellation from outside anyio cannot interrupt.

    Attributes:
        inner: The stream of the socket.
        progress: The attempt in flight.
    """

    def __init__(self, inner: ByteStream) -> None:
        self.inner = inner
        self.progress = AttemptProgress(protected=False)

    async def receive(self, max_bytes: int = _READ_SIZE) -> bytes:
        """Read all bytes available, up to the size of a read."""
        return await self.inner.receive(max_bytes)

    async def send(self, item: bytes) -> None:
        """Write bytes. When a cancellation arrives, they are written already, so it can be deferred."""
        try:
            await self.inner.send(item)
        except anyio.get_cancelled_exc_class() as cancellation:
            if not self.progress.defer(cancellation):
                raise

    async def send_eof(self) -> None:
        """Unused: HTTP marks the end of a request."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Close the socket."""
        await self.inner.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        """The attributes of the inner stream."""
        return self.inner.extra_attributes


class Lane:
    """One connection.

    Attributes:
        idle_since: The time when the last exchange ended.
        clean: Whether the last exchange ended in a state that allows another.
    """

    __slots__ = ("_guarded", "_is_readable", "_reader", "_source", "_stream", "_tls", "clean", "idle_since")

    def __init__(self, guarded: _GuardedStream, stream: ByteStream) -> None:
        self._guarded = guarded
        self._stream = stream
        self._source = guarded.inner if stream is guarded else stream
        self._reader = AnswerReader()
        self._is_readable = readable_check(stream.extra(SocketAttribute.raw_socket))
        self._tls: ssl.SSLObject | None = stream.extra(TLSAttribute.ssl_object, None)
        self.clean = True
        self.idle_since = 0.0

    @classmethod
    async def open(cls, host: str, port: int, tls: ssl.SSLContext | None) -> Self:
        """Open a connection, with TLS if a context is given.

        Raises:
            ExchangeFault: The connection failed.
        """
        try:
            guarded = _GuardedStream(await anyio.connect_tcp(host, port))
            return cls(guarded, guarded if tls is None else await _wrap_tls(guarded, host, tls))
        except (OSError, anyio.BrokenResourceError, anyio.EndOfStream, UnicodeError) as error:
            fault = connection_fault(error, host, port)
        raise fault

    def is_usable(self, now: float, idle_expiry: float) -> bool:
        """Return whether another exchange may start: not expired, still open, and no unread bytes."""
        return self.clean and now - self.idle_since <= idle_expiry and self._is_quiet()

    def _is_quiet(self) -> bool:
        if self._tls is not None:
            try:
                self._tls.read(1)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                return False
            else:
                return False
        return not self._is_readable()

    async def exchange(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Send one request and read its answer within the time-out.

        Raises:
            ExchangeFault: The exchange failed; `handed_over` says whether the gateway may have the whole request.
        """
        self.clean = False
        self._guarded.progress = progress
        self._reader.begin(outgoing.max_answer_bytes, head_only=outgoing.method == "HEAD")
        await run_in_time(functools.partial(self._exchange, outgoing, progress), progress, outgoing.origin)
        answer = self._reader.answer()
        progress.phase = Phase.ANSWERED
        self.clean = self._reader.is_reusable
        return answer

    async def _exchange(self, outgoing: Outgoing, progress: AttemptProgress) -> None:
        request = encode_request(outgoing)
        await progress.check_deadline()  # from here to the first write, no other task can run
        progress.hand_over()
        try:
            await self._stream.send(request)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream, OSError):
            # The write of the last byte raised, so the gateway cannot have the whole request.
            raise ExchangeFault(
                ExchangeFaultKind.DISCONNECTED, "the connection broke while sending", handed_over=False
            ) from None
        progress.phase = Phase.SENT
        read = functools.partial(self._read, progress)
        try:
            while not await read():
                pass
        except anyio.get_cancelled_exc_class() as cancellation:
            if not await progress.read_late(read):
                raise
            progress.late = cancellation

    async def _read(self, progress: AttemptProgress) -> bool:
        """Read the next bytes of the answer; return whether it is complete."""
        data = await self._receive(progress)
        if data is None:
            self._reader.end()
            return True
        progress.phase = Phase.READING
        self._reader.feed(data)
        return self._reader.is_over

    async def _receive(self, progress: AttemptProgress) -> bytes | None:
        while True:
            try:
                return await self._source.receive(_READ_SIZE)
            except anyio.EndOfStream:
                return None
            except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
                raise ExchangeFault(
                    ExchangeFaultKind.DISCONNECTED, "the connection was reset", handed_over=True
                ) from None
            except anyio.get_cancelled_exc_class() as cancellation:
                if not progress.defer(cancellation):
                    raise

    async def aclose(self) -> None:
        """Close the connection at once."""
        self.clean = False
        self._reader.close()
        await anyio.aclose_forcefully(self._stream)


async def _wrap_tls(stream: ByteStream, host: str, tls: ssl.SSLContext) -> TLSStream:
    try:
        return await TLSStream.wrap(stream, hostname=host, ssl_context=tls, standard_compatible=False)
    except BaseException:
        await anyio.aclose_forcefully(stream)
        raise


def readable_check(sock: socket.socket) -> Callable[[], bool]:
    """Return a function that says whether a read would return at once, with stray bytes or the end of the stream."""
    if not hasattr(select, "poll"):
        return lambda: sock.fileno() < 0 or bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()  # unlike `select`, it supports descriptors above 1023
    poll.register(sock.fileno(), select.POLLIN)
    return lambda: sock.fileno() < 0 or bool(poll.poll(0))

"""A lane: one HTTP/1.1 connection that carries one exchange at a time and records how far each one got.

Parsing is done by httptools (llhttp in strict mode); streams, TLS and name resolution by anyio.
"""

from __future__ import annotations

import functools
import re
import select
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import httptools
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSAttribute, TLSStream

from wikipayam_async.core.connecting import connection_fault
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.operation import MAX_ANSWER_BYTES
from wikipayam_async.core.progress import AttemptProgress
from wikipayam_async.core.protocol import Answer, Outgoing
from wikipayam_async.outcomes import Phase
from wikipayam_async.redact.sealed import SealedBytes

__all__ = ["Lane", "answer_limit", "encode_request", "refuse_encoding"]

MAX_HEAD_BYTES = 64 * 1024
MAX_INTERIM_ANSWERS = 100
_READ_SIZE = 262_144
"""What asyncio reads at once. With less, the rest stays in a buffer that the check for stray bytes does not see."""
_FIRST_FINAL_STATUS = 200
_FIRST_ERROR_STATUS = 400
_COMPRESSIONS = frozenset(
    {
        "aes128gcm", "br", "brotli", "bzip2", "compress", "dcb", "dcz", "deflate", "exi", "gzip", "lz4", "lzma",
        "pack200-gzip", "snappy", "x-bzip2", "x-compress", "x-deflate", "x-gzip", "xz", "zstd",
    }
)  # fmt: skip
_NO_COMPRESSION = frozenset({"", "identity", "none", "utf-8", "utf8"})
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


class _Reader:
    """The httptools callbacks: collects one final answer, skips interim answers and detects stray bytes."""

    def __init__(self, max_bytes: int = MAX_ANSWER_BYTES) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self._max_bytes = max_bytes
        self.headers: dict[str, str] = {}
        self.chunks: list[bytes] = []
        self.size = 0
        self.head_size = 0
        self.status = 0
        self.interim = 0
        self.begun = False
        self.complete = False
        self.in_body = False
        self.keep_alive = False
        self.stray = False
        self.too_large = False

    def on_message_begin(self) -> None:
        self.begun = True
        if self.complete:
            self.stray = True
        else:
            self.headers = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.complete:
            return
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        if not self.complete:
            self.status = self.parser.get_status_code()
            self.keep_alive = self.parser.should_keep_alive()
            self.in_body = self.status >= _FIRST_FINAL_STATUS
            self._max_bytes = answer_limit(self.status, self._max_bytes)

    def on_body(self, body: bytes) -> None:
        self.size += len(body)
        if self.complete:
            return
        if self.size > self._max_bytes:
            self.too_large = True
        else:
            self.chunks.append(body)

    def on_message_complete(self) -> None:
        if self.status >= _FIRST_FINAL_STATUS:
            self.complete = True
        else:
            self.interim += 1
            self.head_size = 0

    def feed(self, data: bytes) -> None:
        """Parse received bytes.

        Raises:
            ExchangeFault: They are not valid HTTP, or the answer is too large.
        """
        before = self.size
        self.head_size += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.complete = False
            self._fail(ExchangeFaultKind.UNREADABLE, "the connection was switched to another protocol")
        except httptools.HttpParserError:
            if not self.complete:
                self._fail(ExchangeFaultKind.UNREADABLE, "the answer is not valid HTTP")
            self.stray = True
        if self.too_large:
            self._fail(ExchangeFaultKind.TOO_LARGE, f"the answer is larger than {self._max_bytes} bytes")
        # The limit applies to bytes between two pieces of the body: heads, trailers, chunk headers.
        if self.size > before:
            self.head_size = 0
        elif not self.complete and (self.head_size > MAX_HEAD_BYTES or self.interim > MAX_INTERIM_ANSWERS):
            self._fail(ExchangeFaultKind.TOO_LARGE, f"the answer's head is larger than {MAX_HEAD_BYTES} bytes")

    def end(self) -> None:
        """Handle the end of the stream, which completes an answer without a length.

        Raises:
            ExchangeFault: The answer is missing or incomplete.
        """
        if not self.begun:
            self._fail(ExchangeFaultKind.DISCONNECTED, "the connection was closed without an answer")
        bounded = "content-length" in self.headers or "chunked" in self.headers.get("transfer-encoding", "").lower()
        if not self.in_body or bounded:
            self._fail(ExchangeFaultKind.DISCONNECTED, "the connection was closed in the middle of the answer")
        self.complete = True
        self.keep_alive = False

    def _fail(self, kind: ExchangeFaultKind, detail: str) -> None:
        raise ExchangeFault(kind, detail, handed_over=True, status_code=self.status or None)


def encode_request(outgoing: Outgoing) -> SealedBytes:
    """Return the complete request as sent over the connection, including the token."""
    first = f"{outgoing.method} {outgoing.target} HTTP/1.1\r\nHost: {outgoing.origin.authority}\r\n"
    last = "\r\n"
    body = outgoing.body
    if body is not None or outgoing.method in {"POST", "PUT", "PATCH"}:
        last = f"Content-Length: {len(body or b'')}\r\n\r\n"
    if outgoing.authorization is not None:
        last = f"Authorization: Bearer {outgoing.authorization.reveal()}\r\n{last}"
    return SealedBytes(b"".join((first.encode("ascii"), outgoing.headers.block, last.encode("ascii"), body or b"")))


def answer_limit(status: int, max_bytes: int) -> int:
    """Return the size of the largest body that is read: of an error, of which only a text is quoted, always 16 MiB."""
    return MAX_ANSWER_BYTES if status >= _FIRST_ERROR_STATUS else max_bytes


def refuse_encoding(headers: Mapping[str, str], status: int, body: bytes | None = None) -> None:
    """Refuse a compressed answer: compression was not requested, and a few bytes could expand to gigabytes.

    A word that names no compression, such as `UTF-8`, is a mistake of the gateway. A plain body is read in spite of it.

    Args:
        headers: The headers of the answer.
        status: Its HTTP status.
        body: Its body, to be checked if the word is unknown; None before it was read.

    Raises:
        ExchangeFault: The answer is compressed.
    """
    words = {word.strip().lower() for word in headers.get("content-encoding", "").split(",")} - _NO_COMPRESSION
    if words & _COMPRESSIONS or (words and body is not None and not _is_text(body)):
        detail = "the answer is compressed although the request did not allow it"
        raise ExchangeFault(ExchangeFaultKind.UNREADABLE, detail, handed_over=True, status_code=status)


def _is_text(body: bytes) -> bool:
    try:
        return _CONTROL.search(str(body, "utf-8")) is None
    except UnicodeDecodeError:
        return False


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

    __slots__ = ("_guarded", "_is_readable", "_source", "_stream", "_tls", "clean", "idle_since")

    def __init__(self, guarded: _GuardedStream, stream: ByteStream) -> None:
        self._guarded = guarded
        self._stream = stream
        self._source = guarded.inner if stream is guarded else stream
        self._is_readable = _readable_check(stream.extra(SocketAttribute.raw_socket))
        self._tls: ssl.SSLObject | None = stream.extra(TLSAttribute.ssl_object, None)
        self.clean = True
        self.idle_since = 0.0

    @classmethod
    async def open(cls, host: str, port: int, tls: ssl.SSLContext | None) -> Lane:
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
        """Send one request and read its answer.

        Raises:
            ExchangeFault: The exchange failed; `handed_over` says whether the gateway may have the whole request.
        """
        self.clean = False
        self._guarded.progress = progress
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
        reader = _Reader(outgoing.max_answer_bytes)
        read = functools.partial(self._read, reader, progress, head_only=outgoing.method == "HEAD")
        try:
            while not await read():
                pass
        except anyio.get_cancelled_exc_class() as cancellation:
            if not await progress.read_late(read):
                raise
            progress.late = cancellation
        finally:
            del reader.parser  # parser and reader refer to each other; this frees them without the garbage collector
        body = SealedBytes(b"".join(reader.chunks))
        refuse_encoding(reader.headers, reader.status, body)
        progress.phase = Phase.ANSWERED
        self.clean = reader.complete and reader.keep_alive and not reader.stray
        return Answer(reader.status, reader.headers, body)

    async def _read(self, reader: _Reader, progress: AttemptProgress, *, head_only: bool) -> bool:
        """Read the next bytes of the answer; return whether it is complete."""
        data = await self._receive(progress)
        if data is None:
            reader.end()
            return True
        progress.phase = Phase.READING
        reader.feed(data)
        return reader.complete or (reader.in_body and head_only)

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
        await anyio.aclose_forcefully(self._stream)


async def _wrap_tls(stream: ByteStream, host: str, tls: ssl.SSLContext) -> TLSStream:
    try:
        return await TLSStream.wrap(stream, hostname=host, ssl_context=tls, standard_compatible=False)
    except BaseException:
        await anyio.aclose_forcefully(stream)
        raise


def _readable_check(sock: socket.socket) -> Callable[[], bool]:
    """Return a function that says whether a read would return at once, with stray bytes or the end of the stream."""
    if not hasattr(select, "poll"):
        return lambda: sock.fileno() < 0 or bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()  # unlike `select`, it supports descriptors above 1023
    poll.register(sock.fileno(), select.POLLIN)
    return lambda: sock.fileno() < 0 or bool(poll.poll(0))

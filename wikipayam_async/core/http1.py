"""HTTP/1.1 without I/O: the bytes of a request, and the reading of the answer's. Both kinds of lane share it.

Parsing is done by httptools (llhttp in strict mode).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httptools

from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.operation import MAX_ANSWER_BYTES
from wikipayam_async.core.protocol import Answer, Outgoing
from wikipayam_async.redact.sealed import SealedBytes

__all__ = ["AnswerReader", "answer_limit", "encode_request", "refuse_encoding"]

MAX_HEAD_BYTES = 64 * 1024
MAX_INTERIM_ANSWERS = 100
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


class AnswerReader:
    """Reads the answers of a connection, one after another: skips interim answers and detects stray bytes.

    The methods `on_...` are the callbacks of httptools.

    Attributes:
        is_over: Whether the answer is complete, also if it has no body whatever its head says.
    """

    __slots__ = (
        "_head_only", "_in_body", "_interim", "_keep_alive", "_max_bytes", "_parser", "_stray", "_too_large", "begun",
        "chunks", "complete", "head_size", "headers", "is_over", "size", "status",
    )  # fmt: skip

    def __init__(self) -> None:
        self._parser: Any = httptools.HttpResponseParser(self)
        self.begin()

    def begin(self, max_bytes: int = MAX_ANSWER_BYTES, *, head_only: bool = False) -> None:
        """Expect the next answer.

        Args:
            max_bytes: The size of the largest body of a success that is read.
            head_only: Whether the answer has no body whatever its head says, as that to HEAD.
        """
        self._max_bytes = max_bytes
        self._head_only = head_only
        self.headers: dict[str, str] = {}
        self.chunks: list[bytes] = []
        self.size = 0
        self.head_size = 0
        self.status = 0
        self._interim = 0
        self.begun = False
        self.complete = False
        self.is_over = False
        self._in_body = False
        self._keep_alive = False
        self._stray = False
        self._too_large = False

    def on_message_begin(self) -> None:
        """Note the first byte of an answer."""
        self.begun = True
        if self.complete:
            self._stray = True
        else:
            self.headers = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note a header field. Those of a trailer, which may not change what the head says, are not read."""
        if self._in_body:
            return
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        """Note the end of a head."""
        if not self.complete:
            self.status = self._parser.get_status_code()
            self._keep_alive = self._parser.should_keep_alive()
            self._in_body = self.status >= _FIRST_FINAL_STATUS
            self.is_over = self._in_body and self._head_only
            self._max_bytes = answer_limit(self.status, self._max_bytes)

    def on_body(self, body: bytes) -> None:
        """Note a piece of a body."""
        self.size += len(body)
        if self.complete:
            return
        if self.size > self._max_bytes:
            self._too_large = True
        else:
            self.chunks.append(body)

    def on_message_complete(self) -> None:
        """Note the end of an answer, interim or final."""
        if self.status >= _FIRST_FINAL_STATUS:
            self.complete = self.is_over = True
        else:
            self._interim += 1
            self.head_size = 0

    @property
    def is_reusable(self) -> bool:
        """Whether the connection may carry another exchange after this answer."""
        return self.complete and self._keep_alive and not self._stray

    def feed(self, data: bytes) -> None:
        """Parse received bytes.

        Raises:
            ExchangeFault: They are not valid HTTP, or the answer is too large.
        """
        before = self.size
        self.head_size += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserUpgrade, httptools.HttpParserError) as error:
            if not self.complete:
                switched = isinstance(error, httptools.HttpParserUpgrade)
                detail = (
                    "the connection was switched to another protocol" if switched else "the answer is not valid HTTP"
                )
                self._fail(ExchangeFaultKind.UNREADABLE, detail)
            self._stray = True
        if self._too_large:
            self._fail(ExchangeFaultKind.TOO_LARGE, f"the answer is larger than {self._max_bytes} bytes")
        # The limit applies to bytes between two pieces of the body: heads, trailers, chunk headers.
        if self.size > before:
            self.head_size = 0
        elif not self.complete and (self.head_size > MAX_HEAD_BYTES or self._interim > MAX_INTERIM_ANSWERS):
            self._fail(ExchangeFaultKind.TOO_LARGE, f"the answer's head is larger than {MAX_HEAD_BYTES} bytes")

    def end(self) -> None:
        """Handle the end of the stream, which completes an answer without a length.

        Raises:
            ExchangeFault: The answer is missing or incomplete.
        """
        if not self.begun:
            self._fail(ExchangeFaultKind.DISCONNECTED, "the connection was closed without an answer")
        bounded = "content-length" in self.headers or "chunked" in self.headers.get("transfer-encoding", "").lower()
        if not self._in_body or bounded:
            self._fail(ExchangeFaultKind.DISCONNECTED, "the connection was closed in the middle of the answer")
        self.complete = self.is_over = True
        self._keep_alive = False

    def answer(self) -> Answer:
        """Return the complete answer.

        Raises:
            ExchangeFault: It is compressed.
        """
        body = SealedBytes(b"".join(self.chunks))
        if "content-encoding" in self.headers:
            refuse_encoding(self.headers, self.status, body)
        return Answer(self.status, self.headers, body)

    def close(self) -> None:
        """Free the parser without the garbage collector: it refers to this object. No further answer can be read."""
        self._parser = None

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

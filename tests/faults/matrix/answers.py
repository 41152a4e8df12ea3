"""Handlers of complete requests: they close, hang, answer slowly, or send unexpected answers."""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Callable
from typing import Any

import anyio
from anyio.abc import ByteStream

from tests.faults.matrix.setup import Handler, Ledger
from tests.support.raw import RawRequest, answer, reset

__all__ = [
    "accepting",
    "closing",
    "continuing",
    "gzip_bomb",
    "healthy",
    "nested_gzip_bomb",
    "once",
    "oversized",
    "resetting",
    "silent",
    "slow",
    "with_body",
    "with_bytes",
    "with_items",
    "with_status",
]

MIB = 1024 * 1024
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def healthy(request: RawRequest, _: ByteStream, ledger: Ledger) -> object:
    """Process the request and send the documented answer."""
    return answer(ledger.documented(request))


async def closing(_request: RawRequest, _stream: ByteStream, _ledger: Ledger) -> object:
    """Close the connection."""
    return False


async def resetting(_request: RawRequest, stream: ByteStream, _: Ledger) -> object:
    """Reset the connection."""
    await reset(stream)
    return False


async def silent(_request: RawRequest, _stream: ByteStream, _ledger: Ledger) -> object:
    """Never answer."""
    await anyio.sleep_forever()
    return False


def accepting(then: Handler) -> Handler:
    """Process the request, then pass it to another handler."""

    async def handle(request: RawRequest, stream: ByteStream, ledger: Ledger) -> object:
        ledger.process(request)
        return await then(request, stream, ledger)

    return handle


def with_bytes(make: Callable[[bytes], bytes], *, hang: bool = False, close: bool = False) -> Handler:
    """Process the request; send bytes made of the documented body, then keep the connection, hang or close."""

    async def handle(request: RawRequest, stream: ByteStream, ledger: Ledger) -> object:
        await stream.send(make(ledger.documented(request)))
        if hang:
            await anyio.sleep_forever()
        return not close

    return handle


def with_body(make: Callable[[bytes], bytes | str], **headers: str) -> Handler:
    """Process the request; answer 200 with a body made of the documented one."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def handle(request: RawRequest, _: ByteStream, ledger: Ledger) -> object:
        return answer(make(ledger.documented(request)), headers=named)

    return handle


def with_items(change: Callable[[list[dict[str, Any]]], object]) -> Handler:
    """Accept every message; answer with data made of the documented items."""

    async def handle(request: RawRequest, _: ByteStream, ledger: Ledger) -> object:
        return answer({"data": change(json.loads(ledger.documented(request))["data"])})

    return handle


def with_status(status: int, body: object = None, **headers: str) -> Handler:
    """Answer with a status and process nothing."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = {"message": "Server Error"} if body is None else body

    async def handle(_request: RawRequest, _stream: ByteStream, _ledger: Ledger) -> object:
        return answer(content, status, named)

    return handle


def once(first: Handler) -> Handler:
    """Pass only the first request to a handler, and send the documented answer to the others."""

    async def handle(request: RawRequest, stream: ByteStream, ledger: Ledger) -> object:
        return await (first if ledger.seen == 1 else healthy)(request, stream, ledger)

    return handle


def slow(head: bytes, piece: bytes, interval: float) -> Handler:
    """Process the request; send a head, then a piece at every interval. With an empty piece, send the whole answer byte by byte."""

    async def handle(request: RawRequest, stream: ByteStream, ledger: Ledger) -> object:
        whole = answer(ledger.documented(request))
        for byte in b"" if piece else whole:
            await stream.send(bytes([byte]))
            await anyio.sleep(interval)
        await stream.send(head)
        while True:
            await stream.send(piece)
            await anyio.sleep(interval)

    return handle


def continuing(interval: float) -> Handler:
    """Send 100 Continue without end."""
    return slow(b"", b"HTTP/1.1 100 Continue\r\n\r\n", interval)


def oversized(*, chunked: bool) -> Handler:
    """Process the request; answer with 17 MiB."""

    async def handle(request: RawRequest, stream: ByteStream, ledger: Ledger) -> object:
        ledger.process(request)
        await stream.send(CHUNKED if chunked else b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (17 * MIB))
        piece = b" " * MIB
        for _ in range(17):
            await stream.send(b"%x\r\n%b\r\n" % (MIB, piece) if chunked else piece)
        if chunked:
            await stream.send(b"0\r\n\r\n")
        return True

    return handle


@functools.cache
def gzip_bomb() -> bytes:
    """Return 64 MiB of zeros, compressed to 64 KiB."""
    return gzip.compress(bytes(64 * MIB), 9)


@functools.cache
def nested_gzip_bomb() -> bytes:
    """Return the gzip bomb, compressed again."""
    return gzip.compress(gzip_bomb(), 9)

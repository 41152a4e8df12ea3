"""What a gateway may do about a request that it has read whole: break off, hang, drip, and say strange things."""

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
    "bodies",
    "bomb",
    "closing",
    "continuing",
    "dripping",
    "healthy",
    "items",
    "nested_bomb",
    "oversized",
    "raw",
    "resetting",
    "silent",
    "stating",
    "then_well",
]

MIB = 1024 * 1024
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def healthy(request: RawRequest, _: ByteStream, ledger: Ledger) -> object:
    """Do what the contract says."""
    return answer(ledger.documented(request))


async def closing(_request: RawRequest, _stream: ByteStream, _ledger: Ledger) -> object:
    """Close the connection."""
    return False


async def resetting(_request: RawRequest, stream: ByteStream, _: Ledger) -> object:
    """Reset the connection."""
    await reset(stream)
    return False


async def silent(_request: RawRequest, _stream: ByteStream, _ledger: Ledger) -> object:
    """Say nothing for ever."""
    await anyio.sleep_forever()
    return False


def accepting(then: Handler) -> Handler:
    """Do what the request asks, and then misbehave."""

    async def handle(request: RawRequest, stream: ByteStream, ledger: Ledger) -> object:
        ledger.carry_out(request)
        return await then(request, stream, ledger)

    return handle


def raw(make: Callable[[bytes], bytes], *, hang: bool = False, close: bool = False) -> Handler:
    """Do what the request asks; send bytes made of the documented body, and then go on, hang or close."""

    async def handle(request: RawRequest, stream: ByteStream, ledger: Ledger) -> object:
        await stream.send(make(ledger.documented(request)))
        if hang:
            await anyio.sleep_forever()
        return not close

    return handle


def bodies(make: Callable[[bytes], bytes | str], **headers: str) -> Handler:
    """Do what the request asks; answer 200 with a body made of the documented one."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def handle(request: RawRequest, _: ByteStream, ledger: Ledger) -> object:
        return answer(make(ledger.documented(request)), headers=named)

    return handle


def items(change: Callable[[list[dict[str, Any]]], object]) -> Handler:
    """Accept all messages; answer with what is made of the documented items."""

    async def handle(request: RawRequest, _: ByteStream, ledger: Ledger) -> object:
        return answer({"data": change(json.loads(ledger.documented(request))["data"])})

    return handle


def stating(status: int, body: object = None, **headers: str) -> Handler:
    """Answer with a status, having done nothing."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    said = {"message": "Server Error"} if body is None else body

    async def handle(_request: RawRequest, _stream: ByteStream, _ledger: Ledger) -> object:
        return answer(said, status, named)

    return handle


def then_well(first: Handler) -> Handler:
    """Misbehave at the first request alone."""

    async def handle(request: RawRequest, stream: ByteStream, ledger: Ledger) -> object:
        return await (first if ledger.seen == 1 else healthy)(request, stream, ledger)

    return handle


def dripping(head: bytes, drop: bytes, pause: float) -> Handler:
    """Do what the request asks; send a head, and then a drop again and again. An empty drop drips the head."""

    async def handle(request: RawRequest, stream: ByteStream, ledger: Ledger) -> object:
        whole = answer(ledger.documented(request))
        for byte in b"" if drop else whole:
            await stream.send(bytes([byte]))
            await anyio.sleep(pause)
        await stream.send(head)
        while True:
            await stream.send(drop)
            await anyio.sleep(pause)

    return handle


def continuing(pause: float) -> Handler:
    """Send 100 Continue without end."""
    return dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n", pause)


def oversized(*, chunked: bool) -> Handler:
    """Do what the request asks; answer with 17 MiB."""

    async def handle(request: RawRequest, stream: ByteStream, ledger: Ledger) -> object:
        ledger.carry_out(request)
        await stream.send(CHUNKED if chunked else b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (17 * MIB))
        piece = b" " * MIB
        for _ in range(17):
            await stream.send(b"%x\r\n%b\r\n" % (MIB, piece) if chunked else piece)
        if chunked:
            await stream.send(b"0\r\n\r\n")
        return True

    return handle


@functools.cache
def bomb() -> bytes:
    """Return 64 MiB of nothing, packed into 64 KiB."""
    return gzip.compress(bytes(64 * MIB), 9)


@functools.cache
def nested_bomb() -> bytes:
    """Return the bomb, packed once more."""
    return gzip.compress(bomb(), 9)

"""The gateway that everybody is measured against: `python -m tests.benchmarks.server [CERTIFICATE]`.

It accepts every send and echoes the track ids, and does as little as it can for that: no routing, no checks, one
decoding and one encoding in C. It listens on one port for each latency, in the clear and (with a certificate) on TLS,
and prints the ports as one line of JSON. `GET` on any port tells what it has done so far, and what CPU that took. It
ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import json
import ssl
import sys
import threading
import time
from collections.abc import Iterator

import msgspec

from tests.benchmarks.machine import pin

__all__ = ["LATENCIES", "Books", "Connection", "main"]

LATENCIES = (0, 20, 50)
"""Milliseconds between a request and its answer."""

_SOME_IDS = 16_384
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_OK = b"HTTP/1.1 200 OK\r\nServer: gateway\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class _Told(msgspec.Struct, gc=False):
    """An item of a request, and then of its answer: only the id has to be written into it."""

    receiver: str
    track_id: str
    sender: str = ""
    id: str = ""


_decode = msgspec.json.Decoder(list[_Told]).decode
_encode = msgspec.json.Encoder().encode


class Books:
    """What the gateway has done since it was last asked.

    Attributes:
        requests: Sends that came whole.
        messages: Messages in them.
        open_now: Sends that are not answered yet.
        peak: The most of those at once.
        received: Bytes that came, heads included.
        sent: Bytes that went, heads included.
    """

    def __init__(self) -> None:
        self.requests = self.messages = self.open_now = self.peak = self.received = self.sent = 0
        self.ids: Iterator[str] = itertools.cycle([f"69e5eeab4392{number:012x}" for number in range(_SOME_IDS)])

    def tell(self) -> bytes:
        """Return the figures as JSON, and begin anew."""
        figures = {
            "requests": self.requests,
            "messages": self.messages,
            "peak": self.peak,
            "received": self.received,
            "sent": self.sent,
            "cpu": time.process_time(),
        }
        self.requests = self.messages = self.peak = self.received = self.sent = 0
        return _encode(figures)


class Connection(asyncio.Protocol):
    """One connection: requests come, answers go, after the latency of its port."""

    def __init__(self, books: Books, latency: float) -> None:
        self._books = books
        self._latency = latency
        self._rest = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is there whole."""
        if self._rest:
            data = self._rest + data
        while (head := data.find(_END_OF_HEAD)) >= 0:
            begin = head + len(_END_OF_HEAD)
            end = begin + _content_length(data[:head])
            if len(data) < end:
                break
            if data.startswith(b"GET"):
                self._write(self._books.tell())
            else:
                self._books.received += end
                self._accept(data[begin:end])
            data = data[end:]
        self._rest = data

    def _accept(self, body: bytes) -> None:
        books = self._books
        items = _decode(body)
        for item, id_ in zip(items, books.ids, strict=False):
            item.id = id_
        books.requests += 1
        books.messages += len(items)
        books.open_now += 1
        books.peak = max(books.peak, books.open_now)
        body = b'{"data":' + _encode(items) + b"}"
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, self._answer, body)
        else:
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        self._books.open_now -= 1
        self._books.sent += self._write(body)

    def _write(self, body: bytes) -> int:
        answer = _OK % len(body) + body
        self._transport.write(answer)  # to a client that went away it does nothing
        return len(answer)


def _content_length(head: bytes) -> int:
    found = head.lower().partition(_LENGTH)[2]
    return int(found.partition(b"\r")[0]) if found else 0


async def _serve(certificate: str | None) -> None:
    loop = asyncio.get_running_loop()
    books = Books()
    contexts: dict[str, ssl.SSLContext | None] = {"http": None}
    if certificate is not None:
        contexts["https"] = context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    ports: dict[str, int] = {}
    for (scheme, tls), latency in itertools.product(contexts.items(), LATENCIES):
        make = functools.partial(Connection, books, latency / 1000)
        listener = await loop.create_server(make, "127.0.0.1", 0, ssl=tls, backlog=4096)
        ports[f"{scheme} {latency}"] = listener.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    over = asyncio.Event()
    threading.Thread(target=_wait_for_the_end, args=(loop, over), daemon=True).start()
    await over.wait()


def _wait_for_the_end(loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
    """Wait in a thread until nobody holds the other end of the standard input."""
    sys.stdin.read()
    with contextlib.suppress(RuntimeError):  # the loop has gone before
        loop.call_soon_threadsafe(over.set)


def main() -> None:
    """Serve until the standard input ends."""
    pin("server")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(sys.argv[1] if len(sys.argv) > 1 else None))


if __name__ == "__main__":
    main()

"""The gateway of the benchmarks: `python -m tests.benchmarks.server [CERTIFICATE]`.

It accepts every send and echoes the track ids, at minimal cost: no routing, no checks, one decoding and one encoding in
C. It listens on one port per latency, without and (given a certificate) with TLS, and prints the ports as one line of
JSON. One more port refuses 1 % of the sends with 429 and `Retry-After: 0`; and those of the
networks, with TLS, add jitter and fail 1 % of the sends with 500. `GET /` on any port returns its statistics and its CPU time, any other `GET` the balance of the account. It ends when its standard input is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import json
import random
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator

import msgspec

from tests.benchmarks.machine import pin

__all__ = ["FAILED", "JITTER", "LATENCIES", "NETWORK_LATENCIES", "TOO_MANY", "Connection", "Statistics", "main"]

LATENCIES = (0, 20, 50)
"""The latencies in milliseconds."""
NETWORK_LATENCIES = (20, 50, 200)
"""The least latencies in milliseconds of the ports with jitter."""
JITTER = 0.5
"""The greatest addition of those ports, as a share of the latency."""
_REFUSING_LATENCY = 50
"""That of the port which refuses 1 % of the sends."""
_NO_FAULTS = itertools.repeat(b"")
_SENDS_PER_FAULT = 100


_SOME_IDS = 16_384
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_BALANCE = b'{"data":{"balance":34359938,"currency":"IRR","user_id":1,"user_name":"admin"}}'
_OK = b"HTTP/1.1 200 OK\r\nServer: gateway\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
TOO_MANY = b"HTTP/1.1 429 Too Many Requests\r\nServer: gateway\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"


FAILED = b"HTTP/1.1 500 Internal Server Error\r\nServer: gateway\r\nContent-Length: 0\r\n\r\n"
"""The answer of a gateway that failed."""


class _Item(msgspec.Struct, gc=False):
    """An item of a request, which becomes an item of the response when its id is set."""

    receiver: str
    track_id: str
    sender: str = ""
    id: str = ""


_decode = msgspec.json.Decoder(list[_Item]).decode
_encode = msgspec.json.Encoder().encode
_random = random.Random(20002010).random


class Statistics:
    """The gateway's statistics since they were last taken.

    Attributes:
        requests: The number of sends received.
        messages: The number of messages in them.
        in_flight: The number of sends not answered yet.
        peak: The maximum of `in_flight`.
        received: Bytes received, including headers.
        sent: Bytes sent, including headers.
    """

    def __init__(self) -> None:
        self.requests = self.messages = self.in_flight = self.peak = self.received = self.sent = 0
        self.ids: Iterator[str] = itertools.cycle([f"69e5eeab4392{number:012x}" for number in range(_SOME_IDS)])

    def take(self) -> bytes:
        """Return the statistics as JSON, and reset them."""
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
    """One connection, which answers requests after the latency of its port.

    Args:
        statistics: The statistics of the gateway.
        latency: The latency in seconds.
        jitter: The greatest addition to the latency, as a share of it.
        faults: Gives for each send the answer of a fault, or nothing if it is accepted.
    """

    def __init__(
        self, statistics: Statistics, latency: float, jitter: float = 0.0, faults: Iterator[bytes] = _NO_FAULTS
    ) -> None:
        self._statistics = statistics
        self._latency = latency
        self._jitter = jitter
        self._faults = faults
        self._rest = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every complete request."""
        if self._rest:
            data = self._rest + data
        while (head := data.find(_END_OF_HEAD)) >= 0:
            begin = head + len(_END_OF_HEAD)
            end = begin + _content_length(data[:head])
            if len(data) < end:
                break
            if data.startswith(b"GET / "):
                self._write(self._statistics.take())
            elif data.startswith(b"GET"):
                self._after_latency(self._write, _BALANCE)
            elif fault := next(self._faults):
                self._after_latency(self._transport.write, fault)
            else:
                self._statistics.received += end
                self._accept(data[begin:end])
            data = data[end:]
        self._rest = data

    def _accept(self, body: bytes) -> None:
        statistics = self._statistics
        items = _decode(body)
        for item, id_ in zip(items, statistics.ids, strict=False):
            item.id = id_
        statistics.requests += 1
        statistics.messages += len(items)
        statistics.in_flight += 1
        statistics.peak = max(statistics.peak, statistics.in_flight)
        self._after_latency(self._answer, b'{"data":' + _encode(items) + b"}")

    def _after_latency(self, answer: Callable[[bytes], object], body: bytes) -> None:
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency * (1 + self._jitter * _random()), answer, body)
        else:
            answer(body)

    def _answer(self, body: bytes) -> None:
        self._statistics.in_flight -= 1
        self._statistics.sent += self._write(body)

    def _write(self, body: bytes) -> int:
        answer = _OK % len(body) + body
        self._transport.write(answer)  # does nothing if the client has disconnected
        return len(answer)


def _some(fault: bytes) -> Iterator[bytes]:
    """Give this fault for 1 % of the sends."""
    return itertools.cycle([b""] * (_SENDS_PER_FAULT - 1) + [fault])


def _content_length(head: bytes) -> int:
    found = head.lower().partition(_LENGTH)[2]
    return int(found.partition(b"\r")[0]) if found else 0


async def _serve(certificate: str | None) -> None:
    loop = asyncio.get_running_loop()
    statistics = Statistics()
    contexts: dict[str, ssl.SSLContext | None] = {"http": None}
    if certificate is not None:
        contexts["https"] = context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    ports: dict[str, int] = {}
    for (scheme, tls), latency in itertools.product(contexts.items(), LATENCIES):
        make = functools.partial(Connection, statistics, latency / 1000)
        listener = await loop.create_server(make, "127.0.0.1", 0, ssl=tls, backlog=4096)
        ports[f"{scheme} {latency}"] = listener.sockets[0].getsockname()[1]
    make = functools.partial(Connection, statistics, _REFUSING_LATENCY / 1000, faults=_some(TOO_MANY))
    listener = await loop.create_server(make, "127.0.0.1", 0, backlog=4096)
    ports["refusing"] = listener.sockets[0].getsockname()[1]
    for latency in NETWORK_LATENCIES:
        make = functools.partial(Connection, statistics, latency / 1000, JITTER, _some(FAILED))
        tls = contexts.get("https")
        listener = await loop.create_server(make, "127.0.0.1", 0, ssl=tls, backlog=4096)
        ports[f"network {latency}"] = listener.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    closed = asyncio.Event()
    threading.Thread(target=_wait_for_stdin, args=(loop, closed), daemon=True).start()
    await closed.wait()


def _wait_for_stdin(loop: asyncio.AbstractEventLoop, closed: asyncio.Event) -> None:
    """Wait in a thread until the standard input is closed."""
    sys.stdin.read()
    with contextlib.suppress(RuntimeError):  # the loop is closed already
        loop.call_soon_threadsafe(closed.set)


def main() -> None:
    """Serve until the standard input is closed."""
    pin("server")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(sys.argv[1] if len(sys.argv) > 1 else None))


if __name__ == "__main__":
    main()

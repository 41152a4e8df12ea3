"""The gateway of the benchmarks answers what it is sent, and keeps its books."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.benchmarks import payload
from tests.benchmarks.server import Books, Connection


class Payload(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        self.written.append(bytes(data))


def connect(books: Books, latency: float = 0.0) -> tuple[Connection, Payload]:
    """Open a connection without a socket."""
    connection, wire = Connection(books, latency), Payload()
    connection.connection_made(wire)
    return connection, wire


def request(*numbers: int) -> bytes:
    """Make a send of some messages."""
    body = json.dumps([payload.row(number) for number in numbers], ensure_ascii=False).encode()
    return b"POST /api/v1/sms/send HTTP/1.1\r\nHost: x\r\nCONTENT-LENGTH: %d\r\n\r\n" % len(body) + body


def told(answer: bytes) -> Any:
    """Read an answer, whose length has to be right."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert head.endswith(b"Content-Length: %d" % len(body))
    return json.loads(body)


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_every_message_is_answered_with_its_track_id(size: int) -> None:
    """However the requests are cut on their way, the answers come in their order, and no id comes twice."""
    connection, wire = connect(Books())
    came = request(1, 2) + request(3)
    for start in range(0, len(came), size):
        connection.data_received(came[start : start + size])
    first, second = (told(answer)["data"] for answer in wire.written)
    assert [item["track_id"] for item in [*first, *second]] == ["ORDER-1", "ORDER-2", "ORDER-3"]
    assert [item["receiver"] for item in second] == [payload.receiver(3)]
    assert len({item["id"] for item in [*first, *second]}) == 3


def test_the_books_tell_what_was_done_since_they_were_last_asked() -> None:
    """They count requests, messages and bytes, and begin anew when they are asked."""
    connection, wire = connect(Books())
    connection.data_received(request(1, 2) + request(3))
    connection.data_received(b"GET / HTTP/1.1\r\n\r\n" * 2)
    *answers, first, second = wire.written
    figures = told(first)
    assert {name: figures[name] for name in ("requests", "messages", "peak", "received", "sent")} == {
        "requests": 2,
        "messages": 3,
        "peak": 1,
        "received": len(request(1, 2) + request(3)),
        "sent": sum(map(len, answers)),
    }
    assert (told(second)["requests"], told(second)["messages"]) == (0, 0)


def test_a_latency_puts_the_answer_off() -> None:
    """Requests of several connections are in flight at once, and the books know the most of them."""
    books = Books()

    async def main() -> tuple[int, list[Payload]]:
        wires = []
        for number in range(3):
            connection, wire = connect(books, 0.001)
            connection.data_received(request(number))
            wires.append(wire)
        early = sum(len(wire.written) for wire in wires)
        await asyncio.sleep(0.02)
        return early, wires

    early, wires = asyncio.run(main())
    assert (early, [len(wire.written) for wire in wires]) == (0, [1, 1, 1])
    assert json.loads(books.tell())["peak"] == 3

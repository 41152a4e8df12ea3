"""The gateway of the benchmarks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.benchmarks import payload
from tests.benchmarks.server import FAILED, TOO_MANY, Connection, Statistics


class FakeTransport(asyncio.Transport):
    """A transport that keeps the written data."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep the data."""
        self.written.append(bytes(data))


def connect(statistics: Statistics, latency: float = 0.0) -> tuple[Connection, FakeTransport]:
    """Open a connection without a socket."""
    connection, wire = Connection(statistics, latency), FakeTransport()
    connection.connection_made(wire)
    return connection, wire


def request(*numbers: int) -> bytes:
    """Return a send request with these messages."""
    body = json.dumps([payload.row(number) for number in numbers], ensure_ascii=False).encode()
    return b"POST /api/v1/sms/send HTTP/1.1\r\nHost: x\r\nCONTENT-LENGTH: %d\r\n\r\n" % len(body) + body


def json_of(answer: bytes) -> Any:
    """Return the body of a response, whose length must be correct."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert head.endswith(b"Content-Length: %d" % len(body))
    return json.loads(body)


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_every_message_is_answered_with_its_track_id(size: int) -> None:
    """Requests split at any size are answered in order, with unique ids."""
    connection, wire = connect(Statistics())
    data = request(1, 2) + request(3)
    for start in range(0, len(data), size):
        connection.data_received(data[start : start + size])
    first, second = (json_of(answer)["data"] for answer in wire.written)
    assert [item["track_id"] for item in [*first, *second]] == ["ORDER-1", "ORDER-2", "ORDER-3"]
    assert [item["receiver"] for item in second] == [payload.receiver(3)]
    assert len({item["id"] for item in [*first, *second]}) == 3


def test_statistics_are_reset_when_taken() -> None:
    """They count requests, messages and bytes since the last GET."""
    connection, wire = connect(Statistics())
    connection.data_received(request(1, 2) + request(3))
    connection.data_received(b"GET / HTTP/1.1\r\n\r\n" * 2)
    *answers, first, second = wire.written
    figures = json_of(first)
    assert {name: figures[name] for name in ("requests", "messages", "peak", "received", "sent")} == {
        "requests": 2,
        "messages": 3,
        "peak": 1,
        "received": len(request(1, 2) + request(3)),
        "sent": sum(map(len, answers)),
    }
    assert (json_of(second)["requests"], json_of(second)["messages"]) == (0, 0)


def test_some_sends_are_refused() -> None:
    """A refused send gets 429 with `Retry-After: 0`, and is in no figure."""
    statistics, wire = Statistics(), FakeTransport()
    connection = Connection(statistics, 0.0, faults=iter([b"", TOO_MANY, b""]))
    connection.connection_made(wire)
    connection.data_received(request(1) + request(2) + request(2))
    first, refused, repeated = wire.written
    assert refused.startswith(b"HTTP/1.1 429 ")
    assert b"\r\nRetry-After: 0\r\n" in refused
    assert [json_of(answer)["data"][0]["track_id"] for answer in (first, repeated)] == ["ORDER-1", "ORDER-2"]
    assert (statistics.requests, statistics.messages) == (2, 2)


def test_a_gateway_that_fails_says_so() -> None:
    """A failed send gets 500, and the next one on the connection is accepted."""
    wire = FakeTransport()
    connection = Connection(Statistics(), 0.0, faults=iter([FAILED, b""]))
    connection.connection_made(wire)
    connection.data_received(request(1) + request(2))
    failed, accepted = wire.written
    assert failed == FAILED
    assert json_of(accepted)["data"][0]["track_id"] == "ORDER-2"


def test_jitter_adds_to_the_latency(monkeypatch: pytest.MonkeyPatch) -> None:
    """The addition is at most the share of the latency that the port has."""
    delays: list[float] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "call_later", lambda delay, *_: delays.append(delay))
        connection = Connection(Statistics(), 0.2, jitter=0.5)
        connection.connection_made(FakeTransport())
        connection.data_received(b"".join(request(number) for number in range(50)))

    asyncio.run(main())
    assert len(set(delays)) == len(delays) == 50
    assert [delay for delay in delays if not 0.2 <= delay <= 0.3] == []


def test_a_latency_delays_the_response() -> None:
    """Requests of several connections are in flight at once, and the statistics hold their peak."""
    statistics = Statistics()

    async def main() -> tuple[int, list[FakeTransport]]:
        wires = []
        for number in range(3):
            connection, wire = connect(statistics, 0.001)
            connection.data_received(request(number))
            wires.append(wire)
        early = sum(len(wire.written) for wire in wires)
        await asyncio.sleep(0.02)
        return early, wires

    early, wires = asyncio.run(main())
    assert (early, [len(wire.written) for wire in wires]) == (0, [1, 1, 1])
    assert json.loads(statistics.take())["peak"] == 3


def test_the_balance_is_not_counted() -> None:
    """A campaign asks for the balance before it sends; that neither resets the statistics nor counts."""
    connection, wire = connect(Statistics())
    connection.data_received(request(1))
    connection.data_received(b"GET /api/v1/user/balance HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    _, balance, figures = wire.written
    assert json_of(balance)["data"]["user_id"] == 1
    assert json_of(figures)["requests"] == 1


def test_the_balance_is_answered_after_the_latency() -> None:
    """It costs a campaign a round trip, as it does with a real gateway."""

    async def main() -> tuple[int, int]:
        connection, wire = connect(Statistics(), 0.001)
        connection.data_received(b"GET /api/v1/user/balance HTTP/1.1\r\n\r\n")
        early = len(wire.written)
        await asyncio.sleep(0.02)
        return early, len(wire.written)

    assert asyncio.run(main()) == (0, 1)

"""Close to the limit of Python: an asyncio protocol for each connection, msgspec Structs, and nothing else.

It has no checks, no matching, no retries and no time-outs. Not fit for sending SMS.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import msgspec

from tests.benchmarks import payload
from tests.benchmarks.implementations.interface import (
    LANES,
    Bulk,
    Implementation,
    Single,
    chunks,
    share_out,
    supply,
    tls_context,
)
from tests.benchmarks.job import Job

__all__ = ["IMPLEMENTATION", "Message", "open_lanes"]

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"Content-Length: "
_OK = b"HTTP/1.1 200 "


class Message(msgspec.Struct, gc=False):
    """An outgoing message."""

    sender: str
    receiver: str
    message: str
    track_id: str


class _Sent(msgspec.Struct, gc=False):
    id: str
    sender: str
    receiver: str
    track_id: str


class _Envelope(msgspec.Struct):
    data: list[_Sent]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Envelope).decode


def _build(values: Sequence[payload.Values]) -> list[Message]:
    return [Message(payload.SENDER, receiver, text, track_id) for receiver, text, track_id in values]


class _Lane(asyncio.Protocol):
    """One connection, with one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._answer: asyncio.Future[bytes]
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if hasattr(self, "_answer") and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError())

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        head = received.find(_END_OF_HEAD)
        if head >= 0:
            length = received.index(_LENGTH) + len(_LENGTH)
            begin = head + len(_END_OF_HEAD)
            if len(received) >= begin + int(received[length : received.index(b"\r", length)]):
                self._received = b""
                if received.startswith(_OK):
                    self._answer.set_result(received[begin:])
                else:
                    self._answer.set_exception(ValueError(received[:head]))
                return
        self._received = received

    async def exchange(self, request: bytes) -> bytes:
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        self._transport.close()


class _Lanes:
    """A pool of lanes, with a queue of waiters."""

    def __init__(self, lanes: list[_Lane], head: bytes) -> None:
        self.all = lanes
        self._free = list(lanes)
        self._waiters: deque[asyncio.Future[_Lane]] = deque()
        self._head = head

    async def send(self, messages: Sequence[Message]) -> list[_Sent]:
        body = _encode(messages)
        lane = self._free.pop() if self._free else await self._wait()
        try:
            answer = await lane.exchange(self._head % len(body) + body)
        finally:
            self._release(lane)
        return _decode(answer).data

    async def _wait(self) -> _Lane:
        waiter: asyncio.Future[_Lane] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        return await waiter

    def _release(self, lane: _Lane) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(lane)
                return
        self._free.append(lane)


@asynccontextmanager
async def open_lanes(job: Job, lanes: int) -> AsyncGenerator[_Lanes]:
    """Open connections."""
    url = urlsplit(job.url)
    tls = tls_context(job) if url.scheme == "https" else None
    loop = asyncio.get_running_loop()
    created = [await loop.create_connection(_Lane, url.hostname or "", url.port or 0, ssl=tls) for _ in range(lanes)]
    head = (
        f"POST {payload.API_PATH} HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: Bearer {payload.TOKEN}\r\n"
        "Accept: application/json\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )
    opened = _Lanes([lane for _, lane in created], head.encode())
    try:
        yield opened
    finally:
        for lane in opened.all:
            lane.close()


@asynccontextmanager
async def _single(job: Job) -> AsyncGenerator[Single]:
    messages = _build(payload.values(job.messages))
    async with open_lanes(job, job.connections) as lanes:

        async def send(number: int) -> object:
            return (await lanes.send([messages[number]]))[0]

        yield send


@asynccontextmanager
async def _bulk(job: Job) -> AsyncGenerator[Bulk]:
    messages = supply(job, _build)
    async with open_lanes(job, LANES) as lanes:

        async def send(count: int) -> int:
            return await share_out(job, chunks(messages(count), job.batch), lanes.send)

        yield send


IMPLEMENTATION = Implementation("near-limit", "asyncio", single=_single, bulk=_bulk)

"""A gateway on a bare socket: it reads whole requests and leaves the connection to a test's handler."""

from __future__ import annotations

import json
import socket
import ssl
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.tls import TLSListener
from attrs import define, field, frozen


class RawHeaders(Mapping[str, str]):
    """The headers of a request, with their names in lower case.

    A header that was sent twice has no value: asking for it fails the test.

    Attributes:
        fields: The names and values, in the order in which they were sent.
    """

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        self.fields = list(fields)

    def __getitem__(self, name: str) -> str:
        values = [value for key, value in self.fields if key == name]
        if not values:
            raise KeyError(name)
        assert len(values) == 1, f"{name} was sent {len(values)} times"
        return values[0]

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self.fields))

    def __len__(self) -> int:
        return len(dict(self.fields))

    def __repr__(self) -> str:
        return repr(self.fields)

    @property
    def doubled(self) -> list[str]:
        """The names that were sent more than once."""
        return [name for name, times in Counter(name for name, _ in self.fields).items() if times > 1]


def _headers(headers: Mapping[str, str]) -> RawHeaders:
    return headers if isinstance(headers, RawHeaders) else RawHeaders(list(headers.items()))


@frozen
class RawRequest:
    """A request, read to its end."""

    method: str
    target: str
    headers: RawHeaders = field(converter=_headers)
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@define
class RawGateway:
    """What the gateway has seen.

    Attributes:
        url: The URL it listens on.
        port: The port it listens on.
        requests: Every complete request, in order.
        opened: How many connections were opened.
        open_now: How many are open now.
        peak: How many were open at once, at most.
    """

    url: str = ""
    port: int = 0
    requests: list[RawRequest] = field(factory=list)
    opened: int = 0
    open_now: int = 0
    peak: int = 0


Handler: TypeAlias = Callable[[RawRequest, ByteStream], Awaitable[object]]
"""Handles a request. Returned bytes are sent; False closes the connection, anything else keeps it alive."""


async def read_request(reader: BufferedByteReceiveStream) -> RawRequest:
    """Read one complete request."""
    head = (await reader.receive_until(b"\r\n\r\n", 1_000_000)).decode("latin-1")
    first, *lines = head.split("\r\n")
    fields = [
        (name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines if line)
    ]
    size = int(dict(fields).get("content-length", "0"))
    body = await reader.receive_exactly(size) if size else b""
    method, target, _ = first.split(" ")
    return RawRequest(method, target, RawHeaders(fields), body)


def answer(body: object, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """Return a complete HTTP answer; bytes and strings are sent as they are, anything else as JSON."""
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    fields = {"Content-Type": "application/json", "Content-Length": str(len(raw))} | (headers or {})
    head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return head.encode("latin-1") + b"\r\n" + raw


def sent_items(request: RawRequest) -> list[dict[str, object]]:
    """Return the items that answer `POST /sms/send` or `POST /otp/sms/send` when every message is accepted."""
    return [
        {
            "id": f"{index:024x}",
            "sender": one.get("sender", "10002000"),
            "receiver": one["receiver"],
            "track_id": one.get("track_id"),
        }
        for index, one in enumerate(request.json)
    ]


def accept_all(request: RawRequest) -> bytes:
    """Return the documented answer to a send whose messages are all accepted."""
    return answer({"data": sent_items(request)})


async def reset(stream: ByteStream) -> None:
    """Reset the connection (RST) instead of closing it."""
    sock: socket.socket = stream.extra(SocketAttribute.raw_socket)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await anyio.aclose_forcefully(stream)


async def close_after_request(_request: RawRequest, _stream: ByteStream) -> object:
    """Close the connection without an answer."""
    return False


async def reset_after_request(_request: RawRequest, stream: ByteStream) -> object:
    """Reset the connection without an answer."""
    await reset(stream)
    return False


async def never_answer(_request: RawRequest, _stream: ByteStream) -> object:
    """Keep the connection open and never answer."""
    await anyio.sleep_forever()
    return False


def closed_port() -> int:
    """Return a loopback port that nothing listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def shrink_receive_buffer(stream: ByteStream) -> None:
    """Let the operating system buffer little of what is not read."""
    sock: socket.socket = stream.extra(SocketAttribute.raw_socket)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)


@asynccontextmanager
async def raw_server(
    serve: Callable[[ByteStream], Awaitable[None]], *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """Serve bare connections on a loopback port, and yield its URL."""
    listener: Any = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)
    if tls is not None:
        listener = TLSListener(listener, tls, standard_compatible=False)

    async def serve_one(stream: ByteStream) -> None:
        try:
            await serve(stream)
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.IncompleteRead, OSError):
            pass
        finally:
            await anyio.aclose_forcefully(stream)

    async def listen() -> None:
        async with listener:
            await listener.serve(serve_one)

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        try:
            yield f"{'https' if tls else 'http'}://{'localhost' if tls else '127.0.0.1'}:{port}"
        finally:
            group.cancel_scope.cancel()


@asynccontextmanager
async def raw_gateway(handler: Handler, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawGateway]:
    """Serve a handler on a loopback port; a request that has a header twice gets a 400, as from a real server."""
    gateway = RawGateway()

    async def serve(stream: ByteStream) -> None:
        gateway.opened += 1
        gateway.open_now += 1
        gateway.peak = max(gateway.peak, gateway.open_now)
        reader = BufferedByteReceiveStream(stream)
        try:
            while True:
                request = await read_request(reader)
                gateway.requests.append(request)
                if request.headers.doubled:
                    await stream.send(answer({"message": f"sent twice: {request.headers.doubled}"}, 400))
                    continue
                result = await handler(request, stream)
                if isinstance(result, bytes):
                    await stream.send(result)
                elif result is False:
                    break
        finally:
            gateway.open_now -= 1

    async with raw_server(serve, tls=tls) as url:
        gateway.url, gateway.port = url, int(url.rpartition(":")[2])
        yield gateway

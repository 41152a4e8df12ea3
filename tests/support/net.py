"""Helpers for tests over the network: a client on virtual time, a recorder of its events, certificates, a tunnel."""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

import anyio
import httpx
import trustme
from anyio.abc import ByteStream

from tests.support.clock import VirtualClock
from tests.support.raw import RawRequest, answer
from wikipayam_async import AsyncWikipayam, CallFinished, Event, MessageOutcome
from wikipayam_async.core.httpx_transport import LaneTransport

T = TypeVar("T")

TOKEN = "token-5f3a9c"
RECEIVER = "09123456789"
BALANCE = answer({"data": {"balance": 7}})

UVLOOP = ("asyncio", {"use_uvloop": True})
"""An `anyio_backend`: asyncio on uvloop's event loop."""
SELECTORS = ("asyncio", {"loop_factory": asyncio.SelectorEventLoop})
"""The event loop that uses the methods of Python's sockets, which a test may replace."""

TRANSPORT_KINDS = ("lanes", "lane_transport", "pool", "transport")
"""The client's own lanes, a `LaneTransport`, an `httpx.AsyncClient`, an `httpx.AsyncHTTPTransport`."""


class EventRecorder:
    """An `on_event` hook that keeps every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        """Keep an event."""
        self.events.append(event)

    def of(self, kind: type[T]) -> list[T]:
        """Return the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def finished(self) -> list[CallFinished]:
        """The `CallFinished` events."""
        return self.of(CallFinished)

    @property
    def outcomes(self) -> list[MessageOutcome]:
        """The outcomes of the messages of all calls."""
        return [outcome for end in self.finished for outcome in end.messages]


def longest_delay(_: float, upper: float) -> float:
    """Stand in for `random.uniform`: return the upper bound."""
    return upper


def on_virtual_time(
    client: AsyncWikipayam, *, uniform: Callable[[float, float], float] = longest_delay
) -> VirtualClock:
    """Put a client's delays on virtual time, and return the clock."""
    clock = VirtualClock()
    client._shared.clock, client._shared.sleep, client._shared.uniform = clock.now, clock.sleep, uniform
    return clock


@functools.cache
def authority() -> trustme.CA:
    """Return the certificate authority of the tests."""
    return trustme.CA()


@functools.cache
def server_tls(name: str = "localhost") -> ssl.SSLContext:
    """Return the TLS context of a server with a certificate for a name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(name).configure_cert(context)
    return context


@functools.cache
def client_tls() -> ssl.SSLContext:
    """Return a TLS context that trusts the certificate authority of the tests."""
    context = ssl.create_default_context()
    authority().configure_trust(context)
    return context


@asynccontextmanager
async def connected(
    url: str, via: str = "lanes", **options: Any
) -> AsyncIterator[tuple[AsyncWikipayam, VirtualClock, EventRecorder]]:
    """Yield a client on virtual time, its clock and the recorder of its events.

    Args:
        url: The gateway.
        via: One of the `TRANSPORT_KINDS`; with anything else the options decide.
        options: Settings of the client.
    """
    recorder = EventRecorder()
    async with AsyncExitStack() as stack:
        tls = client_tls() if url.startswith("https") else None
        if via == "lanes":
            options.setdefault("ssl_context", tls)
        elif via == "lane_transport":
            options["transport"] = LaneTransport(ssl_context=tls)
        elif via == "pool":
            http = httpx.AsyncClient(verify=client_tls(), trust_env=False)
            options["http_client"] = await stack.enter_async_context(http)
        elif via == "transport":
            options["transport"] = httpx.AsyncHTTPTransport(verify=client_tls())
        settings = {"sender": "10002000", "username": "shop", "otp_pattern_id": 13, "on_event": recorder, **options}
        client = await stack.enter_async_context(AsyncWikipayam(TOKEN, base_url=url, **settings))
        yield client, on_virtual_time(client), recorder


SENDS: dict[str, Callable[[AsyncWikipayam], Awaitable[object]]] = {
    "sms.send": lambda client: client.sms.send(RECEIVER, "text", track_id="t-1"),
    "otp.send": lambda client: client.otp.send(RECEIVER, "1234", track_id="t-1"),
    "voice.send": lambda client: client.voice.send(RECEIVER, "1234", track_id="t-1"),
    "holoo.send": lambda client: client.holoo.send(RECEIVER, "text"),
    "holoo.send_via_url": lambda client: client.holoo.send_via_url(RECEIVER, "text", allow_url_in_logs=True),
    "request": lambda client: client.request("POST", "new/endpoint", json={"a": 1}),
}
"""One call of every endpoint that sends."""

READS: dict[str, Callable[[AsyncWikipayam], Awaitable[object]]] = {
    "balance": lambda client: client.balance(),
    "sms.delivery_status": lambda client: client.sms.delivery_status("a" * 24),
    "sms.receive": lambda client: client.sms.receive("2024-01-01"),
    "receives.list": lambda client: client.receives.list(),
    "receives.mark_read": lambda client: client.receives.mark_read("a" * 24),
    "receives.delete": lambda client: client.receives.delete("a" * 24),
    "request": lambda client: client.request("GET", "new/endpoint"),
    "request idempotent": lambda client: client.request("PUT", "new/endpoint", json={}, replay="idempotent"),
}
"""Calls that read, mark and delete."""


def tunnel(port: int) -> Callable[[RawRequest, ByteStream], Awaitable[object]]:
    """Return the handler of a proxy that tunnels every CONNECT to a loopback port."""

    async def handle(request: RawRequest, stream: ByteStream) -> object:
        assert request.method == "CONNECT"
        async with await anyio.connect_tcp("127.0.0.1", port) as upstream, anyio.create_task_group() as group:
            await stream.send(b"HTTP/1.1 200 OK\r\n\r\n")

            async def pass_on(source: ByteStream, target: ByteStream) -> None:
                try:
                    async for data in source:
                        await target.send(data)
                except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                    pass
                group.cancel_scope.cancel()

            group.start_soon(pass_on, stream, upstream)
            group.start_soon(pass_on, upstream, stream)
        return False

    return handle

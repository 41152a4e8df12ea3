"""Faults that need more than a gateway that reads a request: no connection, TLS, large bodies, proxies, environments."""

from __future__ import annotations

import os
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import anyio
import trustme
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.faults.matrix.answers import healthy
from tests.faults.matrix.setup import Fault, Handler, Ledger, Stage, gateway
from tests.support.net import authority, server_tls
from tests.support.raw import RawGateway, RawRequest, answer, raw_gateway, raw_server, read_request, reset
from wikipayam_async.core import transport

__all__ = [
    "bare",
    "closed_while_idle",
    "environment",
    "forwarding",
    "half_way",
    "name_not_found",
    "narrow",
    "netrc",
    "proxy_refuses",
    "redirecting",
    "refused",
    "ssl_cert_file",
    "tls",
]


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def narrow(stream: ByteStream) -> None:
    """Let the platform take little that nobody reads."""
    sock: socket.socket = stream.extra(SocketAttribute.raw_socket)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)


@asynccontextmanager
async def refused() -> AsyncIterator[Stage]:
    """Nobody listens."""
    yield Stage(f"http://127.0.0.1:{closed_port()}")


@asynccontextmanager
async def name_not_found() -> AsyncIterator[Stage]:
    """No such host; the top-level domain is reserved for this (RFC 6761)."""
    yield Stage("https://nonexistent.invalid", options={"timeout": 30})


def bare(
    serve: Callable[[ByteStream], Awaitable[None]], *, scheme: str = "http", text: str = "text", **options: Any
) -> Fault:
    """Return the fault of a server that does something about a connection, and never reads a request."""

    @asynccontextmanager
    async def play() -> AsyncIterator[Stage]:
        async with raw_server(serve) as url:
            yield Stage(url.replace("http", scheme, 1), options=options, text=text)

    return play


def half_way(*, then: Handler | None = None) -> Fault:
    """Return the fault of a gateway that resets the connection in the middle of a body of 5 MB, once or always."""

    @asynccontextmanager
    async def play() -> AsyncIterator[Stage]:
        ledger = Ledger()
        connections = 0

        async def serve(stream: ByteStream) -> None:
            nonlocal connections
            connections += 1
            narrow(stream)
            if then is not None and connections > 1:
                reader = BufferedByteReceiveStream(stream)
                request = await read_request(reader)
                ledger.seen += 1
                reply = await then(request, stream, ledger)
                assert isinstance(reply, bytes)
                await stream.send(reply)
                return
            await stream.receive(1000)
            await anyio.sleep(0.01)
            await reset(stream)

        async with raw_server(serve) as url:
            yield Stage(url, ledger, text="x" * 5_000_000)

    return play


def tls(
    handler: Handler, *, name: str = "localhost", issuer: Callable[[], trustme.CA] = authority, **options: Any
) -> Fault:
    """Return the fault of a gateway with a certificate for a name, by an issuer whom the client may not know."""

    @asynccontextmanager
    async def play() -> AsyncIterator[Stage]:
        ledger = Ledger()

        async def handle(request: RawRequest, stream: ByteStream) -> object:
            ledger.seen += 1
            return await handler(request, stream, ledger)

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issuer().issue_cert(name).configure_cert(context)
        async with raw_gateway(handle, tls=context) as raw:
            yield Stage(raw.url, ledger, options)

    return play


@asynccontextmanager
async def _trap(*, with_tls: bool = False) -> AsyncIterator[RawGateway]:
    """Serve what nothing may touch."""

    async def handle(_request: RawRequest, _stream: ByteStream) -> object:
        return answer({"data": []})

    async with raw_gateway(handle, tls=server_tls() if with_tls else None) as raw:
        yield raw


def redirecting(status: int) -> Fault:
    """Return the fault of a gateway that accepts, and sends the client on to another host."""

    @asynccontextmanager
    async def play() -> AsyncIterator[Stage]:
        ledger = Ledger()
        async with _trap() as other:

            async def handle(request: RawRequest, _: ByteStream) -> object:
                ledger.seen += 1
                ledger.carry_out(request)
                return answer({}, status, {"Location": f"http://localhost:{other.port}{request.target}"})

            async with raw_gateway(handle) as raw:
                yield Stage(raw.url, ledger, touched=lambda: other.opened)

    return play


def closed_while_idle(*, half: bool = False, by_reset: bool = False) -> Fault:
    """Return the fault of a gateway that ends an idle connection between two calls."""

    @asynccontextmanager
    async def play() -> AsyncIterator[Stage]:
        ledger = Ledger()
        idle: list[ByteStream] = []

        async def handle(request: RawRequest, stream: ByteStream) -> object:
            ledger.seen += 1
            idle.append(stream)
            return answer(ledger.documented(request))

        async def interlude() -> None:
            if half:
                await idle[0].send_eof()
            elif by_reset:
                await reset(idle[0])
            else:
                await anyio.aclose_forcefully(idle[0])
            await anyio.sleep(0.05)

        async with raw_gateway(handle) as raw:
            yield Stage(raw.url, ledger, interlude=interlude)

    return play


def proxy_refuses(reply: bytes) -> Fault:
    """Return the fault of a proxy that does not open a tunnel to the gateway."""

    @asynccontextmanager
    async def play() -> AsyncIterator[Stage]:
        methods: set[str] = set()

        async def handle(request: RawRequest, _: ByteStream) -> object:
            methods.add(request.method)
            return reply or False

        async with _trap(with_tls=True) as hidden, raw_gateway(handle) as proxy:
            yield Stage(
                hidden.url, options={"proxy": proxy.url}, touched=lambda: hidden.opened + len(methods - {"CONNECT"})
            )

    return play


def forwarding(handler: Handler, **options: Any) -> Fault:
    """Return the fault of a proxy that answers a plain request in the gateway's stead."""

    @asynccontextmanager
    async def play() -> AsyncIterator[Stage]:
        ledger = Ledger()

        async def handle(request: RawRequest, stream: ByteStream) -> object:
            ledger.seen += 1
            return await handler(request, stream, ledger)

        async with raw_gateway(handle) as proxy:
            yield Stage(f"http://127.0.0.1:{closed_port()}", ledger, {"proxy": proxy.url, **options})

    return play


def environment(*names: str, with_tls: bool = False) -> Fault:
    """Return a healthy gateway, and variables that name a proxy which nothing may touch."""

    @asynccontextmanager
    async def play() -> AsyncIterator[Stage]:
        healthily = tls(healthy) if with_tls else gateway(healthy)
        async with _trap() as trap, healthily() as stage:
            with mock.patch.dict(os.environ, dict.fromkeys(names, trap.url)):
                stage.touched = lambda: trap.opened
                yield stage

    return play


def _write_netrc(folder: str) -> Path:
    file = Path(folder, "netrc")
    file.write_text("machine 127.0.0.1 login someone password secret\ndefault login someone password secret\n")
    return file


@asynccontextmanager
async def netrc() -> AsyncIterator[Stage]:
    """Serve healthily, with a netrc file that has a password for every host."""
    strangers: list[str] = []

    async def handle(request: RawRequest, stream: ByteStream, ledger: Ledger) -> object:
        if not request.headers["authorization"].startswith("Bearer "):
            strangers.append(request.headers["authorization"])
        return await healthy(request, stream, ledger)

    with tempfile.TemporaryDirectory() as folder:
        file = _write_netrc(folder)
        async with gateway(handle)() as stage:
            with mock.patch.dict(os.environ, {"NETRC": str(file)}):
                stage.touched = lambda: len(strangers)
                yield stage


@asynccontextmanager
async def ssl_cert_file() -> AsyncIterator[Stage]:
    """Serve with a certificate whose issuer only `SSL_CERT_FILE` and `SSL_CERT_DIR` name."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "authority.pem")
        authority().cert_pem.write_to_path(str(file))
        async with tls(healthy, ssl_context=None)() as stage:
            with mock.patch.dict(os.environ, {"SSL_CERT_FILE": str(file), "SSL_CERT_DIR": folder}):
                transport.default_ssl_context.cache_clear()
                yield stage
        transport.default_ssl_context.cache_clear()

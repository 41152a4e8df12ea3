"""Faults that need more than a request handler: no connection, TLS, large bodies, proxies, environments."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import anyio
import trustme
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.faults.matrix.answers import healthy
from tests.faults.matrix.setup import Fault, Handler, Ledger, Setup, gateway
from tests.support.net import authority, server_tls
from tests.support.raw import (
    RawGateway,
    RawRequest,
    answer,
    closed_port,
    raw_gateway,
    raw_server,
    read_request,
    reset,
    shrink_receive_buffer,
)
from wikipayam_async.core import transport

__all__ = [
    "closed_while_idle",
    "environment",
    "forwarding",
    "name_not_found",
    "netrc",
    "on_connection",
    "proxy_refuses",
    "redirecting",
    "refused",
    "reset_mid_body",
    "ssl_cert_file",
    "tls",
]


@asynccontextmanager
async def refused() -> AsyncIterator[Setup]:
    """Set up a port that nothing listens on."""
    yield Setup(f"http://127.0.0.1:{closed_port()}")


@asynccontextmanager
async def name_not_found() -> AsyncIterator[Setup]:
    """Set up a host name that does not exist; its top-level domain is reserved for that (RFC 6761)."""
    yield Setup("https://nonexistent.invalid", options={"timeout": 30})


def on_connection(
    serve: Callable[[ByteStream], Awaitable[None]], *, scheme: str = "http", text: str = "text", **options: Any
) -> Fault:
    """Return the fault of a server that handles connections and reads no request."""

    @asynccontextmanager
    async def set_up() -> AsyncIterator[Setup]:
        async with raw_server(serve) as url:
            yield Setup(url.replace("http", scheme, 1), options=options, text=text)

    return set_up


def reset_mid_body(*, then: Handler | None = None) -> Fault:
    """Return the fault of a gateway that resets the connection in the middle of a 5 MB body; with `then`, only once."""

    @asynccontextmanager
    async def set_up() -> AsyncIterator[Setup]:
        ledger = Ledger()
        connections = 0

        async def serve(stream: ByteStream) -> None:
            nonlocal connections
            connections += 1
            shrink_receive_buffer(stream)
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
            yield Setup(url, ledger, text="x" * 5_000_000)

    return set_up


def tls(
    handler: Handler, *, name: str = "localhost", issuer: Callable[[], trustme.CA] = authority, **options: Any
) -> Fault:
    """Return the fault of a gateway with a certificate for a name by an issuer."""

    @asynccontextmanager
    async def set_up() -> AsyncIterator[Setup]:
        ledger = Ledger()

        async def handle(request: RawRequest, stream: ByteStream) -> object:
            ledger.seen += 1
            return await handler(request, stream, ledger)

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issuer().issue_cert(name).configure_cert(context)
        async with raw_gateway(handle, tls=context) as raw:
            yield Setup(raw.url, ledger, options)

    return set_up


@asynccontextmanager
async def _forbidden(*, with_tls: bool = False) -> AsyncIterator[RawGateway]:
    """Serve a gateway that the client must not connect to."""

    async def handle(_request: RawRequest, _stream: ByteStream) -> object:
        return answer({"data": []})

    async with raw_gateway(handle, tls=server_tls() if with_tls else None) as raw:
        yield raw


def redirecting(status: int) -> Fault:
    """Return the fault of a gateway that accepts and redirects to another host."""

    @asynccontextmanager
    async def set_up() -> AsyncIterator[Setup]:
        ledger = Ledger()
        async with _forbidden() as other:

            async def handle(request: RawRequest, _: ByteStream) -> object:
                ledger.seen += 1
                ledger.process(request)
                return answer({}, status, {"Location": f"http://localhost:{other.port}{request.target}"})

            async with raw_gateway(handle) as raw:
                yield Setup(raw.url, ledger, violations=lambda: other.opened)

    return set_up


def closed_while_idle(*, half: bool = False, by_reset: bool = False) -> Fault:
    """Return the fault of a gateway that closes an idle connection between two calls."""

    @asynccontextmanager
    async def set_up() -> AsyncIterator[Setup]:
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
            yield Setup(raw.url, ledger, interlude=interlude)

    return set_up


def proxy_refuses(reply: bytes) -> Fault:
    """Return the fault of a proxy that does not open the tunnel."""

    @asynccontextmanager
    async def set_up() -> AsyncIterator[Setup]:
        methods: set[str] = set()

        async def handle(request: RawRequest, _: ByteStream) -> object:
            methods.add(request.method)
            return reply or False

        async with _forbidden(with_tls=True) as hidden, raw_gateway(handle) as proxy:
            yield Setup(
                hidden.url, options={"proxy": proxy.url}, violations=lambda: hidden.opened + len(methods - {"CONNECT"})
            )

    return set_up


def forwarding(handler: Handler, **options: Any) -> Fault:
    """Return the fault of a proxy that answers a plain HTTP request itself."""

    @asynccontextmanager
    async def set_up() -> AsyncIterator[Setup]:
        ledger = Ledger()

        async def handle(request: RawRequest, stream: ByteStream) -> object:
            ledger.seen += 1
            return await handler(request, stream, ledger)

        async with raw_gateway(handle) as proxy:
            yield Setup(f"http://127.0.0.1:{closed_port()}", ledger, {"proxy": proxy.url, **options})

    return set_up


def environment(*names: str, with_tls: bool = False) -> Fault:
    """Return a healthy gateway with environment variables that name a proxy, which must not be used."""

    @asynccontextmanager
    async def set_up() -> AsyncIterator[Setup]:
        fault = tls(healthy) if with_tls else gateway(healthy)
        async with _forbidden() as proxy, fault() as setup:
            with mock.patch.dict(os.environ, dict.fromkeys(names, proxy.url)):
                setup.violations = lambda: proxy.opened
                yield setup

    return set_up


def _write_netrc(folder: str) -> Path:
    file = Path(folder, "netrc")
    file.write_text("machine 127.0.0.1 login someone password secret\ndefault login someone password secret\n")
    return file


@asynccontextmanager
async def netrc() -> AsyncIterator[Setup]:
    """Set up a healthy gateway and a netrc file with a password for every host."""
    foreign_credentials: list[str] = []

    async def handle(request: RawRequest, stream: ByteStream, ledger: Ledger) -> object:
        if not request.headers["authorization"].startswith("Bearer "):
            foreign_credentials.append(request.headers["authorization"])
        return await healthy(request, stream, ledger)

    with tempfile.TemporaryDirectory() as folder:
        file = _write_netrc(folder)
        async with gateway(handle)() as setup:
            with mock.patch.dict(os.environ, {"NETRC": str(file)}):
                setup.violations = lambda: len(foreign_credentials)
                yield setup


@asynccontextmanager
async def ssl_cert_file() -> AsyncIterator[Setup]:
    """Set up a gateway whose certificate only `SSL_CERT_FILE` and `SSL_CERT_DIR` would trust."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "authority.pem")
        authority().cert_pem.write_to_path(str(file))
        async with tls(healthy, ssl_context=None)() as setup:
            with mock.patch.dict(os.environ, {"SSL_CERT_FILE": str(file), "SSL_CERT_DIR": folder}):
                transport.default_ssl_context.cache_clear()
                yield setup
        transport.default_ssl_context.cache_clear()

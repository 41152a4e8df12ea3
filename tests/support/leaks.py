"""For tests that look for leaked secrets: failing gateways, clients with every transport, and loggers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
from anyio.abc import ByteStream

from tests.support.net import client_tls, tunnel
from tests.support.raw import (
    Handler,
    RawGateway,
    RawRequest,
    answer,
    close_after_request,
    never_answer,
    raw_gateway,
    reset_after_request,
)
from tests.support.secrets import TOKEN, accept, client_for
from wikipayam_async import AsyncWikipayam
from wikipayam_async.core.httpx_transport import LaneTransport

__all__ = ["FAILURES", "LOGGERS", "client_on", "echoing", "ignore_request"]

LOGGERS = ("", "httpx", "httpcore", "anyio", "trio", "asyncio", "wikipayam_async", "hpack")


def echoing(status: int, **headers: str) -> Handler:
    """Return a handler that answers with a status and repeats the whole request."""

    async def handle(request: RawRequest, _: ByteStream) -> object:
        echoed = f"{request.target} {request.headers} {request.body.decode()}"
        return answer({"message": echoed, "errors": {"0.message": [echoed]}}, status, {"X-Echo": TOKEN, **headers})

    return handle


def answering(raw: bytes) -> Handler:
    """Return a handler that always sends the same bytes."""

    async def handle(_request: RawRequest, _stream: ByteStream) -> object:
        return raw

    return handle


FAILURES: dict[str, Handler] = {
    **{str(status): echoing(status) for status in (302, 400, 401, 402, 403, 404, 408, 409, 413, 422, 500, 502, 503)},
    "429": echoing(429, **{"Retry-After": "3000"}),
    "html": answering(answer("<html>", headers={"Content-Type": "text/html"})),
    "no json": answering(answer('{"data": ')),
    "no http": answering(b"SSH-2.0\r\n\r\n"),
    "truncated": answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{"),
    "gzip": answering(answer("x", headers={"Content-Encoding": "gzip"})),
    "oversized": answering(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n"),
    "no data": answering(answer({"data": {}})),
    "reset": reset_after_request,
    "close": close_after_request,
    "hang": never_answer,
}


@asynccontextmanager
async def client_on(via: str, gateway: RawGateway, **settings: Any) -> AsyncIterator[AsyncWikipayam]:
    """Yield a client with a kind of transport; `proxy` forwards plain HTTP, and `tunnel` is a proxy with CONNECT."""

    async def forward(request: RawRequest, _: ByteStream) -> object:
        return accept(request)

    async with AsyncExitStack() as stack:
        options: dict[str, Any] = dict(settings)
        if via == "proxy":
            options["proxy"] = (await stack.enter_async_context(raw_gateway(forward))).url
        elif via == "tunnel":
            options["proxy"] = (await stack.enter_async_context(raw_gateway(tunnel(gateway.port)))).url
            options["ssl_context"] = client_tls()
        elif via == "lane_transport":
            options["transport"] = LaneTransport()
        elif via == "transport":
            options["transport"] = httpx.AsyncHTTPTransport(trust_env=False)
        elif via == "http_client":
            options["http_client"] = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        yield await stack.enter_async_context(client_for(gateway.url, **options))


async def ignore_request(_: httpx.Request) -> None:
    """Do nothing; as a hook it makes requests go through the `httpx.AsyncClient`."""

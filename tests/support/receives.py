"""Calls of `client.receives`, to a gateway with one fixed answer or to the emulator."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from anyio.abc import ByteStream

from tests.support.raw import RawRequest, answer, raw_gateway
from wikipayam_async import AsyncWikipayam, ResponseError
from wikipayam_async.emulator import DEFAULT_TOKEN, TEHRAN, Emulator, EmulatorTransport

__all__ = ["emulated", "exchanged", "fill", "headers_of"]


async def exchanged(
    call: Callable[[AsyncWikipayam], Awaitable[Any]], data: Any, **options: Any
) -> tuple[Any, list[RawRequest]]:
    """Make a call that is answered with `data`; return its result or `ResponseError`, and the requests."""

    async def handler(_: RawRequest, __: ByteStream) -> bytes:
        return answer({"data": data})

    async with raw_gateway(handler) as gateway, AsyncWikipayam("secret", base_url=gateway.url, **options) as client:
        try:
            return await call(client), gateway.requests
        except ResponseError as error:
            return error, gateway.requests


def emulated(**options: Any) -> tuple[AsyncWikipayam, Emulator]:
    """Return an emulator and its client."""
    emulator = Emulator(wall=datetime(2024, 5, 1, 12, tzinfo=TEHRAN))
    return AsyncWikipayam(DEFAULT_TOKEN, transport=EmulatorTransport(emulator), **options), emulator


def fill(emulator: Emulator, count: int) -> list[str]:
    """Receive messages, one a minute; return their ids, newest first, as the gateway lists them."""
    start = datetime(2024, 5, 1, tzinfo=TEHRAN)
    ids = [
        emulator.inbound(sender="989127782175", message=f"m{index}", received_at=start + timedelta(minutes=index))
        for index in range(count)
    ]
    return ids[::-1]


def headers_of(request: RawRequest) -> list[str | None]:
    """Return the relevant headers."""
    return [request.headers.get(name) for name in ("authorization", "accept", "accept-encoding", "content-type")]

"""The emulator as an httpx transport: no socket, the same exceptions, on asyncio and on trio."""

from collections.abc import AsyncIterator

import anyio
import httpx
from attrs import frozen

from wikipayam_async.emulator.app import Exchanger
from wikipayam_async.emulator.exchange import Action, Exchange, Request, Response, framed


@frozen
class _Patience:
    """How long the caller waits for the next bytes: httpx's read timeout."""

    seconds: float | None

    async def wait(self, seconds: float) -> None:
        if self.seconds is not None and seconds > self.seconds:
            await anyio.sleep(self.seconds)
            raise httpx.ReadTimeout("")
        await anyio.sleep(seconds)


@frozen
class _Body(httpx.AsyncByteStream):
    """A body that comes whole, drips, or breaks off."""

    exchange: Exchange
    body: bytes
    patience: _Patience

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.exchange.action is Action.DRIP:
            for byte in self.body:
                await self.patience.wait(self.exchange.pause)
                yield bytes([byte])
        elif self.exchange.action is Action.TRUNCATE:
            yield self.body[: self.exchange.keep]
            raise httpx.RemoteProtocolError(
                "peer closed connection without sending complete message body "
                f"(received {self.exchange.keep} bytes, expected {len(self.body)})"
            )
        else:
            yield self.body


class EmulatorTransport(httpx.AsyncBaseTransport):
    """Answers an `httpx.AsyncClient` in process.

    Faults of the connection become the exceptions a real transport raises, and waiting ends with the read timeout of
    the request.

    Args:
        emulator: What answers.
    """

    def __init__(self, emulator: Exchanger) -> None:
        self._emulator = emulator

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request.

        Args:
            request: The request.

        Returns:
            The answer, its body not yet read.

        Raises:
            httpx.ReadError: The connection was reset.
            httpx.RemoteProtocolError: The connection was closed.
        """
        asked = await _asked(request)
        # Cancelled before this line nothing has been sent, after it everything has: as on a wire.
        await anyio.lowlevel.checkpoint()
        exchange = self._emulator.exchange(asked)
        patience = _Patience(request.extensions.get("timeout", {}).get("read"))
        if exchange.delay:
            await patience.wait(exchange.delay)
        if exchange.response is None:
            await _break_off(exchange.action, patience)
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        return _answered(exchange, exchange.response, patience)


async def _asked(request: httpx.Request) -> Request:
    url = request.url
    return Request(request.method, url.path, url.query.decode("ascii"), request.headers, await request.aread())


def _answered(exchange: Exchange, response: Response, patience: _Patience) -> httpx.Response:
    body = _Body(exchange, response.body, patience)
    return httpx.Response(response.status, headers=framed(response), stream=body)


async def _break_off(action: Action, patience: _Patience) -> None:
    if action is Action.HANG:
        await patience.wait(float("inf"))
    if action is Action.RESET:
        raise httpx.ReadError("")

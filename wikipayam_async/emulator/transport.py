"""The emulator as an httpx transport: no socket, the same exceptions, on asyncio and on trio."""

from collections.abc import AsyncIterator

import anyio
import httpx
from attrs import frozen

from wikipayam_async.emulator.app import Exchanger
from wikipayam_async.emulator.exchange import Action, Exchange, Request, Response, framed_headers


@frozen
class _ReadTimeout:
    """httpx's read timeout: the maximum time until the next bytes."""

    seconds: float | None

    async def sleep(self, seconds: float) -> None:
        if self.seconds is not None and seconds > self.seconds:
            await anyio.sleep(self.seconds)
            raise httpx.ReadTimeout("")
        await anyio.sleep(seconds)


@frozen
class _Body(httpx.AsyncByteStream):
    """A body that arrives at once, drips, or is truncated."""

    exchange: Exchange
    body: bytes
    read_timeout: _ReadTimeout

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.exchange.action is Action.DRIP:
            for byte in self.body:
                await self.read_timeout.sleep(self.exchange.pause)
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
    """An httpx transport that answers an `httpx.AsyncClient` in process.

    Faults of the connection raise the exceptions of a real transport. A wait ends with the request's read timeout.

    Args:
        emulator: The emulator.
    """

    is_emulator = True
    """Tells a client that no request leaves this process."""

    def __init__(self, emulator: Exchanger) -> None:
        self._emulator = emulator

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Process one request.

        Args:
            request: The request.

        Returns:
            The response; its body is not read yet.

        Raises:
            httpx.ReadError: The connection was reset.
            httpx.ReadTimeout: The response did not start within the read timeout.
            httpx.RemoteProtocolError: The connection was closed.
        """
        converted = await _convert_request(request)
        # The request is sent here: a cancellation before this line sends nothing, one after it everything.
        await anyio.lowlevel.checkpoint()
        exchange = self._emulator.exchange(converted)
        read_timeout = _ReadTimeout(request.extensions.get("timeout", {}).get("read"))
        if exchange.delay:
            await read_timeout.sleep(exchange.delay)
        if exchange.response is None:
            await _break_connection(exchange.action, read_timeout)
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        return _convert_response(exchange, exchange.response, read_timeout)


async def _convert_request(request: httpx.Request) -> Request:
    url = request.url
    return Request(request.method, url.path, url.query.decode("ascii"), request.headers, await request.aread())


def _convert_response(exchange: Exchange, response: Response, read_timeout: _ReadTimeout) -> httpx.Response:
    body = _Body(exchange, response.body, read_timeout)
    return httpx.Response(response.status, headers=framed_headers(response), stream=body)


async def _break_connection(action: Action, read_timeout: _ReadTimeout) -> None:
    if action is Action.HANG:
        await read_timeout.sleep(float("inf"))
    if action is Action.RESET:
        raise httpx.ReadError("")

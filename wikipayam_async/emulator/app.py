"""The emulator as an ASGI application, for any server and for `httpx.ASGITransport`."""

from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, TypeAlias

import anyio
from attrs import frozen

from wikipayam_async.emulator.exchange import Action, Exchange, Request, Response, asgi_headers

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
AsgiApp: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

CONNECTION = "wikipayam.connection"
"""The scope extension in which a server passes the connection of a request."""


class Exchanger(Protocol):
    """Answers requests; an emulator."""

    def exchange(self, request: Request) -> Exchange:
        """Process a request and return the response, with how it is delivered."""
        ...


class Connection(Protocol):
    """The connection of a request, for faults that break it."""

    @property
    def joined(self) -> AbstractContextManager[object]:
        """What is sent in a `with` block of this leaves together, at its end."""
        ...

    def reset(self) -> None:
        """Reset the connection (RST)."""
        ...

    def close(self) -> None:
        """Close the connection (FIN) once all sent bytes are out."""
        ...


@frozen
class _Channel:
    """The ASGI channel of one request."""

    receive: Receive
    send: Send
    connection: Connection | None

    def require_connection(self) -> Connection:
        if self.connection is None:
            raise RuntimeError("this fault needs access to the connection: use serve() or EmulatorTransport")
        return self.connection

    async def wait_for_disconnect(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def send_head(self, response: Response) -> None:
        await self.send({"type": "http.response.start", "status": response.status, "headers": asgi_headers(response)})

    async def send_body(self, piece: bytes, *, more: bool = False) -> None:
        await self.send({"type": "http.response.body", "body": piece, "more_body": more})


def create_app(emulator: Exchanger) -> AsgiApp:
    """Return an ASGI application that serves an emulator.

    Faults of the connection (reset, close, truncated) need a server that passes its connection to the application, as
    `wikipayam_async.emulator.serve` does.

    Args:
        emulator: The emulator.

    Returns:
        The application. It supports the scopes `http` and `lifespan`.
    """

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _complete_lifespan(receive, send)
        elif scope["type"] == "http":
            channel = _Channel(receive, send, scope.get("extensions", {}).get(CONNECTION))
            request = await _read_request(scope, channel)
            if request is not None:
                await _deliver(emulator.exchange(request), channel)
        else:
            raise RuntimeError(f"the emulator does not support the ASGI scope {scope['type']}")

    return app


async def _complete_lifespan(receive: Receive, send: Send) -> None:
    while True:
        phase = (await receive())["type"]
        await send({"type": f"{phase}.complete"})
        if phase == "lifespan.shutdown":
            return


async def _read_request(scope: Message, channel: _Channel) -> Request | None:
    """Read the complete request; return None if it is cut off, since the gateway would not process it."""
    message = await channel.receive()
    body = message.get("body", b"")
    while message.get("more_body", False):
        message = await channel.receive()
        body += message.get("body", b"")
    if message["type"] == "http.disconnect":
        return None
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Request(scope["method"], scope["path"], scope["query_string"].decode("latin-1"), headers, body)


async def _deliver(exchange: Exchange, channel: _Channel) -> None:
    if exchange.delay and not await _wait_connected(exchange.delay, channel):
        return
    response = exchange.response
    if response is None or exchange.action is Action.TRUNCATE:
        await _break_connection(exchange, channel)
    elif exchange.action is Action.DRIP:
        await _drip(exchange, response, channel)
    else:
        with nullcontext() if channel.connection is None else channel.connection.joined:
            await channel.send_head(response)
            await channel.send_body(response.body)


async def _wait_connected(seconds: float, channel: _Channel) -> bool:
    """Wait, and tell whether the caller is still connected."""
    with anyio.move_on_after(seconds) as scope:
        await channel.wait_for_disconnect()
    return scope.cancelled_caught


async def _break_connection(exchange: Exchange, channel: _Channel) -> None:
    if exchange.response is not None:
        connection = channel.require_connection()
        await channel.send_head(exchange.response)
        await channel.send_body(exchange.response.body[: exchange.keep], more=True)
        connection.close()
    elif exchange.action is Action.RESET:
        channel.require_connection().reset()
    elif exchange.action is Action.CLOSE:
        channel.require_connection().close()
    # If the application returned without a response, the server would send one of its own.
    await channel.wait_for_disconnect()


async def _drip(exchange: Exchange, response: Response, channel: _Channel) -> None:
    """Send the body byte by byte while the caller is connected."""
    async with anyio.create_task_group() as tasks:

        async def watch() -> None:
            await channel.wait_for_disconnect()
            tasks.cancel_scope.cancel()

        tasks.start_soon(watch)
        await channel.send_head(response)
        for byte in response.body:
            await anyio.sleep(exchange.pause)
            await channel.send_body(bytes([byte]), more=True)
        await channel.send_body(b"")
        tasks.cancel_scope.cancel()

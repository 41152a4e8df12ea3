"""The emulator as a bare ASGI application, for any server and for ``httpx.ASGITransport``."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol, TypeAlias

import anyio
from attrs import frozen

from wikipayam_async.emulator.exchange import Action, Exchange, Request, Response, framed

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
AsgiApp: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

CONNECTION = "wikipayam.connection"
"""The scope extension under which a server hands over the connection itself."""


class Exchanger(Protocol):
    """What answers requests: an emulator."""

    def exchange(self, request: Request) -> Exchange:
        """Answer a request, and say how the answer is to be delivered."""
        ...


class Connection(Protocol):
    """The connection under a request, for the faults that are no answers."""

    def reset(self) -> None:
        """Reset it (RST)."""
        ...

    def close(self) -> None:
        """Close it (FIN) once what was sent is out."""
        ...


@frozen
class _Channel:
    """One request's way back to its caller."""

    receive: Receive
    send: Send
    connection: Connection | None

    def wire(self) -> Connection:
        if self.connection is None:
            raise RuntimeError("this fault needs a connection to break: use serve() or EmulatorTransport")
        return self.connection

    async def gone(self) -> None:
        """Wait until the caller has gone."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def start(self, response: Response) -> None:
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in framed(response).items()]
        await self.send({"type": "http.response.start", "status": response.status, "headers": headers})

    async def body(self, piece: bytes, *, more: bool = False) -> None:
        await self.send({"type": "http.response.body", "body": piece, "more_body": more})


def create_app(emulator: Exchanger) -> AsgiApp:
    """Wrap an emulator into an ASGI application.

    Faults of the connection (reset, close, truncated) need a server that hands its connection over, as
    `wikipayam_async.emulator.serve` does.

    Args:
        emulator: What answers.

    Returns:
        The application; it knows the scopes ``http`` and ``lifespan``.
    """

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            channel = _Channel(receive, send, scope.get("extensions", {}).get(CONNECTION))
            request = await _read(scope, channel)
            if request is not None:
                await _deliver(emulator.exchange(request), channel)
        else:
            raise RuntimeError(f"the emulator speaks no {scope['type']}")

    return app


async def _live(receive: Receive, send: Send) -> None:
    while True:
        phase = (await receive())["type"]
        await send({"type": f"{phase}.complete"})
        if phase == "lifespan.shutdown":
            return


async def _read(scope: Message, channel: _Channel) -> Request | None:
    """Read the whole request; one that breaks off is none, for the gateway never had it."""
    body = bytearray()
    more = True
    while more:
        message = await channel.receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Request(scope["method"], scope["path"], scope["query_string"].decode("latin-1"), headers, bytes(body))


async def _deliver(exchange: Exchange, channel: _Channel) -> None:
    if exchange.delay and not await _waited(exchange.delay, channel):
        return
    response = exchange.response
    if response is None or exchange.action is Action.TRUNCATE:
        await _break_off(exchange, channel)
    elif exchange.action is Action.DRIP:
        await _drip(exchange, response, channel)
    else:
        await channel.start(response)
        await channel.body(response.body)


async def _waited(seconds: float, channel: _Channel) -> bool:
    """Wait, and tell whether there is still somebody to answer."""
    with anyio.move_on_after(seconds) as scope:
        await channel.gone()
    return scope.cancelled_caught


async def _break_off(exchange: Exchange, channel: _Channel) -> None:
    if exchange.response is not None:
        connection = channel.wire()
        await channel.start(exchange.response)
        await channel.body(exchange.response.body[: exchange.keep], more=True)
        connection.close()
    elif exchange.action is Action.RESET:
        channel.wire().reset()
    elif exchange.action is Action.CLOSE:
        channel.wire().close()
    # A server takes a return without an answer for a mistake, and mends it with an answer of its own.
    await channel.gone()


async def _drip(exchange: Exchange, response: Response, channel: _Channel) -> None:
    """Answer piece by piece, for as long as there is somebody to answer."""
    async with anyio.create_task_group() as tasks:

        async def watch() -> None:
            await channel.gone()
            tasks.cancel_scope.cancel()

        tasks.start_soon(watch)
        await channel.start(response)
        for byte in response.body:
            await anyio.sleep(exchange.pause)
            await channel.body(bytes([byte]), more=True)
        await channel.body(b"")
        tasks.cancel_scope.cancel()

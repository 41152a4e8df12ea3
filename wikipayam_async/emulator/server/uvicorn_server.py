"""uvicorn, bent to the emulator's needs: connections it can break, a prompt start and a prompt end."""

import os
import socket
import struct
from asyncio import Transport  # the type alone: uvicorn's protocols are asyncio's
from typing import Any

import anyio
import uvicorn
from anyio.abc import TaskStatus
from attrs import frozen
from uvicorn.protocols.http.h11_impl import H11Protocol

from wikipayam_async.emulator.app import CONNECTION, AsgiApp, Message, Receive, Send

# Lingering for no time at all makes a closing socket answer with RST. Windows has shorts where others have ints.
_NO_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
_LAST_WORDS = 1.0


@frozen
class _SocketConnection:
    transport: Transport

    def reset(self) -> None:
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()

    def close(self) -> None:
        self.transport.close()


class _BreakableProtocol(H11Protocol):
    """Hands every request the connection it came on."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as in uvicorn itself
        super().connection_made(transport)
        # asyncio leaves Nagle's algorithm on for sockets made without a protocol number; with the other side's delayed
        # acknowledgements it would hold back every answer for 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        app: Any = self.app
        connection = _SocketConnection(transport)

        async def connected(scope: Message, receive: Receive, send: Send) -> None:
            await app({**scope, "extensions": {CONNECTION: connection}}, receive, send)

        self.app = connected


class _PromptServer(uvicorn.Server):
    """Starts and stops without uvicorn's ticks of a tenth of a second.

    Args:
        config: uvicorn's options.
        stop: Ends the server once it is set.
    """

    def __init__(self, config: uvicorn.Config, stop: anyio.Event) -> None:
        super().__init__(config)
        self._stop = stop
        self._status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED

    async def run_on(self, listener: socket.socket, *, task_status: TaskStatus[None]) -> None:
        """Serve until stopped.

        Args:
            listener: The listening socket.
            task_status: Is told when connections are answered.
        """
        self._status = task_status
        await self.serve([listener])

    async def main_loop(self) -> None:
        self._status.started()
        await self._stop.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        state = self.server_state
        with anyio.move_on_after(_LAST_WORDS):
            # A connection may still be on its way from the listener, so this looks more than once.
            while state.connections or state.tasks:
                for connection in list(state.connections):
                    connection.transport.abort()
                await anyio.sleep(0.001)


def build_server(app: AsgiApp, stop: anyio.Event, *, keep_alive: int) -> _PromptServer:
    """Set a server up.

    Args:
        app: The application.
        stop: Ends the server once it is set.
        keep_alive: Seconds after which an idle connection is closed.

    Returns:
        The server, ready to run.
    """
    config = uvicorn.Config(
        app,
        interface="asgi3",
        http=_BreakableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=keep_alive,
    )
    return _PromptServer(config, stop)

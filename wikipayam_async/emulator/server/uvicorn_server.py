"""A uvicorn server whose connections can be broken, and which starts and stops at once."""

import os
import socket
import struct
from asyncio import Transport  # a type only: uvicorn's protocols are asyncio's
from typing import Any

import anyio
import uvicorn
from anyio.abc import TaskStatus
from attrs import frozen
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from wikipayam_async.emulator.app import CONNECTION, AsgiApp, Message, Receive, Send

# SO_LINGER with 0 seconds makes a closing socket send RST. Windows uses shorts, other systems ints.
_NO_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
_SHUTDOWN_TIMEOUT = 1.0


class _JoiningTransport:
    """A transport that can put several writes together: apart, they would wake the client once each."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._waiting: list[bytes] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def __enter__(self) -> None:
        self._waiting = []

    def __exit__(self, *_: object) -> None:
        self._send_waiting()

    def write(self, data: bytes) -> None:
        if self._waiting is None:
            self._transport.write(data)
        else:
            self._waiting.append(data)

    def close(self) -> None:
        self._send_waiting()
        self._transport.close()

    def _send_waiting(self) -> None:
        if self._waiting:
            self._transport.write(b"".join(self._waiting))
        self._waiting = None


@frozen
class _SocketConnection:
    transport: Transport
    joined: _JoiningTransport

    def reset(self) -> None:
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()

    def close(self) -> None:
        self.transport.close()


class _BreakableProtocol(HttpToolsProtocol):
    """Adds the connection to the scope of every request."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as in uvicorn itself
        super().connection_made(transport)
        # asyncio leaves Nagle's algorithm on for sockets made without a protocol number. With the delayed
        # acknowledgements of the peer it would delay every response by 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        app: Any = self.app
        self.transport = joined = _JoiningTransport(transport)  # type: ignore[assignment] # the methods that uvicorn uses
        connection = _SocketConnection(transport, joined)

        async def with_connection(scope: Message, receive: Receive, send: Send) -> None:
            scope["extensions"] = {CONNECTION: connection}
            await app(scope, receive, send)

        self.app = with_connection


class _PromptServer(uvicorn.Server):
    """Starts and stops without uvicorn's polling interval of 0.1 seconds.

    Args:
        config: uvicorn's options.
        stop: Stops the server when it is set.
    """

    def __init__(self, config: uvicorn.Config, stop: anyio.Event) -> None:
        super().__init__(config)
        self._stop = stop
        self._status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED

    async def run_on(self, listener: socket.socket, *, task_status: TaskStatus[None]) -> None:
        """Serve until stopped.

        Args:
            listener: The listening socket.
            task_status: Is started once connections are accepted.
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
        with anyio.move_on_after(_SHUTDOWN_TIMEOUT):
            # Repeated, since the listener may still hand over a connection.
            while state.connections or state.tasks:
                for connection in list(state.connections):
                    connection.transport.abort()
                await anyio.sleep(0.001)


def build_server(app: AsgiApp, stop: anyio.Event, *, keep_alive: int) -> _PromptServer:
    """Return a server that is ready to run.

    Args:
        app: The application.
        stop: Stops the server when it is set.
        keep_alive: Seconds after which an idle connection is closed.
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

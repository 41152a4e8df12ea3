"""The emulator on a port: a server in a thread of its own, for any client."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

import anyio
from anyio.from_thread import start_blocking_portal
from attrs import frozen

from wikipayam_async.emulator.app import AsgiApp
from wikipayam_async.emulator.emulator import Emulator


@frozen
class ServedEmulator:
    """An emulator that listens on a port.

    Attributes:
        emulator: The emulator.
        host: The address it listens on.
        port: The port it listens on.
    """

    emulator: Emulator
    host: str
    port: int

    @property
    def url(self) -> str:
        """The base URL, without the prefix."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@contextmanager
def serve(
    emulator: Emulator,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    keep_alive: int = 75,
    app: AsgiApp | None = None,
) -> Iterator[ServedEmulator]:
    """Serve an emulator while a `with` block runs.

    Faults of the connection affect the real socket. At the end of the block all connections are aborted, including
    those with a request in progress.

    Args:
        emulator: The emulator.
        host: The address to listen on.
        port: The port to listen on; 0 chooses a free one.
        keep_alive: Seconds after which an idle connection is closed.
        app: The application to serve; by default `emulator.app`, which is the gateway alone.

    Yields:
        The served emulator.

    Raises:
        ImportError: uvicorn is not installed.
    """
    try:
        from wikipayam_async.emulator.server.uvicorn_server import build_server  # noqa: PLC0415 - needs the extra
    except ImportError as error:
        raise ImportError(
            "serving the emulator needs uvicorn: pip install 'wikipayam_async[emulator]'", name=error.name
        ) from error
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048)
    with closing(listener), start_blocking_portal("asyncio") as portal:
        stop = portal.call(anyio.Event)
        server = build_server(app or emulator.app, stop, keep_alive=keep_alive)
        served, _ = portal.start_task(server.run_on, listener)
        try:
            yield ServedEmulator(emulator, host, listener.getsockname()[1])
        finally:
            portal.call(stop.set)
            served.result()

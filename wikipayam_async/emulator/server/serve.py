"""The emulator on a port: a real server in a thread of its own, for clients of any kind."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import anyio
from anyio.from_thread import start_blocking_portal
from attrs import frozen

from wikipayam_async.emulator.app import AsgiApp
from wikipayam_async.emulator.emulator import Emulator


@frozen
class ServedEmulator:
    """An emulator that listens.

    Attributes:
        emulator: The emulator.
        host: Where it listens.
        port: On which port.
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
    wrap: Callable[[AsgiApp], AsgiApp] | None = None,
) -> Iterator[ServedEmulator]:
    """Serve an emulator for the length of a ``with`` block.

    Faults of the connection really happen to the socket. At the end of the block every connection is cut, whatever
    hangs on it.

    Args:
        emulator: The emulator.
        host: Where to listen.
        port: On which port; 0 takes a free one.
        keep_alive: Seconds after which an idle connection is closed.
        wrap: Puts something around the emulator's application, such as a log.

    Yields:
        Where it listens.

    Raises:
        ImportError: uvicorn is not installed.
    """
    try:
        # Only a served emulator needs uvicorn, which is an extra.
        from wikipayam_async.emulator.server.uvicorn_server import build_server  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ImportError(
            "serving the emulator needs uvicorn: pip install 'wikipayam_async[emulator]'", name=error.name
        ) from error
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048)
    with closing(listener), start_blocking_portal("asyncio") as portal:
        stop = portal.call(anyio.Event)
        server = build_server(wrap(emulator.app) if wrap else emulator.app, stop, keep_alive=keep_alive)
        served, _ = portal.start_task(server.run_on, listener)
        try:
            yield ServedEmulator(emulator, host, listener.getsockname()[1])
        finally:
            portal.call(stop.set)
            served.result()

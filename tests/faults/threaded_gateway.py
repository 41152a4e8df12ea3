"""A gateway with an event loop and a thread of its own, for clients whose event loop comes to an end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from anyio.from_thread import start_blocking_portal

from tests.support.ledger_gateway import Books
from tests.support.raw import RawGateway, raw_gateway

__all__ = ["Far", "far_gateway"]


class Far:
    """The gateway, as seen from another thread.

    Attributes:
        books: What it accepted.
        gateway: What it saw.
        came: Set when a request other than a read of the balance came.
    """

    def __init__(self, pause: float) -> None:
        self.came = threading.Event()
        self.gateway = RawGateway()
        self._pause = pause
        self.books = Books(self._rest)

    async def _rest(self) -> None:
        self.came.set()
        await anyio.sleep(self._pause)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.gateway.url


@contextmanager
def far_gateway(pause: float = 0.1) -> Iterator[Far]:
    """Serve in another thread while the block runs; every answer takes so many seconds."""
    with start_blocking_portal() as portal:
        far = portal.call(Far, pause)
        with portal.wrap_async_context_manager(raw_gateway(far.books)) as far.gateway:
            yield far

"""A gateway with its own event loop and thread, for clients whose event loop ends."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from anyio.from_thread import start_blocking_portal

from tests.support.ledger_gateway import LedgerGateway
from tests.support.raw import RawGateway, raw_gateway

__all__ = ["ThreadedGateway", "threaded_gateway"]


class ThreadedGateway:
    """The gateway, as seen from another thread.

    Attributes:
        ledger: What it accepted.
        gateway: What it has seen.
    """

    def __init__(self, delay: float) -> None:
        self.gateway = RawGateway()
        self.ledger = LedgerGateway(functools.partial(anyio.sleep, delay))

    @property
    def url(self) -> str:
        """The URL it listens on."""
        return self.gateway.url


@contextmanager
def threaded_gateway(delay: float = 0.1) -> Iterator[ThreadedGateway]:
    """Serve in another thread; every answer comes after `delay` seconds."""
    with start_blocking_portal() as portal:
        threaded = portal.call(ThreadedGateway, delay)
        with portal.wrap_async_context_manager(raw_gateway(threaded.ledger)) as threaded.gateway:
            yield threaded

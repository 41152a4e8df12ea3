"""The lifespan of an app: what is opened before its first request, and closed after its last."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

from attrs import frozen
from fastapi import FastAPI

from wikipayam_async.batching.outbox import Outbox
from wikipayam_async.client import AsyncWikipayam
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.services.receives.worker import InboundWorker

__all__ = ["CLIENT", "OUTBOX", "WORKER", "AppLifespan", "wikipayam_lifespan"]

AppLifespan: TypeAlias = Callable[[FastAPI], AbstractAsyncContextManager[Mapping[str, Any] | None]]
"""What `FastAPI(lifespan=...)` takes: a function decorated with `asynccontextmanager`."""

CLIENT = "wikipayam"
OUTBOX = "wikipayam_outbox"
WORKER = "wikipayam_inbound_worker"


@frozen
class _Place:
    """Where the opened things stand: in the lifespan's state for requests, in the app's for its own lifespan."""

    app: FastAPI
    state: dict[str, Any]
    stack: AsyncExitStack

    async def open(self, name: str, manager: AbstractAsyncContextManager[object]) -> None:
        """Enter a manager, and show what it gives until it is left."""
        opened = await self.stack.enter_async_context(manager)
        self.state[name] = opened
        setattr(self.app.state, name, opened)
        self.stack.callback(self._withdraw, name, opened)

    def _withdraw(self, name: str, opened: object) -> None:
        # A second run of the same app, in another test client, may have put its own there.
        if getattr(self.app.state, name, None) is opened:
            delattr(self.app.state, name)


def wikipayam_lifespan(
    client: Callable[[], AsyncWikipayam] = AsyncWikipayam,
    *,
    lifespan: AppLifespan | None = None,
    outbox: Callable[[AsyncWikipayam], Outbox] | None = None,
    inbound: Callable[[AsyncWikipayam], InboundWorker] | None = None,
) -> Callable[[FastAPI], AbstractAsyncContextManager[Mapping[str, Any]]]:
    """Return a lifespan that opens a client: `FastAPI(lifespan=wikipayam_lifespan())`.

    It opens the client, then what the app's own lifespan opens, then the outbox, then the inbound worker, and closes
    them in the reverse order. So the app's own lifespan may use the client, which is `app.state.wikipayam` there, and
    whatever it has opened is still there for the last message that the worker or the outbox tells of.

    Every run of it has its own client. In requests, `WikipayamDep`, `OutboxDep` and `InboundWorkerDep` give what it
    opened.

    Args:
        client: Makes the client; by default from the environment. As in `lambda: AsyncWikipayam(sender="10002000")`.
        lifespan: The app's own lifespan. The state that it yields is kept.
        outbox: Makes an outbox of the client, for messages that outlive the response: `lambda client:
            client.sms.outbox()`. Without it there is none.
        inbound: Makes a worker that hands received messages to a function: `lambda client:
            client.receives.worker(handler)`. One for each deployment is enough. Without it there is none.

    Raises:
        ConfigurationError: An argument breaks a rule. (What `client` raises comes when the app starts, and stops it.)
    """
    for name, value in {"client": client, "lifespan": lifespan, "outbox": outbox, "inbound": inbound}.items():
        if value is not None and not callable(value):
            raise ConfigurationError(
                f"{name}: expected a function, since every run of the app has its own; got {shape_of(value)}"
            )
    if inspect.isasyncgenfunction(lifespan):
        raise ConfigurationError("lifespan: decorate it with contextlib.asynccontextmanager")

    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        async with AsyncExitStack() as stack:
            place = _Place(app, {}, stack)
            opened = client()
            await place.open(CLIENT, opened)
            if lifespan is not None:
                own: Mapping[str, Any] | None = await stack.enter_async_context(lifespan(app))
                place.state.update(own or {})
            if outbox is not None:
                await place.open(OUTBOX, outbox(opened))
            if inbound is not None:
                await place.open(WORKER, inbound(opened))
            yield place.state

    return run

"""The lifespan of an app, which opens the client, the verifier, the batcher, the outbox and the inbound worker."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

from attrs import frozen
from fastapi import FastAPI

from wikipayam_async.batching.batcher import Batcher
from wikipayam_async.batching.outbox import Outbox
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.integrations.fastapi.check import check_token
from wikipayam_async.public import AsyncWikipayam
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.services.receives.worker import InboundWorker
from wikipayam_async.verification import Verifier

__all__ = ["BATCHER", "CLIENT", "OUTBOX", "VERIFIER", "WORKER", "AppLifespan", "wikipayam_lifespan"]

AppLifespan: TypeAlias = Callable[[FastAPI], AbstractAsyncContextManager[Mapping[str, Any] | None]]
"""The type of `FastAPI(lifespan=...)`: a function decorated with `asynccontextmanager`."""

CLIENT = "wikipayam"
BATCHER = "wikipayam_batcher"
OUTBOX = "wikipayam_outbox"
WORKER = "wikipayam_inbound_worker"
VERIFIER = "wikipayam_verifier"


@frozen
class _Resources:
    """The opened resources: in `state` for requests, in `app.state` for the app's own lifespan."""

    app: FastAPI
    state: dict[str, Any]
    stack: AsyncExitStack

    async def open(self, name: str, manager: AbstractAsyncContextManager[object]) -> None:
        """Enter a manager, and publish its value until the manager exits."""
        opened = await self.stack.enter_async_context(manager)
        self.state[name] = opened
        setattr(self.app.state, name, opened)
        self.stack.callback(self._remove, name, opened)

    def _remove(self, name: str, opened: object) -> None:
        # Another run of the same app, in another test client, may have replaced it.
        if getattr(self.app.state, name, None) is opened:
            delattr(self.app.state, name)


def wikipayam_lifespan(
    client: Callable[[], AsyncWikipayam] = AsyncWikipayam,
    *,
    lifespan: AppLifespan | None = None,
    batcher: Callable[[AsyncWikipayam], Batcher] | None = None,
    outbox: Callable[[AsyncWikipayam], Outbox] | None = None,
    inbound: Callable[[AsyncWikipayam], InboundWorker] | None = None,
    verifier: Callable[[AsyncWikipayam], Verifier] | None = None,
    check: bool = False,
) -> Callable[[FastAPI], AbstractAsyncContextManager[Mapping[str, Any]]]:
    """Return a lifespan that opens a client: `FastAPI(lifespan=wikipayam_lifespan())`.

    It enters the client, the app's own lifespan, the verifier, the batcher, the outbox and the inbound worker, in this
    order, and exits them in reverse. So the app's own lifespan can use the client, as `app.state.wikipayam`, and its
    resources stay open until the others have handled their last messages.

    Each run of the app has its own client. In requests, use `WikipayamDep`, `VerifierDep`, `BatcherDep`, `OutboxDep` and
    `InboundWorkerDep`.

    Args:
        client: Creates the client, for example `lambda: AsyncWikipayam(sender="10002000")`. By default the client is
            configured by the environment.
        lifespan: The app's own lifespan. The state it yields is kept.
        batcher: Creates the batcher, which sends the messages of concurrent requests together: `lambda client:
            client.sms.batcher()`. None opens no batcher.
        outbox: Creates the outbox, for messages sent after the response: `lambda client: client.sms.outbox()`. None
            opens no outbox.
        inbound: Creates the worker that passes received messages to a function: `lambda client:
            client.receives.worker(handler)`. Run one per deployment. None runs no worker.
        verifier: Creates the verifier of one-time codes, for `verification_router()`: `lambda client: Verifier(client,
            RedisStore(url), secret=secret, channels=[SmsChannel(otp_pattern_id=13), VoiceChannel()])`. None opens none.
        check: Read the balance when the app starts (`GET /user/balance`), before anything else is opened. If the
            gateway refuses the token or the address (4xx, such as an `AuthenticationError`), the app does not start. If
            the gateway cannot be reached within 10 seconds, fails, limits the rate or finds the account empty, a warning
            is logged and the app starts, since that may pass.

    Raises:
        ConfigurationError: An argument is invalid. An error that `client` raises stops the app at its start.
    """
    given = {
        "client": client,
        "lifespan": lifespan,
        "batcher": batcher,
        "outbox": outbox,
        "inbound": inbound,
        "verifier": verifier,
    }
    for name, value in given.items():
        if value is not None and not callable(value):
            raise ConfigurationError(
                f"{name}: expected a function, because each run of the app needs its own; got {shape_of(value)}"
            )
    if inspect.isasyncgenfunction(lifespan):
        raise ConfigurationError("lifespan: decorate it with contextlib.asynccontextmanager")

    makers: Sequence[tuple[str, Callable[[AsyncWikipayam], AbstractAsyncContextManager[object]] | None]] = (
        (VERIFIER, verifier),
        (BATCHER, batcher),
        (OUTBOX, outbox),
        (WORKER, inbound),
    )

    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        async with AsyncExitStack() as stack:
            resources = _Resources(app, {}, stack)
            opened = client()
            await resources.open(CLIENT, opened)
            if check:
                await check_token(opened)
            if lifespan is not None:
                own: Mapping[str, Any] | None = await stack.enter_async_context(lifespan(app))
                resources.state.update(own or {})
            for name, create in makers:
                if create is not None:
                    await resources.open(name, create(opened))
            yield resources.state

    return run

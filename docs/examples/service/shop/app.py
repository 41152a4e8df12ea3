"""The app: `uvicorn shop.app:create_app --factory`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
from fastapi import FastAPI

from shop import announcements, health, login, orders
from shop.journal import Journal
from shop.opting_out import OptOuts
from shop.settings import Settings
from shop.state import Shop
from wikipayam_async import AsyncWikipayam
from wikipayam_async.integrations.fastapi import install_error_handlers, verification_router, wikipayam_lifespan

__all__ = ["create_app"]


def create_app(settings: Settings | None = None, client: Callable[[], AsyncWikipayam] | None = None) -> FastAPI:
    """Create the app.

    Args:
        settings: The settings; read from the environment if None.
        client: Creates the client; configured by the environment if None. Tests pass a factory of emulator clients.
    """
    chosen = settings or Settings.from_environ()
    opt_outs = OptOuts(chosen.opted_out)
    journal = Journal()

    codes = login.make_store(chosen)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Shop]]:
        """Open the shop. Outbox, worker and verifier are closed before this exits."""
        with journal.opened(chosen.journal):
            async with anyio.create_task_group() as tasks:
                yield {"shop": Shop(chosen, opt_outs, journal, tasks)}
                tasks.cancel_scope.cancel()
        await codes.aclose()

    app = FastAPI(
        title="Order shop",
        lifespan=wikipayam_lifespan(
            client or (lambda: AsyncWikipayam(max_connections=chosen.max_connections)),
            lifespan=lifespan,
            outbox=lambda client: client.sms.outbox(
                max_waiting=chosen.max_waiting,
                batch_size=chosen.batch_size,
                drain_timeout=chosen.drain_timeout,
                on_outcome=journal.outcome,
            ),
            verifier=lambda client: login.make_verifier(chosen, client, codes),
            inbound=lambda client: client.receives.worker(opt_outs.handle, poll_interval=chosen.inbound_poll_interval),
        ),
    )
    install_error_handlers(app)
    for module in (login, orders, announcements, health):
        app.include_router(module.router)
    app.include_router(verification_router(trusted_hops=chosen.trusted_hops), prefix="/login")
    return app

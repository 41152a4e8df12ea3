from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import APIRouter, FastAPI, WebSocket

from wikipayam_async import AsyncWikipayam, RetryPolicy
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, EmulatorTransport
from wikipayam_async.integrations.fastapi import (
    WIKIPAYAM_RESPONSES,
    InboundWorkerDep,
    OutboxDep,
    WikipayamDep,
    install_error_handlers,
)

RECEIVER = "09123456789"

SEND = "POST /sms/send"


def factory(emulator: Emulator, **options: Any) -> Callable[[], AsyncWikipayam]:
    """Return a factory of clients that call an in-process emulator and never retry."""
    settings: dict[str, Any] = {"sender": DEFAULT_LINE, "retry": RetryPolicy(max_attempts=1), **options}
    return lambda: AsyncWikipayam(DEFAULT_TOKEN, transport=EmulatorTransport(emulator), **settings)


def add_routes(app: FastAPI | APIRouter) -> None:
    """Add the routes that the tests request."""

    @app.post("/orders/{order}/notice", responses=WIKIPAYAM_RESPONSES)
    async def notify(order: str, client: WikipayamDep, receiver: str = RECEIVER) -> dict[str, str]:
        sent = await client.sms.send(receiver, "Your order is ready", track_id=order)
        return {"track_id": sent.track_id or ""}

    @app.post("/notices", responses=WIKIPAYAM_RESPONSES, status_code=202)
    async def post(outbox: OutboxDep) -> dict[str, str]:
        return {"track_id": outbox.post(RECEIVER, "Later")}

    @app.get("/balance", responses=WIKIPAYAM_RESPONSES)
    async def balance(client: WikipayamDep) -> dict[str, float]:
        return {"balance": float((await client.balance()).balance)}

    @app.get("/worker")
    async def worker(worker: InboundWorkerDep) -> dict[str, bool]:
        return {"there": worker.health is not None}

    @app.websocket("/live")
    async def live(web_socket: WebSocket, client: WikipayamDep) -> None:
        await web_socket.accept()
        async for receiver in web_socket.iter_text():
            sent = await client.sms.send(receiver, "Live")
            await web_socket.send_text(sent.receiver or "")


def make_app(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[Mapping[str, Any]]] | None = None) -> FastAPI:
    """Create an app with the routes and the error handlers."""
    app = FastAPI(lifespan=lifespan)
    add_routes(app)
    install_error_handlers(app)
    return app

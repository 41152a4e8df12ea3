"""How the shop is doing."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from shop.state import ShopDep
from wikipayam_async.integrations.fastapi import InboundWorkerDep, OutboxDep

__all__ = ["router"]

router = APIRouter(tags=["health"])


class WorkerReport(BaseModel):
    """The worker that reads received messages; see `WorkerHealth`."""

    running: bool
    last_poll: datetime | None
    handled: int
    failed: int
    restarts: int
    last_error: str | None


class OutboxReport(BaseModel):
    """The outbox: what waits, what is in flight, and how many came to each outcome."""

    waiting: int
    in_flight: int
    counts: dict[str, int]


class Health(BaseModel):
    """How the shop is doing."""

    worker: WorkerReport
    outbox: OutboxReport
    orders: int
    opted_out: int


@router.get("/health")
async def health(worker: InboundWorkerDep, outbox: OutboxDep, shop: ShopDep) -> Health:
    """Tell how the worker and the outbox are doing. It asks nobody: it is cheap."""
    return Health(
        worker=WorkerReport.model_validate(worker.health, from_attributes=True),
        outbox=OutboxReport(
            waiting=outbox.waiting,
            in_flight=outbox.in_flight,
            counts={status.value: count for status, count in outbox.counts.items()},
        ),
        orders=len(shop.orders),
        opted_out=len(shop.opt_outs.numbers),
    )

"""The shop's health."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from shop.state import ShopDep
from wikipayam_async.integrations.fastapi import InboundWorkerDep, OutboxDep

__all__ = ["router"]

router = APIRouter(tags=["health"])


class WorkerReport(BaseModel):
    """The health of the inbound worker; see `WorkerHealth`."""

    running: bool
    last_poll: datetime | None
    handled: int
    failed: int
    restarts: int
    last_error: str | None


class OutboxReport(BaseModel):
    """The outbox: messages waiting, messages in flight, and finished messages by outcome."""

    waiting: int
    in_flight: int
    counts: dict[str, int]


class Health(BaseModel):
    """The shop's health."""

    worker: WorkerReport
    outbox: OutboxReport
    orders: int
    opted_out: int


@router.get("/health")
async def health(worker: InboundWorkerDep, outbox: OutboxDep, shop: ShopDep) -> Health:
    """Return the health of the worker and the outbox. Makes no request to the gateway."""
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

"""The shop's health."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel

from shop.state import ShopDep
from wikipayam_async.integrations.fastapi import InboundWorkerDep, OutboxDep

__all__ = ["router"]

router = APIRouter(tags=["health"])


class WorkerReport(BaseModel):
    """The health of the inbound worker; see `WorkerHealth`."""

    healthy: bool
    running: bool
    last_poll: datetime | None
    handled: int
    failed: int
    restarts: int
    last_error: str | None


class OutboxReport(BaseModel):
    """The outbox: messages waiting, messages in flight, finished messages by outcome, and the last failure's type."""

    healthy: bool
    waiting: int
    in_flight: int
    counts: dict[str, int]
    last_error: str | None


class Health(BaseModel):
    """The shop's health."""

    healthy: bool
    worker: WorkerReport
    outbox: OutboxReport
    journal: bool
    orders: int
    opted_out: int


@router.get("/health", responses={503: {"model": Health}})
async def health(worker: InboundWorkerDep, outbox: OutboxDep, shop: ShopDep, response: Response) -> Health:
    """Return the health of the worker, the outbox and the journal; 503 if one is not healthy. Asks no gateway."""
    shop.journal.try_again()
    healthy = worker.healthy and outbox.healthy and shop.journal.healthy
    if not healthy:
        response.status_code = 503
    now = worker.health
    return Health(
        healthy=healthy,
        worker=WorkerReport(
            healthy=worker.healthy,
            running=now.running,
            last_poll=now.last_poll,
            handled=now.handled,
            failed=now.failed,
            restarts=now.restarts,
            last_error=now.last_error,
        ),
        outbox=OutboxReport(
            healthy=outbox.healthy,
            waiting=outbox.waiting,
            in_flight=outbox.in_flight,
            counts={status.value: count for status, count in outbox.counts.items()},
            last_error=outbox.health.last_error,
        ),
        journal=shop.journal.healthy,
        orders=len(shop.orders),
        opted_out=len(shop.opt_outs.numbers),
    )

"""arq: one client per worker. On SIGTERM arq cancels its jobs and runs them again later; the key makes that harmless."""

import os
from typing import Any

from arq import Retry
from arq.connections import RedisSettings

from wikipayam_async import SAFE_TO_RETRY, AsyncWikipayam
from wikipayam_async.idempotency import InFlightError, SQLiteIdempotencyStore


async def start(context: dict[str, Any]) -> None:
    """Open the client when the worker starts."""
    context["wikipayam"] = AsyncWikipayam(idempotency=SQLiteIdempotencyStore(os.environ["SENT_DB"]))


async def stop(context: dict[str, Any]) -> None:
    """Close the client when the worker stops, after its last job."""
    await context["wikipayam"].aclose()


async def notify(context: dict[str, Any], order: str, mobile: str, text: str) -> dict[str, str | None]:
    """Send a notice."""
    client: AsyncWikipayam = context["wikipayam"]
    try:
        sent = await client.sms.send(mobile, text, track_id=order, idempotency_key=f"{order}:ready")
    except (*SAFE_TO_RETRY, InFlightError) as error:
        raise Retry(defer=2 ** context["job_try"]) from error
    return {"id": sent.id, "track_id": sent.track_id}


class WorkerSettings:
    """Run it with `arq arq_app.WorkerSettings`."""

    functions = (notify,)
    on_startup = start
    on_shutdown = stop
    redis_settings = RedisSettings.from_dsn(os.environ.get("BROKER_URL", "redis://"))
    job_timeout = 30
    job_completion_wait = 10  # seconds that a SIGTERM leaves to running jobs before they are cancelled

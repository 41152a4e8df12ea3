"""taskiq, on a stream of Redis: one client per worker process. A task is acknowledged when it has ended."""

import os
from typing import Annotated

from taskiq import Context, SimpleRetryMiddleware, TaskiqDepends, TaskiqEvents, TaskiqState
from taskiq_redis import RedisStreamBroker

from wikipayam_async import SAFE_TO_RETRY, AsyncWikipayam
from wikipayam_async.idempotency import InFlightError, SQLiteIdempotencyStore

# Seconds after which a task is taken from a worker that has not acknowledged it, dead or not: more than a task may take.
REDELIVER_AFTER = float(os.environ.get("REDELIVER_AFTER", "60"))

broker = RedisStreamBroker(
    os.environ["BROKER_URL"],
    consumer_id="0",  # also what was enqueued before the first worker
    idle_timeout=round(REDELIVER_AFTER * 1000),
    xread_count=1,  # what a worker has read and not begun is delivered again after that time only
    unacknowledged_lock_timeout=10,  # a worker that dies while it looks for such tasks stops the others no longer
).with_middlewares(SimpleRetryMiddleware(types_of_exceptions=(*SAFE_TO_RETRY, InFlightError)))


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def start(state: TaskiqState) -> None:
    """Open the client when the worker starts."""
    state.wikipayam = AsyncWikipayam(idempotency=SQLiteIdempotencyStore(os.environ["SENT_DB"]))


@broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
async def stop(state: TaskiqState) -> None:
    """Close the client when the worker stops, after its last task."""
    await state.wikipayam.aclose()


@broker.task(retry_on_error=True, max_retries=5)
async def notify(order: str, mobile: str, text: str, context: Annotated[Context, TaskiqDepends()]) -> None:
    """Send a notice."""
    client: AsyncWikipayam = context.state.wikipayam
    await client.sms.send(mobile, text, track_id=order, idempotency_key=f"{order}:ready")

"""A worker of arq with keys in its Redis: `python -m tests.faults.queues.arq_worker`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arq import Retry, create_pool, run_worker
from arq.connections import ArqRedis, RedisSettings
from arq.constants import default_queue_name, in_progress_key_prefix
from attrs import frozen

from tests.faults.queues.settings import (
    CONCURRENCY,
    RECEIVER,
    TEXT,
    TRY_AGAIN,
    client_of,
    key_of,
    url_of_broker,
)
from wikipayam_async.idempotency import IdempotencyStore
from wikipayam_async.integrations.redis import RedisIdempotencyStore

__all__ = ["ArqQueue"]


@frozen
class ArqQueue:
    """The queue in a server of Redis.

    Attributes:
        url: The URL of the server.
    """

    url: str

    async def enqueue(self, orders: Sequence[str]) -> None:
        """Enqueue a task for each order."""
        pool = await self._pool()
        for order in orders:
            await pool.enqueue_job("notify", order)
        await pool.aclose()

    async def redeliver(self) -> None:
        """Forget which tasks are in progress, also those of living workers: they are delivered twice."""
        pool = await self._pool()
        for key in await pool.keys(f"{in_progress_key_prefix}*"):
            await pool.delete(key)
        await pool.aclose()

    async def is_empty(self) -> bool:
        """Return whether every task has ended."""
        pool = await self._pool()
        left: int = await pool.zcard(default_queue_name)
        await pool.aclose()
        return left == 0

    def store(self) -> IdempotencyStore:
        """Return the store of the workers' keys."""
        return RedisIdempotencyStore(self.url)

    async def _pool(self) -> ArqRedis:
        return await create_pool(RedisSettings.from_dsn(self.url))


async def start(context: dict[str, Any]) -> None:
    """Open the client when the worker starts."""
    context["client"] = client_of(ArqQueue(url_of_broker()).store())


async def stop(context: dict[str, Any]) -> None:
    """Close the client when the worker stops."""
    await context["client"].aclose()


async def notify(context: dict[str, Any], order: str) -> None:
    """Send the message of an order."""
    try:
        await context["client"].sms.send(RECEIVER, TEXT, track_id=order, idempotency_key=key_of(order))
    except TRY_AGAIN as error:
        raise Retry(defer=0.1) from error


class WorkerSettings:
    """A SIGTERM cancels the tasks at once, as by default; they are delivered again."""

    functions = (notify,)
    on_startup = start
    on_shutdown = stop
    max_jobs = CONCURRENCY
    max_tries = 1000
    poll_delay = 0.05
    keep_result = 0


if __name__ == "__main__":
    settings: Any = WorkerSettings  # as arq documents it; its annotation wants a subclass of its protocol
    run_worker(settings, redis_settings=RedisSettings.from_dsn(url_of_broker()))

"""A worker of procrastinate with keys in its PostgreSQL: `python -m tests.faults.queues.procrastinate_worker`."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
from attrs import frozen
from procrastinate import App, Blueprint, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.jobs import Status
from procrastinate.types import JSONValue

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
from wikipayam_async.integrations.postgres import PostgresIdempotencyStore

__all__ = ["ProcrastinateQueue"]

_HEARTBEAT = 0.25

tasks = Blueprint()


@tasks.task(
    name="notify",
    pass_context=True,
    retry=RetryStrategy(max_attempts=1000, wait=0, retry_exceptions={*TRY_AGAIN}),
)
async def notify(context: JobContext, order: str) -> None:
    """Send the message of an order."""
    client = context.additional_context["client"]
    await client.sms.send(RECEIVER, TEXT, track_id=order, idempotency_key=key_of(order))


def app_of(url: str) -> App:
    """Return the queue's own interface."""
    app = App(connector=PsycopgConnector(conninfo=url))
    app.add_tasks_from(tasks, namespace="chaos")
    return app


@frozen
class ProcrastinateQueue:
    """The queue in a database of PostgreSQL.

    Attributes:
        url: The URL of the database.
    """

    url: str

    async def enqueue(self, orders: Sequence[str]) -> None:
        """Enqueue a task for each order."""
        async with app_of(self.url).open_async() as app:
            await app.schema_manager.apply_schema_async()
            jobs: list[dict[str, JSONValue]] = [{"order": order} for order in orders]
            await app.configure_task("chaos:notify").batch_defer_async(*jobs)

    async def redeliver(self) -> None:
        """Retry the tasks of the workers that have died."""
        async with app_of(self.url).open_async() as app:
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=8 * _HEARTBEAT):
                await app.job_manager.retry_job(job)

    async def is_empty(self) -> bool:
        """Return whether every task has ended."""
        async with app_of(self.url).open_async() as app:
            states = (Status.TODO, Status.DOING)
            return not any([list(await app.job_manager.list_jobs_async(status=one.value)) for one in states])

    def store(self) -> IdempotencyStore:
        """Return the store of the workers' keys."""
        return PostgresIdempotencyStore(self.url)


async def work(url: str) -> None:
    """Run a worker; on SIGTERM it waits for its tasks."""
    async with app_of(url).open_async() as app, client_of(ProcrastinateQueue(url).store()) as client:
        await app.run_worker_async(
            concurrency=CONCURRENCY,
            additional_context={"client": client},
            fetch_job_polling_interval=0.2,
            shutdown_graceful_timeout=10,
            update_heartbeat_interval=_HEARTBEAT,
        )


if __name__ == "__main__":
    anyio.run(work, url_of_broker())

"""The tasks of workers, for an application that has a procrastinate App of its own."""

from __future__ import annotations

from procrastinate import Blueprint, JobContext

from wikipayam_async.client import AsyncWikipayam
from wikipayam_async.integrations.connections import check_url
from wikipayam_async.integrations.procrastinate.database import (
    PATIENCE,
    STALLED_AFTER,
    Database,
    check_seconds,
)
from wikipayam_async.integrations.procrastinate.presence import worker_name
from wikipayam_async.integrations.procrastinate.work import ChunkWork

__all__ = ["blueprint_of", "campaign_tasks"]


def campaign_tasks(client: AsyncWikipayam, url: str, *, stalled_after: float = STALLED_AFTER) -> Blueprint:
    """Return the tasks that send campaigns, for an application's own procrastinate App.

    Add them as `app.add_tasks_from(campaign_tasks(client, url), namespace="wikipayam")`: the namespace is part of the
    tasks' names, which `Campaign.enqueue` uses. A worker of the App sends chunks as jobs arrive, and sweeps once a minute.
    The App's connector must use the same database.

    Args:
        client: The client that sends; it must be open for as long as a worker runs.
        url: The database.
        stalled_after: Seconds without a heartbeat after which a process counts as dead; the same for all processes.

    Raises:
        InvalidInputError: An argument is invalid.
    """
    database = Database(check_url(url), check_seconds(stalled_after, "stalled_after"), PATIENCE, 4)
    del url
    work = ChunkWork(client, database, worker_name())
    blueprint = blueprint_of(work)

    @blueprint.periodic(cron="* * * * *")
    @blueprint.task(name="sweep", pass_context=True)
    async def sweep(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes it
        await work.sweep(context.app.job_manager)

    return blueprint


def blueprint_of(work: ChunkWork) -> Blueprint:
    """Return the task that sends a chunk."""
    blueprint = Blueprint()

    @blueprint.task(name="send_chunk")
    async def send_chunk(campaign: int, chunk: int) -> None:
        await work.send(campaign, chunk)

    return blueprint

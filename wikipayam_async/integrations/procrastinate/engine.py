"""procrastinate, which hands chunks to workers: a job's payload is the number of a chunk, and its campaign's name."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio
import psycopg
from procrastinate import SyncPsycopgConnector
from procrastinate.connector import BaseConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

__all__ = ["NAMESPACE", "TASK", "TOP_UP", "WINDOW", "PatientJobManager", "defer_chunks"]

logger = logging.getLogger("wikipayam_async")

NAMESPACE = "wikipayam"
"""The namespace of the tasks."""
TASK = f"{NAMESPACE}:send_chunk"
"""The name of the task that sends a chunk."""
WINDOW = 256
"""The maximum number of a campaign's jobs that wait at once. Workers add more as they end jobs, so that the jobs of
another campaign, which are queued later, wait for no more than these."""
TOP_UP = 64
"""Whoever ends the job of a chunk whose number is a multiple of this adds jobs."""
_FINISH_DELAYS = (0.2, 1.0, 3.0)
"""Seconds between the attempts to end a job."""
_LOCK = 0x57504A32
"""The first half of the key of the lock under which a campaign's jobs are deferred."""
_WAITING = """
    SELECT count(*) FROM procrastinate_jobs j
    WHERE j.task_name = %s AND j.status = 'todo' AND EXISTS (
        SELECT 1 FROM wikipayam.chunk c
        WHERE c.campaign = %s AND c.no = (j.args->>'chunk')::integer AND c.job = j.id AND c.state = 'pending'
        OFFSET 0
    )
"""
"""It reads the few jobs that wait, not the chunks, of which a campaign may have a million. `OFFSET 0` keeps PostgreSQL from
making a join of it, which it would run over the chunks while a new campaign has no statistics."""
_WITHOUT_JOB = """
    SELECT no FROM wikipayam.chunk c WHERE campaign = %s AND state = 'pending' AND NOT EXISTS (
        SELECT 1 FROM procrastinate_jobs j WHERE j.id = c.job AND j.status IN ('todo', 'doing') OFFSET 0
    ) ORDER BY no LIMIT %s
"""


class PatientJobManager(JobManager):
    """Ends jobs although the database is away for a moment.

    procrastinate asks once, in a task whose failure nobody looks at, so that asyncio logs it with a traceback. The job then
    counts as being done for as long as its worker lives, and its chunk gets no other.

    Args:
        connector: The connector of the App.
        give_up: Is called when a job cannot be ended, to make the worker start again: what it had goes back to the queue.
        sleep: Sleeps between two attempts.
    """

    def __init__(
        self,
        connector: BaseConnector,
        give_up: Callable[[], None],
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        super().__init__(connector)
        self._give_up = give_up
        self._sleep = sleep

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: FBT001 - procrastinate's
        """End a job."""
        for delay in (*_FINISH_DELAYS, None):
            try:
                await super().finish_job(job, status, delete_job)
            except ConnectorException as error:
                if isinstance(error.__cause__, psycopg.errors.RaiseException):
                    return  # it has ended already, or is another worker's
            else:
                return
            if delay is not None:
                await self._sleep(delay)
        logger.warning("job %s could not be ended: the database is away; it goes back to the queue", job.id)
        self._give_up()


def defer_chunks(connection: Any, campaign: int) -> int:
    """Give jobs to the pending chunks that have none, up to the window; return their number.

    One process at a time does it. The jobs are committed with the note of which chunks have them. A chunk whose job has
    ended without sending it gets another one.
    """
    if not connection.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (_LOCK, campaign)).fetchone()[0]:
        return 0
    row = connection.execute(
        "SELECT queue, priority FROM wikipayam.campaign WHERE id = %s AND active AND queue IS NOT NULL", (campaign,)
    ).fetchone()
    if row is None:
        return 0
    queue, priority = row
    room = WINDOW - connection.execute(_WAITING, (TASK, campaign)).fetchone()[0]
    if room <= 0:
        return 0
    chunks = [no for (no,) in connection.execute(_WITHOUT_JOB, (campaign, room))]
    if not chunks:
        return 0
    jobs = [
        Job(
            queue=queue,
            priority=priority,
            lock=None,
            queueing_lock=None,
            task_name=TASK,
            task_kwargs={"campaign": campaign, "chunk": no},
        )
        for no in chunks
    ]
    with connection.cursor() as cursor:  # one by one: a join would read all chunks of a campaign without statistics
        cursor.executemany(
            "UPDATE wikipayam.chunk SET job = %s WHERE campaign = %s AND no = %s",
            [(job, campaign, no) for job, no in zip(_defer(connection, jobs), chunks, strict=True)],
        )
    return len(chunks)


def _defer(connection: Any, jobs: Sequence[Job]) -> list[int]:
    """Defer jobs in the transaction of a connection; return their numbers."""
    try:
        deferred = JobManager(SyncPsycopgConnector()).batch_defer_jobs(list(jobs), connection=connection)
    except ConnectorException as error:
        cause = error.__cause__
        raise cause if isinstance(cause, psycopg.Error) else psycopg.InternalError(type(error).__name__) from None
    return [job.id for job in deferred if job.id is not None]

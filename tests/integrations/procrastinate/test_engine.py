"""Jobs for chunks."""

from __future__ import annotations

import logging
from typing import Any

import psycopg
import pytest
from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from tests.campaigns.shared_place import SharedPlace
from wikipayam_async.campaigns import JournalError
from wikipayam_async.integrations.procrastinate import PostgresJournal, engine
from wikipayam_async.integrations.procrastinate.engine import PatientJobManager

pytestmark = pytest.mark.anyio


async def enqueued(place: SharedPlace, count: int) -> PostgresJournal:
    """Return the journal of a campaign that workers are to send."""
    await place.plan(count)
    journal = place.journal()
    await journal.lock()
    await journal.start_run("{}", after=0, queue="q", priority=0, spent=0)
    return journal


def execute(place: SharedPlace, statement: str) -> list[tuple[Any, ...]]:
    """Execute a statement; return its rows."""
    with psycopg.connect(place.url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        rows = cursor.fetchall() if cursor.description else []
    connection.close()
    return rows


async def test_a_chunk_has_one_job_at_a_time(place: SharedPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a campaign so many waiting as the window; a chunk whose job ended without sending it gets another."""
    monkeypatch.setattr(engine, "WINDOW", 3)
    journal = await enqueued(place, 50)
    assert [await journal.enqueue(), await journal.enqueue()] == [3, 0]
    execute(place, "UPDATE procrastinate_jobs SET status = 'doing' WHERE id = (SELECT min(id) FROM procrastinate_jobs)")
    assert await journal.enqueue() == 1
    execute(place, "DELETE FROM procrastinate_jobs")
    assert await journal.enqueue() == 3
    assert execute(place, "SELECT args->'chunk' FROM procrastinate_jobs ORDER BY id") == [(0,), (1,), (2,)]
    await journal.aclose()


async def test_the_next_jobs_do_not_cost_more_in_a_larger_campaign(place: SharedPlace) -> None:
    """Whether the window is full or has room, only the chunks of the window are read, although all are pending."""
    journal = await enqueued(place, 10)
    execute(
        place,
        "INSERT INTO wikipayam.chunk (campaign, no, first, last, count) "
        "SELECT campaign, n, n, n, 1 FROM wikipayam.chunk, generate_series(1, 5000) n",
    )
    assert await journal.enqueue() == engine.WINDOW
    assert chunks_read(place, journal) == (0, engine.WINDOW)
    execute(
        place, "DELETE FROM procrastinate_jobs WHERE id IN (SELECT id FROM procrastinate_jobs ORDER BY id LIMIT 64)"
    )
    deferred, read = chunks_read(place, journal)
    assert deferred == 64
    assert read < 3 * engine.WINDOW
    await journal.aclose()


def chunks_read(place: SharedPlace, journal: PostgresJournal) -> tuple[int, int]:
    """Defer the next jobs; return their number, and how many rows of chunks were read for it."""
    with psycopg.connect(place.url) as connection:
        assert journal._campaign is not None
        deferred = engine.defer_chunks(connection, journal._campaign)
        row = connection.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'chunk'"
        ).fetchone()
        assert row is not None
    connection.close()
    return deferred, row[0]


async def test_one_process_at_a_time_defers_jobs(place: SharedPlace) -> None:
    """The others leave it to it."""
    journal = await enqueued(place, 10)
    with psycopg.connect(place.url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (engine._LOCK, journal._campaign))
        assert await journal.enqueue() == 0
    connection.close()
    assert await journal.enqueue() == 1
    assert await journal.enqueue() == 0
    await journal.aclose()


async def test_a_run_without_workers_has_no_jobs(place: SharedPlace) -> None:
    """Nor has a campaign without chunks to send."""
    journal = await enqueued(place, 10)
    assert not await journal.start_run("{}", after=0, queue=None, priority=0, spent=0)
    await journal.start_run("{}", after=1, queue=None, priority=0, spent=0)
    assert await journal.enqueue() == 0
    await journal.start_run("{}", after=2, queue="q", priority=0, spent=0)
    await journal.claim(0, "token")
    assert await journal.enqueue() == 0
    await journal.aclose()


@pytest.mark.parametrize(
    ("cause", "expected"), [(psycopg.errors.UndefinedTable(), "UndefinedTable"), (ValueError(), "InternalError")]
)
async def test_a_failure_of_procrastinate_is_the_journals(
    place: SharedPlace, monkeypatch: pytest.MonkeyPatch, cause: Exception, expected: str
) -> None:
    """Nothing is noted of jobs that were not deferred."""
    journal = await enqueued(place, 10)

    def fail(*_: Any, **__: Any) -> Any:
        raise ConnectorException from cause

    monkeypatch.setattr(JobManager, "batch_defer_jobs", fail)
    with pytest.raises(JournalError, match=expected):
        await journal.enqueue()
    monkeypatch.undo()
    assert await journal.enqueue() == 1
    await journal.aclose()


def _failure(cause: Exception | None = None) -> ConnectorException:
    error = ConnectorException()
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("answers", "delays", "gave_up"),
    [
        ([None], [], False),
        ([_failure(psycopg.OperationalError()), None], [0.2], False),
        ([_failure(psycopg.errors.RaiseException("not in doing"))], [], False),
        ([_failure(), _failure(), _failure(psycopg.errors.RaiseException())], [0.2, 1.0], False),
        ([_failure()] * 4, [0.2, 1.0, 3.0], True),
    ],
)
async def test_a_job_is_ended_although_the_database_is_away_for_a_moment(
    answers: list[ConnectorException | None],
    delays: list[float],
    gave_up: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """If it cannot be, the worker is to start again, so that the job goes back to the queue; nothing is raised."""
    left, slept, stops = [*answers], list[float](), list[bool]()

    async def finish(*_: Any) -> None:
        answer = left.pop(0)
        if answer is not None:
            raise answer

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(JobManager, "finish_job", finish)
    jobs = PatientJobManager(PsycopgConnector(), lambda: stops.append(True), sleep)
    job = Job(id=7, queue="q", lock=None, queueing_lock=None, task_name="t")
    with caplog.at_level(logging.WARNING, "wikipayam_async"):
        await jobs.finish_job(job, Status.SUCCEEDED, delete_job=True)
    said = ["job 7 could not be ended: the database is away; it goes back to the queue"]
    assert (left, slept, stops, caplog.messages) == ([], delays, [True] if gave_up else [], said if gave_up else [])

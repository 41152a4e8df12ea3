"""What a worker does with jobs, and between them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import psycopg
import pytest
from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

from tests.campaigns.shared_place import STALLED_AFTER, SharedPlace
from wikipayam_async.campaigns import Campaign, CampaignStatus, JournalError, SendingHours
from wikipayam_async.campaigns.errors import DatabaseAwayError
from wikipayam_async.integrations.procrastinate.database import Database
from wikipayam_async.integrations.procrastinate.journal import PostgresJournal
from wikipayam_async.integrations.procrastinate.work import ChunkWork
from wikipayam_async.redact.sealed import Secret
from wikipayam_async.testing import emulator_client

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The event loop that procrastinate needs."""
    return "asyncio"


@asynccontextmanager
async def working(
    place: SharedPlace, client: Any = None, stopped: Callable[[], bool] = lambda: False
) -> AsyncIterator[tuple[ChunkWork, JobManager]]:
    """Yield a worker's work, and the jobs."""
    database = Database(Secret(place.url), STALLED_AFTER, 1.0, 2)
    app = App(connector=PsycopgConnector(conninfo=place.url, min_size=1, max_size=1))
    async with app.open_async():
        try:
            yield ChunkWork(client or place.client, database, "w", stopped=stopped), app.job_manager
        finally:
            await database.aclose()


async def test_a_job_of_nothing_ends(place: SharedPlace) -> None:
    """Of a campaign that is gone, or whose run is over."""
    await place.plan(10)
    async with working(place) as (work, _):
        await work.send(999, 0)
        await work.send(1, 0)
    assert place.emulator.accepted == 0


async def test_a_job_of_an_earlier_run_sends_under_the_terms_of_the_present_one(place: SharedPlace) -> None:
    """A worker that knows the earlier ones reads them again."""
    await place.plan(30)
    async with place.open() as campaign, working(place) as (work, _):
        await campaign.enqueue()
        await work.send(1, 0)
        await campaign.enqueue(batch_size=4)
        await work.send(1, 1)
        await campaign.pause()
        await work.send(1, 2)
    assert place.emulator.accepted == 14


async def test_a_worker_that_is_to_stop_sends_nothing_more(place: SharedPlace) -> None:
    """The chunk of the job stays pending, for other workers."""
    await place.plan(10)
    async with place.open() as campaign, working(place, stopped=lambda: True) as (work, _):
        await campaign.enqueue()
        await work.send(1, 0)
        progress = await campaign.progress()
    assert (place.emulator.accepted, progress.pending) == (0, 10)


async def test_a_client_of_another_account_refuses(place: SharedPlace, caplog: pytest.LogCaptureFixture) -> None:
    """In an application whose workers listen to all queues; the log says why."""
    await place.plan(10)
    place.emulator.add_account(token="other-token-1234567890", username="other")
    clients = [
        emulator_client(place.emulator, token="other-token-1234567890"),
        emulator_client(place.emulator, sender="3000"),
    ]
    async with place.open() as campaign:
        await campaign.enqueue()
        for client in clients:
            async with working(place, client) as (work, _):
                await work.send(1, 0)
    assert [message.partition(":")[0] for message in caplog.messages if "not sent by" in message] == [
        "chunk 0 is not sent by this worker"
    ] * 2
    assert place.emulator.accepted == 0


async def test_a_journal_that_fails_ends_the_job(
    place: SharedPlace, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chunk gets another."""
    await place.plan(10)
    async with place.open() as campaign, working(place) as (work, _):
        await campaign.enqueue()

        async def broken(*_: Any) -> None:
            raise JournalError("broken")

        monkeypatch.setattr("wikipayam_async.integrations.procrastinate.journal.PostgresJournal.chunk", broken)
        await work.send(1, 0)
        monkeypatch.undo()
        await work.send(1, 0)
    assert "chunk 0 was not sent, or its outcome was not written: broken" in caplog.messages
    assert place.emulator.accepted == 10


@pytest.mark.parametrize("ended", [False, True])
async def test_what_a_worker_could_not_write_is_written_by_its_next_sweep(
    place: SharedPlace, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, ended: bool
) -> None:
    """Or when it ends: the outcomes of messages that were sent, which are known nowhere else, are in the log meanwhile."""
    await place.plan(20)
    monkeypatch.setattr("wikipayam_async.campaigns.writer._RETRY_DELAYS", ())
    async with place.open() as campaign, working(place) as (work, jobs):
        await campaign.enqueue()
        settle: Any = PostgresJournal.settle

        async def away(*_: Any) -> bool:
            raise DatabaseAwayError("away")

        monkeypatch.setattr(PostgresJournal, "settle", away)
        async with anyio.create_task_group() as group:
            group.start_soon(work.send, 1, 0)
            group.start_soon(work.send, 1, 1)
        await work.sweep(jobs)
        assert (await campaign.progress()).sending == 20
        monkeypatch.setattr(PostgresJournal, "settle", settle)
        await (work.finish() if ended else work.sweep(jobs))
        progress = await campaign.progress()
    assert (progress.accepted, progress.unknown, place.emulator.accepted) == (20, 0, 20)
    assert sum("not written: m-" in message for message in caplog.messages) == 20


async def test_jobs_that_cannot_be_added_are_added_later(
    place: SharedPlace, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chunk was sent all the same."""
    await place.plan(10)
    async with place.open() as campaign, working(place) as (work, _):
        await campaign.enqueue()

        async def broken(*_: Any) -> int:
            raise JournalError("broken")

        monkeypatch.setattr("wikipayam_async.integrations.procrastinate.journal.PostgresJournal.enqueue", broken)
        await work.send(1, 0)
    assert "worker w: the next jobs were not queued: broken" in caplog.messages
    assert place.emulator.accepted == 10


async def die_in_flight(campaign: Campaign, work: ChunkWork, jobs: JobManager) -> Job:
    """Let a worker die while it sends the first chunk; return its job."""
    await campaign.enqueue()
    journal: Any = campaign._journal
    await journal.claim(0, "token")
    job = await jobs.fetch_job(queues=[await work.queue()], worker_id=await jobs.register_worker())
    assert job is not None
    await journal.database.leave()
    return job


async def test_a_sweep_takes_over_what_a_dead_worker_left(
    place: SharedPlace, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its job goes back to the queue, what it had in flight is unknown; once this worker's heartbeats are steady."""
    await place.plan(20)
    async with place.open() as campaign, working(place) as (work, jobs):
        job = await die_in_flight(campaign, work, jobs)
        await work.sweep(jobs)
        assert (await campaign.progress()).sending == 10
        await anyio.sleep(STALLED_AFTER * 1.2)
        with caplog.at_level(logging.WARNING):
            await work.sweep(jobs)
        progress = await campaign.progress()
        again = await jobs.fetch_job(queues=[await work.queue()], worker_id=await jobs.register_worker())
        assert again is not None
        assert again.id == job.id
    assert (progress.unknown, progress.sending, progress.pending) == (10, 0, 10)
    assert f"worker w: job {job.id} of a dead worker goes back to the queue" in caplog.messages


async def test_a_job_that_somebody_keeps_locked_does_not_hold_up_what_is_in_flight(place: SharedPlace) -> None:
    """As by a process of an application's own that stands still in a transaction."""
    await place.plan(10)
    async with place.open() as campaign, working(place) as (work, jobs):
        job = await die_in_flight(campaign, work, jobs)
        await anyio.sleep(STALLED_AFTER * 1.2)
        with psycopg.connect(place.url) as other:
            other.execute("SELECT FROM procrastinate_jobs WHERE id = %s FOR UPDATE", (job.id,))
            async with anyio.create_task_group() as group:
                group.start_soon(work.sweep, jobs)
                while not (await campaign.progress()).unknown:  # noqa: ASYNC110 - of the database
                    await anyio.sleep(0.05)
                other.rollback()
        progress = await campaign.progress()
    assert (progress.unknown, progress.sending) == (10, 0)


async def test_a_sweep_ends_a_campaign_of_which_nothing_is_left(place: SharedPlace) -> None:
    """Its status is written then."""
    await place.plan(10)
    async with place.open() as campaign, working(place) as (work, jobs):
        await campaign.enqueue()
        await work.send(1, 0)
        await work.sweep(jobs)
        journal: Any = campaign._journal
        assert (await journal.read_facts())["status"] == "completed"
        assert (await journal.run_state()).active is False


async def test_outside_the_sending_hours_no_jobs_are_added(place: SharedPlace) -> None:
    """The status says until when; then it goes on."""
    await place.plan(10)
    later = datetime.now(UTC) + timedelta(hours=2)
    closed = SendingHours(f"{later:%H}:00", f"{later + timedelta(hours=1):%H}:00", "UTC")
    async with place.open() as campaign, working(place) as (work, jobs):
        await campaign.enqueue(sending_hours=closed)
        await work.send(1, 0)
        await work.sweep(jobs)
        waiting = await campaign.progress()
        await campaign.enqueue()
        await work.sweep(jobs)
        going = await campaign.progress()
    assert waiting.status is CampaignStatus.RUNNING
    assert str(waiting.reason).startswith("waiting for the sending hours, until ")
    assert (going.reason, place.emulator.accepted) == (None, 0)

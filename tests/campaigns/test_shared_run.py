"""A run in this process of a campaign that others may send too."""

from __future__ import annotations

import logging
import os
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest

from tests.campaigns.doubles import all_results
from tests.campaigns.shared_place import SharedPlace, no_gateway
from wikipayam_async import APIConnectionError, SendStatus
from wikipayam_async.campaigns import (
    CampaignProgress,
    CampaignProgressed,
    CampaignStatus,
    JournalError,
    JournalWriteError,
    SendingHours,
    StopRequest,
)
from wikipayam_async.emulator import Fault, Latency

pytestmark = pytest.mark.anyio
SEND = "POST /sms/send"


@pytest.fixture
def place(database_url: str) -> SharedPlace:
    """A gateway, and a database."""
    return SharedPlace(database_url)


async def test_a_campaign_is_sent_and_reported(place: SharedPlace) -> None:
    """Progress and events come after every request; the report counts what this run attempted."""
    await place.plan(30)
    seen: list[CampaignProgress] = []
    events: list[CampaignProgressed] = []
    async with place.open(on_event=events.append) as campaign:
        report = await campaign.run(concurrency=2, opt_out=["09120000005"], on_progress=seen.append)
    assert (report.status, report.accepted, report.rejected, report.error) == (CampaignStatus.COMPLETED, 29, 1, None)
    assert report.attempted == {
        SendStatus.ACCEPTED: 29,
        SendStatus.REJECTED: 0,
        SendStatus.UNKNOWN: 0,
        SendStatus.NOT_ATTEMPTED: 0,
    }
    assert (len(seen), seen[0].status, seen[-1].status) == (4, CampaignStatus.RUNNING, CampaignStatus.COMPLETED)
    assert (events[0].status, events[-1].status, events[-1].accepted) == ("running", "completed", 29)
    assert place.emulator.accepted == 29


async def test_two_processes_share_a_campaign(place: SharedPlace) -> None:
    """The second joins the first; nothing is sent twice, and both end when all is done."""
    await place.plan(200)
    place.emulator.latency = Latency(0.01)
    reports = []

    async def run() -> None:
        async with place.open() as campaign:
            reports.append(await campaign.run(concurrency=2))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        group.start_soon(run)
    assert [(report.status, report.accepted) for report in reports] == [(CampaignStatus.COMPLETED, 200)] * 2
    attempted = [report.attempted[SendStatus.ACCEPTED] for report in reports]
    assert (sum(attempted), min(attempted) > 0) == (200, True)
    assert sorted(place.emulator.accepted_track_ids()) == sorted(f"m-{index}" for index in range(200))


async def test_what_did_not_reach_the_gateway_pauses_the_run(place: SharedPlace) -> None:
    """After as many requests in a row as are in flight, and at least three; all of it is pending."""
    await place.plan(100)
    with no_gateway() as broken:
        async with place.open() as campaign:
            report = await campaign.run(concurrency=2)
    assert (report.status, report.pending) == (CampaignStatus.PAUSED, 100)
    assert isinstance(report.error, APIConnectionError)
    assert report.reason == str(report.error)
    assert len(broken) >= 3


async def test_an_error_of_the_account_pauses_it_for_all(place: SharedPlace) -> None:
    """The reason is in its status."""
    await place.plan(30)
    place.emulator.faults.script([None, Fault.status(402)], on=SEND)
    async with place.open() as campaign:
        report = await campaign.run(concurrency=1)
        progress = await campaign.progress()
    assert (report.status, report.accepted, report.pending) == (CampaignStatus.PAUSED, 10, 20)
    assert progress.reason == report.reason == str(report.error)


async def test_a_pause_elsewhere_ends_the_run(place: SharedPlace) -> None:
    """What is in flight is finished."""
    await place.plan(100)
    place.emulator.latency = Latency(1.0)
    async with place.open() as campaign, place.open() as other:

        async def pause() -> None:
            while not (await other.progress()).sending:  # noqa: ASYNC110 - of the database
                await anyio.sleep(0.01)
            await other.pause()

        async with anyio.create_task_group() as group:
            group.start_soon(pause)
            report = await campaign.run(concurrency=2)
        assert (report.status, report.reason, report.sending) == (CampaignStatus.PAUSED, "paused", 0)
        assert 0 < report.accepted == place.emulator.accepted < 100


async def test_a_cancelled_task_leaves_the_campaign_paused(place: SharedPlace) -> None:
    """With every outcome recorded."""
    await place.plan(1000)
    async with place.open() as campaign:
        with anyio.CancelScope() as scope:
            await campaign.run(concurrency=2, on_progress=lambda _: scope.cancel())
        progress = await campaign.progress()
    assert (progress.status, progress.reason) == (CampaignStatus.PAUSED, "the task that ran it was cancelled")
    assert (progress.accepted, progress.sending) == (place.emulator.accepted, 0)


async def test_a_signal_pauses_the_run(place: SharedPlace) -> None:
    """SIGTERM is the reason; `run` returns."""
    await place.plan(1000)
    sent: list[int] = []

    def end(progress: CampaignProgress) -> None:
        if not sent:
            sent.append(progress.accepted)
            os.kill(os.getpid(), signal.SIGTERM)

    async with place.open() as campaign:
        report = await campaign.run(concurrency=2, handle_signals=True, on_progress=end)
    assert (report.status, report.reason) == (CampaignStatus.PAUSED, "SIGTERM")


async def test_it_waits_for_the_sending_hours(place: SharedPlace) -> None:
    """By the clock of the database; meanwhile its status says until when."""
    await place.plan(10)
    now = datetime.now(UTC)
    opening = now + timedelta(hours=2)
    hours = SendingHours(f"{opening:%H}:00", f"{opening + timedelta(hours=1):%H}:00", "UTC")
    reasons: list[str | None] = []
    async with place.open() as campaign:

        def note(progress: CampaignProgress) -> None:
            reasons.append(progress.reason)
            scope.cancel()

        with anyio.CancelScope() as scope:
            await campaign.run(sending_hours=hours, on_progress=note)
    assert str(reasons[0]).startswith("waiting for the sending hours, until ")
    assert place.emulator.accepted == 0


async def test_a_journal_that_fails_ends_the_run(place: SharedPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its own error, not a group of them; nothing is lost."""
    await place.plan(30)
    async with place.open() as campaign:
        journal: Any = campaign._journal

        async def broken(*_: object) -> Any:
            raise JournalError("eid: broken")

        monkeypatch.setattr(journal, "pending", broken)
        with pytest.raises(JournalError, match="eid: broken"):
            await campaign.run()
        monkeypatch.undo()
        progress = await campaign.progress()
    assert (progress.status, progress.reason) == (CampaignStatus.PAUSED, "the run raised JournalError")


async def test_a_look_at_the_run_that_fails_ends_it(place: SharedPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """It might have been stopped."""
    await place.plan(1000)
    async with place.open() as campaign:
        journal: Any = campaign._journal
        state = journal.run_state
        looks = []

        async def broken() -> Any:
            looks.append(1)
            if len(looks) == 3:
                raise JournalError("eid: broken")
            return await state()

        monkeypatch.setattr(journal, "run_state", broken)
        with pytest.raises(JournalError, match="eid: broken"):
            await campaign.run(concurrency=1)
        assert (await campaign.progress()).status is CampaignStatus.PAUSED


async def test_outcomes_that_cannot_be_written_are_in_the_error(
    place: SharedPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And in the log."""
    await place.plan(10)

    async def quick(_: float) -> None:
        await anyio.lowlevel.checkpoint()

    async with place.open(sleep=quick) as campaign:
        journal: Any = campaign._journal

        async def full(*_: object) -> bool:
            raise JournalError("eid: full")

        monkeypatch.setattr(journal, "settle", full)
        with pytest.raises(JournalWriteError) as caught:
            await campaign.run(concurrency=1)
    assert [result.id for result in caught.value.results] == [entry.id for entry in place.emulator.ledger]
    async with place.open() as campaign:
        assert (await campaign.progress()).sending == 10
        journal = campaign._journal
        await journal.lock()
        assert await journal.recover() == 10


async def test_a_status_that_cannot_be_written_is_logged(
    place: SharedPlace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The report is made without it."""
    await place.plan(10)
    async with place.open() as campaign:
        journal: Any = campaign._journal

        async def full() -> None:
            raise JournalError("eid: full")

        monkeypatch.setattr(journal, "leave_run", full)
        with caplog.at_level(logging.WARNING):
            report = await campaign.run()
    assert (report.status, report.reason) == (CampaignStatus.PAUSED, "eid: full")
    assert "campaign eid: its status could not be written (eid: full)" in caplog.messages


async def test_a_hook_that_raises_is_logged(place: SharedPlace, caplog: pytest.LogCaptureFixture) -> None:
    """The campaign goes on."""
    await place.plan(10)

    def hook(_: CampaignProgressed) -> None:
        raise ValueError

    async with place.open(on_event=hook) as campaign:
        assert (await campaign.run()).status is CampaignStatus.COMPLETED
    assert "on_event raised ValueError for CampaignProgressed; the campaign goes on" in caplog.messages


async def test_a_run_that_began_to_stop_before_it_started_stops(place: SharedPlace) -> None:
    """A request that comes while it starts is kept; a cancellation outweighs a pause, also in a running one."""
    await place.plan(1000)
    async with place.open() as campaign:

        async def ask() -> None:
            while not campaign._running:
                await anyio.lowlevel.checkpoint()
            await campaign.pause()

        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            report = await campaign.run()
        assert report.status is CampaignStatus.PAUSED

        def stop(_: CampaignProgress) -> None:
            run: Any = campaign._run
            if run is not None:
                run.stop(StopRequest.CANCEL)
                run.stop(StopRequest.PAUSE)

        report = await campaign.run(on_progress=stop)
        assert (report.status, report.reason) == (CampaignStatus.CANCELED, "canceled")


async def test_a_decision_while_it_runs_is_counted(place: SharedPlace) -> None:
    """The counts are read from the journal."""
    await place.plan(20)
    place.emulator.faults.script([Fault.close()], on=SEND)
    seen = []
    async with place.open() as campaign:

        def note(progress: CampaignProgress) -> None:
            seen.append(progress.unknown)

        report = await campaign.run(concurrency=1)
        assert report.unknown == 10
        await campaign.requeue([f"m-{index}" for index in range(5)], note="not in the panel")
        decided = []

        async def decide() -> None:
            while not campaign._run:  # noqa: ASYNC110 - it has no event
                await anyio.sleep(0.01)
            decided.append(await campaign.mark_accepted(["m-9"], note="panel"))

        place.emulator.latency = Latency(0.3)
        async with anyio.create_task_group() as group:
            group.start_soon(decide)
            report = await campaign.run(concurrency=1)
    assert decided == [1]
    assert (report.accepted, report.unknown) == (16, 4)


async def test_a_process_that_died_is_noticed_by_a_run(place: SharedPlace) -> None:
    """What it had in flight is unknown, and the run ends."""
    await place.plan(20)
    async with place.open() as dead:
        journal: Any = dead._journal
        await journal.lock()
        await journal.claim(0, "token")
        async with place.open() as campaign, anyio.create_task_group() as group:
            group.start_soon(journal.database.leave)
            report = await campaign.run()
    assert (report.status, report.accepted, report.unknown) == (CampaignStatus.COMPLETED, 10, 10)
    async with place.open() as campaign:
        assert [one.reason for one in await all_results(campaign, status="unknown")] == ["interrupted"] * 10


async def test_a_pause_that_an_idle_writer_was_asked_for_holds_for_its_run(place: SharedPlace) -> None:
    """As with one writer: what is asked of it is kept."""
    await place.plan(100)
    async with place.open() as campaign, place.open() as other:
        journal: Any = campaign._journal
        await journal.lock()
        assert await other._journal.request(StopRequest.PAUSE)
        report = await campaign.run(concurrency=1)
    assert (report.status, report.reason) == (CampaignStatus.PAUSED, "paused")


async def test_a_run_takes_over_what_a_dead_process_leaves_meanwhile(
    place: SharedPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And ends then."""
    monkeypatch.setattr("wikipayam_async.campaigns.shared_run._RECOVER_POLLS", 1)
    await place.plan(20)
    async with place.open() as dead, place.open() as campaign:
        journal: Any = dead._journal
        await journal.lock()
        await journal.claim(0, "token")

        async def die() -> None:
            while (await campaign.progress()).accepted < 10:  # noqa: ASYNC110 - of the database
                await anyio.sleep(0.02)
            await journal.database.leave()

        async with anyio.create_task_group() as group:
            group.start_soon(die)
            report = await campaign.run()
    assert (report.status, report.accepted, report.unknown) == (CampaignStatus.COMPLETED, 10, 10)


async def test_a_signal_leaves_an_enqueued_campaign_to_its_workers(place: SharedPlace) -> None:
    """Only this process stops."""
    await place.plan(1000)
    sent: list[int] = []

    def end(progress: CampaignProgress) -> None:
        if not sent:
            sent.append(progress.accepted)
            os.kill(os.getpid(), signal.SIGTERM)

    async with place.open() as campaign:
        await campaign.enqueue()
        report = await campaign.run(concurrency=1, handle_signals=True, on_progress=end)
    assert (report.status, report.reason) == (CampaignStatus.RUNNING, None)
    assert report.pending > 0

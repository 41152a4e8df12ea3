"""What an operator decides about unknown and rejected messages."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import patch

import anyio
import pytest

from tests.campaigns.doubles import SEND, Place, WallClock, all_results, messages
from wikipayam_async import InvalidInputError, RateLimit, SendStatus
from wikipayam_async.campaigns import CampaignProgress, CampaignStatus, Decision, JournalError
from wikipayam_async.emulator import Fault, When

pytestmark = pytest.mark.anyio

ACCEPTED, UNKNOWN = SendStatus.ACCEPTED, SendStatus.UNKNOWN


async def test_an_operator_decides_about_unknown_messages(place: Place) -> None:
    """Found accepted, or put back under a new track id; both are in the audit."""
    await place.lose()
    clock = WallClock()
    async with place.open(now=clock.now) as campaign:
        unknown = [str(one.track_id) for one in await all_results(campaign, status=UNKNOWN)]
        assert await campaign.mark_accepted(unknown[:9], note="panel, ticket 81") == 9
        assert (await campaign.progress()).status is CampaignStatus.COMPLETED
        assert await campaign.requeue(iter(unknown[9:]), note="not in the panel") == 1
        progress = await campaign.progress()
        assert (progress.status, progress.pending, progress.reason) == (
            CampaignStatus.PAUSED,
            1,
            "messages were requeued",
        )
        report = await campaign.run()
        assert (report.status, report.accepted, report.attempted[ACCEPTED]) == (CampaignStatus.COMPLETED, 30, 1)
        entries = await campaign.audit()
        results = await all_results(campaign)
    assert [(one.decision, one.note, one.track_id, one.before) for one in entries] == [
        *((Decision.ACCEPTED, "panel, ticket 81", track_id, UNKNOWN) for track_id in unknown[:9]),
        (Decision.REQUEUED, "not in the panel", unknown[9], UNKNOWN),
    ]
    assert {entry.at for entry in entries} == {datetime(2026, 3, 21, 8, 30, tzinfo=UTC)}
    new_id = entries[-1].new_track_id
    assert [one.track_id for one in results if one.index == entries[-1].index] == [new_id]
    assert new_id in place.emulator.accepted_track_ids()


async def test_a_decision_holds_although_the_disk_is_full_after_it(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """An error would be taken for no decision, and the same command would then be refused."""

    async def fail(_: object) -> None:
        raise JournalError("database or disk is full")

    await place.lose()
    async with place.open() as campaign:
        unknown = [str(one.track_id) for one in await all_results(campaign, status=UNKNOWN)]
        with patch.object(campaign._journal, "write_facts", fail):
            assert await campaign.requeue(unknown, note="not in the panel") == 10
        progress = await campaign.progress()
        assert (progress.status, progress.pending) == (CampaignStatus.PAUSED, 10)
        assert [record.getMessage() for record in caplog.records if "requeued" in record.getMessage()] == [
            f"campaign {campaign.name}: messages were requeued, but its status could not be written (database or disk is full)"
        ]
        assert (await campaign.run()).accepted == 30


async def test_a_decision_may_come_before_the_next_run(place: Place) -> None:
    """What a crash left in flight is unknown as soon as somebody decides about it."""
    async with place.open() as campaign:
        await campaign.plan(messages(30), batch_size=10)
        await campaign._journal.lock()
        await campaign._journal.claim(1, "crash")
        await campaign._journal.write_facts({"status": "running"})
    async with place.open() as campaign:
        progress = await campaign.progress()
        assert (progress.status, progress.sending, progress.reason) == (
            CampaignStatus.PAUSED,
            10,
            "the process that ran it has ended; run() resumes it",
        )
        in_flight = [str(one.track_id) for one in await all_results(campaign, status="unknown")]
        await campaign.mark_accepted(in_flight, note="panel")
        assert (await campaign.run()).accepted == 30
    assert sorted(place.emulator.accepted_track_ids()) == sorted({f"m-{i}" for i in range(30)} - set(in_flight))


async def test_a_decision_about_settled_messages_is_refused(place: Place) -> None:
    """Nothing is changed; the error names the track ids."""
    await place.lose()
    async with place.open() as campaign:
        accepted = [str(one.track_id) for one in await all_results(campaign, status=ACCEPTED)]
        for call in (campaign.mark_accepted, campaign.requeue):
            with pytest.raises(InvalidInputError) as caught:
                await call([*accepted[:7]], note="x")
            assert f"got 7 others: {', '.join(accepted[:5])}, …" in str(caught.value)
        with pytest.raises(InvalidInputError, match="got 1 others: nobody"):
            await campaign.mark_accepted(["nobody"], note="x")
        for wrong in ("text", 7):
            with pytest.raises(InvalidInputError, match="track_ids: expected an iterable of track ids"):
                await campaign.mark_accepted(wrong, note="x")  # type: ignore[arg-type]
        with pytest.raises(InvalidInputError, match=r"track_ids\[0\]: expected a track id"):
            await campaign.mark_accepted([7], note="x")  # type: ignore[list-item]
        with pytest.raises(InvalidInputError, match="note: expected how you know"):
            await campaign.mark_accepted(accepted, note=" ")
        with pytest.raises(InvalidInputError, match=r"note: expected a text without the character U\+0000"):
            await campaign.mark_accepted(accepted, note="panel\0")
        assert await campaign.audit() == []


async def test_what_is_requeued_during_a_run_is_sent_by_it(place: Place) -> None:
    """The run does not end before it has sent these messages, too."""
    place.emulator.faults.arm(Fault.close(when=When.BEFORE), on=SEND, times=1)
    seen: list[CampaignProgress] = []
    async with place.open() as campaign:
        await campaign.plan(messages(30), batch_size=10)
        async with anyio.create_task_group() as group:

            async def decide() -> None:
                unknown: list[str] = []
                while not unknown:
                    await anyio.sleep(0.02)
                    unknown = [
                        str(result.track_id)
                        for result in await all_results(campaign, status="unknown")
                        if result.reason != "in_flight"
                    ]
                await campaign.mark_accepted(unknown[:4], note="panel")
                await campaign.requeue(unknown[4:], note="not in the panel")

            group.start_soon(decide)
            report = await campaign.run(
                concurrency=1, on_progress=seen.append, rate_limit=RateLimit(messages_per_second=40, burst_seconds=0)
            )
    assert (report.status, report.accepted, report.unknown) == (CampaignStatus.COMPLETED, 30, 0)
    counted = [(one.pending, one.sending, one.accepted, one.unknown) for one in seen]
    assert {sum(counts) for counts in counted} == {30}
    assert min(map(min, counted)) == 0
    assert place.emulator.accepted == 26


async def test_a_number_that_is_passed_for_a_track_id_is_not_shown(place: Place) -> None:
    """Whoever confuses the two finds no full number in the error, nor in the log that it goes to."""
    async with place.open() as campaign:
        await campaign.plan(messages(3))
        with pytest.raises(InvalidInputError) as caught:
            await campaign.mark_accepted(["09120000001", "m-1"], note="panel")
    assert str(caught.value).endswith("got 2 others: 0912*****01, m-1")

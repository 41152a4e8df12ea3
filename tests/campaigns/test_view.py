"""What can be read of a campaign, from any process."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from unittest.mock import AsyncMock, patch

import pytest

from tests.campaigns.doubles import Place, all_results, messages
from wikipayam_async import ClosedError, ConfigurationError, InvalidInputError, SendStatus, SmsMessage
from wikipayam_async.campaigns import (
    Campaign,
    CampaignError,
    CampaignMessage,
    CampaignResult,
    JournalError,
    MemoryJournal,
    StopRequest,
)
from wikipayam_async.campaigns.journal import Counts
from wikipayam_async.cost import Tariff
from wikipayam_async.emulator import Emulator
from wikipayam_async.testing import emulator_client

pytestmark = pytest.mark.anyio

TARIFF = Tariff(persian=900)


async def test_reading_needs_no_client(place: Place) -> None:
    """Results, decisions, pause and export work without a token; planning and sending do not."""
    await place.lose()
    async with Campaign.open(None, place.journal()) as campaign:
        assert (await campaign.progress()).unknown == 10
        assert len(await all_results(campaign)) == 30
        unknown = [str(one.track_id) for one in await all_results(campaign, status="unknown")]
        await campaign.requeue(unknown, note="not in the panel")
        await campaign.pause()
        for call in (campaign.plan([]), campaign.run(), campaign.estimate(TARIFF), campaign.wait_for_delivery()):
            with pytest.raises(ConfigurationError, match=r"client: \w+\(\) needs one"):
                await call


async def test_a_campaign_is_entered_first(place: Place) -> None:
    """Before and after, its methods say what to write."""
    campaign = place.open()
    for call in (campaign.plan([]), campaign.run(), campaign.progress(), campaign.audit(), campaign.purge()):
        with pytest.raises(ClosedError, match="enter the campaign first"):
            await call
    with pytest.raises(ClosedError):
        await all_results(campaign)
    with pytest.raises(TypeError, match="a campaign is opened with async"):
        campaign.__enter__()  # type: ignore[attr-defined]


async def test_a_status_is_a_status(place: Place) -> None:
    """Another word is an error that lists them."""
    await place.run(1)
    async with place.open() as campaign:
        with pytest.raises(InvalidInputError, match="expected one of accepted, rejected, unknown, not_attempted"):
            await all_results(campaign, status="done")


async def test_columns_come_out_again(place: Place, tmp_path: Path) -> None:
    """In results and in the export, beside the numbers of the rows."""
    source = [
        CampaignMessage(SmsMessage("09120000001", "a"), row=2, columns={"name": "=cmd()", "status": "vip"}),
        CampaignMessage(SmsMessage("0912", "b"), row=3, columns={"name": "Ali"}),
    ]
    async with place.open() as campaign:
        await campaign.plan(source)
        await campaign.run()
        results = await all_results(campaign)
        assert [(one.row, dict(one.columns)) for one in results] == [
            (2, {"name": "=cmd()", "status": "vip"}),
            (3, {"name": "Ali"}),
        ]
        assert await campaign.export(tmp_path / "out.csv") == 2
        assert await campaign.export(tmp_path / "out.jsonl") == 2
    lines = (tmp_path / "out.csv").read_text("utf-8-sig").splitlines()
    assert lines[0] == "name,status (input),index,row,receiver,message,sender,status,id,track_id,delivery,reason,error"
    assert lines[1].startswith("'=cmd(),vip,0,2,09120000001,a,,accepted,")


async def test_the_journal_is_not_replaced_by_its_export(tmp_path: Path) -> None:
    """It would be lost, with all that is known of the messages."""
    path = tmp_path / "eid.db"
    async with Campaign.open(emulator_client(Emulator()), path) as campaign:
        await campaign.plan(messages(3))
        with pytest.raises(InvalidInputError, match="path: expected another file than the journal"):
            await campaign.export(tmp_path / "." / "eid.db", format="csv")
        assert (await campaign.progress()).pending == 3


class Unreadable(MemoryJournal):
    """A journal that cannot say what was asked of its writer."""

    async def requested(self) -> StopRequest | None:
        """Raise an error."""
        raise JournalError("memory: the database is gone")


async def test_leaving_the_block_closes_a_journal_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """What could not be read is in the log; the block's own exception, or none, leaves it."""
    journal = Unreadable()
    async with Campaign.open(emulator_client(Emulator()), journal) as campaign:
        await campaign.plan(messages(3))
    assert [record.getMessage() for record in caplog.records] == [
        "campaign memory: a request to stop could not be recorded (memory: the database is gone)"
    ]
    assert journal.store.writer is None


async def test_results_of_a_campaign_that_is_purged_meanwhile_do_not_end_in_the_middle(
    place: Place,
) -> None:
    """An export of a part would be taken for the whole."""
    async with place.open() as campaign:
        await campaign.plan(messages(1001), batch_size=1000)
        results = campaign.results()
        await anext(results)
        await campaign.purge()
        with pytest.raises(CampaignError, match="nothing is planned here"):
            await _rest(results)


async def test_the_progress_of_a_campaign_that_is_purged_meanwhile_is_no_damage() -> None:
    """Its facts are read before the purge, and its messages are counted after it."""
    journal = MemoryJournal("eid")
    async with Campaign.open(emulator_client(Emulator()), journal) as campaign:
        await campaign.plan(messages(3))
        count = journal.counts

        async def purge_first() -> Counts:
            await campaign.purge()
            return await count()

        with (
            patch.object(journal, "counts", purge_first),
            pytest.raises(CampaignError, match="eid: nothing is planned here") as caught,
        ):
            await campaign.progress()
    assert not isinstance(caught.value, JournalError)


async def test_the_progress_of_a_damaged_journal_is_an_error() -> None:
    """Messages that are missing are no purge: the plan is still there."""
    journal = MemoryJournal("eid")
    async with Campaign.open(emulator_client(Emulator()), journal) as campaign:
        await campaign.plan(messages(3))
        with patch.object(journal, "counts", AsyncMock(return_value=Counts(2))), pytest.raises(JournalError) as caught:
            await campaign.progress()
    assert str(caught.value) == "eid: the journal is damaged: 2 of 3 messages are there; nothing was sent"


async def test_results_of_a_damaged_journal_are_an_error(tmp_path: Path) -> None:
    """They are written to no file."""
    journal, store = MemoryJournal("eid"), tmp_path / "eid.csv"
    async with Campaign.open(emulator_client(Emulator()), journal) as campaign:
        await campaign.plan(messages(3))
        read = journal.results

        async def few(after: int, limit: int, status: SendStatus | None = None) -> Sequence[CampaignResult]:
            return (await read(after, limit, status))[:2] if after < 0 else []

        with patch.object(journal, "results", few), pytest.raises(JournalError, match="2 of 3 messages are there"):
            await campaign.export(store)
    assert list(tmp_path.iterdir()) == []


async def _rest(results: AsyncGenerator[CampaignResult]) -> list[CampaignResult]:
    return [result async for result in results]

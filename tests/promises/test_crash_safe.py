"""The crash-safe promise, beside tests/faults/test_chaos.py, which kills processes: what a campaign's errors show."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.campaigns.doubles import WallClock
from tests.support import secrets
from wikipayam_async import SmsMessage
from wikipayam_async.campaigns import Campaign, CampaignMessage, SQLiteJournal
from wikipayam_async.emulator import Emulator, Fault
from wikipayam_async.testing import emulator_client

pytestmark = pytest.mark.anyio


def source() -> list[CampaignMessage]:
    """Return a message with secrets."""
    message = SmsMessage(secrets.NUMBER, secrets.TEXT, track_id="t-1")
    return [CampaignMessage(message, row=2, columns={"name": secrets.TEXT, "number": secrets.NUMBER})]


async def plan_another(campaign: Campaign) -> None:
    """Plan other messages."""
    await campaign.plan([SmsMessage(secrets.NUMBER, secrets.TEXT + secrets.TEXT)])


async def plan_more(campaign: Campaign) -> None:
    """Plan more messages."""
    await campaign.plan([*source(), *source()])


async def run_with_a_full_disk(campaign: Campaign) -> None:
    """Run while outcomes cannot be written."""
    journal: Any = campaign._journal

    async def full(*_: object) -> bool:
        return bool(await journal._write(lambda connection: connection.execute("INSERT INTO nowhere VALUES (1)")))

    journal.settle = full
    await campaign.run()


async def decide_wrongly(campaign: Campaign) -> None:
    """Decide about a message that is pending."""
    await campaign.mark_accepted(["t-1"], note="panel")


async def plan_where_nothing_can_be_written(_: Campaign) -> None:
    """Plan another campaign."""
    journal: Any = SQLiteJournal("other.db")

    async def full(blocks: object) -> None:
        await journal._write(lambda connection: connection.execute("INSERT INTO nowhere VALUES (1)"))

    journal.add = full
    async with Campaign.open(emulator_client(Emulator()), journal) as other:
        await other.plan(source())


@pytest.mark.parametrize(
    "fail",
    [plan_another, plan_more, run_with_a_full_disk, decide_wrongly, plan_where_nothing_can_be_written],
    ids=lambda f: f.__name__,
)
async def test_errors_of_campaigns_show_no_secrets(
    tmp_path: Path,
    fail: Callable[[Campaign], Awaitable[None]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither their texts and pickles nor the locals of the package's frames hold a number or a text."""
    monkeypatch.chdir(tmp_path)
    client = emulator_client(Emulator())
    async with Campaign.open(client, tmp_path / "eid.db", sleep=WallClock().sleep) as campaign:
        await campaign.plan(source())
        with caplog.at_level(logging.DEBUG), pytest.raises(Exception) as caught:
            await fail(campaign)
        assert secrets.leaks([*secrets.shown_of(caught.value), *secrets.locals_of(caught.value)]) == []
        assert (
            secrets.leaks([record.getMessage() for record in caplog.records if record.name == "wikipayam_async"]) == []
        )


async def test_logs_and_reports_of_campaigns_show_no_secrets(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What is rejected, unknown or unwritten is logged by track id alone."""
    emulator = Emulator()
    client = emulator_client(emulator)
    with caplog.at_level(logging.DEBUG):
        async with Campaign.open(client, tmp_path / "eid.db") as campaign:
            await campaign.plan(source())
            emulator.faults.arm(
                Fault.status(422, json={"message": secrets.TEXT, "errors": {"0.receiver": [secrets.NUMBER]}}),
                on="POST /sms/send",
            )
            report = await campaign.run()
            results = [result async for result in campaign.results()]
    assert report.rejected == 1
    shown = [repr(report), repr(results), *(str(result.error) for result in results)]
    assert secrets.leaks([*shown, *(record.getMessage() for record in caplog.records)]) == []

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from tests.cli.bulk.commands import CAMPAIGN, FILE, SENDS, A, B, write
from tests.cli.conftest import Run
from wikipayam_async.campaigns import Campaign, CampaignProgress, CampaignStatus
from wikipayam_async.campaigns.errors import DatabaseAwayError
from wikipayam_async.cli import main
from wikipayam_async.cli.campaign import watch
from wikipayam_async.emulator import Emulator, Fault

STATES = (
    CampaignProgress(CampaignStatus.RUNNING, 2, 2),
    CampaignProgress(CampaignStatus.RUNNING, 2, 2),
    CampaignProgress(CampaignStatus.PAUSED, 2, 1, accepted=1, reason="the token is refused"),
)


@pytest.fixture
def seen(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a campaign that is completed after it was seen running and paused."""
    write(f"{A},hi", f"{B},hi")
    gateway.faults.script([None, Fault.reset()], on=SENDS)
    assert run("bulk", FILE, "--yes", "--batch-size", "1", "--concurrency", "1").code == 3
    states: Iterator[CampaignProgress] = iter(STATES)
    real = Campaign.progress

    async def progress(campaign: Campaign) -> CampaignProgress:
        return next(states, None) or await real(campaign)

    monkeypatch.setattr(Campaign, "progress", progress)
    monkeypatch.setattr(watch, "_POLL_SECONDS", 0.0)


def test_a_watch_ends_with_the_campaign(seen: None, run: Run) -> None:
    """A pause and its reason are shown, and the exit code is that of a run."""
    ended = run("campaign", "status", CAMPAIGN, "--watch")
    assert ended.code == 3
    assert ended.err.splitlines()[:3] == [
        f"{CAMPAIGN}: running", f"{CAMPAIGN}: paused: the token is refused", f"{CAMPAIGN}: completed",
    ]  # fmt: skip
    assert ended.out.splitlines()[:2] == ["completed", "2 messages: 1 accepted, 0 rejected, 1 unknown, 0 left"]


def test_json_has_a_line_for_each_change(seen: None, run: Run) -> None:
    """The last one is what the status is without a watch."""
    lines = run("campaign", "status", CAMPAIGN, "--watch", "--json").lines
    assert [(one["status"], one["counts"]["pending"]) for one in lines] == [
        ("running", 2), ("paused", 1), ("completed", 0),
    ]  # fmt: skip
    assert (lines[0]["workers"], "workers" in lines[-1], lines[-1]["causes"][0]["status"]) == ([], False, "unknown")


def test_a_database_that_goes_away_is_waited_for(seen: None, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told once."""
    fails, real = iter([False, True, True]), Campaign.progress

    async def progress(campaign: Campaign) -> CampaignProgress:
        if next(fails, False):
            raise DatabaseAwayError("eid: the database cannot be used: AdminShutdown")
        return await real(campaign)

    monkeypatch.setattr(Campaign, "progress", progress)
    ended = run("campaign", "status", CAMPAIGN, "--watch")
    assert ended.code == 3
    assert ended.err.splitlines()[:4] == [
        f"{CAMPAIGN}: running", "eid: the database cannot be used: AdminShutdown",
        f"{CAMPAIGN}: paused: the token is refused", f"{CAMPAIGN}: completed",
    ]  # fmt: skip


def test_a_watch_stops_with_a_closed_pipe(seen: None, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads what comes after."""

    class Gone(io.StringIO):
        def write(self, _: str, /) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(watch, "_POLL_SECONDS", 600.0)
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", Gone())
        assert main(["campaign", "status", CAMPAIGN, "--watch", "--json"]) == 1

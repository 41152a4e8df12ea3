from __future__ import annotations

from tests.cli.bulk.commands import CAMPAIGN, FILE
from tests.cli.conftest import Run


def test_a_paused_campaign_goes_on_and_a_canceled_one_does_not(mixed: None, run: Run) -> None:
    """Canceling asks, since it is for good."""
    assert run("campaign", "pause", CAMPAIGN).err == f"paused; to go on: wikipayam campaign run {CAMPAIGN}\n"
    assert run("campaign", "cancel", CAMPAIGN).code == 2
    assert run("campaign", "cancel", CAMPAIGN, "--yes").err == "canceled\n"
    ended = run("campaign", "run", CAMPAIGN)
    assert (ended.code, "the campaign is canceled; 1 messages stay unsent" in ended.err) == (2, True)
    assert "to go on" not in run("campaign", "status", CAMPAIGN).err
    assert run("bulk", FILE, "--yes", "--batch-size", "1").code == 3

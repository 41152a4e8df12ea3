from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from tests.cli.bulk.commands import SENDS, A, B, answer, receivers
from tests.cli.conftest import Run
from wikipayam_async import AsyncWikipayam, SmsMessage
from wikipayam_async.campaigns import Campaign
from wikipayam_async.emulator import Emulator


def test_a_campaign_that_was_never_run_asks_first(gateway: Emulator, run: Run) -> None:
    """A program may have planned it; its cost is checked like that of a file, and the line is that of the plan."""

    async def plan() -> None:
        async with AsyncWikipayam(sender="10002000") as client, Campaign.open(client, "c") as campaign:
            await campaign.plan([SmsMessage(A, "hi"), SmsMessage(B, "hi")])

    anyio.run(plan)
    ended = run("campaign", "run", "c", "--price-persian", "10")
    assert (ended.code, "--yes or --yes-up-to RIALS" in ended.err) == (2, True)
    assert gateway.requests_to(SENDS) == 0
    assert run("campaign", "run", "c", "--price-persian", "10", "--yes-up-to", "20").code == 0
    assert sorted(receivers(gateway)) == [A, B]


def test_a_refused_question_keeps_the_campaign(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was not planned by this command."""

    async def plan() -> None:
        async with AsyncWikipayam(sender="10002000") as client, Campaign.open(client, "c") as campaign:
            await campaign.plan([SmsMessage(A, "hi")])

    anyio.run(plan)
    answer(monkeypatch, "n")
    ended = run("campaign", "run", "c")
    assert (ended.code, ended.err.splitlines()[-1]) == (2, "nothing was sent")
    assert Path("c").exists()

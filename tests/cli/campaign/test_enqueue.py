"""Campaigns in a database, as one worker of this process sends them."""

from __future__ import annotations

import anyio
import pytest

from tests.cli.bulk.commands import FILE, SENDS, A, B, C, answer, receivers, write
from tests.cli.conftest import PASSWORD, Ended, Run
from wikipayam_async import AsyncWikipayam
from wikipayam_async.emulator import Emulator, Fault
from wikipayam_async.integrations.procrastinate import CampaignWorker

NAME = ("--name", "eid")


@pytest.fixture
def planned(gateway: Emulator, database: str, run: Run) -> Run:
    """Plan three messages in a database, each in a request of its own; return what runs commands and hides nothing."""
    write(f"{A},hi,Qom", f"{B},hi,Yazd", f"{C},hi,Fars", header="mobile,text,city")

    def checked(*argv: str) -> Ended:
        ended = run(*argv)
        assert PASSWORD not in ended.out + ended.err
        return ended

    ended = checked("campaign", "plan", FILE, *NAME, "--batch-size", "1", "--price-persian", "10")
    assert (ended.code, ended.err.splitlines()[-1]) == (0, "planned: eid; to send it: wikipayam campaign enqueue --name eid")
    return checked


def work(database: str, until_done: str = "eid") -> None:
    """Run a worker until a campaign is not running any more."""

    async def serve() -> None:
        from wikipayam_async.campaigns import Campaign, CampaignStatus
        from wikipayam_async.integrations.procrastinate import PostgresJournal

        async with AsyncWikipayam() as client, anyio.create_task_group() as group:
            worker = CampaignWorker(client, database, handle_signals=False)
            group.start_soon(worker.run)
            async with Campaign.open(None, PostgresJournal(database, until_done)) as campaign:
                with anyio.fail_after(30):
                    while (await campaign.progress()).status is CampaignStatus.RUNNING:
                        await anyio.sleep(0.02)
            worker.stop()

    anyio.run(serve)


def test_a_campaign_is_left_to_the_workers(planned: Run, gateway: Emulator, database: str) -> None:
    """It is confirmed like any send; workers obey the options; every command takes the name."""
    ended = planned("campaign", "enqueue", *NAME, "--price-persian", "10", "--yes-up-to", "29")
    assert (ended.code, "--yes or --yes-up-to RIALS" in ended.err) == (2, True)
    ended = planned("campaign", "enqueue", *NAME, "--price-persian", "10", "--yes-up-to", "30")
    assert (ended.code, ended.err.splitlines()) == (
        0,
        [
            "enqueued: 3 messages; to watch: wikipayam campaign status --name eid --watch",
            "no worker is there: `wikipayam worker` starts one",
        ],
    )
    assert planned("campaign", "status", *NAME, "--json").json["status"] == "running"
    work(database)
    assert sorted(receivers(gateway)) == [A, B, C]
    ended = planned("campaign", "status", *NAME, "--watch")
    assert (ended.code, ended.out.splitlines()[0]) == (0, "completed")
    assert planned("campaign", "enqueue", *NAME).err.splitlines()[0] == "completed"

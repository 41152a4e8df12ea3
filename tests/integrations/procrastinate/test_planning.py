"""Plans that are made again."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing
from typing import Any

import pytest

from tests.campaigns.doubles import messages
from tests.campaigns.shared_place import SharedPlace
from tests.support.servers import postgres
from wikipayam_async import SmsMessage
from wikipayam_async.campaigns import (
    Campaign,
    CampaignProgress,
    CampaignStatus,
    JournalError,
    PlanBlock,
    StopRequest,
)
from wikipayam_async.integrations.procrastinate import migrate
from wikipayam_async.integrations.procrastinate.planning import add_blocks

pytestmark = pytest.mark.anyio


async def test_a_plan_of_many_blocks_is_stored_in_their_order(place: SharedPlace) -> None:
    """Digests and messages come back as they were."""
    async with aclosing(place.journal()) as journal:
        await journal.lock()
        await journal.begin_plan()
        for number in range(3):
            await journal.add(
                [PlanBlock(bytes([number]), [(number, number, "0912", "text", None, None, None, None)], [])]
            )
        await journal.finish_plan({"total": "3"})
        assert list(await journal.read_digests(1, 5)) == [b"\1", b"\2"]
        assert [row[0] for row in await journal.read_rows(1, 5)] == [1, 2]


async def test_blocks_whose_commit_was_not_confirmed_are_added_once(place: SharedPlace) -> None:
    """They are there when they are added again; a plan that somebody else has changed is an error."""
    async with aclosing(place.journal()) as journal:
        await journal.lock()
        await journal.begin_plan()
        blocks = [PlanBlock(bytes([n]), [(n, n, "0912", "text", None, None, None, None)], []) for n in range(2)]

        def add(first: int) -> Any:
            campaign = journal._campaign or 0
            return journal.database.run(lambda connection: add_blocks(connection, campaign, first, blocks), "eid")

        await add(0)
        await add(0)
        assert [len(await journal.read_digests(0, 5)), len(await journal.read_rows(0, 5))] == [2, 2]
        with pytest.raises(JournalError, match="the plan has 2 blocks instead of 1: another process has changed it"):
            await add(1)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
async def test_a_plan_and_a_run_go_on_after_a_restart_of_the_database(number: signal.Signals) -> None:
    """A quick one, and one without a checkpoint: each message is planned once, and sent once."""
    with postgres() as server, ThreadPoolExecutor(1) as threads:
        await migrate(server.url)
        place = SharedPlace(server.url)
        starts: list[Future[None]] = []

        def restart() -> None:
            server.stop(number)
            starts.append(threads.submit(server.start))

        def source() -> Iterator[SmsMessage]:
            for index, message in enumerate(messages(3000)):
                if index == 2500:
                    restart()
                yield message

        async with Campaign.open(place.client, place.journal(patience=60, stalled_after=30)) as campaign:
            plan = await campaign.plan(source(), batch_size=100)
            starts[0].result()
            restarted: list[int] = []

            def on_progress(progress: CampaignProgress) -> None:
                if progress.accepted and not restarted:
                    restarted.append(progress.accepted)
                    restart()

            report = await campaign.run(concurrency=2, on_progress=on_progress)
        starts[1].result()
    assert (plan.total, plan.chunks, report.status, report.accepted) == (3000, 30, CampaignStatus.COMPLETED, 3000)
    assert sorted(place.emulator.accepted_track_ids()) == sorted(f"m-{index}" for index in range(3000))


async def test_the_same_plan_again_changes_nothing(place: SharedPlace) -> None:
    """Also by another process."""
    await place.plan(30)
    async with place.open() as campaign:
        plan = await campaign.plan(messages(30), batch_size=10)
    assert (plan.total, plan.chunks) == (30, 3)


async def test_a_reason_that_a_database_cannot_keep_is_kept_without_it(place: SharedPlace) -> None:
    """The gateway's answer may be one, and the campaign is to stop for all because of it."""
    await place.plan(10)
    async with place.open() as campaign:
        await campaign.enqueue()
        journal: Any = campaign._journal
        assert await journal.stop_run(None, StopRequest.PAUSE, "no\0 money") is True
        assert (await campaign.progress()).reason == "no money"

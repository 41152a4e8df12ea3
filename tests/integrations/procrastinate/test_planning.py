"""Plans that are made again."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import pytest

from tests.campaigns.doubles import messages
from tests.campaigns.shared_place import SharedPlace
from wikipayam_async.campaigns import PlanBlock, StopRequest

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

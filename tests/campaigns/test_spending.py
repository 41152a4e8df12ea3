"""What a campaign has spent before a run begins."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.campaigns.doubles import SEND, messages
from wikipayam_async import SendStatus
from wikipayam_async.campaigns import Campaign, CampaignResult, MemoryJournal, SpendingLimit
from wikipayam_async.campaigns.spending import spending_so_far
from wikipayam_async.cost import Tariff
from wikipayam_async.emulator import Emulator, Fault
from wikipayam_async.testing import emulator_client

pytestmark = pytest.mark.anyio
LIMIT = SpendingLimit(rials=1000, tariff=Tariff(persian=10, operators={"MCI": Tariff(persian=30)}))


async def test_accepted_and_unknown_messages_are_spent() -> None:
    """At the price of their receivers' operators; what was refused, or is pending, cost nothing."""
    emulator, journal = Emulator(), MemoryJournal()
    emulator.faults.script([None, Fault.close(), Fault.status(400), Fault.status(402)], on=SEND)
    async with Campaign.open(emulator_client(emulator), journal) as campaign:
        await campaign.plan(messages(8), batch_size=2)
        report = await campaign.run(concurrency=1)
        spending = await spending_so_far(journal, LIMIT, None)
    assert (report.accepted, report.unknown, report.rejected, report.pending) == (2, 2, 2, 2)
    assert (spending.spent, spending.in_flight, spending.left) == (120, 0, 880)


async def test_a_message_that_is_found_accepted_meanwhile_is_not_missed() -> None:
    """Counted twice at worst: the run then stops a little earlier, and never above the limit."""
    emulator = Emulator()
    emulator.faults.script([Fault.close()], on=SEND)

    class Journal(MemoryJournal):
        async def results(self, after: int, limit: int, status: SendStatus | None = None) -> Sequence[CampaignResult]:
            found = await super().results(after, limit, status)
            if not found and not await self.audit(0, 1):
                await campaign.mark_accepted(["m-0"], note="panel")
            return found

    journal = Journal()
    async with Campaign.open(emulator_client(emulator), journal) as campaign:
        await campaign.plan(messages(1), batch_size=2)
        await campaign.run(concurrency=1)
        assert (await spending_so_far(journal, LIMIT, None)).spent == 60
        assert (await spending_so_far(journal, LIMIT, None)).spent == 30

"""All campaigns of a database that are sent."""

from __future__ import annotations

import pytest

from wikipayam_async import SmsMessage
from wikipayam_async.campaigns import Campaign, CampaignStatus
from wikipayam_async.emulator import Emulator
from wikipayam_async.integrations.procrastinate import PostgresJournal
from wikipayam_async.integrations.procrastinate.overview import OverviewReader
from wikipayam_async.testing import emulator_client

pytestmark = pytest.mark.anyio


async def test_what_is_sent_and_what_was_asked_for_is_read(postgres_url: str, anyio_backend_name: str) -> None:
    """A campaign that is only planned is left out unless it is named; one that is not there is, too."""
    sent, planned = f"overview-{anyio_backend_name}", f"planned-{anyio_backend_name}"
    async with emulator_client(Emulator()) as client, OverviewReader(postgres_url) as reader:
        for name in (sent, planned):
            async with Campaign.open(client, PostgresJournal(postgres_url, name)) as campaign:
                await campaign.plan([SmsMessage("09120000001", "hi")])
                if name == sent:
                    await campaign.enqueue()
        found = await reader.read()
        assert (found.campaigns[sent].status, planned in found.campaigns) == (CampaignStatus.RUNNING, False)
        assert [one for one in found.workers if one.alive and one.campaign == sent] == []
        found = await reader.read([planned, sent, "missing"])
        assert (found.campaigns[planned].status, found.campaigns[planned].pending) == (CampaignStatus.PLANNED, 1)
        assert "missing" not in found.campaigns
        async with Campaign.open(client, PostgresJournal(postgres_url, sent)) as campaign:
            await campaign.cancel()
        found = await reader.read()
        assert sent not in found.campaigns

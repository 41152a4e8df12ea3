"""A worker of campaigns, as a process that is not pinned: `python -m tests.benchmarks.campaign_worker GATEWAY DATABASE`."""

from __future__ import annotations

import sys

import anyio

from tests.benchmarks import payload
from tests.benchmarks.implementations.interface import LANES
from wikipayam_async import AsyncWikipayam
from wikipayam_async.integrations.procrastinate import CampaignWorker

__all__ = ["main"]


async def main(gateway: str, database: str) -> None:
    """Send until SIGTERM."""
    async with AsyncWikipayam(payload.TOKEN, sender=payload.SENDER, base_url=gateway, max_connections=LANES) as client:
        await CampaignWorker(client, database, concurrency=LANES).run()


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2])

"""A gateway and a database for campaigns that several processes send."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from unittest.mock import patch

import anyio

from tests.campaigns.doubles import messages
from wikipayam_async import APIConnectionError, AsyncWikipayam, SendStatus
from wikipayam_async.campaigns import Campaign, CampaignProgress, CampaignStatus
from wikipayam_async.emulator import Emulator
from wikipayam_async.integrations.procrastinate import CampaignWorker, PostgresJournal
from wikipayam_async.services.sms import service as sms_service
from wikipayam_async.testing import emulator_client

__all__ = ["SharedPlace", "no_gateway"]

STALLED_AFTER = 1.2


@contextmanager
def no_gateway() -> Iterator[list[int]]:
    """Let no request of a bulk send reach the gateway; yield a list that has an item for each."""
    calls: list[int] = []

    async def refuse(*_: Any, **__: Any) -> Any:
        calls.append(1)
        raise _unreached()

    with patch.object(sms_service, "send_batch", refuse):
        yield calls


def _unreached() -> APIConnectionError:
    error = APIConnectionError("sms.send: connection refused")
    error.send_status = SendStatus.NOT_ATTEMPTED
    return error


class SharedPlace:
    """A gateway, and a database.

    Attributes:
        url: The URL of the database.
        emulator: The gateway.
        client: A client of it.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.emulator = Emulator()
        self.client = emulator_client(self.emulator)

    def journal(self, name: str = "eid", **options: Any) -> PostgresJournal:
        """Return the journal of a campaign."""
        return PostgresJournal(self.url, name, **{"stalled_after": STALLED_AFTER, "patience": 2.0, **options})

    def open(self, name: str = "eid", client: AsyncWikipayam | None = None, **options: Any) -> Campaign:
        """Open a campaign."""
        return Campaign.open(client or self.client, self.journal(name), **options)

    async def plan(self, count: int = 30, name: str = "eid", **fields: Any) -> None:
        """Plan messages in batches of ten."""
        async with self.open(name) as campaign:
            await campaign.plan(messages(count, **fields), batch_size=10)

    def worker(self, client: AsyncWikipayam | None = None, url: str | None = None, **options: Any) -> CampaignWorker:
        """Return a worker, whose way to the database may be another."""
        settings = {
            "handle_signals": False,
            "stalled_after": STALLED_AFTER,
            "polling_interval": 0.1,
            "sweep_interval": 0.1,
            "concurrency": 4,
            **options,
        }
        return CampaignWorker(client or self.client, url or self.url, **settings)

    @asynccontextmanager
    async def working(self, *workers: CampaignWorker) -> AsyncIterator[None]:
        """Run workers until the block ends."""
        async with anyio.create_task_group() as group:
            for worker in workers or (self.worker(),):
                group.start_soon(worker.run)
            yield
            for worker in workers:
                worker.stop()
            group.cancel_scope.cancel()

    async def ended(self, campaign: Campaign) -> CampaignProgress:
        """Wait until a campaign does not run any more."""
        with anyio.fail_after(30):
            while (progress := await campaign.progress()).status is CampaignStatus.RUNNING:  # noqa: ASYNC110 - of the database
                await anyio.sleep(0.05)
        return progress

"""All campaigns of a database that are being sent, and who sends them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import anyio
from attrs import field, frozen

from wikipayam_async.campaigns.facts import progress_of, read_facts
from wikipayam_async.campaigns.models import CampaignProgress
from wikipayam_async.integrations.connections import check_url
from wikipayam_async.integrations.procrastinate.database import PATIENCE, STALLED_AFTER, Database
from wikipayam_async.integrations.procrastinate.journal import PostgresJournal
from wikipayam_async.integrations.procrastinate.presence import WorkerInfo, read_workers

__all__ = ["Overview", "OverviewReader"]


@frozen
class Overview:
    """The campaigns and the workers of a database at one time.

    Attributes:
        campaigns: How far each campaign has got, by name.
        workers: The workers, and the processes that send a campaign by themselves.
    """

    campaigns: Mapping[str, CampaignProgress] = field(hash=False)
    workers: Sequence[WorkerInfo]


class OverviewReader:
    """Reads overviews, over one connection. Use it as `async with OverviewReader(url) as reader`.

    Args:
        url: The database.

    Raises:
        InvalidInputError: The URL is invalid.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(check_url(url), STALLED_AFTER, PATIENCE, 1)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            await self._database.aclose()

    async def read(self, names: Iterable[str] = ()) -> Overview:
        """Return the campaigns that are being sent, and some others.

        Args:
            names: The names of the others.

        Raises:
            JournalError: The database cannot be used.
        """
        active, workers = await self._database.run(_read, "the database")
        campaigns = {}
        for name in dict.fromkeys([*names, *active]):
            journal = PostgresJournal.on(self._database, name)
            facts = read_facts(name, await journal.read_facts())
            if facts is not None:  # it may have been deleted
                campaigns[name] = progress_of(name, facts, await journal.counts(), in_use=await journal.in_use())
        return Overview(campaigns, workers)


def _read(connection: Any) -> tuple[list[str], Sequence[WorkerInfo]]:
    rows = connection.execute("SELECT name FROM wikipayam.campaign WHERE active ORDER BY id")
    return [name for (name,) in rows], read_workers(connection, STALLED_AFTER)

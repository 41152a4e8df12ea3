"""A database with journals: connections, its tables, and the presence of this process in it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import anyio
from anyio import to_thread

from wikipayam_async.campaigns.errors import DatabaseAwayError, JournalError
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.integrations.connection_failures import Failure
from wikipayam_async.integrations.connections import Connections
from wikipayam_async.integrations.procrastinate.presence import Presence
from wikipayam_async.integrations.procrastinate.schema import check_schema
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.redact.sealed import Secret

__all__ = ["PATIENCE", "STALLED_AFTER", "Database", "DatabaseAwayError", "check_seconds"]

T = TypeVar("T")

logger = logging.getLogger("wikipayam_async")

STALLED_AFTER = 30.0
PATIENCE = 60.0
_FIRST_DELAY, _LONGEST_DELAY = 0.1, 2.0


def check_seconds(value: float, name: str) -> float:
    """Return a number of seconds.

    Raises:
        InvalidInputError: It is no number above 0.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise InvalidInputError(name, rule="expected a number of seconds above 0", got=shape_of(value))
    return value


class Database:
    """The database of journals, as one process sees it. The journals of a worker share one.

    Args:
        url: The database.
        stalled_after: Seconds without a heartbeat after which a process counts as dead.
        patience: Seconds for which statements are tried again while the database is away.
        max_connections: The maximum number of connections of this process, beside one for heartbeats.
    """

    def __init__(self, url: Secret, stalled_after: float, patience: float, max_connections: int) -> None:
        self._url = url
        self._patience = patience
        self._checked = False
        self.stalled_after = stalled_after
        self.connections = Connections(url, max_connections, self._check)
        self.presence: Presence | None = None
        self._guard = threading.Lock()

    async def run(
        self,
        work: Callable[[Any], T],
        what: str,
        *,
        transaction: bool = True,
        repeat: bool = True,
        patient: bool = False,
    ) -> T:
        """Do something in one transaction.

        Args:
            work: Is called with a connection.
            what: The name of the campaign, for errors.
            transaction: Whether it changes something; what only reads needs no transaction.
            repeat: Whether it may be done twice.
            patient: Whether it is tried again for a while if the database is away.

        Raises:
            JournalError: The database cannot be used.
        """
        end, delay, doubtful = time.monotonic() + self._patience, _FIRST_DELAY, False
        while True:
            try:
                return await self.connections.run(work, transaction=transaction, repeat=repeat)
            except Failure as error:
                failure = error
            doubtful = doubtful or failure.committed
            over = not failure.away or time.monotonic() + delay > end
            if not patient or over or (doubtful and not repeat):
                break
            logger.warning("campaign %s: the database is away (%s); trying again", what, failure.reason)
            await anyio.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY)
        doubt = "; whether the last change was made is not known" if doubtful else ""
        kind = DatabaseAwayError if failure.away else JournalError
        raise kind(f"{what}: the database cannot be used: {failure.reason}{doubt}") from None

    async def enter(self, campaign: str | None, name: str) -> Presence:
        """Show from now on that this process lives; return its presence."""
        if self.presence is None:
            connections = Connections(self._url, 1, lambda _: None)
            presence = Presence(connections, self.stalled_after, campaign, name)
            await self.run(presence.insert, name)
            self.presence = presence
            presence.start()
        return self.presence

    async def leave(self) -> None:
        """Remove the presence of this process."""
        presence, self.presence = self.presence, None
        if presence is not None:
            await to_thread.run_sync(presence.end)

    async def aclose(self) -> None:
        """Remove the presence of this process, and close the connections."""
        await self.leave()
        await self.connections.aclose()

    def _check(self, connection: Any) -> None:
        if not self._checked:
            check_schema(connection)
            self._checked = True

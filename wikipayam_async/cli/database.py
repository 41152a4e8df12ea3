"""The database of campaigns that a command names, with its password kept out of every output."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from types import ModuleType
from typing import TYPE_CHECKING

from attrs import field, frozen

from wikipayam_async.errors import ConfigurationError
from wikipayam_async.redact.sealed import Secret

if TYPE_CHECKING:
    from wikipayam_async.client import AsyncWikipayam
    from wikipayam_async.integrations.procrastinate.health import DatabaseHealth
    from wikipayam_async.integrations.procrastinate.journal import PostgresJournal
    from wikipayam_async.integrations.procrastinate.overview import OverviewReader
    from wikipayam_async.integrations.procrastinate.presence import WorkerInfo
    from wikipayam_async.integrations.procrastinate.schema import SchemaState
    from wikipayam_async.integrations.procrastinate.worker import CampaignWorker

__all__ = ["VARIABLE", "Database", "find_database", "has_misplaced_url"]

VARIABLE = "WIKIPAYAM_DATABASE_URL"
"""The environment variable with the URL of the database."""

_SCHEMES = ("postgresql://", "postgres://")
_PACKAGE = "wikipayam_async.integrations.procrastinate"


@frozen
class Database:
    """A database. Its parts are imported when they are used, since they are of an extra.

    Attributes:
        url: Its URL.
        from_environment: Whether the URL is in the environment, so that a command need not name it.
    """

    url: Secret = field(repr=False)
    from_environment: bool

    def journal(self, name: str) -> PostgresJournal:
        """Return the journal of a campaign; nothing is opened yet.

        Args:
            name: The name of the campaign.

        Raises:
            ConfigurationError: The extra is not installed.
        """
        journal: PostgresJournal = _part("journal").PostgresJournal(self.url.reveal(), name=name)
        return journal

    async def workers(self) -> Sequence[WorkerInfo]:
        """Return the workers, and other processes that send.

        Raises:
            JournalError: The database cannot be used.
        """
        found: Sequence[WorkerInfo] = await _part("worker").list_workers(self.url.reveal())
        return found

    async def worker(self, client: AsyncWikipayam, *, concurrency: int, name: str | None) -> CampaignWorker:
        """Return a worker, which listens for jobs, if nothing between it and the database prevents that.

        Args:
            client: The client that sends.
            concurrency: The maximum number of requests in flight.
            name: Its name in the table of workers; None for that of the machine and the process.

        Raises:
            JournalError: The database cannot be used.
        """
        listens = not (await self.health()).transaction_pooling
        worker: CampaignWorker = _part("worker").CampaignWorker(
            client,
            self.url.reveal(),
            concurrency=concurrency,
            name=name,
            listen_notify=listens,
            handle_signals=False,  # the command does
        )
        return worker

    def overviews(self) -> OverviewReader:
        """Return a reader of what is sent in the database; enter it first."""
        reader: OverviewReader = _part("overview").OverviewReader(self.url.reveal())
        return reader

    async def migrate(self) -> SchemaState:
        """Make the tables, or bring them up to date; return their state, with what was changed.

        Raises:
            JournalError: The database cannot be used.
        """
        state: SchemaState = await _part("schema").migrate(self.url.reveal())
        return state

    async def schema(self) -> SchemaState:
        """Return the state of the tables.

        Raises:
            JournalError: The database cannot be used.
        """
        state: SchemaState = await _part("schema").read_schema(self.url.reveal())
        return state

    def schema_version(self) -> int:
        """Return the version of the tables that this version of the package needs."""
        version: int = _part("schema").SCHEMA_VERSION
        return version

    async def health(self) -> DatabaseHealth:
        """Return the health of the server.

        Raises:
            JournalError: The database cannot be used.
        """
        health: DatabaseHealth = await _part("health").read_health(self.url.reveal())
        return health


def find_database(given: str | None, environ: Mapping[str, str] = os.environ) -> Database | None:
    """Return the database of a command; None if neither an option nor the environment names one.

    Args:
        given: The URL of the command line.
        environ: The environment.

    Raises:
        ConfigurationError: It is no URL of PostgreSQL.
    """
    url = given or environ.get(VARIABLE)
    if not url:
        return None
    if not url.startswith(_SCHEMES):
        raise ConfigurationError("--database: expected a URL such as postgresql://user@host/sms; got another text")
    return Database(Secret(url), given is None)


def has_misplaced_url(argv: Sequence[str]) -> bool:
    """Return whether the URL of a database, which may have a password, is an argument where none belongs.

    Args:
        argv: The arguments after the program name.
    """
    return any(word.startswith(_SCHEMES) and before != "--database" for before, word in pairwise(("", *argv)))


def _part(name: str) -> ModuleType:
    """Return a module of the integration.

    Raises:
        ConfigurationError: The extra is not installed.
    """
    try:
        return import_module(f"{_PACKAGE}.{name}")
    except ImportError:
        raise ConfigurationError(
            "--database: needs an extra: python -m pip install 'wikipayam_async[cli,distributed]'"
        ) from None

"""The database of campaigns that a command names, with its password kept out of every output."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import field, frozen

from wikipayam_async.errors import ConfigurationError
from wikipayam_async.redact.sealed import Secret

if TYPE_CHECKING:
    from wikipayam_async.campaigns.journal import Journal

__all__ = ["VARIABLE", "Database", "find_database"]

VARIABLE = "WIKIPAYAM_DATABASE_URL"
"""The environment variable with the URL of the database."""

_SCHEMES = ("postgresql://", "postgres://")


@frozen
class Database:
    """A database.

    Attributes:
        url: Its URL.
        from_environment: Whether the URL is in the environment, so that a command need not name it.
    """

    url: Secret = field(repr=False)
    from_environment: bool

    def journal(self, name: str) -> Journal:
        """Return the journal of a campaign; nothing is opened yet.

        Args:
            name: The name of the campaign.
        """
        from wikipayam_async.integrations.procrastinate import PostgresJournal  # noqa: PLC0415 - an extra

        return PostgresJournal(self.url.reveal(), name=name)


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

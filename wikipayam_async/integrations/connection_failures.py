"""Why PostgreSQL cannot be used, in words that quote nothing of its URL or of a row."""

from __future__ import annotations

import psycopg
from attrs import frozen

__all__ = ["Failure", "cause_of", "failure_of"]

_CAUSES = {
    "password authentication failed": "the user or the password is wrong, or has expired",
    "no password supplied": "the URL has no password",
    "no pg_hba.conf entry": "the server does not let this user in from this machine",
    "not permitted to log in": "the server does not let this user in",
    "permission denied for database": "the user may not use this database",
    "does not exist": "the server has no such database or user",
    "connection refused": "nothing listens at this address",
    "could not translate host name": "there is no such host",
    "failed to resolve host": "there is no such host",
    "timeout": "the server does not answer",
    "too many": "the server has too many connections",
    "remaining connection slots": "the server has too many connections",
    "starting up": "the server is starting",
    "recovery mode": "the server is recovering from a crash",
    "shutting down": "the server is shutting down",
    "closed the connection": "the server ended the connection",
    "connection is closed": "the server ended the connection",
    "ssl": "the encrypted connection failed",
    "invalid": "its URL is not valid",
}
"""Why a connection failed, by what the text of the error has. The text itself is not shown: it may quote the URL."""
_STATES = {
    "25006": "it takes no writes, as a replica does, or while default_transaction_read_only is on",
    "42501": "the user lacks a privilege that it needs",
    "42P01": "a table is missing",
    "53100": "its disk is full",
    "53200": "it is out of memory",
    "53300": "it has too many connections",
    "55P03": "another transaction holds a lock for too long",
    "57014": "a statement took too long, or was cancelled by somebody",
    "57P01": "it is being shut down, or an administrator ended the connection",
    "57P02": "it is recovering from a crash",
    "57P03": "it is starting",
    "57P05": "it ended an idle connection",
}
"""What codes of PostgreSQL mean."""
_READ_ONLY = "25006"


@frozen
class Failure(Exception):  # noqa: N818 - a result that is raised
    """The database could not do what was asked. Its own text may quote the URL or a row, so only the kind is named.

    Attributes:
        reason: The kind of the failure, with the code of PostgreSQL.
        away: Whether the database could not be reached, or went away; the same may work a moment later.
        committed: Whether it may have been done all the same, since the answer to the commit is missing.
    """

    reason: str
    away: bool
    committed: bool


def cause_of(error: psycopg.Error) -> str:
    """Return why a connection failed, in words that quote nothing of its URL.

    Args:
        error: The error.
    """
    if error.sqlstate is not None:
        meaning = _STATES.get(error.sqlstate)
        return f"{type(error).__name__} ({error.sqlstate})" + (f": {meaning}" if meaning else "")
    if isinstance(error, psycopg.ProgrammingError):
        return "its URL is not valid"
    text = str(error).lower()
    return next((cause for part, cause in _CAUSES.items() if part in text), type(error).__name__)


def failure_of(error: psycopg.Error, *, committed: bool) -> Failure:
    """Return the failure that an error shows.

    A server that takes no writes, as after a failover, counts as away: it is one that comes back.

    Args:
        error: The error.
        committed: Whether it may have been done all the same.
    """
    kinds = psycopg.OperationalError | psycopg.InterfaceError | psycopg.errors.IdleInTransactionSessionTimeout
    return Failure(cause_of(error), away=isinstance(error, kinds) or error.sqlstate == _READ_ONLY, committed=committed)

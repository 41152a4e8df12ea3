"""Connections to a server of PostgreSQL: they say why they fail, and notice a server that is gone."""

from __future__ import annotations

import re
import selectors
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from attrs import evolve
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from wikipayam_async.integrations.connections import Connections, Failure
from wikipayam_async.redact.sealed import Secret

__all__ = ["ServerConnections", "cause_of", "with_network_limits"]

T = TypeVar("T")

_NETWORK_LIMITS = {
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
"""With them a connection whose server is gone without a word, as after a network partition, ends within 25 s. Without them
it hangs for a quarter of an hour if something was sent over it, and for two hours if an answer is awaited."""
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
_READ_ONLY = "(25006)"


class ServerConnections(Connections):
    """Connections to a server that may restart, fail over, be full, or be gone without a word.

    A failure says why. A server that takes no writes, as after a failover, counts as away: it is one that comes back.
    Connections that the server has ended while they were idle are not used.

    Args:
        url: The database.
        limit: The maximum number of connections.
        prepare: Called with every new connection, before it is used.
        options: As for `Connections`.
    """

    def __init__(self, url: Secret, limit: int, prepare: Callable[[Any], object], **options: int) -> None:
        super().__init__(with_network_limits(url), limit, prepare, **options)

    def attempt(self, work: Callable[[Any], T], transaction: bool = False, repeat: bool = True) -> T:  # noqa: FBT001, FBT002 - as in the base class
        """Do something with a connection, in this thread.

        Raises:
            Failure: It could not be done.
        """
        try:
            return super().attempt(work, transaction, repeat)
        except Failure as error:
            failure = _explained(error)
        raise failure

    def _take(self) -> Any:
        while _has_ended(connection := super()._take()):
            connection.close()
        return connection

    def _connect(self) -> Any:
        try:
            return super()._connect()
        except psycopg.Error as error:
            if error.sqlstate is not None:
                raise
            is_away = not isinstance(error, psycopg.ProgrammingError)
            failure = Failure(cause_of(error), away=is_away, committed=False)
        raise failure


def with_network_limits(url: Secret) -> Secret:
    """Return the URL with a limit on how long a server may be silent, unless it has limits of its own.

    Args:
        url: The URL, or another text that libpq takes.
    """
    try:
        given = conninfo_to_dict(url.reveal())
        return Secret(make_conninfo(url.reveal(), **{k: v for k, v in _NETWORK_LIMITS.items() if k not in given}))
    except psycopg.ProgrammingError:
        return url  # the first connection says that it is not valid


def cause_of(error: psycopg.Error) -> str:
    """Return why a connection failed, in words that quote nothing of its URL.

    Args:
        error: The error.
    """
    if error.sqlstate is not None:
        return _with_meaning(f"{type(error).__name__} ({error.sqlstate})")
    if isinstance(error, psycopg.ProgrammingError):
        return "its URL is not valid"
    text = str(error).lower()
    return next((cause for part, cause in _CAUSES.items() if part in text), type(error).__name__)


def _explained(failure: Failure) -> Failure:
    """Return a failure whose reason says what its code means."""
    is_read_only = failure.reason.endswith(_READ_ONLY)
    return evolve(failure, reason=_with_meaning(failure.reason), away=failure.away or is_read_only)


def _with_meaning(reason: str) -> str:
    code = re.search(r"\((\w{5})\)$", reason)
    meaning = _STATES.get(code[1]) if code else None
    return reason if meaning is None else f"{reason}: {meaning}"


def _has_ended(connection: Any) -> bool:
    """Return whether the server ended a connection that nobody uses: only then there is something to read."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection.fileno(), selectors.EVENT_READ)
        return bool(selector.select(0))

"""The health of a database: whether it can be used, who uses it, and what stands before it."""

from __future__ import annotations

import time
from typing import Any

import psycopg
from anyio import to_thread
from attrs import frozen

from wikipayam_async.campaigns.errors import DatabaseAwayError, JournalError
from wikipayam_async.checks import without_frames
from wikipayam_async.integrations.connection_failures import cause_of
from wikipayam_async.integrations.connections import check_url, connect, silence_limit, with_network_limits
from wikipayam_async.redact.sealed import Secret

__all__ = ["DatabaseHealth", "read_health"]

_READ = b"""
    SELECT current_setting('server_version'), pg_backend_pid(), current_setting('transaction_read_only')::boolean,
        (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
        current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
"""


@frozen(kw_only=True)
class DatabaseHealth:
    """The health of a database.

    Attributes:
        server_version: The version of PostgreSQL, such as `17.2`.
        milliseconds: The duration of a statement.
        connections: The number of connections to the server, of all programs.
        max_connections: The number of connections that programs may have.
        encrypted: Whether this connection is encrypted.
        read_only: Whether the server takes no writes, as a replica does.
        pooler: Whether a pooler, such as pgbouncer, is between this process and the server.
        transaction_pooling: Whether the pooler gives a connection of the server away after each transaction.
    """

    server_version: str
    milliseconds: float
    connections: int
    max_connections: int
    encrypted: bool
    read_only: bool
    pooler: bool
    transaction_pooling: bool


@without_frames
async def read_health(url: str) -> DatabaseHealth:
    """Return the health of a database. Nothing is changed.

    Args:
        url: The database, such as `postgresql://user:password@host/sms`.

    Raises:
        InvalidInputError: The URL is no text.
        DatabaseAwayError: It cannot be used; the text says why.
        JournalError: The URL is not valid.
    """
    sealed = check_url(url)
    del url  # some tools show the locals of a failing program
    try:
        return await to_thread.run_sync(_read_health, sealed)
    except psycopg.Error as error:
        kind = JournalError if isinstance(error, psycopg.ProgrammingError) else DatabaseAwayError
        failure = kind(f"the database cannot be used: {cause_of(error)}")
    raise failure


def _read_health(url: Secret) -> DatabaseHealth:
    with _connect(url) as first:
        started = time.perf_counter()
        first.execute(b"SELECT 1")
        elapsed = (time.perf_counter() - started) * 1000
        version, process, is_read_only, used, limit = first.execute(_READ).fetchone()
        # A pooler tells its clients of a process of its own.
        pooler = first.info.backend_pid != process
        return DatabaseHealth(
            server_version=version,
            milliseconds=elapsed,
            connections=used,
            max_connections=limit,
            encrypted=bool(first.pgconn.ssl_in_use),
            read_only=is_read_only,
            pooler=pooler,
            transaction_pooling=pooler and _is_given_away(url, process),
        )


def _is_given_away(url: Secret, process: int) -> bool:
    """Return whether another client gets a process of the server although the client that had it is still there."""
    with _connect(url) as second:
        return bool(second.execute(b"SELECT pg_backend_pid()").fetchone() == (process,))


def _connect(url: Secret) -> Any:
    limited = with_network_limits(url)
    return connect(limited, silence_limit(limited))

"""The health of a database: whether it can be used, by whom it is used, and what stands before it."""

from __future__ import annotations

import time
from typing import Any

from anyio import to_thread
from attrs import frozen

from wikipayam_async.campaigns.errors import JournalError
from wikipayam_async.checks import without_frames
from wikipayam_async.integrations.connections import Connections, Failure
from wikipayam_async.redact.sealed import Secret

__all__ = ["DatabaseHealth", "read_health"]

_READ = b"""
    SELECT current_setting('server_version'), pg_backend_pid(), pg_is_in_recovery(),
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
        read_only: Whether the server is a replica, which cannot be written to.
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
        JournalError: It cannot be used.
    """
    connections = Connections(Secret(url), 2, lambda _: None)
    try:
        return await connections.run(lambda first: _read(first, connections))
    except Failure as error:
        failure = JournalError(f"the database cannot be used: {error.reason}")
    finally:
        await to_thread.run_sync(connections.close)
    raise failure


def _read(first: Any, connections: Connections) -> DatabaseHealth:
    started = time.perf_counter()
    first.execute(b"SELECT 1")
    elapsed = (time.perf_counter() - started) * 1000
    version, server_process, is_replica, used, limit = first.execute(_READ).fetchone()
    # A pooler names a process of its own to the client; the second connection gets the server's process of the first one
    # only if that was given back although the first connection is still there.
    pooler = first.info.backend_pid != server_process
    second = connections.attempt(_server_process) if pooler else None
    return DatabaseHealth(
        server_version=version,
        milliseconds=elapsed,
        connections=used,
        max_connections=limit,
        encrypted=bool(first.pgconn.ssl_in_use),
        read_only=is_replica,
        pooler=pooler,
        transaction_pooling=second == server_process,
    )


def _server_process(connection: Any) -> int:
    return int(connection.execute(b"SELECT pg_backend_pid()").fetchone()[0])

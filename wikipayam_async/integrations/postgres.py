"""Idempotency keys in PostgreSQL: for processes on many machines. Needs the extra `psycopg`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from wikipayam_async.checks import is_unicode, without_frames
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.idempotency import Claim, IdempotencyRecord, IdempotencyStoreError, Settlement
from wikipayam_async.idempotency.settings import check_keep_for, check_key, check_secret
from wikipayam_async.idempotency.store import KEEP_FOR, checked_record
from wikipayam_async.integrations.connection_failures import Failure
from wikipayam_async.integrations.connections import Connections
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.publish import publish
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.redact.sealed import Secret

__all__ = ["PostgresIdempotencyStore"]

T = TypeVar("T")

_TABLE = re.compile(r"([a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,50}")
_COLUMNS = "key, kind, digest, claim_id, owner, track_id, status, outcome, lease_end, claimed_at, expires_at"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS {table} (
    key        text PRIMARY KEY,
    kind       text NOT NULL,
    digest     text NOT NULL,
    claim_id   text NOT NULL,
    owner      text NOT NULL,
    track_id   text,
    status     text,
    outcome    text NOT NULL,
    lease_end  timestamptz NOT NULL,
    claimed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS {index} ON {table} (expires_at);
"""
_CLAIM = f"""
INSERT INTO {{table}} AS t ({_COLUMNS}) VALUES (
    %s, %s, %s, %s, %s, %s, NULL, '',
    clock_timestamp() + %s * interval '1 second', clock_timestamp(), clock_timestamp() + %s * interval '1 second'
)
ON CONFLICT (key) DO UPDATE SET
    kind = excluded.kind, digest = excluded.digest, claim_id = excluded.claim_id, owner = excluded.owner,
    track_id = excluded.track_id, status = NULL, outcome = '', lease_end = excluded.lease_end,
    claimed_at = excluded.claimed_at, expires_at = excluded.expires_at
WHERE t.expires_at <= clock_timestamp() OR (t.claim_id = excluded.claim_id AND t.status IS NULL)
    OR (t.status = 'not_attempted' AND t.kind = excluded.kind AND t.digest = excluded.digest)
"""  # noqa: S608 - constants
_READ = f"""
SELECT {_COLUMNS}, extract(epoch FROM lease_end - clock_timestamp())::float8
FROM {{table}} WHERE key = %s AND expires_at > clock_timestamp()
"""  # noqa: S608 - constants
_SETTLE = """
UPDATE {table} SET status = %s, outcome = %s, expires_at = clock_timestamp() + %s * interval '1 second'
WHERE key = %s AND claim_id = %s
"""


class PostgresIdempotencyStore:
    """Idempotency keys in a table of PostgreSQL, which the processes of many machines share.

    The table is made on first use, unless it is there. Each claim and each outcome is one statement, committed with
    `synchronous_commit`, by the clock of the server. Statements run in threads, so that the store works on asyncio and
    on trio; each connection serves one statement at a time.

    Args:
        url: The database, such as `postgresql://user:password@host/shop`.
        table: The name of the table, in lower case; a schema may precede it.
        keep_for: How long a key is kept, counted from the outcome of its message.
        secret: The key of the digests of receiver and text; None for none. Without one, whoever reads the table can test
            guesses: whether a certain text was sent to a certain number.
        max_connections: The maximum number of connections of this process.

    Raises:
        ConfigurationError: An argument is invalid.
    """

    @without_frames
    def __init__(
        self,
        url: str,
        *,
        table: str = "wikipayam_idempotency",
        keep_for: timedelta = KEEP_FOR,
        secret: str | bytes | None = None,
        max_connections: int = 4,
    ) -> None:
        if not isinstance(url, str) or not url or not is_unicode(url):
            raise ConfigurationError(f"url: expected a URL such as postgresql://user@host/shop; got {shape_of(url)}")
        if not isinstance(table, str) or not _TABLE.fullmatch(table):
            raise ConfigurationError("table: expected the name of a table in lower case, such as wikipayam_idempotency")
        if isinstance(max_connections, bool) or not isinstance(max_connections, int) or max_connections < 1:
            raise ConfigurationError("max_connections: expected a whole number of at least 1")
        self._url = Secret(url)
        self._table = table
        self._keep_for = check_keep_for(keep_for)
        self._secret = check_secret(secret)
        self._connections = Connections(self._url, max_connections, self._make_table)
        self._has_table = False

    @property
    def keep_for(self) -> timedelta:
        """How long a key is kept."""
        return self._keep_for

    @property
    def secret(self) -> bytes:
        """The key of the digests; empty for none."""
        return self._secret.reveal()

    async def claim(self, claim: Claim) -> IdempotencyRecord | None:
        """Take a key; return the record that stands in the way, if there is one."""
        row = (claim.key, claim.kind, claim.digest, claim.claim_id, claim.owner, claim.track_id)

        def work(connection: Any) -> IdempotencyRecord | None:
            while True:
                claimed = connection.execute(self._sql(_CLAIM), (*row, claim.lease, claim.lease + claim.keep)).rowcount
                found = None if claimed else self._find(connection, claim.key)
                if claimed or found is not None:
                    return found
                # What stood in the way has gone meanwhile.

        return await self._run(work)

    async def settle(self, settlement: Settlement) -> bool:
        """Write an outcome, if the key still has this claim."""
        values = (
            settlement.status.value,
            settlement.outcome,
            settlement.keep,
            settlement.key,
            settlement.claim_id,
        )
        return await self._run(lambda connection: bool(connection.execute(self._sql(_SETTLE), values).rowcount > 0))

    async def read(self, key: str) -> IdempotencyRecord | None:
        """Return the record of a key."""
        check_key(key)
        return await self._run(lambda connection: self._find(connection, key))

    async def forget(self, key: str) -> bool:
        """Remove a key."""
        check_key(key)
        sql = self._sql("DELETE FROM {table} WHERE key = %s")
        return await self._run(lambda connection: bool(connection.execute(sql, (key,)).rowcount > 0))

    async def purge(self) -> int:
        """Remove the keys that have expired. Call it once a day: nothing else removes them."""
        sql = self._sql("DELETE FROM {table} WHERE expires_at <= clock_timestamp()")
        return await self._run(lambda connection: int(connection.execute(sql).rowcount))

    async def aclose(self) -> None:
        """Close the idle connections. A later call opens others."""
        await self._connections.aclose()

    def _sql(self, text: str) -> bytes:
        index = f"{self._table.rpartition('.')[2]}_expires"
        return text.format(
            table=self._table, index=index
        ).encode()  # psycopg takes bytes for texts that are no literals

    @checked_record
    def _find(self, connection: Any, key: str) -> IdempotencyRecord | None:
        row = connection.execute(self._sql(_READ), (key,)).fetchone()
        if row is None:
            return None
        key, kind, digest, claim_id, owner, track_id, status, outcome, _, claimed_at, expires_at, lease_left = row
        times: tuple[datetime, datetime] = (claimed_at, expires_at)
        return IdempotencyRecord(
            key=key,
            kind=kind,
            digest=digest,
            claim_id=claim_id,
            owner=owner,
            track_id=track_id,
            status=None if status is None else SendStatus(status),
            outcome=outcome,
            lease_left=lease_left,
            claimed_at=times[0],
            expires_at=times[1],
        )

    async def _run(self, work: Callable[[Any], T]) -> T:
        try:
            return await self._connections.run(work)
        except Failure as error:
            failure = IdempotencyStoreError(f"{self!r}: cannot be used: {error.reason}")
        raise failure

    def _make_table(self, connection: Any) -> None:
        if self._has_table:
            return
        if connection.execute(b"SELECT to_regclass(%s)", (self._table,)).fetchone() == (None,):
            with connection.transaction():
                connection.execute(b"SELECT pg_advisory_xact_lock(hashtext(%s))", (self._table,))
                connection.execute(self._sql(_SCHEMA))
        self._has_table = True

    def __repr__(self) -> str:
        return f"PostgresIdempotencyStore(table={self._table!r})"


publish("wikipayam_async.integrations.postgres", __all__, globals())

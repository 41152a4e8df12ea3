"""A store of idempotency keys in a file of SQLite."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from anyio import CancelScope, to_thread
from attrs import frozen

from wikipayam_async.core.loops import PerLoop
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.idempotency.errors import IdempotencyStoreError
from wikipayam_async.idempotency.settings import check_keep_for, check_key, check_secret
from wikipayam_async.idempotency.store import KEEP_FOR, Claim, IdempotencyRecord, Settlement, checked_record
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.publish import publish
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.sqlite.connection import FileFormat, check_place, open_writer, translated
from wikipayam_async.sqlite.group import GroupCommit
from wikipayam_async.sqlite.open_files import OpenFiles
from wikipayam_async.sqlite.turn import ProcessTurn

__all__ = ["SQLiteIdempotencyStore"]

T = TypeVar("T")

_FORMAT = FileFormat(
    "idempotency store",
    IdempotencyStoreError,
    0x57504B31,  # WPK1
    1,
    """
CREATE TABLE idempotency (
    key        TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    digest     TEXT NOT NULL,
    claim_id      TEXT NOT NULL,
    owner      TEXT NOT NULL,
    track_id   TEXT,
    status     TEXT,
    outcome    TEXT NOT NULL,
    lease_end  REAL NOT NULL,
    claimed_at REAL NOT NULL,
    expires_at REAL NOT NULL
) WITHOUT ROWID;

CREATE INDEX idempotency_expires_at ON idempotency (expires_at);
""",
)
_COLUMNS = "key, kind, digest, claim_id, owner, track_id, status, outcome, lease_end, claimed_at, expires_at"
_READ = f"SELECT {_COLUMNS} FROM idempotency WHERE key = ? AND expires_at > ?"  # noqa: S608 - constants
_CLAIM = f"INSERT OR REPLACE INTO idempotency ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, NULL, '', ?, ?, ?)"  # noqa: S608
_SETTLE = "UPDATE idempotency SET status = ?, outcome = ?, expires_at = ? WHERE key = ? AND claim_id = ?"
_SWEEP = "DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE expires_at <= ? LIMIT 2)"


@frozen
class _Open:
    """An open file.

    Attributes:
        process: The process that opened it: a connection does not survive a fork.
        connection: The only connection of this process.
        guard: Keeps the threads of other event loops from it.
        turn: Keeps other processes from writing at the same moment.
        groups: What commits together, in each event loop.
    """

    process: int
    connection: sqlite3.Connection
    guard: threading.Lock
    turn: ProcessTurn
    groups: PerLoop[GroupCommit]


class SQLiteIdempotencyStore:
    """Idempotency keys in one file on a local disk, which survive crashes of the process and of the machine.

    Any number of processes of one machine may use the file, and each of them in any event loop. Keys that are claimed at
    the same moment are committed together. The file, which is made on first use, and the files `-wal`, `-shm` and `.lock`
    beside it are readable by their owner alone (mode 0600). They hold no receivers and no texts.

    Args:
        path: The file.
        keep_for: How long a key is kept, counted from the outcome of its message.
        secret: The key of the digests of receiver and text; None for none. Without one, whoever has the file can test
            guesses: whether a certain text was sent to a certain number.
        clock: Returns the time in seconds.

    Raises:
        ConfigurationError: An argument is invalid.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        keep_for: timedelta = KEEP_FOR,
        secret: str | bytes | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not isinstance(path, str | os.PathLike) or not str(path):
            raise ConfigurationError(f"path: expected the path of a file; got {shape_of(path)}")
        self._path = Path(path).resolve()
        self._keep_for = check_keep_for(keep_for)
        self._secret = check_secret(secret)
        self._clock = clock
        self._opening = threading.Lock()
        self._open: _Open | None = None
        self._inherited: list[_Open] = []

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

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

        def work(connection: sqlite3.Connection) -> IdempotencyRecord | None:
            now = self._clock()
            connection.execute(_SWEEP, (now,))
            found = _find(connection, claim.key, now)
            if found is not None and not found.yields_to(claim):
                return found
            row = (claim.key, claim.kind, claim.digest, claim.claim_id, claim.owner, claim.track_id)
            connection.execute(_CLAIM, (*row, now + claim.lease, now, now + claim.lease + claim.keep))
            return None

        return await self._run(work)

    async def settle(self, settlement: Settlement) -> bool:
        """Write an outcome, if the key still has this claim_id."""

        def work(connection: sqlite3.Connection) -> bool:
            values = (settlement.status.value, settlement.outcome, self._clock() + settlement.keep)
            return connection.execute(_SETTLE, (*values, settlement.key, settlement.claim_id)).rowcount > 0

        return await self._run(work)

    async def read(self, key: str) -> IdempotencyRecord | None:
        """Return the record of a key."""
        check_key(key)
        return await self._run(lambda connection: _find(connection, key, self._clock()))

    async def forget(self, key: str) -> bool:
        """Remove a key."""
        check_key(key)
        sql = "DELETE FROM idempotency WHERE key = ?"
        return await self._run(lambda connection: connection.execute(sql, (key,)).rowcount > 0)

    async def purge(self) -> int:
        """Remove the keys that have expired. Each claim removes two, too, so that the file does not grow for ever."""
        sql = "DELETE FROM idempotency WHERE expires_at <= ?"
        return await self._run(lambda connection: connection.execute(sql, (self._clock(),)).rowcount)

    async def aclose(self) -> None:
        """Close the file, also while being cancelled. A later call opens it again."""
        with CancelScope(shield=True):
            await to_thread.run_sync(self._close)

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with translated(self._path, _FORMAT):
            opened = self._open
            if opened is None or opened.process != os.getpid():
                opened = await to_thread.run_sync(self._open_file)
            group = await opened.groups.get()
            return await group.run(work)

    def _open_file(self) -> _Open:
        with self._opening:
            opened = self._open
            if opened is not None and opened.process == os.getpid():
                return opened
            if opened is not None:
                self._inherited.append(opened)  # of the process before the fork: not even closing it is safe
            check_place(self._path, _FORMAT)
            lock = self._path.with_name(self._path.name + ".lock")
            turn = ProcessTurn(lock)
            try:
                with turn:
                    connection = open_writer(self._path, _FORMAT)
            except BaseException:
                turn.close()
                raise
            guard = threading.Lock()
            files = OpenFiles(self._path, lock)
            groups = PerLoop(lambda: GroupCommit(connection, guard=guard, turn=turn, check=files.check))
            self._open = _Open(os.getpid(), connection, guard, turn, groups)
            return self._open

    def _close(self) -> None:
        with self._opening:
            opened, self._open = self._open, None
        if opened is not None and opened.process == os.getpid():
            with translated(self._path, _FORMAT), opened.guard:
                with opened.turn:
                    opened.connection.close()
                opened.turn.close()

    def __repr__(self) -> str:
        return f"SQLiteIdempotencyStore({str(self._path)!r})"


@checked_record
def _find(connection: sqlite3.Connection, key: str, now: float) -> IdempotencyRecord | None:
    row = connection.execute(_READ, (key, now)).fetchone()
    if row is None:
        return None
    key, kind, digest, claim_id, owner, track_id, status, outcome, lease_end, claimed_at, expires_at = row
    return IdempotencyRecord(
        key=key,
        kind=kind,
        digest=digest,
        claim_id=claim_id,
        owner=owner,
        track_id=track_id,
        status=None if status is None else SendStatus(status),
        outcome=outcome,
        lease_left=lease_end - now,
        claimed_at=datetime.fromtimestamp(claimed_at, UTC),
        expires_at=datetime.fromtimestamp(expires_at, UTC),
    )


publish("wikipayam_async.idempotency", __all__, globals())

"""A journal in a file of SQLite."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import anyio
from anyio import to_thread

from wikipayam_async.campaigns.errors import JournalBusyError, JournalError
from wikipayam_async.campaigns.journal import (
    Counts,
    DeliveryRow,
    MessageRow,
    PlanBlock,
    Resolution,
    StopRequest,
    StoredChunk,
    StoredOutcome,
)
from wikipayam_async.campaigns.models import AuditEntry, CampaignResult
from wikipayam_async.campaigns.sqlite import planning, reading, sending
from wikipayam_async.campaigns.sqlite.schema import JOURNAL
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.sqlite.connection import open_reader, open_writer, remove_files, tidy, translated
from wikipayam_async.sqlite.group import ConnectionThread, GroupCommit
from wikipayam_async.sqlite.lock import FileLock
from wikipayam_async.sqlite.open_files import OpenFiles

__all__ = ["SQLiteJournal"]

T = TypeVar("T")

_LOCK_ATTEMPTS, _LOCK_DELAY = 20, 0.05
"""Another process that only looks whether the lock is free holds it for a moment."""


class SQLiteJournal:
    """A journal in one file on a local disk, which survives crashes of the process and of the machine.

    One process at a time writes to it; any number may read. The file, and the files `-wal`, `-shm` and `.lock` that
    exist beside it while it is used, hold full numbers and texts, so only their owner can read them (mode 0600).

    Args:
        path: The file; `plan` makes it.

    Raises:
        InvalidInputError: The path is no path.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, str | os.PathLike) or not str(path):
            raise InvalidInputError("path", rule="expected the path of a file", got=shape_of(path))
        # Through a symbolic link, too, one file has one lock.
        self._path = Path(path).resolve()
        self._lock = FileLock(self._beside(".lock"))
        self._writer: GroupCommit | None = None
        self._reader: ConnectionThread | None = None
        self._opening = anyio.Lock()
        self._locking = anyio.Lock()
        self._unfinished = False

    @property
    def name(self) -> str:
        """The name of the file without its extension."""
        return self._path.stem

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    async def aclose(self) -> None:
        """Close the file, and release the lock. A file without a finished plan is removed."""
        with anyio.CancelScope(shield=True):
            await self.discard_plan()
            read_only = self._reader is not None and self._writer is None
            await self._close_connections()
            if read_only and self._path.exists():
                await to_thread.run_sync(self._tidy)
            self._lock.release()

    async def lock(self) -> None:
        """Become the writer of the file; create the file if it does not exist."""
        async with self._locking:
            if self._writer is None:
                await self._become_writer()

    async def in_use(self) -> bool:
        """Return whether any process writes to the file."""
        with translated(self._path, JOURNAL):
            return self._lock.held or self._lock.is_held_elsewhere()

    async def is_begun(self) -> bool:
        """Return whether there is a campaign, or what is left of one whose plan or deletion was cut off."""
        return await self._read(lambda _: True, nothing=False)

    async def read_facts(self) -> Mapping[str, str]:
        """Return the facts of a finished plan."""
        return await self._read(planning.read_facts, {})

    async def write_facts(self, facts: Mapping[str, str]) -> None:
        """Add or replace facts."""
        await self._write(lambda connection: planning.write_facts(connection, facts))

    async def begin_plan(self) -> None:
        """Forget an unfinished plan."""
        self._unfinished = True
        await self._write(planning.clear)
        # Until it is finished, nothing of a plan needs to outlive a power failure.
        await self._outside(lambda connection: connection.execute("PRAGMA synchronous = NORMAL"))

    async def add(self, blocks: Sequence[PlanBlock]) -> None:
        """Add blocks to the plan."""
        await self._write(lambda connection: planning.add_blocks(connection, blocks))

    async def finish_plan(self, facts: Mapping[str, str]) -> None:
        """Complete the plan."""
        await self._outside(lambda connection: connection.execute("PRAGMA synchronous = FULL"))
        await self._write(lambda connection: planning.write_facts(connection, facts))
        self._unfinished = False

    async def discard_plan(self) -> None:
        """Remove the file of an unfinished plan."""
        if self._unfinished:
            self._unfinished = False
            await self._remove()

    async def read_digests(self, first: int, limit: int) -> Sequence[bytes]:
        """Return digests of blocks."""
        return await self._read(lambda connection: planning.read_digests(connection, first, limit), [])

    async def read_rows(self, first: int, limit: int) -> Sequence[MessageRow]:
        """Return messages."""
        return await self._read(lambda connection: planning.read_rows(connection, first, limit), [])

    async def pending(self, after: int, limit: int) -> Sequence[StoredChunk]:
        """Return pending chunks."""
        return await self._read(lambda connection: reading.read_pending(connection, after, limit), [])

    async def claim(self, no: int, token: str) -> bool:
        """Claim a chunk."""
        return await self._write(lambda connection: sending.claim(connection, no, token))

    async def settle(self, no: int, token: str, outcomes: Sequence[StoredOutcome]) -> bool:
        """Record the outcomes of a claimed chunk."""
        return await self._write(lambda connection: sending.settle(connection, no, token, outcomes))

    async def split(self, no: int, count: int) -> bool:
        """Divide a pending chunk."""
        return await self._write(lambda connection: sending.split(connection, no, count))

    async def recover(self) -> int:
        """Make unknown what is sending: the lock shows that its owner has ended."""
        return await self._write(sending.recover)

    async def counts(self) -> Counts:
        """Return the number of messages in each state."""
        return await self._read(reading.read_counts, Counts())

    async def results(self, after: int, limit: int, status: SendStatus | None = None) -> Sequence[CampaignResult]:
        """Return what is known of messages."""
        return await self._read(lambda connection: reading.read_results(connection, after, limit, status), [])

    async def resolve(self, resolution: Resolution) -> Sequence[str]:
        """Apply an operator's decision."""
        return await self._write(lambda connection: sending.resolve(connection, resolution))

    async def audit(self, after: int, limit: int) -> Sequence[AuditEntry]:
        """Return decisions."""
        return await self._read(lambda connection: reading.read_audit(connection, after, limit), [])

    async def undelivered(self, after: int, limit: int) -> Sequence[tuple[int, str]]:
        """Return accepted messages without a final delivery."""
        return await self._read(lambda connection: reading.read_undelivered(connection, after, limit), [])

    async def record_deliveries(self, rows: Sequence[DeliveryRow]) -> None:
        """Record delivery statuses."""
        await self._write(lambda connection: reading.record_deliveries(connection, rows))

    async def delivery_counts(self) -> tuple[Mapping[str, int], int]:
        """Return the number of messages by delivery status, and of those without a final one."""
        return await self._read(reading.read_delivery_counts, ({}, 0))

    async def opt_outs(self) -> Sequence[str]:
        """Return the numbers that opted out."""
        return await self._read(reading.read_opt_outs, [])

    async def add_opt_outs(self, numbers: Sequence[str]) -> None:
        """Add numbers that opted out."""
        await self._write(lambda connection: reading.add_opt_outs(connection, numbers))

    async def request(self, stop: StopRequest) -> bool:
        """Ask the process that writes to the file to stop, by a file beside it."""
        if self._lock.held or not await self.in_use():
            return False
        with translated(self._path, JOURNAL):
            os.close(os.open(self._marker(stop), os.O_CREAT | os.O_WRONLY, 0o600))
        return True

    async def requested(self) -> StopRequest | None:
        """Return what was asked of this process."""
        return next((stop for stop in (StopRequest.CANCEL, StopRequest.PAUSE) if self._marker(stop).exists()), None)

    async def clear_request(self) -> None:
        """Forget what was asked."""
        with translated(self._path, JOURNAL):
            for stop in StopRequest:
                self._marker(stop).unlink(missing_ok=True)

    async def purge(self) -> None:
        """Overwrite what the file holds, and remove it."""
        await self._write(_wipe)
        with suppress(JournalError):  # everything is overwritten; a full disk must not keep the file
            await self._outside(_shrink)
        await self._remove()

    async def _become_writer(self) -> None:
        with translated(self._path, JOURNAL):
            for attempt in range(_LOCK_ATTEMPTS):
                if self._lock.acquire():
                    break
                if attempt:
                    await anyio.sleep(_LOCK_DELAY)
            else:
                owner = self._lock.owner()
                who = f"process {owner}" if owner else "another process"
                raise JournalBusyError(
                    f"{self._path}: {who} is using this campaign; nothing was sent. progress(), results(), pause() and "
                    "cancel() work meanwhile"
                )
        is_new = not self._path.exists()
        try:
            with translated(self._path, JOURNAL):
                self._marker(StopRequest.PAUSE).unlink(missing_ok=True)
            with anyio.CancelScope(shield=True):  # a connection that was opened is to be closed
                connection = await to_thread.run_sync(open_writer, self._path, JOURNAL)
                files = OpenFiles(self._path, self._beside(".lock"))
                self._writer = GroupCommit(connection, check=files.check)
        except BaseException:
            self._lock.release()
            raise
        self._unfinished = is_new

    def _beside(self, suffix: str) -> Path:
        return self._path.with_name(self._path.name + suffix)

    def _marker(self, stop: StopRequest) -> Path:
        return self._beside(f".{stop.value}")

    async def _read(self, call: Callable[[sqlite3.Connection], T], nothing: T) -> T:
        with translated(self._path, JOURNAL):
            async with self._opening:
                if self._reader is None:
                    connection = await to_thread.run_sync(self._open_reader)
                    if connection is None:
                        return nothing
                    self._reader = ConnectionThread(connection)
            return await self._reader.run(call)

    def _open_reader(self) -> sqlite3.Connection | None:
        if self._beside("-journal").exists():
            # Somebody makes the file, or was killed while making it, which a reader may not undo.
            lock = FileLock(self._beside(".lock"))
            if not lock.acquire():
                return None
            try:
                tidy(self._path, JOURNAL)
            finally:
                lock.release()
        return open_reader(self._path, JOURNAL)

    async def _write(self, call: Callable[[sqlite3.Connection], T]) -> T:
        if self._writer is None:
            raise JournalError(f"{self._path}: the journal is not open for writing")
        with translated(self._path, JOURNAL):
            return await self._writer.run(call)

    async def _outside(self, call: Callable[[sqlite3.Connection], object]) -> None:
        if self._writer is None:
            raise JournalError(f"{self._path}: the journal is not open for writing")
        with translated(self._path, JOURNAL):
            await self._writer.outside(call)

    async def _close_connections(self) -> None:
        # The reader first: the last connection, which must be able to write, removes the write-ahead log.
        if self._reader is not None:
            await self._reader.aclose()
        if self._writer is not None:
            await self._writer.aclose()
        self._reader = self._writer = None

    async def _remove(self) -> None:
        await self._close_connections()
        with translated(self._path, JOURNAL):
            remove_files(self._path)
            await self.clear_request()
        self._lock.release()

    def _tidy(self) -> None:
        """Remove the write-ahead log that a reader leaves behind, if nobody writes."""
        with suppress(OSError, JournalError):
            if self._lock.acquire():
                tidy(self._path, JOURNAL)


def _wipe(connection: sqlite3.Connection) -> None:
    """Delete everything; `secure_delete` overwrites it with zeros."""
    connection.execute("DROP TRIGGER IF EXISTS resolution_is_not_deleted")
    for table in ("message", "outcome", "delivery", "resolution", "opt_out", "chunk", "block", "meta"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - constants


def _shrink(connection: sqlite3.Connection) -> None:
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

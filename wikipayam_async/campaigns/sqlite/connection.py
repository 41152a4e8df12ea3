"""Opening the file of a journal: for writing, by one connection ever, and for reading."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from wikipayam_async.campaigns.errors import JournalError
from wikipayam_async.campaigns.sqlite.filesystem import network_file_system_of
from wikipayam_async.campaigns.sqlite.schema import APPLICATION_ID, SCHEMA, SCHEMA_VERSION

__all__ = ["check_place", "open_reader", "open_writer", "remove_files", "tidy", "translated"]

_BUSY_SECONDS = 10.0
_CHECKED_BYTES = 16 * 1024 * 1024
"""Files up to this size are checked as a whole when they are opened for writing, which takes below 0.1 s."""


def open_writer(path: Path) -> sqlite3.Connection:
    """Open a journal for writing; make the file, readable by its owner alone, if there is none.

    Args:
        path: The file.

    Raises:
        JournalError: The file is no journal, damaged, of a newer version, on a network file system, or cannot be
            written.
    """
    with translated(path):
        check_place(path)
        new = not path.exists()
        if new:
            # The write-ahead log and its index inherit the mode of the file.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        connection = _connect(path, "rw")
        try:
            _prepare(path, connection)
        except BaseException:
            connection.close()
            if new:
                remove_files(path)
            raise
        return connection


def open_reader(path: Path) -> sqlite3.Connection | None:
    """Open a journal for reading, while another process may write to it; None if there is none.

    Args:
        path: The file.

    Raises:
        JournalError: As for `open_writer`.
    """
    with translated(path):
        if not path.exists():
            return None
        check_place(path)
        connection = _connect(path, "ro")
        try:
            if _is_journal(path, connection):
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
        return None


def tidy(path: Path) -> None:
    """Remove the write-ahead log that a reader leaves behind: the last connection does it if it may write.

    Args:
        path: The file, whose lock the caller holds.
    """
    with translated(path):
        connection = _connect(path, "rw")
        try:
            connection.execute("SELECT count(*) FROM sqlite_master")
        finally:
            connection.close()


def check_place(path: Path) -> None:
    """Refuse a directory, and a network file system, on which the write-ahead log would be lost or torn.

    Raises:
        JournalError: The path is on one, or is a directory.
    """
    if path.is_dir():
        raise JournalError(f"{path}: is a directory, and no campaign journal; nothing was sent")
    kind = network_file_system_of(path.parent)
    if kind is not None:
        raise JournalError(
            f"{path}: is on a network file system ({kind}), on which SQLite can lose what it has committed; "
            "nothing was sent: keep the journal on a local disk"
        )


def remove_files(path: Path) -> None:
    """Remove the file of a journal and what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise the errors of SQLite and of the file system as a `JournalError`.

    Args:
        path: The file, for the text.
    """
    try:
        yield
    except sqlite3.Error as error:
        damaged = isinstance(error, sqlite3.DatabaseError) and type(error) is sqlite3.DatabaseError
        what = "is damaged or no campaign journal" if damaged else "cannot be used"
        failure = JournalError(f"{path}: {what}: {error}")
    except OSError as error:
        failure = JournalError(f"{path}: cannot be used: {error.strerror or type(error).__name__}")
    else:
        return
    raise failure from None


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,  # a lock of its owner lets one thread at a time use it
    )
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _prepare(path: Path, connection: sqlite3.Connection) -> None:
    journal = _is_journal(path, connection)
    if not journal:
        path.chmod(0o600)  # an empty file that somebody else made
    if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
        raise JournalError(f"{path}: SQLite's write-ahead log does not work here; nothing was sent")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")
    if not journal:
        connection.executescript(
            f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA application_id = {APPLICATION_ID}; "
            f"PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        )
    elif path.stat().st_size <= _CHECKED_BYTES:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise JournalError(
                f"{path}: is damaged; nothing was sent. A copy is only safe if nothing was sent since it was made: what "
                "was, would be sent twice"
            )


def _is_journal(path: Path, connection: sqlite3.Connection) -> bool:
    """Return whether the database holds a journal; False if it is empty.

    Raises:
        JournalError: It holds something else, or a journal of a newer version.
    """
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not tables:
        return False
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise JournalError(f"{path}: is a database, but no campaign journal; nothing was sent")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise JournalError(
            f"{path}: was written by a newer version of wikipayam_async (schema {version}, this one knows "
            f"{SCHEMA_VERSION}); nothing was sent: upgrade the package"
        )
    return True

"""Opening a file of SQLite: for writing, by one connection of a process, and for reading."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from attrs import frozen

from wikipayam_async.errors import WikipayamError
from wikipayam_async.sqlite.filesystem import network_file_system_of
from wikipayam_async.sqlite.open_files import identity

__all__ = ["FileFormat", "check_place", "open_reader", "open_writer", "remove_files", "tidy", "translated"]

_BUSY_SECONDS = 10.0
_CHECKED_BYTES = 16 * 1024 * 1024
"""Files up to this size are checked as a whole when they are opened for writing, which takes below 0.1 s."""


@frozen
class FileFormat:
    """A kind of file: its tables, and how it is recognized.

    Attributes:
        name: What the file is, such as `campaign journal`, for errors.
        error: The class of the errors.
        application_id: The number in the header of the file by which it is recognized.
        version: The version of the tables.
        schema: The statements that make the tables.
    """

    name: str
    error: type[WikipayamError]
    application_id: int
    version: int
    schema: str

    @property
    def noun(self) -> str:
        """The last word of the name."""
        return self.name.rpartition(" ")[2]


def open_writer(path: Path, form: FileFormat) -> sqlite3.Connection:
    """Open a file for writing; create it, readable by its owner alone, if it does not exist.

    Args:
        path: The file.
        form: What it is.

    Raises:
        WikipayamError: The format's error: the file is of another kind, damaged, of a newer version, on a network file system, or cannot be
            written.
    """
    with translated(path, form):
        check_place(path, form)
        new = not path.exists()
        if new:
            # The write-ahead log and its index inherit the mode of the file.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        else:
            _check_names(path, form)
        connection = _connect(path, "rw")
        try:
            _prepare(path, connection, form)
        except BaseException:
            connection.close()
            if new:
                remove_files(path)
            raise
        return connection


def open_reader(path: Path, form: FileFormat) -> sqlite3.Connection | None:
    """Open a file for reading, while another process may write to it; None if it does not exist.

    Args:
        path: The file.
        form: What it is.

    Raises:
        WikipayamError: As for `open_writer`.
    """
    with translated(path, form):
        while (file := identity(path)) is not None:
            check_place(path, form)
            try:
                connection = _open_ours(path, form)
            except (sqlite3.Error, form.error):
                if identity(path) == file:
                    raise
                continue
            if identity(path) == file:
                return connection
            # Between the file and its log it was removed and made anew: SQLite would read the one with the log of the other.
            if connection is not None:
                connection.close()
        return None


def _open_ours(path: Path, form: FileFormat) -> sqlite3.Connection | None:
    """Open a file for reading; None if it is empty."""
    connection = _connect(path, "ro")
    try:
        if _is_ours(path, connection, form):
            return connection
    except BaseException:
        connection.close()
        raise
    connection.close()
    return None


def tidy(path: Path, form: FileFormat) -> None:
    """Undo what a process that was killed left half written, and remove the write-ahead log that a reader leaves behind.

    Only a connection that may write does either of them.

    Args:
        path: The file, whose lock the caller holds: it must not be removed and made anew meanwhile.
        form: What it is.
    """
    with translated(path, form):
        connection = _connect(path, "rw")
        try:
            connection.execute("SELECT count(*) FROM sqlite_master")
        finally:
            connection.close()


def check_place(path: Path, form: FileFormat) -> None:
    """Refuse a directory, and a network file system, on which the write-ahead log would be lost or torn.

    Args:
        path: The file.
        form: What it is.

    Raises:
        WikipayamError: The path is on one, or is a directory.
    """
    if path.is_dir():
        raise form.error(f"{path}: is a directory, and no {form.name}; nothing was sent")
    kind = network_file_system_of(path.parent)
    if kind is not None:
        raise form.error(
            f"{path}: is on a network file system ({kind}), on which SQLite can lose what it has committed; "
            f"nothing was sent: keep the {form.noun} on a local disk"
        )


def _check_names(path: Path, form: FileFormat) -> None:
    """Refuse a file with a second name: the lock and the write-ahead log are found by name, so both would be doubled."""
    names = path.stat().st_nlink
    if names > 1:
        raise form.error(
            f"{path}: has {names} names (hard links), and another process could use it under another one; nothing was "
            f"sent: remove the other names, or move the {form.noun} to a file of its own"
        )


def remove_files(path: Path) -> None:
    """Remove a file and what SQLite keeps beside it."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


@contextmanager
def translated(path: Path, form: FileFormat) -> Iterator[None]:
    """Raise the errors of SQLite and of the file system as errors of the format.

    Args:
        path: The file, for the text.
        form: What it is.
    """
    try:
        yield
    except sqlite3.Error as error:
        damaged = isinstance(error, sqlite3.DatabaseError) and type(error) is sqlite3.DatabaseError
        what = f"is damaged or no {form.name}" if damaged else "cannot be used"
        failure = form.error(f"{path}: {what}: {error}{_why(path)}")
    except OSError as error:
        failure = form.error(f"{path}: cannot be used: {error.strerror or type(error).__name__}{_where(path, error)}")
    else:
        return
    raise failure from None


def _where(path: Path, error: OSError) -> str:
    """Return the name of the file, if it is one beside."""
    name = error.filename  # that of a call with a file descriptor is a number
    return f": {Path(name).name}" if isinstance(name, str | os.PathLike) and Path(name) != path else ""


def _why(path: Path) -> str:
    """Return what the errors of SQLite do not tell: it says `disk I/O error`, or that a database is read-only."""
    if not os.access(path.parent, os.W_OK):
        return " (its folder cannot be written, and SQLite keeps files there even to read: copy it to another folder)"
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return " (this user may not read or write it)"
    return ""


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


def _prepare(path: Path, connection: sqlite3.Connection, form: FileFormat) -> None:
    ours = _is_ours(path, connection, form)
    if not ours:
        path.chmod(0o600)  # an empty file that somebody else made
    if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
        raise form.error(f"{path}: SQLite's write-ahead log does not work here; nothing was sent")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")
    if not ours:
        connection.executescript(
            f"BEGIN IMMEDIATE; {form.schema} PRAGMA application_id = {form.application_id}; "
            f"PRAGMA user_version = {form.version}; COMMIT;"
        )
    elif path.stat().st_size <= _CHECKED_BYTES:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise form.error(
                f"{path}: is damaged; nothing was sent. A copy is only safe if nothing was sent since it was made: what "
                "was, would be sent twice"
            )


def _is_ours(path: Path, connection: sqlite3.Connection, form: FileFormat) -> bool:
    """Return whether the database has the tables; False if it is empty.

    Raises:
        WikipayamError: It holds something else, or is of a newer version.
    """
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not tables:
        return False
    if connection.execute("PRAGMA application_id").fetchone()[0] != form.application_id:
        raise form.error(f"{path}: is a database, but no {form.name}; nothing was sent")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > form.version:
        raise form.error(
            f"{path}: was written by a newer version of wikipayam_async (schema {version}, this one knows "
            f"{form.version}); nothing was sent: upgrade the package"
        )
    return True

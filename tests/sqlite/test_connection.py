"""Opening the file of a journal."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from tests.sqlite.killed import kill_while_written
from wikipayam_async.campaigns import JournalError
from wikipayam_async.campaigns.sqlite.schema import JOURNAL, SCHEMA_VERSION
from wikipayam_async.sqlite import connection as module
from wikipayam_async.sqlite.connection import open_reader, open_writer, remove_files, tidy, translated


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of a journal that exists."""
    found = tmp_path / "eid.db"
    open_writer(found, JOURNAL).close()
    return found


def pragma(connection: sqlite3.Connection, name: str) -> object:
    """Return the value of a pragma."""
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_a_new_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """So are the files that SQLite keeps beside it."""
    connection = open_writer(tmp_path / "eid.db", JOURNAL)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {"eid.db": 0o600, "eid.db-wal": 0o600, "eid.db-shm": 0o600}
    connection.close()
    assert [file.name for file in tmp_path.iterdir()] == ["eid.db"]


def test_an_empty_file_of_somebody_else_becomes_its_owners_alone(tmp_path: Path) -> None:
    """Before anything is written to it, so that no number is readable for a moment."""
    path = tmp_path / "eid.db"
    path.touch()
    path.chmod(0o644)
    connection = open_writer(path, JOURNAL)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {"eid.db": 0o600, "eid.db-wal": 0o600, "eid.db-shm": 0o600}
    connection.close()


def test_every_commit_is_synchronized(path: Path) -> None:
    """A write-ahead log that is written to the disk at each commit; deleted rows are overwritten."""
    connection = open_writer(path, JOURNAL)
    settings = {name: pragma(connection, name) for name in ("journal_mode", "synchronous", "secure_delete")}
    assert settings == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}
    connection.close()


def test_readers_do_not_write(path: Path) -> None:
    """A reader works beside the writer, and cannot change anything."""
    writer = open_writer(path, JOURNAL)
    reader = open_reader(path, JOURNAL)
    assert reader is not None
    writer.execute("INSERT INTO meta VALUES ('a', 'b')")
    assert reader.execute("SELECT * FROM meta").fetchall() == [("a", "b")]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM meta")
    reader.close()
    writer.close()


def test_there_is_nothing_to_read_without_a_file(tmp_path: Path) -> None:
    """Reading makes no file; an empty file is no journal yet, and becomes one."""
    path = tmp_path / "eid.db"
    assert open_reader(path, JOURNAL) is None
    assert not path.exists()
    path.touch()
    assert open_reader(path, JOURNAL) is None
    open_writer(path, JOURNAL).close()
    reader = open_reader(path, JOURNAL)
    assert reader is not None
    reader.close()


def test_a_file_whose_maker_was_killed_can_be_read(tmp_path: Path) -> None:
    """Once what it began to write is undone: the file is no journal yet."""
    path = tmp_path / "eid.db"
    kill_while_written(path)
    tidy(path, JOURNAL)
    assert open_reader(path, JOURNAL) is None
    assert [(file.name, file.stat().st_size) for file in tmp_path.iterdir()] == [("eid.db", 0)]


def replaced_by(make: Callable[[], object], error: sqlite3.Error | None = None) -> type[sqlite3.Connection]:
    """Return a connection at whose first reading the file is removed, and made anew or not; and which fails perhaps."""
    left = [make]

    class Replaced(sqlite3.Connection):
        def execute(self, sql: str, *arguments: object) -> sqlite3.Cursor:
            if "sqlite_master" in sql and left:
                left.pop()()
                if error is not None:
                    raise error
            return super().execute(sql, *arguments)  # type: ignore[arg-type]

    return Replaced


@pytest.mark.parametrize("error", [None, sqlite3.OperationalError("disk I/O error")])
@pytest.mark.parametrize("empty", [False, True])
def test_a_file_that_is_replaced_while_it_is_opened_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: sqlite3.Error | None, *, empty: bool
) -> None:
    """SQLite would read the removed file with the log of the new one, or fail."""
    path, other = tmp_path / "eid.db", tmp_path / "other.db"
    if empty:
        path.touch()
    else:
        open_writer(path, JOURNAL).close()
    writer = open_writer(other, JOURNAL)
    writer.execute("INSERT INTO meta VALUES ('a', 'new')")
    writer.close()
    connect, factory = sqlite3.connect, replaced_by(lambda: other.replace(path), error)
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, factory=factory, **k))
    reader = open_reader(path, JOURNAL)
    assert reader is not None
    assert reader.execute("SELECT * FROM meta").fetchall() == [("a", "new")]
    reader.close()


def test_a_file_that_is_removed_while_it_is_opened_is_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a campaign that is purged meanwhile."""
    connect, factory = sqlite3.connect, replaced_by(path.unlink)
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, factory=factory, **k))
    assert open_reader(path, JOURNAL) is None


def test_a_file_whose_maker_was_killed_becomes_a_journal(tmp_path: Path) -> None:
    """Without a reader before it, too; and it can be removed as a whole."""
    path = tmp_path / "eid.db"
    kill_while_written(path)
    open_writer(path, JOURNAL).close()
    assert list(tmp_path.iterdir()) == [path]
    kill_while_written(path)
    remove_files(path)
    assert list(tmp_path.iterdir()) == []


def test_a_newer_version_is_refused(path: Path) -> None:
    """By readers and writers; the error says what to do."""
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    for opened in (open_reader, open_writer):
        with pytest.raises(JournalError) as caught:
            opened(path, JOURNAL)
        assert str(caught.value) == (
            f"{path}: was written by a newer version of wikipayam_async (schema {SCHEMA_VERSION + 1}, this one knows "
            f"{SCHEMA_VERSION}); nothing was sent: upgrade the package"
        )


def test_another_database_is_refused(tmp_path: Path) -> None:
    """It is not changed."""
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE customer (name)")
    connection.close()
    before = path.read_bytes()
    for opened in (open_reader, open_writer):
        with pytest.raises(JournalError, match="is a database, but no campaign journal; nothing was sent"):
            opened(path, JOURNAL)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database" * 1000, b"\0" * 5000])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """It is not changed either."""
    path = tmp_path / "customers.csv"
    path.write_bytes(content)
    for opened in (open_reader, open_writer):
        with pytest.raises(JournalError, match="is damaged or no campaign journal: file is not a database"):
            opened(path, JOURNAL)
    assert path.read_bytes() == content


def test_a_damaged_file_is_refused(path: Path) -> None:
    """A page that was overwritten, and a file that was cut off."""
    content = path.read_bytes()
    for damaged in (content[:8192] + b"\xff" * 4096 + content[12288:], content[:12000]):
        path.write_bytes(damaged)
        with pytest.raises(JournalError, match="damaged"):
            open_writer(path, JOURNAL)


def test_a_large_file_is_not_read_as_a_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Resuming a million messages takes a moment; damage is noticed where it is read."""
    monkeypatch.setattr(module, "_CHECKED_BYTES", 100)
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xff" * 4096 + content[12288:])
    open_writer(path, JOURNAL).close()


def test_a_network_file_system_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For new files and for those that are there; nothing is made."""
    monkeypatch.setattr(module, "network_file_system_of", lambda _: "nfs4")
    for opened in (open_reader, open_writer):
        with pytest.raises(JournalError, match=r"is on a network file system \(nfs4\), on which SQLite can lose"):
            opened(path, JOURNAL)
    other = path.with_name("other.db")
    with pytest.raises(JournalError, match="keep the journal on a local disk"):
        open_writer(other, JOURNAL)
    assert not other.exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A folder that is not there, and one in the place of the file."""
    with pytest.raises(JournalError, match="cannot be used: No such file or directory"):
        open_writer(tmp_path / "missing" / "eid.db", JOURNAL)
    for call in (open_reader, open_writer):
        with pytest.raises(JournalError, match="is a directory, and no campaign journal; nothing was sent"):
            call(tmp_path, JOURNAL)


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (
            "folder",
            "its folder cannot be written, and SQLite keeps files there even to read: copy it to another folder",
        ),
        ("file", "this user may not read or write it"),
    ],
)
def test_rights_that_are_missing_are_named(path: Path, monkeypatch: pytest.MonkeyPatch, refused: str, why: str) -> None:
    """SQLite says only that a database is read-only, that it cannot be opened, or `disk I/O error`."""
    monkeypatch.setattr(os, "access", lambda one, _: one != {"folder": path.parent, "file": path}[refused])
    with pytest.raises(JournalError) as caught, translated(path, JOURNAL):
        raise sqlite3.OperationalError("attempt to write a readonly database")
    assert str(caught.value) == f"{path}: cannot be used: attempt to write a readonly database ({why})"


def test_another_file_that_is_in_the_way_is_named(path: Path) -> None:
    """As a lock that another user made."""
    with pytest.raises(JournalError) as caught, translated(path, JOURNAL):
        os.open(Path(f"{path}.lock"), os.O_RDWR)
    assert str(caught.value) == f"{path}: cannot be used: No such file or directory: eid.db.lock"


def test_a_journal_that_cannot_be_prepared_leaves_no_file(tmp_path: Path) -> None:
    """As where the write-ahead log does not work."""
    with pytest.raises(JournalError, match="cannot be used: near"):
        open_writer(tmp_path / "eid.db", attrs.evolve(JOURNAL, schema="nonsense;"))
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_a_write_ahead_log_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite falls back to another journal there, which readers would block."""

    class Rollback(sqlite3.Connection):
        def execute(self, sql: str, *arguments: object) -> sqlite3.Cursor:
            return super().execute(sql.replace("= WAL", "= DELETE"), *arguments)  # type: ignore[arg-type]

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, factory=Rollback, **k))
    with pytest.raises(JournalError, match="SQLite's write-ahead log does not work here"):
        open_writer(path, JOURNAL)


def test_a_reader_s_leftovers_are_tidied(path: Path) -> None:
    """The last reader of a closed journal leaves an empty log, which a connection that may write removes."""
    reader = open_reader(path, JOURNAL)
    assert reader is not None
    reader.execute("SELECT * FROM meta")
    reader.close()
    assert len(list(path.parent.iterdir())) == 3
    tidy(path, JOURNAL)
    assert list(path.parent.iterdir()) == [path]


def test_all_files_are_removed(path: Path) -> None:
    """Those that are there."""
    connection = open_writer(path, JOURNAL)
    remove_files(path)
    assert list(path.parent.iterdir()) == []
    connection.close()
    remove_files(path)


def test_a_file_with_two_names_is_refused(tmp_path: Path) -> None:
    """Two processes would each have a lock and a write-ahead log by its own name, and send everything twice."""
    first, second = tmp_path / "a.db", tmp_path / "b.db"
    open_writer(first, JOURNAL).close()
    os.link(first, second)
    for path in (first, second):
        with pytest.raises(JournalError, match=r"has 2 names \(hard links\), .*; nothing was sent"):
            open_writer(path, JOURNAL)
    second.unlink()
    open_writer(first, JOURNAL).close()

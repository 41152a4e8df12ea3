"""The tables of a journal, as users read them."""

from __future__ import annotations

import sqlite3

import pytest

from wikipayam_async.campaigns.sqlite.schema import APPLICATION_ID, SCHEMA


@pytest.fixture
def database() -> sqlite3.Connection:
    """The schema in memory."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    return connection


def test_the_tables_are_those_of_the_documentation(database: sqlite3.Connection) -> None:
    """Plain tables, which anybody can read with SQL."""
    names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
    assert names == ["block", "chunk", "delivery", "message", "meta", "opt_out", "outcome", "resolution"]
    columns = [row[1] for row in database.execute("PRAGMA table_info(message)")]
    assert columns == ["index", "chunk", "receiver", "text", "sender", "track_id", "row", "columns"]
    database.close()


def test_the_audit_is_append_only(database: sqlite3.Connection) -> None:
    """Decisions are neither changed nor deleted, by whatever program."""
    database.execute("""INSERT INTO resolution VALUES (1, 0, 'accepted', 'x', 't', NULL, 'unknown', 'now')""")
    for statement in ("UPDATE resolution SET note = 'y'", "DELETE FROM resolution"):
        with pytest.raises(sqlite3.IntegrityError, match="the audit is append-only"):
            database.execute(statement)
    database.close()


def test_the_file_says_what_it_is() -> None:
    """The header of a journal holds a number of its own."""
    assert APPLICATION_ID.to_bytes(4, "big") == b"WPJ1"

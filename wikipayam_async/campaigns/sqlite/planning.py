"""The statements that write and read a plan."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from wikipayam_async.campaigns.journal import MessageRow, PlanBlock, StoredOutcome

__all__ = ["add_blocks", "clear", "insert_outcomes", "read_digests", "read_facts", "read_rows", "write_facts"]

_FINISHED = "total"
"""The fact that only a finished plan has."""


def clear(connection: sqlite3.Connection) -> None:
    """Remove a plan that was not finished."""
    for table in ("meta", "block", "chunk", "message", "outcome"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - constants


def add_blocks(connection: sqlite3.Connection, blocks: Sequence[PlanBlock]) -> None:
    """Add blocks of messages to the plan."""
    connection.executemany("INSERT INTO block (digest) VALUES (?)", [(block.digest,) for block in blocks])
    for block in blocks:
        connection.executemany("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)", block.messages)
        connection.executemany("INSERT INTO chunk (no, first, last, count) VALUES (?, ?, ?, ?)", block.chunks)
        insert_outcomes(connection, block.held_back)


def insert_outcomes(connection: sqlite3.Connection, outcomes: Sequence[StoredOutcome]) -> None:
    """Record outcomes; one that was recorded before is replaced."""
    connection.executemany(
        "INSERT OR REPLACE INTO outcome VALUES (?, ?, ?, ?, ?)",
        [(one.index, one.status.value, one.id, one.reason, one.error) for one in outcomes],
    )


def write_facts(connection: sqlite3.Connection, facts: Mapping[str, str]) -> None:
    """Add or replace facts."""
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(facts.items()))


def read_facts(connection: sqlite3.Connection) -> Mapping[str, str]:
    """Return the facts of a plan; empty if it is not finished."""
    facts = dict(connection.execute("SELECT key, value FROM meta"))
    return facts if _FINISHED in facts else {}


def read_digests(connection: sqlite3.Connection, first: int, limit: int) -> Sequence[bytes]:
    """Return the digests of blocks from a number on, counted from 0."""
    rows = connection.execute("SELECT digest FROM block WHERE no > ? ORDER BY no LIMIT ?", (first, limit))
    return [digest for (digest,) in rows]


def read_rows(connection: sqlite3.Connection, first: int, limit: int) -> Sequence[MessageRow]:
    """Return messages from an index on."""
    return connection.execute(
        'SELECT * FROM message WHERE "index" >= ? ORDER BY "index" LIMIT ?', (first, limit)
    ).fetchall()

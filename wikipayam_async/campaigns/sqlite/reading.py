"""The statements that read a campaign."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from wikipayam_async.campaigns.journal import Counts, DeliveryRow, StoredChunk, StoredMessage
from wikipayam_async.campaigns.models import AuditEntry, CampaignResult
from wikipayam_async.campaigns.rows import audit_entry_of, result_of
from wikipayam_async.outcomes import SendStatus

__all__ = [
    "add_opt_outs",
    "read_audit",
    "read_counts",
    "read_delivery_counts",
    "read_opt_outs",
    "read_pending",
    "read_results",
    "read_undelivered",
    "record_deliveries",
]

_RESULTS = """
    SELECT m."index", m.receiver, m.text, m.sender, m.track_id, m.row, m.columns,
        o.status, o.id, o.reason, o.error, d.status, c.state
    FROM message m
        LEFT JOIN outcome o USING ("index")
        LEFT JOIN delivery d USING ("index")
        LEFT JOIN chunk c ON c.no = m.chunk
    WHERE m."index" > ? AND {condition} ORDER BY m."index" LIMIT ?
"""
_CONDITIONS: Mapping[SendStatus | None, str] = {
    None: "1",
    SendStatus.ACCEPTED: "o.status = 'accepted'",
    SendStatus.REJECTED: "o.status = 'rejected'",
    SendStatus.UNKNOWN: "(o.status = 'unknown' OR c.state = 'sending')",
    SendStatus.NOT_ATTEMPTED: "o.status IS NULL AND c.state <> 'sending'",
}


def read_pending(connection: sqlite3.Connection, after: int, limit: int) -> list[StoredChunk]:
    """Return the next pending chunks after a number, with their messages."""
    chunks = connection.execute(
        "SELECT no, first, last FROM chunk WHERE state = 'pending' AND no > ? ORDER BY no LIMIT ?", (after, limit)
    ).fetchall()
    return [StoredChunk(no, _messages(connection, no, first, last)) for no, first, last in chunks]


def _messages(connection: sqlite3.Connection, no: int, first: int, last: int) -> list[StoredMessage]:
    rows = connection.execute(
        'SELECT "index", receiver, text, sender, track_id FROM message '
        'WHERE "index" BETWEEN ? AND ? AND chunk = ? ORDER BY "index"',
        (first, last, no),
    )
    return [StoredMessage(*row) for row in rows]


def read_counts(connection: sqlite3.Connection) -> Counts:
    """Return the number of messages in each state, from the counts of the chunks."""
    row = connection.execute(
        """
        SELECT coalesce(sum(CASE state WHEN 'pending' THEN count END), 0),
            coalesce(sum(CASE state WHEN 'sending' THEN count END), 0),
            coalesce(sum(accepted), 0), coalesce(sum(rejected), 0), coalesce(sum(unknown), 0)
        FROM chunk
        """
    ).fetchone()
    held = connection.execute("SELECT value FROM meta WHERE key = 'held'").fetchone()
    pending, sending, accepted, rejected, unknown = row
    return Counts(pending, sending, accepted, rejected + (0 if held is None else int(held[0])), unknown)


def read_results(
    connection: sqlite3.Connection, after: int, limit: int, status: SendStatus | None
) -> list[CampaignResult]:
    """Return what is known of messages after an index."""
    rows = connection.execute(_RESULTS.format(condition=_CONDITIONS[status]), (after, limit))
    return [result_of(row) for row in rows]


def read_audit(connection: sqlite3.Connection, after: int, limit: int) -> list[AuditEntry]:
    """Return decisions, after the first `after`."""
    rows = connection.execute(
        'SELECT "index", decision, note, track_id, new_track_id, before, at FROM resolution '
        "WHERE no > ? ORDER BY no LIMIT ?",
        (after, limit),
    )
    return [audit_entry_of(row) for row in rows]


def read_undelivered(connection: sqlite3.Connection, after: int, limit: int) -> list[tuple[int, str]]:
    """Return the index and the id of accepted messages without a final delivery."""
    return connection.execute(
        'SELECT o."index", o.id FROM outcome o LEFT JOIN delivery d USING ("index") '
        'WHERE o."index" > ? AND o.id IS NOT NULL AND (d.final IS NULL OR d.final = 0) ORDER BY o."index" LIMIT ?',
        (after, limit),
    ).fetchall()


def record_deliveries(connection: sqlite3.Connection, rows: Sequence[DeliveryRow]) -> None:
    """Record delivery statuses."""
    connection.executemany("INSERT OR REPLACE INTO delivery VALUES (?, ?, ?, ?)", rows)


def read_delivery_counts(connection: sqlite3.Connection) -> tuple[Mapping[str, int], int]:
    """Return the number of messages by delivery status, and of those without a final one."""
    counts = dict(connection.execute("SELECT status, count(*) FROM delivery GROUP BY status").fetchall())
    with_id = connection.execute("SELECT count(*) FROM outcome WHERE id IS NOT NULL").fetchone()[0]
    final = connection.execute("SELECT count(*) FROM delivery WHERE final").fetchone()[0]
    return counts, with_id - final


def read_opt_outs(connection: sqlite3.Connection) -> list[str]:
    """Return the numbers that opted out."""
    return [number for (number,) in connection.execute("SELECT number FROM opt_out")]


def add_opt_outs(connection: sqlite3.Connection, numbers: Sequence[str]) -> None:
    """Add numbers that opted out."""
    connection.executemany("INSERT OR IGNORE INTO opt_out VALUES (?)", [(number,) for number in numbers])

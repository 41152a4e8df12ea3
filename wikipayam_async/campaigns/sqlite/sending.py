"""The statements of a run: claiming chunks, settling them, and an operator's decisions. Each is one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

from wikipayam_async.campaigns.causes import INTERRUPTED
from wikipayam_async.campaigns.division import groups_of
from wikipayam_async.campaigns.journal import Resolution, StoredOutcome, settled_counts
from wikipayam_async.campaigns.models import Decision
from wikipayam_async.campaigns.sqlite.planning import insert_outcomes
from wikipayam_async.outcomes import SendStatus

__all__ = ["claim", "recover", "resolve", "settle", "split"]

_SETTLED = """
    SELECT m.track_id, m."index", m.chunk, o.status FROM message m JOIN outcome o USING ("index")
    WHERE m.track_id IN ({track_ids}) AND m.chunk IS NOT NULL AND o.status IN ({statuses}) ORDER BY m."index"
"""
INTERRUPTED_TEXT = "the process ended while the message was in flight"
_LISTED = 500
"""Values in one `IN (...)`."""


def claim(connection: sqlite3.Connection, no: int, token: str) -> bool:
    """Move a chunk from pending to sending, by compare-and-set."""
    changed = connection.execute(
        "UPDATE chunk SET state = 'sending', claim = ?, attempt = attempt + 1 WHERE no = ? AND state = 'pending'",
        (token, no),
    )
    return changed.rowcount == 1


def settle(connection: sqlite3.Connection, no: int, token: str, outcomes: Sequence[StoredOutcome]) -> bool:
    """Record the outcomes of a claimed chunk."""
    found = connection.execute("SELECT state, count FROM chunk WHERE no = ? AND claim = ?", (no, token)).fetchone()
    if found is None:
        return False
    state, count = found
    if state == "done":
        outcomes = _not_decided(connection, outcomes)
        count = len(outcomes)
        connection.executemany('DELETE FROM outcome WHERE "index" = ?', [(one.index,) for one in outcomes])
    unattempted = [one.index for one in outcomes if one.status is SendStatus.NOT_ATTEMPTED]
    insert_outcomes(connection, [one for one in outcomes if one.status is not SendStatus.NOT_ATTEMPTED])
    if unattempted and len(unattempted) == count and state == "sending":
        connection.execute("UPDATE chunk SET state = 'pending', claim = NULL WHERE no = ?", (no,))
    elif state == "sending":
        counts = settled_counts(outcomes)
        connection.execute(
            "UPDATE chunk SET state = 'done', accepted = ?, rejected = ?, unknown = ? WHERE no = ?",
            (counts[SendStatus.ACCEPTED], counts[SendStatus.REJECTED], counts[SendStatus.UNKNOWN], no),
        )
        _move(connection, no, unattempted)
    else:
        _move(connection, no, unattempted)
        _recount(connection, no)
    return True


def split(connection: sqlite3.Connection, no: int, count: int) -> bool:
    """Leave the first messages in a pending chunk and move the others into a new one."""
    row = connection.execute("SELECT first, last FROM chunk WHERE no = ? AND state = 'pending'", (no,)).fetchone()
    if row is None:
        return False
    rest = _members(connection, no, *row)[count:]
    _move(connection, no, rest)
    return True


def recover(connection: sqlite3.Connection) -> int:
    """Make unknown what is sending: with one writer, whoever sent it has ended."""
    total = 0
    for no, first, last in connection.execute("SELECT no, first, last FROM chunk WHERE state = 'sending'").fetchall():
        members = _members(connection, no, first, last)
        insert_outcomes(
            connection,
            [StoredOutcome(index, None, SendStatus.UNKNOWN, None, INTERRUPTED, INTERRUPTED_TEXT) for index in members],
        )
        connection.execute("UPDATE chunk SET state = 'done', unknown = ? WHERE no = ?", (len(members), no))
        total += len(members)
    return total


def resolve(connection: sqlite3.Connection, resolution: Resolution) -> Sequence[str]:
    """Apply an operator's decision to all messages, or to none; return the track ids that stand in the way."""
    statuses = ["unknown", "rejected"] if resolution.decision is Decision.REQUEUED else ["unknown"]
    found: dict[str, list[tuple[int, int, str]]] = {}
    ids = resolution.track_ids
    for start in range(0, len(ids), _LISTED):
        some = ids[start : start + _LISTED]
        rows = connection.execute(
            _SETTLED.format(track_ids=_marks(some), statuses=_marks(statuses)),
            [*some, *statuses],
        )
        for track_id, index, chunk, status in rows:
            found.setdefault(track_id, []).append((index, chunk, status))
    refused = [track_id for track_id in ids if track_id not in found]
    if refused:
        return refused
    requeued: list[int] = []
    new_ids: Sequence[str | None] = resolution.new_track_ids or [None] * len(ids)
    for track_id, new_id in zip(ids, new_ids, strict=True):
        for number, (index, _, before) in enumerate(found[track_id]):
            # A track id of the caller's may stand on several messages; a new one stands on one.
            fresh = new_id if new_id is None or not number else f"{new_id}.{number}"
            _enter(connection, index, resolution.decision, resolution.note, track_id, fresh, before, resolution.at)
            if fresh is None:
                insert_outcomes(connection, [StoredOutcome(index, track_id, SendStatus.ACCEPTED)])
            else:
                connection.execute('DELETE FROM outcome WHERE "index" = ?', (index,))
                connection.execute('UPDATE message SET track_id = ? WHERE "index" = ?', (fresh, index))
                requeued.append(index)
    for group in groups_of(sorted(requeued), resolution.batch_size):
        _put_into_new_chunk(connection, group)
    for no in {chunk for rows in found.values() for _, chunk, _ in rows}:
        _recount(connection, no)
    return []


def _members(connection: sqlite3.Connection, no: int, first: int, last: int) -> list[int]:
    rows = connection.execute(
        'SELECT "index" FROM message WHERE "index" BETWEEN ? AND ? AND chunk = ? ORDER BY "index"', (first, last, no)
    )
    return [index for (index,) in rows]


def _move(connection: sqlite3.Connection, no: int, indexes: Sequence[int]) -> None:
    """Move messages of a chunk into a pending chunk of their own."""
    if indexes:
        connection.execute("UPDATE chunk SET count = count - ? WHERE no = ?", (len(indexes), no))
        _put_into_new_chunk(connection, indexes)


def _put_into_new_chunk(connection: sqlite3.Connection, indexes: Sequence[int]) -> None:
    new = connection.execute("SELECT max(no) + 1 FROM chunk").fetchone()[0]
    connection.execute(
        "INSERT INTO chunk (no, first, last, count) VALUES (?, ?, ?, ?)", (new, indexes[0], indexes[-1], len(indexes))
    )
    connection.executemany('UPDATE message SET chunk = ? WHERE "index" = ?', [(new, index) for index in indexes])


def _recount(connection: sqlite3.Connection, no: int) -> None:
    """Count a chunk's messages and outcomes again."""
    connection.execute(
        """
        UPDATE chunk SET (count, accepted, rejected, unknown) = (
            SELECT count(*), count(CASE o.status WHEN 'accepted' THEN 1 END),
                count(CASE o.status WHEN 'rejected' THEN 1 END), count(CASE o.status WHEN 'unknown' THEN 1 END)
            FROM message m LEFT JOIN outcome o USING ("index")
            WHERE m."index" BETWEEN chunk.first AND chunk.last AND m.chunk = chunk.no
        ) WHERE no = ?
        """,
        (no,),
    )


def _not_decided(connection: sqlite3.Connection, outcomes: Sequence[StoredOutcome]) -> list[StoredOutcome]:
    """Return the late outcomes that no operator has decided about; enter the others in the audit."""
    kept: list[StoredOutcome] = []
    for one in outcomes:
        decided = connection.execute(
            'SELECT at FROM resolution WHERE "index" = ? AND track_id IS ? AND decision <> ? ORDER BY no DESC LIMIT 1',
            (one.index, one.track_id, Decision.LATE_ANSWER),
        ).fetchone()
        if decided is None:
            kept.append(one)
            continue
        note = f"{one.status.value} {one.id or one.reason or ''}".strip()
        at = datetime.fromisoformat(decided[0])
        _enter(connection, one.index, Decision.LATE_ANSWER, note, one.track_id, None, None, at)
    return kept


def _enter(
    connection: sqlite3.Connection,
    index: int,
    decision: Decision,
    note: str,
    track_id: str | None,
    new_track_id: str | None,
    before: str | None,
    at: datetime,
) -> None:
    connection.execute(
        'INSERT INTO resolution ("index", decision, note, track_id, new_track_id, before, at) '
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (index, decision.value, note, track_id, new_track_id, before, at.astimezone(UTC).isoformat()),
    )


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))

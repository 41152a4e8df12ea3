"""The statements of a run: settling chunks, taking those of dead owners over, and an operator's decisions.

Each function is one transaction, and may be done twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from wikipayam_async.campaigns.causes import INTERRUPTED
from wikipayam_async.campaigns.journal import StoredOutcome, settled_counts
from wikipayam_async.campaigns.models import Decision
from wikipayam_async.integrations.procrastinate.planning import insert_outcomes
from wikipayam_async.outcomes import SendStatus

__all__ = ["recover", "settle", "split"]

INTERRUPTED_TEXT = "the process ended, or did not answer, while the message was in flight"
_RECOVERED_AT_ONCE = 1000
_DEAD = """
    SELECT no, first, last FROM wikipayam.chunk c WHERE campaign = %s AND state = 'sending' AND NOT EXISTS (
        SELECT 1 FROM wikipayam.worker w
        WHERE w.id = c.worker AND w.heartbeat > clock_timestamp() - %s * interval '1 second'
    ) ORDER BY no LIMIT %s FOR UPDATE OF c SKIP LOCKED
"""


def settle(connection: Any, campaign: int, no: int, token: str, outcomes: Sequence[StoredOutcome]) -> bool:
    """Record the outcomes of a claimed chunk."""
    lock_numbers(connection, campaign, outcomes)
    found = connection.execute(
        "SELECT state, count FROM wikipayam.chunk WHERE campaign = %s AND no = %s AND claim = %s FOR UPDATE",
        (campaign, no, token),
    ).fetchone()
    if found is None:
        return False
    state, count = found
    if state == "done":
        _settle_late(connection, campaign, no, outcomes)
        return True
    unattempted = [one.index for one in outcomes if one.status is SendStatus.NOT_ATTEMPTED]
    insert_outcomes(connection, campaign, [one for one in outcomes if one.status is not SendStatus.NOT_ATTEMPTED])
    if unattempted and len(unattempted) == count:
        connection.execute(
            "UPDATE wikipayam.chunk SET state = 'pending', claim = NULL, worker = NULL, job = NULL "
            "WHERE campaign = %s AND no = %s",
            (campaign, no),
        )
        return True
    counts = settled_counts(outcomes)
    connection.execute(
        "UPDATE wikipayam.chunk SET state = 'done', accepted = %s, rejected = %s, unknown = %s "
        "WHERE campaign = %s AND no = %s",
        (counts[SendStatus.ACCEPTED], counts[SendStatus.REJECTED], counts[SendStatus.UNKNOWN], campaign, no),
    )
    move(connection, campaign, no, unattempted)
    return True


def _settle_late(connection: Any, campaign: int, no: int, outcomes: Sequence[StoredOutcome]) -> None:
    """Record outcomes of a chunk that has outcomes: its owner was taken for dead, or the commit was not confirmed."""
    undecided = _not_decided(connection, campaign, outcomes)
    members = set(_members(connection, campaign, no))
    kept = [one for one in undecided if one.index in members]
    connection.execute(
        "DELETE FROM wikipayam.outcome WHERE campaign = %s AND index = ANY(%s)",
        (campaign, [one.index for one in kept]),
    )
    insert_outcomes(connection, campaign, [one for one in kept if one.status is not SendStatus.NOT_ATTEMPTED])
    move(connection, campaign, no, [one.index for one in kept if one.status is SendStatus.NOT_ATTEMPTED])
    recount(connection, campaign, [no])


def split(connection: Any, campaign: int, no: int, count: int) -> bool:
    """Leave the first messages in a pending chunk and move the others into a new one."""
    lock_campaign(connection, campaign)
    row = connection.execute(
        "SELECT 1 FROM wikipayam.chunk WHERE campaign = %s AND no = %s AND state = 'pending' FOR UPDATE", (campaign, no)
    ).fetchone()
    if row is None:
        return False
    move(connection, campaign, no, _members(connection, campaign, no)[count:])
    return True


def recover(connection: Any, campaign: int, stalled_after: float) -> int:
    """Make unknown what is sending and whose owner has not shown a heartbeat; return the number of messages."""
    total = 0
    for no, _, _ in connection.execute(_DEAD, (campaign, stalled_after, _RECOVERED_AT_ONCE)).fetchall():
        members = _members(connection, campaign, no)
        insert_outcomes(
            connection,
            campaign,
            [StoredOutcome(index, None, SendStatus.UNKNOWN, None, INTERRUPTED, INTERRUPTED_TEXT) for index in members],
        )
        connection.execute(
            "UPDATE wikipayam.chunk SET state = 'done', unknown = %s WHERE campaign = %s AND no = %s",
            (len(members), campaign, no),
        )
        total += len(members)
    return total


def lock_numbers(connection: Any, campaign: int, outcomes: Sequence[StoredOutcome]) -> None:
    """Take the campaign before a chunk, if a new chunk may be needed: always in this order."""
    if any(one.status is SendStatus.NOT_ATTEMPTED for one in outcomes):
        lock_campaign(connection, campaign)


def lock_campaign(connection: Any, campaign: int) -> None:
    """Let nobody else give numbers to new chunks, until the end of the transaction."""
    connection.execute("SELECT 1 FROM wikipayam.campaign WHERE id = %s FOR UPDATE", (campaign,))


def move(connection: Any, campaign: int, no: int, indexes: Sequence[int]) -> None:
    """Move messages of a chunk into a pending chunk of their own."""
    if indexes:
        connection.execute(
            "UPDATE wikipayam.chunk SET count = count - %s WHERE campaign = %s AND no = %s",
            (len(indexes), campaign, no),
        )
        put_into_new_chunk(connection, campaign, indexes)


def put_into_new_chunk(connection: Any, campaign: int, indexes: Sequence[int]) -> None:
    """Make a pending chunk of messages."""
    new = connection.execute(
        "INSERT INTO wikipayam.chunk (campaign, no, first, last, count) "
        "SELECT %(campaign)s, max(no) + 1, %(first)s, %(last)s, %(count)s FROM wikipayam.chunk "
        "WHERE campaign = %(campaign)s RETURNING no",
        {"campaign": campaign, "first": indexes[0], "last": indexes[-1], "count": len(indexes)},
    ).fetchone()[0]
    connection.execute(
        "UPDATE wikipayam.message SET chunk = %s WHERE campaign = %s AND index = ANY(%s)",
        (new, campaign, list(indexes)),
    )


def recount(connection: Any, campaign: int, chunks: Sequence[int]) -> None:
    """Count the messages and the outcomes of chunks again."""
    connection.execute(
        """
        UPDATE wikipayam.chunk c SET (count, accepted, rejected, unknown) = (
            SELECT count(*), count(*) FILTER (WHERE o.status = 'accepted'),
                count(*) FILTER (WHERE o.status = 'rejected'), count(*) FILTER (WHERE o.status = 'unknown')
            FROM wikipayam.message m LEFT JOIN wikipayam.outcome o USING (campaign, index)
            WHERE m.campaign = c.campaign AND m.index BETWEEN c.first AND c.last AND m.chunk = c.no
        ) WHERE campaign = %s AND no = ANY(%s)
        """,
        (campaign, list(chunks)),
    )


def enter(
    connection: Any,
    campaign: int,
    index: int,
    decision: Decision,
    note: str,
    at: datetime,
    *,
    track_id: str | None,
    new_track_id: str | None = None,
    before: str | None = None,
) -> None:
    """Enter a decision in the audit."""
    connection.execute(
        "INSERT INTO wikipayam.resolution (campaign, index, decision, note, track_id, new_track_id, before, at) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (campaign, index, decision.value, note, track_id, new_track_id, before, at.astimezone(UTC).isoformat()),
    )


def _members(connection: Any, campaign: int, no: int) -> list[int]:
    rows = connection.execute(
        "SELECT m.index FROM wikipayam.chunk c JOIN wikipayam.message m ON m.campaign = c.campaign "
        "AND m.index BETWEEN c.first AND c.last AND m.chunk = c.no WHERE c.campaign = %s AND c.no = %s ORDER BY m.index",
        (campaign, no),
    )
    return [index for (index,) in rows]


def _not_decided(connection: Any, campaign: int, outcomes: Sequence[StoredOutcome]) -> list[StoredOutcome]:
    """Return the late outcomes that no operator has decided about; enter the others in the audit, once."""
    rows = connection.execute(
        "SELECT index, track_id, decision, note, at FROM wikipayam.resolution WHERE campaign = %s AND index = ANY(%s) "
        "ORDER BY no",
        (campaign, [one.index for one in outcomes]),
    ).fetchall()
    decided = {(index, track_id): at for index, track_id, decision, _, at in rows if decision != Decision.LATE_ANSWER}
    entered = {
        (index, track_id, note) for index, track_id, decision, note, _ in rows if decision == Decision.LATE_ANSWER
    }
    kept: list[StoredOutcome] = []
    for one in outcomes:
        at = decided.get((one.index, one.track_id))
        if at is None:
            kept.append(one)
            continue
        note = f"{one.status.value} {one.id or one.reason or ''}".strip()
        if (one.index, one.track_id, note) not in entered:
            decided_at = datetime.fromisoformat(at)
            enter(connection, campaign, one.index, Decision.LATE_ANSWER, note, decided_at, track_id=one.track_id)
    return kept

"""The statements that read a campaign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wikipayam_async.campaigns.journal import Counts, DeliveryRow, StoredChunk, StoredMessage
from wikipayam_async.campaigns.models import AuditEntry, CampaignResult
from wikipayam_async.campaigns.rows import audit_entry_of, result_of
from wikipayam_async.outcomes import SendStatus

__all__ = [
    "add_opt_outs",
    "read_audit",
    "read_chunk",
    "read_counts",
    "read_delivery_counts",
    "read_opt_outs",
    "read_pending",
    "read_results",
    "read_undelivered",
    "record_deliveries",
]

_RESULTS = """
    SELECT m.index, m.receiver, m.text, m.sender, m.track_id, m."row", m.columns,
        o.status, o.id, o.reason, o.error, d.status, c.state
    FROM wikipayam.message m
        LEFT JOIN wikipayam.outcome o ON o.campaign = m.campaign AND o.index = m.index
        LEFT JOIN wikipayam.delivery d ON d.campaign = m.campaign AND d.index = m.index
        LEFT JOIN wikipayam.chunk c ON c.campaign = m.campaign AND c.no = m.chunk
    WHERE m.campaign = %s AND m.index > %s AND {condition} ORDER BY m.index LIMIT %s
"""
_CONDITIONS: Mapping[SendStatus | None, str] = {
    None: "true",
    SendStatus.ACCEPTED: "o.status = 'accepted'",
    SendStatus.REJECTED: "o.status = 'rejected'",
    SendStatus.UNKNOWN: "(o.status = 'unknown' OR (o.status IS NULL AND c.state = 'sending'))",
    SendStatus.NOT_ATTEMPTED: "o.status IS NULL AND c.state <> 'sending'",
}
_PENDING = """
    SELECT m.chunk, m.index, m.receiver, m.text, m.sender, m.track_id
    FROM (
        SELECT campaign, no, first, last FROM wikipayam.chunk
        WHERE campaign = %s AND state = 'pending' AND no {condition} ORDER BY no LIMIT %s
    ) c
    JOIN wikipayam.message m
        ON m.campaign = c.campaign AND m.index BETWEEN c.first AND c.last AND m.chunk = c.no
    ORDER BY c.no, m.index
"""


def read_pending(connection: Any, campaign: int, after: int, limit: int) -> list[StoredChunk]:
    """Return the next pending chunks after a number, with their messages."""
    return _chunks(connection.execute(_PENDING.format(condition="> %s"), (campaign, after, limit)))


def read_chunk(connection: Any, campaign: int, no: int) -> StoredChunk | None:
    """Return a chunk with its messages; None if it is not pending."""
    found = _chunks(connection.execute(_PENDING.format(condition="= %s"), (campaign, no, 1)))
    return found[0] if found else None


def _chunks(rows: Any) -> list[StoredChunk]:
    chunks: dict[int, list[StoredMessage]] = {}
    for no, *message in rows:
        chunks.setdefault(no, []).append(StoredMessage(*message))
    return [StoredChunk(no, messages) for no, messages in chunks.items()]


def read_counts(connection: Any, campaign: int) -> Counts:
    """Return the number of messages in each state, from the counts of the chunks."""
    row = connection.execute(
        """
        SELECT coalesce(sum(count) FILTER (WHERE state = 'pending'), 0),
            coalesce(sum(count) FILTER (WHERE state = 'sending'), 0),
            coalesce(sum(accepted), 0), coalesce(sum(rejected), 0)
            + coalesce((SELECT value::bigint FROM wikipayam.meta WHERE campaign = %(campaign)s AND key = 'held'), 0),
            coalesce(sum(unknown), 0)
        FROM wikipayam.chunk WHERE campaign = %(campaign)s
        """,
        {"campaign": campaign},
    ).fetchone()
    return Counts(*map(int, row))


def read_results(
    connection: Any, campaign: int, after: int, limit: int, status: SendStatus | None
) -> list[CampaignResult]:
    """Return what is known of messages after an index."""
    statement = _RESULTS.format(condition=_CONDITIONS[status])
    return [result_of(row) for row in connection.execute(statement, (campaign, after, limit))]


def read_audit(connection: Any, campaign: int, after: int, limit: int) -> list[AuditEntry]:
    """Return decisions, after the first `after`."""
    rows = connection.execute(
        "SELECT index, decision, note, track_id, new_track_id, before, at FROM wikipayam.resolution "
        "WHERE campaign = %s ORDER BY no OFFSET %s LIMIT %s",
        (campaign, after, limit),
    )
    return [audit_entry_of(row) for row in rows]


def read_undelivered(connection: Any, campaign: int, after: int, limit: int) -> list[tuple[int, str]]:
    """Return the index and the id of accepted messages without a final delivery."""
    found: list[tuple[int, str]] = connection.execute(
        "SELECT o.index, o.id FROM wikipayam.outcome o LEFT JOIN wikipayam.delivery d USING (campaign, index) "
        "WHERE campaign = %s AND o.index > %s AND o.id IS NOT NULL AND d.final IS NOT TRUE ORDER BY o.index LIMIT %s",
        (campaign, after, limit),
    ).fetchall()
    return found


def record_deliveries(connection: Any, campaign: int, rows: Sequence[DeliveryRow]) -> None:
    """Record delivery statuses."""
    connection.cursor().executemany(
        "INSERT INTO wikipayam.delivery (campaign, index, status, final, at) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT (campaign, index) DO UPDATE SET status = excluded.status, final = excluded.final, at = excluded.at",
        [(campaign, *row) for row in rows],
    )


def read_delivery_counts(connection: Any, campaign: int) -> tuple[Mapping[str, int], int]:
    """Return the number of messages by delivery status, and of those without a final one."""
    counts = dict(
        connection.execute(
            "SELECT status, count(*) FROM wikipayam.delivery WHERE campaign = %s GROUP BY status", (campaign,)
        ).fetchall()
    )
    pending = connection.execute(
        "SELECT (SELECT count(*) FROM wikipayam.outcome WHERE campaign = %(campaign)s AND id IS NOT NULL) "
        "- (SELECT count(*) FROM wikipayam.delivery WHERE campaign = %(campaign)s AND final)",
        {"campaign": campaign},
    ).fetchone()[0]
    return counts, pending


def read_opt_outs(connection: Any, campaign: int) -> list[str]:
    """Return the numbers that opted out."""
    rows = connection.execute("SELECT number FROM wikipayam.opt_out WHERE campaign = %s", (campaign,))
    return [number for (number,) in rows]


def add_opt_outs(connection: Any, campaign: int, numbers: Sequence[str]) -> None:
    """Add numbers that opted out."""
    connection.execute(
        "INSERT INTO wikipayam.opt_out (campaign, number) SELECT %s, unnest(%s::text[]) ON CONFLICT DO NOTHING",
        (campaign, list(numbers)),
    )

"""The statements of an operator's decision: one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wikipayam_async.campaigns.division import groups_of
from wikipayam_async.campaigns.journal import Resolution, StoredOutcome
from wikipayam_async.campaigns.models import Decision
from wikipayam_async.integrations.procrastinate.planning import NUL, insert_outcomes
from wikipayam_async.integrations.procrastinate.sending import enter, lock_campaign, put_into_new_chunk, recount
from wikipayam_async.outcomes import SendStatus

__all__ = ["resolve"]

_NOT_ACCEPTED = """
    wikipayam.outcome o JOIN wikipayam.message m USING (campaign, index)
    WHERE o.campaign = %s AND o.status = ANY(%s) AND o.status <> 'accepted' AND m.track_id = ANY(%s)
        AND m.chunk IS NOT NULL
"""
_SETTLED = f"SELECT m.track_id, m.index, m.chunk, o.status FROM {_NOT_ACCEPTED} ORDER BY m.index"  # noqa: S608 - constants
_LOCK_CHUNKS = f"""
    SELECT 1 FROM (SELECT DISTINCT m.campaign, m.chunk FROM {_NOT_ACCEPTED}) AS found
    JOIN wikipayam.chunk c ON c.campaign = found.campaign AND c.no = found.chunk ORDER BY c.no FOR UPDATE OF c
"""  # noqa: S608 - constants
"""Whoever changes outcomes takes their chunks first, so that two of them wait and none fails."""


def resolve(connection: Any, campaign: int, resolution: Resolution) -> Sequence[str]:
    """Apply an operator's decision to all messages, or to none; return the track ids that stand in the way."""
    impossible = [track_id for track_id in resolution.track_ids if NUL in track_id]
    if impossible:  # PostgreSQL takes no such text, so no message has it
        return impossible
    lock_campaign(connection, campaign)
    requeued = resolution.decision is Decision.REQUEUED
    statuses = ["unknown", "rejected"] if requeued else ["unknown"]
    wanted = (campaign, statuses, list(resolution.track_ids))
    connection.execute(_LOCK_CHUNKS, wanted)
    found: dict[str, list[tuple[int, int, str]]] = {}
    for track_id, index, chunk, status in connection.execute(_SETTLED, wanted).fetchall():
        found.setdefault(track_id, []).append((index, chunk, status))
    refused = [track_id for track_id in resolution.track_ids if track_id not in found]
    if refused:
        return refused
    if requeued:
        _requeue(connection, campaign, resolution, found)
    else:
        _accept(connection, campaign, resolution, found)
    recount(connection, campaign, sorted({chunk for rows in found.values() for _, chunk, _ in rows}))
    return []


def _accept(
    connection: Any, campaign: int, resolution: Resolution, found: dict[str, list[tuple[int, int, str]]]
) -> None:
    for track_id in resolution.track_ids:
        for index, _, before in found[track_id]:
            enter(
                connection,
                campaign,
                index,
                Decision.ACCEPTED,
                resolution.note,
                resolution.at,
                track_id=track_id,
                before=before,
            )
            insert_outcomes(connection, campaign, [StoredOutcome(index, track_id, SendStatus.ACCEPTED)])


def _requeue(
    connection: Any, campaign: int, resolution: Resolution, found: dict[str, list[tuple[int, int, str]]]
) -> None:
    moved: list[tuple[int, str]] = []
    for track_id, new_id in zip(resolution.track_ids, resolution.new_track_ids, strict=True):
        for number, (index, _, before) in enumerate(found[track_id]):
            # A track id of the caller's may stand on several messages; a new one stands on one.
            fresh = f"{new_id}.{number}" if number else new_id
            enter(
                connection,
                campaign,
                index,
                Decision.REQUEUED,
                resolution.note,
                resolution.at,
                track_id=track_id,
                new_track_id=fresh,
                before=before,
            )
            moved.append((index, fresh))
    indexes = [index for index, _ in moved]
    connection.execute("DELETE FROM wikipayam.outcome WHERE campaign = %s AND index = ANY(%s)", (campaign, indexes))
    connection.execute(
        "UPDATE wikipayam.message m SET track_id = new.track_id "
        "FROM unnest(%s::bigint[], %s::text[]) AS new (index, track_id) WHERE m.campaign = %s AND m.index = new.index",
        (indexes, [track_id for _, track_id in moved], campaign),
    )
    for group in groups_of(sorted(indexes), resolution.batch_size):
        put_into_new_chunk(connection, campaign, group)

"""The statements that write and read a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wikipayam_async.campaigns.errors import JournalError
from wikipayam_async.campaigns.journal import MessageRow, PlanBlock, StoredOutcome

__all__ = [
    "NUL",
    "add_blocks",
    "begin",
    "find_campaign",
    "finish",
    "insert_outcomes",
    "make_campaign",
    "read_digests",
    "read_facts",
    "read_rows",
    "remove",
    "write_facts",
]

NUL = "\0"
"""The character that PostgreSQL cannot keep in a text."""
_FINISHED = "total"
"""The fact that only a finished plan has."""
_PLANNED = ("meta", "block", "chunk", "message", "outcome")
_COLUMNS = 'index, chunk, receiver, text, sender, track_id, "row", columns'
_INSERT_OUTCOMES = """
    INSERT INTO wikipayam.outcome (campaign, index, status, id, reason, error)
    SELECT %s, * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])
    ON CONFLICT (campaign, index) DO UPDATE SET
        status = excluded.status, id = excluded.id, reason = excluded.reason, error = excluded.error
"""


def find_campaign(connection: Any, name: str) -> int | None:
    """Return the number of a campaign; None if no campaign has this name."""
    row = connection.execute("SELECT id FROM wikipayam.campaign WHERE name = %s", (name,)).fetchone()
    return None if row is None else int(row[0])


def make_campaign(connection: Any, name: str) -> int:
    """Return the number of a campaign; create the campaign if it does not exist."""
    connection.execute("INSERT INTO wikipayam.campaign (name) VALUES (%s) ON CONFLICT (name) DO NOTHING", (name,))
    return find_campaign(connection, name) or make_campaign(connection, name)


def begin(connection: Any, campaign: int, worker: int, stalled_after: float) -> bool:
    """Remove a plan that was not finished; return False if it is finished, or its planner lives."""
    row = connection.execute(
        "SELECT 1 FROM wikipayam.campaign p WHERE id = %s AND NOT EXISTS (SELECT 1 FROM wikipayam.worker w "
        "WHERE w.id = p.planner AND w.id <> %s AND w.heartbeat > clock_timestamp() - %s * interval '1 second') "
        "FOR UPDATE",
        (campaign, worker, stalled_after),
    ).fetchone()
    if row is None or read_facts(connection, campaign):
        return False
    connection.execute("UPDATE wikipayam.campaign SET planner = %s WHERE id = %s", (worker, campaign))
    clear(connection, campaign)
    return True


def finish(connection: Any, campaign: int, facts: Mapping[str, str]) -> None:
    """Complete the plan."""
    write_facts(connection, campaign, facts)
    connection.execute("UPDATE wikipayam.campaign SET planner = NULL WHERE id = %s", (campaign,))


def clear(connection: Any, campaign: int) -> None:
    """Remove a plan that was not finished."""
    for table in _PLANNED:
        connection.execute(f"DELETE FROM wikipayam.{table} WHERE campaign = %s", (campaign,))  # noqa: S608 - constants


def remove(connection: Any, campaign: int) -> None:
    """Remove a campaign with everything that it holds."""
    for table in (*_PLANNED, "delivery", "resolution", "opt_out"):
        connection.execute(f"DELETE FROM wikipayam.{table} WHERE campaign = %s", (campaign,))  # noqa: S608 - constants
    connection.execute("DELETE FROM wikipayam.campaign WHERE id = %s", (campaign,))


def add_blocks(connection: Any, campaign: int, first: int, blocks: Sequence[PlanBlock]) -> None:
    """Add blocks of messages to the plan, of which the first has a number; do nothing if they were added before."""
    _check_characters(blocks)
    with connection.cursor() as cursor:
        count = cursor.execute("SELECT count(*) FROM wikipayam.block WHERE campaign = %s", (campaign,)).fetchone()[0]
        if count == first + len(blocks):
            return
        if count != first:
            raise JournalError(
                f"the plan has {count} blocks instead of {first}: another process has changed it meanwhile"
            )
        with cursor.copy("COPY wikipayam.block (campaign, no, digest) FROM STDIN") as copy:
            for no, block in enumerate(blocks, first):
                copy.write_row((campaign, no, block.digest))
        with cursor.copy(f"COPY wikipayam.message (campaign, {_COLUMNS}) FROM STDIN") as copy:
            for block in blocks:
                for row in block.messages:
                    copy.write_row((campaign, *row))
        with cursor.copy("COPY wikipayam.chunk (campaign, no, first, last, count) FROM STDIN") as copy:
            for block in blocks:
                for chunk in block.chunks:
                    copy.write_row((campaign, *chunk))
    insert_outcomes(connection, campaign, [one for block in blocks for one in block.held_back])


def insert_outcomes(connection: Any, campaign: int, outcomes: Sequence[StoredOutcome]) -> None:
    """Record outcomes; one that was recorded before is replaced."""
    if outcomes:
        connection.execute(
            _INSERT_OUTCOMES,
            (
                campaign,
                [one.index for one in outcomes],
                [one.status.value for one in outcomes],
                [_storable(one.id) for one in outcomes],
                [_storable(one.reason) for one in outcomes],
                [_storable(one.error) for one in outcomes],
            ),
        )


def _storable(text: str | None) -> str | None:
    """Return a text, which may be the gateway's, without what PostgreSQL cannot keep: an outcome must not be lost for it."""
    return None if text is None else text.encode("utf-8", "replace").decode().replace(NUL, "")


def _check_characters(blocks: Sequence[PlanBlock]) -> None:
    """Check that PostgreSQL can keep the messages as they are.

    Raises:
        JournalError: It cannot.
    """
    for block in blocks:
        for index, _, *texts in block.messages:
            if any(isinstance(text, str) and NUL in text for text in texts):
                raise JournalError(
                    f"messages[{index}]: PostgreSQL cannot keep the character U+0000; nothing was planned"
                )


def write_facts(connection: Any, campaign: int, facts: Mapping[str, str]) -> None:
    """Add or replace facts."""
    connection.execute(
        "INSERT INTO wikipayam.meta (campaign, key, value) SELECT %s, * FROM unnest(%s::text[], %s::text[]) "
        "ON CONFLICT (campaign, key) DO UPDATE SET value = excluded.value",
        (campaign, list(facts), [_storable(value) for value in facts.values()]),
    )


def read_facts(connection: Any, campaign: int) -> Mapping[str, str]:
    """Return the facts of a plan; empty if it is not finished."""
    rows = connection.execute("SELECT key, value FROM wikipayam.meta WHERE campaign = %s", (campaign,)).fetchall()
    facts = dict(rows)
    return facts if _FINISHED in facts else {}


def read_digests(connection: Any, campaign: int, first: int, limit: int) -> Sequence[bytes]:
    """Return the digests of blocks from a number on, counted from 0."""
    rows = connection.execute(
        "SELECT digest FROM wikipayam.block WHERE campaign = %s AND no >= %s ORDER BY no LIMIT %s",
        (campaign, first, limit),
    )
    return [bytes(digest) for (digest,) in rows]


def read_rows(connection: Any, campaign: int, first: int, limit: int) -> Sequence[MessageRow]:
    """Return messages from an index on."""
    found: Sequence[MessageRow] = connection.execute(
        f"SELECT {_COLUMNS} FROM wikipayam.message WHERE campaign = %s AND index >= %s ORDER BY index LIMIT %s",  # noqa: S608 - constants
        (campaign, first, limit),
    ).fetchall()
    return found

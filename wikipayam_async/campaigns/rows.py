"""What the rows of a journal in a database mean: the same for SQLite and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from wikipayam_async.campaigns.causes import IN_FLIGHT
from wikipayam_async.campaigns.errors import JournalError
from wikipayam_async.campaigns.models import NO_COLUMNS, AuditEntry, CampaignResult, Decision
from wikipayam_async.outcomes import SendStatus

__all__ = ["audit_entry_of", "result_of"]

T = TypeVar("T")


def result_of(row: tuple[Any, ...]) -> CampaignResult:
    """Return what is known of a message. One that is being sent counts as unknown until it has an outcome.

    Args:
        row: Index, receiver, text, sender, track id, row, columns as JSON, status, id, reason, error, delivery, and the state
            of its chunk.

    Raises:
        JournalError: The row is damaged, or of a newer version.
    """
    return _read(_result_of, row, f"messages[{row[0]}]")


def _read(make: Callable[[tuple[Any, ...]], T], row: tuple[Any, ...], what: str) -> T:
    try:
        return make(row)
    except (ValueError, TypeError) as error:
        kind = type(error).__name__
    raise JournalError(
        f"{what}: this version of the package cannot read what the journal has ({kind}): it is damaged, or a newer version "
        "wrote it; nothing was changed"
    )


def _result_of(row: tuple[Any, ...]) -> CampaignResult:
    index, receiver, text, sender, track_id, number, columns, status, id_, reason, error, delivery, state = row
    in_flight = state == "sending" and status is None
    known = SendStatus.UNKNOWN if in_flight else SendStatus(status or SendStatus.NOT_ATTEMPTED)
    return CampaignResult(
        index,
        receiver,
        known,
        id_,
        error,
        track_id,
        delivery,
        IN_FLIGHT if in_flight else reason,
        text,
        sender,
        number,
        NO_COLUMNS if columns is None else json.loads(columns),
    )


def audit_entry_of(row: tuple[Any, ...]) -> AuditEntry:
    """Return a decision.

    Args:
        row: Index, decision, note, track id, new track id, the status before, and the time.

    Raises:
        JournalError: The row is damaged, or of a newer version.
    """
    return _read(_audit_entry_of, row, f"the audit of messages[{row[0]}]")


def _audit_entry_of(row: tuple[Any, ...]) -> AuditEntry:
    index, decision, note, track_id, new_track_id, before, at = row
    return AuditEntry(
        index,
        Decision(decision),
        note,
        track_id,
        new_track_id,
        None if before is None else SendStatus(before),
        datetime.fromisoformat(at),
    )

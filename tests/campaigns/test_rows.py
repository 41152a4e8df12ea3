from __future__ import annotations

from datetime import UTC, datetime

import pytest

from wikipayam_async import SendStatus
from wikipayam_async.campaigns import JournalError
from wikipayam_async.campaigns.causes import IN_FLIGHT
from wikipayam_async.campaigns.models import AuditEntry, CampaignResult, Decision
from wikipayam_async.campaigns.rows import audit_entry_of, result_of


@pytest.mark.parametrize(
    ("status", "reason", "state", "expected", "cause"),
    [
        (None, None, "pending", SendStatus.NOT_ATTEMPTED, None),
        (None, None, "sending", SendStatus.UNKNOWN, IN_FLIGHT),
        ("unknown", "timeout", "done", SendStatus.UNKNOWN, "timeout"),
        ("accepted", None, "sending", SendStatus.ACCEPTED, None),
    ],
)
def test_a_message_that_is_being_sent_counts_as_unknown(
    status: str | None, reason: str | None, state: str, expected: SendStatus, cause: str | None
) -> None:
    """Without an outcome and in flight it may have been sent; an outcome counts whatever the state of the chunk."""
    row = (3, "09123456789", "text", None, "t-1", 7, '{"name": "Sara"}', status, "5", reason, "why", "delivered", state)
    assert result_of(row) == CampaignResult(
        3, "09123456789", expected, "5", "why", "t-1", "delivered", cause, "text", None, 7, {"name": "Sara"}
    )


def test_a_decision_has_its_time_and_the_status_before() -> None:
    """The time is read with its zone; a decision about a message without an outcome has no status before."""
    at = datetime(2026, 11, 29, 12, tzinfo=UTC)
    for before, status in (("unknown", SendStatus.UNKNOWN), (None, None)):
        row = (3, "requeued", "not in the panel", "t-1", "t-2", before, at.isoformat())
        assert audit_entry_of(row) == AuditEntry(3, Decision.REQUEUED, "not in the panel", "t-1", "t-2", status, at)


@pytest.mark.parametrize(("status", "columns"), [("expired", None), ("accepted", "{"), ("accepted", 7)])
def test_a_message_that_cannot_be_read_is_named(status: str, columns: object) -> None:
    """As when a newer version wrote it; neither the number nor the text is shown."""
    row = (3, "09123456789", "text", None, "t-1", 7, columns, status, "5", None, None, None, "done")
    with pytest.raises(JournalError, match=r"messages\[3\]: this version of the package cannot read") as caught:
        result_of(row)
    assert ("09123456789" in str(caught.value), caught.value.__context__) == (False, None)


@pytest.mark.parametrize(("decision", "at"), [("shredded", "2026-11-29T12:00:00+00:00"), ("requeued", "yesterday")])
def test_a_decision_that_cannot_be_read_is_named(decision: str, at: str) -> None:
    """By the message that it is about."""
    with pytest.raises(JournalError, match=r"the audit of messages\[3\]: this version of the package cannot read"):
        audit_entry_of((3, decision, "note", "t-1", None, None, at))

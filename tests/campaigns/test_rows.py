from __future__ import annotations

from datetime import UTC, datetime

import pytest

from wikipayam_async import SendStatus
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

"""What callers of a campaign get."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter

from wikipayam_async import InvalidInputError, SendStatus, SmsMessage
from wikipayam_async.campaigns import (
    AuditEntry,
    CampaignDelivery,
    CampaignMessage,
    CampaignPlan,
    CampaignProgress,
    CampaignReport,
    CampaignResult,
    CampaignStatus,
    Decision,
)


def test_nothing_personal_is_in_a_repr() -> None:
    """Numbers, texts and the values of columns are masked."""
    message = CampaignMessage(SmsMessage("09121234567", "secret"), row=2, columns={"name": "Sara"})
    result = CampaignResult(0, "09121234567", SendStatus.UNKNOWN, message="secret", columns={"name": "Sara"})
    shown = f"{message!r} {result!r}"
    assert [word in shown for word in ("secret", "Sara", "1234567")] == [False] * 3
    assert "0912*****67" in shown


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"row": "7"}, "row: expected the number of a row, or None"),
        ({"row": 2**63}, "row: expected the number of a row, or None"),
        ({"row": True}, "row: expected the number of a row, or None"),
        ({"columns": None}, "columns: expected a mapping of names to values"),
    ],
)
def test_what_stands_beside_a_message_is_checked(fields: dict[str, Any], error: str) -> None:
    """Before a plan is made, not by the database in the middle of it."""
    with pytest.raises(InvalidInputError) as caught:
        CampaignMessage(SmsMessage("09121234567", "a"), **fields)
    assert str(caught.value).startswith(error)


def test_summaries_are_one_line() -> None:
    """A plan and a progress say their counts; a plan names why messages are held back."""
    plan = CampaignPlan(1200, 12, 100, "1000", "f", {"duplicate": 3, "opted_out": 1})
    assert plan.summary() == "1,200 messages in 12 requests, 3 duplicate, 1 opted out"
    progress = CampaignProgress(CampaignStatus.PAUSED, 10, 1, 2, 3, 2, 2, "SIGTERM")
    assert progress.done == 7
    assert progress.summary() == (
        "paused (SIGTERM): 10 messages: 3 accepted, 2 rejected, 2 unknown, 2 sending, 1 pending"
    )
    assert CampaignProgress(CampaignStatus.PLANNED, 0).summary().startswith("planned: 0 messages")


def test_a_web_service_can_return_them() -> None:
    """Pydantic serializes what callers get, with the fields as they are named."""
    progress = CampaignProgress(CampaignStatus.RUNNING, 10, pending=4, accepted=6)
    report = CampaignReport(CampaignStatus.COMPLETED, 1, accepted=1, attempted={SendStatus.ACCEPTED: 1})
    entry = AuditEntry(0, Decision.REQUEUED, "panel", "a", "b", SendStatus.UNKNOWN, datetime(2026, 3, 21, tzinfo=UTC))
    result = CampaignResult(3, "09121234567", SendStatus.ACCEPTED, "id", columns={"name": "Sara"})
    shown = [
        json.loads(TypeAdapter(type(one)).dump_json(one))
        for one in (progress, report, entry, result, CampaignDelivery({"DELIVERED": 1}, 0))
    ]
    assert (shown[0]["status"], shown[0]["pending"], shown[0]["reason"]) == ("running", 4, None)
    assert shown[1]["attempted"] == {"accepted": 1}
    assert (shown[2]["decision"], shown[2]["at"]) == ("requeued", "2026-03-21T00:00:00Z")
    assert (shown[3]["id"], shown[3]["columns"]) == ("id", {"name": "Sara"})
    assert shown[4] == {"counts": {"DELIVERED": 1}, "pending": 0}
    assert TypeAdapter(CampaignProgress).json_schema()["properties"]["status"] is not None


def test_a_result_is_ok_if_it_was_accepted() -> None:
    """As the result of a bulk send."""
    statuses = [status for status in SendStatus if CampaignResult(0, "0912", status).ok]
    assert statuses == [SendStatus.ACCEPTED]


def test_a_delivery_is_complete_without_pending_messages() -> None:
    """Only the number of pending ones counts."""
    assert CampaignDelivery({}, 0).complete
    assert not CampaignDelivery({"SENT": 1}, 1).complete

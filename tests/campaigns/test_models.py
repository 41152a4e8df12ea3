"""What callers of a campaign get."""

from __future__ import annotations

from wikipayam_async import SendStatus, SmsMessage
from wikipayam_async.campaigns import (
    CampaignDelivery,
    CampaignMessage,
    CampaignPlan,
    CampaignProgress,
    CampaignResult,
    CampaignStatus,
)


def test_nothing_personal_is_in_a_repr() -> None:
    """Numbers, texts and the values of columns are masked."""
    message = CampaignMessage(SmsMessage("09121234567", "secret"), row=2, columns={"name": "Sara"})
    result = CampaignResult(0, "09121234567", SendStatus.UNKNOWN, message="secret", columns={"name": "Sara"})
    shown = f"{message!r} {result!r}"
    assert [word in shown for word in ("secret", "Sara", "1234567")] == [False] * 3
    assert "0912*****67" in shown


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


def test_a_result_is_ok_if_it_was_accepted() -> None:
    """As the result of a bulk send."""
    statuses = [status for status in SendStatus if CampaignResult(0, "0912", status).ok]
    assert statuses == [SendStatus.ACCEPTED]


def test_a_delivery_is_complete_without_pending_messages() -> None:
    """Only the number of pending ones counts."""
    assert CampaignDelivery({}, 0).complete
    assert not CampaignDelivery({"SENT": 1}, 1).complete

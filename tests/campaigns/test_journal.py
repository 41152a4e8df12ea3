"""The rows of a journal."""

from __future__ import annotations

from wikipayam_async import SendStatus
from wikipayam_async.campaigns import StoredMessage, StoredOutcome
from wikipayam_async.campaigns.journal import settled_counts


def test_outcomes_are_counted_by_status() -> None:
    """A status without outcomes counts 0."""
    outcomes = [StoredOutcome(0, "a", SendStatus.ACCEPTED), StoredOutcome(1, "b", SendStatus.ACCEPTED)]
    assert settled_counts(outcomes) == {
        SendStatus.ACCEPTED: 2,
        SendStatus.REJECTED: 0,
        SendStatus.UNKNOWN: 0,
        SendStatus.NOT_ATTEMPTED: 0,
    }


def test_a_stored_message_masks_number_and_text() -> None:
    """Its repr is safe to log."""
    shown = repr(StoredMessage(0, "09121234567", "secret", None, "t"))
    assert "0912*****67" in shown
    assert "secret" not in shown

"""The errors of campaigns."""

from __future__ import annotations

import pickle

from wikipayam_async import SendResult, SendStatus, SmsMessage, WikipayamError
from wikipayam_async.campaigns import (
    CampaignError,
    JournalBusyError,
    JournalError,
    JournalWriteError,
    PlanChangedError,
)


def test_errors_say_whether_anything_was_sent() -> None:
    """All but the failed write of outcomes mean that nothing was sent."""
    errors = (CampaignError("a"), PlanChangedError("a"), JournalError("a"), JournalBusyError("a"))
    assert {error.send_status for error in errors} == {SendStatus.NOT_ATTEMPTED}
    assert JournalWriteError("a").send_status is None


def test_the_errors_form_a_tree() -> None:
    """One `except` catches what concerns the journal, another everything."""
    assert issubclass(JournalBusyError, JournalError)
    assert issubclass(JournalWriteError, JournalError)
    assert issubclass(JournalError, CampaignError)
    assert issubclass(PlanChangedError, CampaignError | ValueError)
    assert issubclass(CampaignError, WikipayamError)


def test_a_pickle_holds_no_message() -> None:
    """Results are left out; differences, which show no text, are kept."""
    result = SendResult(0, SmsMessage("09121234567", "secret"), SendStatus.ACCEPTED, "id")
    copy = pickle.loads(pickle.dumps(JournalWriteError("full", results=[result])))  # noqa: S301 - made here
    assert (str(copy), copy.results) == ("full", ())
    changed = pickle.loads(pickle.dumps(PlanChangedError("changed", differences=["line"])))  # noqa: S301 - made here
    assert changed.differences == ("line",)

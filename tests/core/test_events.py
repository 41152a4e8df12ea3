import logging
from collections.abc import Sequence

import pytest

from wikipayam_async.core.events import (
    Attempt,
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    Event,
    MessageOutcome,
    Outcome,
    Phase,
    RetryScheduled,
    SendStatus,
    Teller,
)

REFUSED = Attempt(1, Phase.CONNECTING, 0.0625, None, "connect")
ANSWERED = Attempt(2, Phase.ANSWERED, 0.5, 200)
FATES = [MessageOutcome("T1", SendStatus.ACCEPTED, "69e5"), MessageOutcome("T2", SendStatus.UNKNOWN)]


def never() -> Sequence[MessageOutcome]:
    """Fail if the fates are worked out for nobody."""
    raise AssertionError("nobody listens")


def tell(teller: Teller, outcome: Outcome = Outcome.SUCCEEDED) -> None:
    """Tell the story of a call that succeeded on its second try."""
    teller.started(1)
    teller.tried(REFUSED)
    teller.retrying(0.25, "connect")
    teller.started(2)
    teller.tried(ANSWERED)
    teller.finished(outcome, lambda: 11.5, lambda: FATES)


def test_the_hook_hears_the_whole_story() -> None:
    """Every step is an event, in order, with the same call id and operation."""
    heard: list[Event] = []
    tell(Teller(heard.append, call_id="c-1", operation="sms.send", now=10.0))
    assert heard == [
        AttemptStarted("c-1", "sms.send", 1),
        AttemptFinished("c-1", "sms.send", REFUSED),
        RetryScheduled("c-1", "sms.send", 1, 0.25, "connect"),
        AttemptStarted("c-1", "sms.send", 2),
        AttemptFinished("c-1", "sms.send", ANSWERED),
        CallFinished("c-1", "sms.send", Outcome.SUCCEEDED, 1.5, (REFUSED, ANSWERED), tuple(FATES)),
    ]


def test_the_log_tells_the_whole_story(caplog: pytest.LogCaptureFixture) -> None:
    """Tries are told at DEBUG, retries and the end at INFO, on the logger that has the package's name."""
    with caplog.at_level(logging.DEBUG, "wikipayam_async"):
        tell(Teller(None, call_id="c-1", operation="sms.send", now=10.0))
    assert caplog.record_tuples == [
        ("wikipayam_async", logging.DEBUG, "sms.send c-1: attempt 1: connect while connecting, 0.062 s"),
        ("wikipayam_async", logging.INFO, "sms.send c-1: attempt 1 failed (connect), the next in 0.25 s"),
        ("wikipayam_async", logging.DEBUG, "sms.send c-1: attempt 2: 200 while answered, 0.500 s"),
        ("wikipayam_async", logging.INFO, "sms.send c-1: succeeded after 2 attempts, 1.500 s"),
    ]


@pytest.mark.parametrize(
    ("outcome", "level"),
    [
        (Outcome.SUCCEEDED, logging.INFO),
        (Outcome.FAILED, logging.INFO),
        (Outcome.CANCELLED, logging.INFO),
        (Outcome.UNKNOWN, logging.WARNING),
    ],
)
def test_an_unknown_outcome_is_a_warning(outcome: Outcome, level: int, caplog: pytest.LogCaptureFixture) -> None:
    """Only a send whose fate is not known disturbs somebody who reads warnings."""
    teller = Teller(None, call_id="c-2", operation="otp.send", now=0.0)
    teller.tried(ANSWERED)
    with caplog.at_level(logging.INFO, "wikipayam_async"):
        teller.finished(outcome, lambda: 2.0, never)
    assert caplog.record_tuples == [
        ("wikipayam_async", level, f"otp.send c-2: {outcome.value} after 1 attempt, 2.000 s")
    ]


def test_a_log_that_is_switched_off_costs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Above INFO nothing of a call that went well is written, and no fates are worked out without a hook."""
    with caplog.at_level(logging.WARNING, "wikipayam_async"):
        teller = Teller(None, call_id="c-3", operation="sms.send", now=0.0)
        teller.started(1)
        teller.tried(ANSWERED)
        teller.finished(Outcome.SUCCEEDED, lambda: 1.0, never)
    assert (caplog.record_tuples, teller.attempts) == ([], (ANSWERED,))


def test_a_hook_that_raises_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The call goes on, every later event is still handed over, and the log names the fault without its text."""
    heard: list[str] = []

    def hook(event: Event) -> None:
        heard.append(type(event).__name__)
        raise KeyError("a secret")

    with caplog.at_level(logging.ERROR, "wikipayam_async"):
        tell(Teller(hook, call_id="c-4", operation="sms.send", now=0.0))
    assert heard == [
        "AttemptStarted",
        "AttemptFinished",
        "RetryScheduled",
        "AttemptStarted",
        "AttemptFinished",
        "CallFinished",
    ]
    assert caplog.messages[0] == "on_event raised KeyError for AttemptStarted; the call goes on"
    assert len(caplog.messages) == 6


def test_what_is_no_mistake_of_a_hook_goes_through() -> None:
    """An interruption that a hook raises is not swallowed."""

    def hook(_: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Teller(hook, call_id="c-5", operation="sms.send", now=0.0).started(1)


def test_the_words_of_phases_fates_and_outcomes() -> None:
    """The words are part of the interface: dashboards and databases hold them."""
    assert [phase.value for phase in Phase] == ["waiting", "connecting", "sending", "sent", "reading", "answered"]
    assert [status.value for status in SendStatus] == ["accepted", "rejected", "unknown", "not_attempted"]
    assert [outcome.value for outcome in Outcome] == ["succeeded", "failed", "unknown", "cancelled"]


def test_the_log_is_silent_unless_somebody_listens() -> None:
    """A library's logger has a handler that does nothing."""
    handlers = logging.getLogger("wikipayam_async").handlers
    assert [type(handler) for handler in handlers if isinstance(handler, logging.NullHandler)] == [logging.NullHandler]

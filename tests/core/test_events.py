import logging
from collections.abc import Sequence

import pytest

from wikipayam_async.core.events import (
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    CallReporter,
    Event,
    RetryScheduled,
)
from wikipayam_async.outcomes import Attempt, MessageOutcome, Outcome, Phase, SendStatus

REFUSED = Attempt(1, Phase.CONNECTING, 0.0625, None, "connect")
ANSWERED = Attempt(2, Phase.ANSWERED, 0.5, 200)
OUTCOMES = [MessageOutcome("T1", SendStatus.ACCEPTED, "69e5"), MessageOutcome("T2", SendStatus.UNKNOWN)]


def never() -> Sequence[MessageOutcome]:
    """Fail if the outcomes are worked out for nobody."""
    raise AssertionError("nobody listens")


def tell(reporter: CallReporter, outcome: Outcome = Outcome.SUCCEEDED) -> None:
    """Tell the story of a call that succeeded on its second try."""
    reporter.attempt_started(1)
    reporter.attempt_finished(REFUSED)
    reporter.retry_scheduled(0.25, "connect")
    reporter.attempt_started(2)
    reporter.attempt_finished(ANSWERED)
    reporter.call_finished(outcome, lambda: 11.5, lambda: OUTCOMES)


def test_the_hook_hears_the_whole_story() -> None:
    """Every step is an event, in order, with the same call id and operation."""
    heard: list[Event] = []
    tell(
        CallReporter(heard.append, call_id="c-1", operation="sms.send", method="POST", base_url="https://gw", now=10.0)
    )
    assert heard == [
        AttemptStarted("c-1", "sms.send", 1),
        AttemptFinished("c-1", "sms.send", REFUSED),
        RetryScheduled("c-1", "sms.send", 1, 0.25, "connect"),
        AttemptStarted("c-1", "sms.send", 2),
        AttemptFinished("c-1", "sms.send", ANSWERED),
        CallFinished(
            "c-1", "sms.send", Outcome.SUCCEEDED, 1.5, (REFUSED, ANSWERED), tuple(OUTCOMES), "POST", "https://gw"
        ),
    ]


def test_the_log_tells_the_whole_story(caplog: pytest.LogCaptureFixture) -> None:
    """Tries are told at DEBUG, retries and the end at INFO, on the logger that has the package's name."""
    with caplog.at_level(logging.DEBUG, "wikipayam_async"):
        tell(CallReporter(None, call_id="c-1", operation="sms.send", method="POST", base_url="https://gw", now=10.0))
    assert caplog.record_tuples == [
        ("wikipayam_async", logging.DEBUG, "sms.send c-1: attempt 1: connect while connecting, 0.062 s"),
        ("wikipayam_async", logging.INFO, "sms.send c-1: attempt 1 failed (connect), next attempt in 0.25 s"),
        ("wikipayam_async", logging.DEBUG, "sms.send c-1: attempt 2: 200 while answered, 0.500 s"),
        ("wikipayam_async", logging.INFO, "sms.send c-1: succeeded after 2 attempts, 1.500 s"),
    ]


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """Return what a record holds for machines."""
    return {name: value for name, value in vars(record).items() if name.startswith("wikipayam_")}


def test_every_record_holds_what_it_says_as_fields(caplog: pytest.LogCaptureFixture) -> None:
    """A formatter that writes JSON has numbers and words to go by, and need not read the text."""
    with caplog.at_level(logging.DEBUG, "wikipayam_async"):
        tell(CallReporter(None, call_id="c-1", operation="sms.send", method="POST", base_url="https://gw", now=10.0))
    refused, retry, answered, end = map(fields_of, caplog.records)
    call = {"wikipayam_operation": "sms.send", "wikipayam_call_id": "c-1"}
    assert refused == {
        **call,
        "wikipayam_event": "attempt",
        "wikipayam_attempt": 1,
        "wikipayam_phase": "connecting",
        "wikipayam_elapsed": 0.0625,
        "wikipayam_status_code": None,
        "wikipayam_failure": "connect",
    }
    assert retry == {
        **call,
        "wikipayam_event": "retry",
        "wikipayam_attempt": 1,
        "wikipayam_delay": 0.25,
        "wikipayam_reason": "connect",
    }
    assert (answered["wikipayam_attempt"], answered["wikipayam_status_code"]) == (2, 200)
    assert end == {
        **call,
        "wikipayam_event": "call",
        "wikipayam_outcome": "succeeded",
        "wikipayam_attempts": 2,
        "wikipayam_elapsed": 1.5,
        "wikipayam_status_code": 200,
        "wikipayam_messages": 2,
        "wikipayam_accepted": 1,
        "wikipayam_unknown": 1,
    }


def test_a_call_that_was_never_tried_has_no_status(caplog: pytest.LogCaptureFixture) -> None:
    """One that was held back, or cancelled before its turn, is told of like any other."""
    with caplog.at_level(logging.INFO, "wikipayam_async"):
        CallReporter(
            None, call_id="c-6", operation="balance", method="POST", base_url="https://gw", now=0.0
        ).call_finished(Outcome.CANCELLED, lambda: 1.0, list)
    (record,) = map(fields_of, caplog.records)
    assert (record["wikipayam_attempts"], record["wikipayam_status_code"]) == (0, None)


def test_the_log_masks_a_number_in_a_path(caplog: pytest.LogCaptureFixture) -> None:
    """A call that a user made up is named by its path, and a path may hold a phone number."""
    with caplog.at_level(logging.INFO, "wikipayam_async"):
        reporter = CallReporter(
            None, call_id="c-7", operation="GET users/09121112233/x", method="POST", base_url="https://gw", now=0.0
        )
        reporter.call_finished(Outcome.FAILED, lambda: 1.0, list)
    (record,) = caplog.records
    assert record.getMessage() == "GET users/***/x c-7: failed after 0 attempts, 1.000 s"
    assert fields_of(record)["wikipayam_operation"] == "GET users/***/x"


def test_a_retry_costs_nothing_where_nobody_listens(caplog: pytest.LogCaptureFixture) -> None:
    """Neither an event nor a record is made of it."""
    with caplog.at_level(logging.WARNING, "wikipayam_async"):
        CallReporter(
            None, call_id="c-8", operation="balance", method="POST", base_url="https://gw", now=0.0
        ).retry_scheduled(0.5, "503")
    assert caplog.records == []


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
    """Only a send whose outcome is not known disturbs somebody who reads warnings."""
    reporter = CallReporter(None, call_id="c-2", operation="otp.send", method="POST", base_url="https://gw", now=0.0)
    reporter.attempt_finished(ANSWERED)
    with caplog.at_level(logging.INFO, "wikipayam_async"):
        reporter.call_finished(outcome, lambda: 2.0, list)
    assert caplog.record_tuples == [
        ("wikipayam_async", level, f"otp.send c-2: {outcome.value} after 1 attempt, 2.000 s")
    ]


def test_a_log_that_is_switched_off_costs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Above INFO nothing of a call that went well is written, and no outcomes are worked out without a hook."""
    with caplog.at_level(logging.WARNING, "wikipayam_async"):
        reporter = CallReporter(
            None, call_id="c-3", operation="sms.send", method="POST", base_url="https://gw", now=0.0
        )
        reporter.attempt_started(1)
        reporter.attempt_finished(ANSWERED)
        reporter.call_finished(Outcome.SUCCEEDED, lambda: 1.0, never)
    assert (caplog.record_tuples, reporter.attempts) == ([], (ANSWERED,))


def test_a_hook_that_raises_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The call goes on, every later event is still handed over, and the log names the fault without its text."""
    heard: list[str] = []

    def hook(event: Event) -> None:
        heard.append(type(event).__name__)
        raise KeyError("a secret")

    with caplog.at_level(logging.ERROR, "wikipayam_async"):
        tell(CallReporter(hook, call_id="c-4", operation="sms.send", method="POST", base_url="https://gw", now=0.0))
    assert heard == [
        "AttemptStarted",
        "AttemptFinished",
        "RetryScheduled",
        "AttemptStarted",
        "AttemptFinished",
        "CallFinished",
    ]
    assert caplog.messages[0] == "on_event raised KeyError for AttemptStarted; the call continues"
    assert len(caplog.messages) == 6


def test_what_is_no_mistake_of_a_hook_goes_through() -> None:
    """An interruption that a hook raises is not swallowed."""

    def hook(_: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        CallReporter(
            hook, call_id="c-5", operation="sms.send", method="POST", base_url="https://gw", now=0.0
        ).attempt_started(1)


def test_the_words_of_phases_fates_and_outcomes() -> None:
    """The words are part of the interface: dashboards and databases hold them."""
    assert [phase.value for phase in Phase] == ["waiting", "connecting", "sending", "sent", "reading", "answered"]
    assert [status.value for status in SendStatus] == ["accepted", "rejected", "unknown", "not_attempted"]
    assert [outcome.value for outcome in Outcome] == ["succeeded", "failed", "unknown", "cancelled"]


def test_the_log_is_silent_unless_somebody_listens() -> None:
    """A library's logger has a handler that does nothing."""
    handlers = logging.getLogger("wikipayam_async").handlers
    assert [type(handler) for handler in handlers if isinstance(handler, logging.NullHandler)] == [logging.NullHandler]

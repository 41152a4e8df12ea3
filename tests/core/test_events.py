import logging
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import pytest

from wikipayam_async.core.events import (
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    CallReporter,
    Event,
    EventHook,
    RetryScheduled,
)
from wikipayam_async.outcomes import Attempt, CallOutcome, MessageOutcome, Phase, SendStatus

REFUSED = Attempt(1, Phase.CONNECTING, 0.0625, None, "connect")
ANSWERED = Attempt(2, Phase.ANSWERED, 0.5, 200)
OUTCOMES = [MessageOutcome("T1", SendStatus.ACCEPTED, "69e5"), MessageOutcome("T2", SendStatus.UNKNOWN)]


HEADERS = {"x-request-id": "7f3a"}

Headers: TypeAlias = Mapping[str, str]


def fail_if_called() -> Sequence[MessageOutcome]:
    """Fail if the outcomes are computed."""
    raise AssertionError("computed without a hook or log")


def fail_if_read() -> Headers:
    """Fail if the headers are read."""
    raise AssertionError("read without a hook or log")


def reporter_of(
    hook: EventHook | None, *, call_id: str = "c-1", operation: str = "sms.send", now: float = 0.0
) -> CallReporter:
    """Return the reporter of a call."""
    return CallReporter(
        hook, new_call_id=lambda: call_id, operation=operation, method="POST", base_url="https://gw", now=now
    )


def report_call(reporter: CallReporter, outcome: CallOutcome = CallOutcome.SUCCEEDED) -> None:
    """Report a call that succeeds on its second attempt."""
    reporter.attempt_started(1)
    reporter.attempt_finished(REFUSED)
    reporter.retry_scheduled(0.25, "connect")
    reporter.attempt_started(2)
    reporter.attempt_finished(ANSWERED)
    reporter.call_finished(outcome, lambda: 11.5, lambda: OUTCOMES, lambda: HEADERS)


def test_the_hook_receives_every_event() -> None:
    """Each step is an event, in order, with the same call id and operation."""
    events: list[Event] = []
    report_call(reporter_of(events.append, now=10.0))
    assert events == [
        AttemptStarted("c-1", "sms.send", 1),
        AttemptFinished("c-1", "sms.send", 1, Phase.CONNECTING, 0.0625, None, "connect"),
        RetryScheduled("c-1", "sms.send", 1, 0.25, "connect"),
        AttemptStarted("c-1", "sms.send", 2),
        AttemptFinished("c-1", "sms.send", 2, Phase.ANSWERED, 0.5, 200, None),
        CallFinished(
            call_id="c-1",
            operation="sms.send",
            outcome=CallOutcome.SUCCEEDED,
            elapsed=1.5,
            attempts=(REFUSED, ANSWERED),
            messages=tuple(OUTCOMES),
            method="POST",
            base_url="https://gw",
            status_code=200,
            headers={"x-request-id": "7f3a"},
        ),
    ]


def test_events_are_values() -> None:
    """Events can be hashed and compared, and the headers are not part of the `repr`."""
    events: list[Event] = []
    report_call(reporter_of(events.append, now=10.0))
    assert len(set(events)) == 6
    assert "7f3a" not in repr(events)


def test_the_status_of_a_call_is_that_of_its_last_attempt() -> None:
    """A call whose last attempt got no answer has no status, even if an earlier attempt had one."""
    events: list[Event] = []
    reporter = reporter_of(events.append)
    reporter.attempt_finished(Attempt(1, Phase.ANSWERED, 0.5, 503))
    reporter.attempt_finished(Attempt(2, Phase.CONNECTING, 0.5, None, "connect"))
    reporter.call_finished(CallOutcome.FAILED, lambda: 1.0, list, dict)
    end = events[-1]
    assert isinstance(end, CallFinished)
    assert (end.status_code, dict(end.headers)) == (None, {})


def test_the_log_has_every_event(caplog: pytest.LogCaptureFixture) -> None:
    """Attempts are logged at DEBUG, retries and the end at INFO, by the logger of the package."""
    with caplog.at_level(logging.DEBUG, "wikipayam_async"):
        report_call(reporter_of(None, now=10.0))
    assert caplog.record_tuples == [
        ("wikipayam_async", logging.DEBUG, "sms.send c-1: attempt 1: connect while connecting, 0.062 s"),
        ("wikipayam_async", logging.INFO, "sms.send c-1: attempt 1 failed (connect), next attempt in 0.25 s"),
        ("wikipayam_async", logging.DEBUG, "sms.send c-1: attempt 2: 200 while answered, 0.500 s"),
        ("wikipayam_async", logging.INFO, "sms.send c-1: succeeded after 2 attempts, 1.500 s"),
    ]


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """Return the extra fields of a log record."""
    return {name: value for name, value in vars(record).items() if name.startswith("wikipayam_")}


def test_every_log_record_has_fields(caplog: pytest.LogCaptureFixture) -> None:
    """A JSON formatter gets numbers and words in fields and need not parse the text."""
    with caplog.at_level(logging.DEBUG, "wikipayam_async"):
        report_call(reporter_of(None, now=10.0))
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
        "wikipayam_failure": "connect",
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


def test_a_call_without_attempts_has_no_status(caplog: pytest.LogCaptureFixture) -> None:
    """A call that ends before its first attempt is logged like any other."""
    with caplog.at_level(logging.INFO, "wikipayam_async"):
        reporter_of(None, call_id="c-6", operation="balance").call_finished(
            CallOutcome.CANCELLED, lambda: 1.0, list, dict
        )
    (record,) = map(fields_of, caplog.records)
    assert (record["wikipayam_attempts"], record["wikipayam_status_code"]) == (0, None)


def test_the_log_masks_a_number_in_a_path(caplog: pytest.LogCaptureFixture) -> None:
    """A call of `client.request` is named by its path, which may contain a phone number."""
    with caplog.at_level(logging.INFO, "wikipayam_async"):
        reporter = reporter_of(None, call_id="c-7", operation="GET users/09121112233/x")
        reporter.call_finished(CallOutcome.FAILED, lambda: 1.0, list, dict)
    (record,) = caplog.records
    assert record.getMessage() == "GET users/***/x c-7: failed after 0 attempts, 1.000 s"
    assert fields_of(record)["wikipayam_operation"] == "GET users/***/x"


def test_a_retry_without_hook_and_log_creates_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Without a hook and below the log level, neither event nor record is created."""
    with caplog.at_level(logging.WARNING, "wikipayam_async"):
        reporter_of(None, call_id="c-8", operation="balance").retry_scheduled(0.5, "503")
    assert caplog.records == []


@pytest.mark.parametrize(
    ("outcome", "level"),
    [
        (CallOutcome.SUCCEEDED, logging.INFO),
        (CallOutcome.FAILED, logging.INFO),
        (CallOutcome.CANCELLED, logging.INFO),
        (CallOutcome.UNKNOWN, logging.WARNING),
    ],
)
def test_only_an_unknown_outcome_is_a_warning(
    outcome: CallOutcome, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The end of a call is logged at WARNING if its outcome is unknown, otherwise at INFO."""
    reporter = reporter_of(None, call_id="c-2", operation="otp.send")
    reporter.attempt_finished(ANSWERED)
    with caplog.at_level(logging.INFO, "wikipayam_async"):
        reporter.call_finished(outcome, lambda: 2.0, list, dict)
    assert caplog.record_tuples == [
        ("wikipayam_async", level, f"otp.send c-2: {outcome.value} after 1 attempt, 2.000 s")
    ]


NAMED = [
    MessageOutcome("T1", SendStatus.ACCEPTED, "65f1"),
    MessageOutcome("T2", SendStatus.UNKNOWN),
    MessageOutcome(None, SendStatus.REJECTED),
]
"""What the lines of a send name."""


@pytest.mark.parametrize(
    ("outcome", "level"),
    [
        (CallOutcome.FAILED, logging.WARNING),
        (CallOutcome.CANCELLED, logging.INFO),
        (CallOutcome.UNKNOWN, logging.WARNING),
    ],
)
def test_the_end_of_a_send_that_was_not_accepted_names_its_messages(
    outcome: CallOutcome, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The line has the status, and of each message the outcome, the track id and the gateway's id; a failure is a warning."""
    reporter = reporter_of(None, call_id="c-2")
    reporter.attempt_finished(ANSWERED)
    with caplog.at_level(logging.INFO, "wikipayam_async"):
        reporter.call_finished(outcome, lambda: 2.0, lambda: NAMED, dict)
    ends = "accepted (track id T1, gateway id 65f1); unknown (track id T2); rejected"
    assert caplog.record_tuples == [
        (
            "wikipayam_async",
            level,
            f"sms.send c-2: {outcome.value} after 1 attempt, 2.000 s; status 200; {ends}",
        )
    ]
    assert vars(caplog.records[0])["wikipayam_outcomes"] == [
        {"track_id": "T1", "status": "accepted", "id": "65f1"},
        {"track_id": "T2", "status": "unknown", "id": None},
        {"track_id": None, "status": "rejected", "id": None},
    ]


def test_a_failed_send_is_logged_where_only_warnings_are(caplog: pytest.LogCaptureFixture) -> None:
    """Without a response there is no status. A failed read stays at INFO."""
    with caplog.at_level(logging.WARNING, "wikipayam_async"):
        for messages in ([MessageOutcome("T1", SendStatus.NOT_ATTEMPTED)], []):
            reporter = reporter_of(None, call_id="c-2")
            reporter.call_finished(CallOutcome.FAILED, lambda: 2.0, lambda found=messages: found, dict)  # type: ignore[misc]
    assert [record.message for record in caplog.records] == [
        "sms.send c-2: failed after 0 attempts, 2.000 s; not attempted (track id T1)"
    ]


def test_a_line_names_twenty_messages_at_most(caplog: pytest.LogCaptureFixture) -> None:
    """The rest is a number, in the retry's line and in that of the end."""
    names = [f"T{number}" for number in range(25)]
    reporter = CallReporter(
        None,
        new_call_id=lambda: "c-2",
        operation="sms.send",
        method="POST",
        base_url="https://gw",
        now=0.0,
        track_ids=names,
    )
    outcomes = [MessageOutcome(name, SendStatus.UNKNOWN) for name in names]
    with caplog.at_level(logging.INFO, "wikipayam_async"):
        reporter.retry_scheduled(0.25, "connect")
        reporter.call_finished(CallOutcome.UNKNOWN, lambda: 2.0, lambda: outcomes, dict)
    retry, end = caplog.records
    assert retry.message.endswith(f"; track ids {', '.join(names[:20])} and 5 more")
    assert end.message.endswith("unknown (track id T19); and 5 more")
    assert vars(retry)["wikipayam_track_ids"] == names[:20]
    assert len(vars(end)["wikipayam_outcomes"]) == 20


@pytest.mark.parametrize(("track_ids", "named"), [(["T1"], "; track id T1"), ([None], ""), ([], "")])
def test_a_retry_names_its_messages(track_ids: list[str | None], named: str, caplog: pytest.LogCaptureFixture) -> None:
    """A read and a service without track ids have none to name."""
    reporter = CallReporter(
        None,
        new_call_id=lambda: "c-2",
        operation="sms.send",
        method="POST",
        base_url="https://gw",
        now=0.0,
        track_ids=track_ids,
    )
    with caplog.at_level(logging.INFO, "wikipayam_async"):
        reporter.retry_scheduled(0.25, "connect")
    assert caplog.messages == [f"sms.send c-2: attempt 0 failed (connect), next attempt in 0.25 s{named}"]


def test_outcomes_are_not_computed_without_hook_and_log(caplog: pytest.LogCaptureFixture) -> None:
    """Above INFO a successful call logs nothing, and without a hook no outcomes are computed and no headers read."""
    with caplog.at_level(logging.WARNING, "wikipayam_async"):
        reporter = reporter_of(None, call_id="c-3")
        reporter.attempt_started(1)
        reporter.attempt_finished(ANSWERED)
        reporter.call_finished(CallOutcome.SUCCEEDED, lambda: 1.0, fail_if_called, fail_if_read)
    assert (caplog.record_tuples, reporter.attempts) == ([], (ANSWERED,))


def test_a_hook_that_raises_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The call continues, later events are still passed on, and the log names the error without its text."""
    events: list[str] = []

    def hook(event: Event) -> None:
        events.append(type(event).__name__)
        raise KeyError("a secret")

    with caplog.at_level(logging.ERROR, "wikipayam_async"):
        report_call(reporter_of(hook, call_id="c-4"))
    assert events == [
        "AttemptStarted",
        "AttemptFinished",
        "RetryScheduled",
        "AttemptStarted",
        "AttemptFinished",
        "CallFinished",
    ]
    assert caplog.messages[0] == "on_event raised KeyError for AttemptStarted; the call continues"
    assert len(caplog.messages) == 6


def test_an_interruption_in_a_hook_is_raised() -> None:
    """A `BaseException` such as `KeyboardInterrupt` is not suppressed."""

    def hook(_: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reporter_of(hook, call_id="c-5").attempt_started(1)


def test_warnings_reach_stderr_where_nobody_configured_logging() -> None:
    """In a program without any logging, an unknown outcome and a broken hook are on stderr; a success is not."""
    program = """
from wikipayam_async.core.events import CallReporter
from wikipayam_async.outcomes import CallOutcome

def broken(event):
    raise KeyError("a secret")

def end(call_id, outcome, hook=None):
    reporter = CallReporter(hook, new_call_id=lambda: call_id, operation="sms.send", method="POST", base_url="https://gw", now=0.0)
    reporter.call_finished(outcome, lambda: 1.0, list, dict)

end("c-1", CallOutcome.UNKNOWN)
end("c-2", CallOutcome.SUCCEEDED)
end("c-3", CallOutcome.SUCCEEDED, broken)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - the code is in this test
    assert (done.stdout, done.stderr.splitlines()) == (
        "",
        [
            "sms.send c-1: unknown after 0 attempts, 1.000 s",
            "on_event raised KeyError for CallFinished; the call continues",
        ],
    )

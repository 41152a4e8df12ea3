"""What is known of the messages of a send that an exception ends: in the log, and carried by the exception."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from wikipayam_async.bulk.results import BulkError, BulkReport, SendResult, counts_text
from wikipayam_async.outcomes import MessageOutcome, SendStatus
from wikipayam_async.publish import publish_in_package

__all__ = ["attach_outcomes", "attach_report", "log_interrupted_request", "log_interruption", "report_from"]

logger = logging.getLogger("wikipayam_async")

_ATTRIBUTE = "__wikipayam_report__"
_SHOWN = 200
"""The number of messages that a line names."""


class _Carried:
    """A report among the attributes of an exception. A pickle leaves it out: it has texts and numbers."""

    __slots__ = ("report",)

    def __init__(self, report: BulkReport | None = None) -> None:
        self.report = report

    def __reduce__(self) -> tuple[type[_Carried], tuple[()]]:
        return _Carried, ()


def attach_report(error: BaseException, report: BulkReport, summary: str | None = None) -> None:
    """Make an exception carry a report, and add a note with its counts, or with another summary."""
    attributes = vars(error)  # past a `__setattr__` that refuses, as that of a frozen class
    attributes[_ATTRIBUTE] = _Carried(report)
    notes = attributes.setdefault("__notes__", [])
    if isinstance(notes, list):
        notes.append(f"wikipayam_async: {summary or report.summary()}; report_from(error) returns the report")


def attach_outcomes(
    error: BaseException,
    operation: str,
    messages: Sequence[Any],
    outcomes: Sequence[MessageOutcome],
    *,
    log: bool = True,
) -> None:
    """Make the exception that ended a call carry the outcomes of its messages, and log those that may have been sent.

    Args:
        error: The exception, such as a cancellation.
        operation: The name of the operation, such as `sms.send`.
        messages: The messages of the call.
        outcomes: Their outcomes, in the same order.
        log: Whether to log them; False if the final outcomes are logged later.
    """
    report = BulkReport(
        [
            SendResult(index, message, outcome.status, id=outcome.id, track_id=outcome.track_id)
            for index, (message, outcome) in enumerate(zip(messages, outcomes, strict=True))
        ]
    )
    attach_report(error, report, f"{operation}: {_named(outcomes)}")
    if log:
        log_interrupted_request(error, operation, outcomes)


def log_interrupted_request(error: BaseException, operation: str, outcomes: Sequence[MessageOutcome]) -> None:
    """Write the outcomes of a request that an exception interrupted to the log, at WARNING, unless nothing left."""
    known = [outcome for outcome in outcomes if outcome.status is not SendStatus.NOT_ATTEMPTED]
    if known:
        fields = {
            "wikipayam_event": "interrupted",
            "wikipayam_operation": operation,
            "wikipayam_outcomes": [
                {"track_id": one.track_id, "status": one.status.value, "id": one.id} for one in known[:_SHOWN]
            ],
        }
        logger.warning(
            "%s: %s ended the call after its request began to leave: %s",
            operation,
            type(error).__name__,
            _named(known),
            extra=fields,
        )


def _named(outcomes: Sequence[MessageOutcome]) -> str:
    """Return the outcome of each message with its ids, in one line."""
    shown = [_one(outcome) for outcome in outcomes[:_SHOWN]]
    more = len(outcomes) - len(shown)
    return "; ".join([*shown, *([f"and {more} more"] if more else [])])


def _one(outcome: MessageOutcome) -> str:
    ids = [("track id", outcome.track_id), ("gateway id", outcome.id)]
    named = ", ".join(f"{name} {value}" for name, value in ids if value)
    word = outcome.status.value.replace("_", " ")
    return f"{word} ({named})" if named else word


def report_from(error: BaseException) -> BulkReport | None:
    """Return the report of the send that an exception ended; None if the exception leads to none.

    `send_bulk` attaches its report to every exception that ends it early: a cancellation, a time-out, Ctrl-C, an
    exception of `on_progress`. It has one result for each message that was read from the source. Every other send of an
    SMS, a code or a call attaches a report of its messages to a cancellation and to Ctrl-C: a send whose request has
    begun to leave is finished first, so its outcome is known. (Errors of the package have `send_status` instead.) The
    `message` of a result is then what was sent: an `SmsMessage` or an `OtpMessage`. The search goes from
    the exception to the members of a group, its `__cause__` and its `__context__`, so it also finds the report from
    what `asyncio.timeout`, `asyncio.wait_for`, `anyio.fail_after` and `asyncio.run` (after Ctrl-C) raise in place of the
    cancellation. Of several reports it returns the nearest.

    `move_on_after`, another cancel scope and a task group whose other task failed drop the cancellation: catch it inside
    of them, and raise it again.

    Args:
        error: The exception that was caught; also a `BulkError`, which has a report itself.
    """
    waiting: deque[BaseException | None] = deque([error])
    seen: set[int] = set()
    while waiting:
        one = waiting.popleft()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        carried = vars(one).get(_ATTRIBUTE)
        report: BulkReport | None = carried.report if isinstance(carried, _Carried) else None
        if report is None and isinstance(one, BulkError):
            report = one.report
        if report is not None:
            return report
        if isinstance(one, BaseExceptionGroup):
            waiting.extend(one.exceptions)
        waiting += [one.__cause__, one.__context__]
    return None


def log_interruption(error: BaseException, counts: Mapping[SendStatus, int]) -> None:
    """Write the outcomes of a run that an exception ended to the log, at WARNING, unless no message was read."""
    if any(counts.values()):
        fields: dict[str, object] = {"wikipayam_event": "bulk", "wikipayam_operation": "sms.send"}
        fields |= {f"wikipayam_{status}": count for status, count in counts.items() if count}
        logger.warning(
            "sms.send: %s ended a bulk send early: %s", type(error).__name__, counts_text(counts), extra=fields
        )


publish_in_package(["report_from"], globals())

"""What is known of a bulk send that an exception ends: counted in the log, and carried by the exception."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping

from wikipayam_async.bulk.results import BulkError, BulkReport, counts_text
from wikipayam_async.outcomes import SendStatus

__all__ = ["attach_report", "log_interruption", "report_from"]

logger = logging.getLogger("wikipayam_async")

_ATTRIBUTE = "__wikipayam_report__"


class _Carried:
    """A report among the attributes of an exception. A pickle leaves it out: it has texts and numbers."""

    __slots__ = ("report",)

    def __init__(self, report: BulkReport | None = None) -> None:
        self.report = report

    def __reduce__(self) -> tuple[type[_Carried], tuple[()]]:
        return _Carried, ()


def attach_report(error: BaseException, report: BulkReport) -> None:
    """Make an exception carry a report, and add a note with its counts."""
    attributes = vars(error)  # past a `__setattr__` that refuses, as that of a frozen class
    attributes[_ATTRIBUTE] = _Carried(report)
    notes = attributes.setdefault("__notes__", [])
    if isinstance(notes, list):
        notes.append(f"wikipayam_async: {report.summary()}; report_from(error) returns the report")


def report_from(error: BaseException) -> BulkReport | None:
    """Return the report of the bulk send that an exception ended; None if the exception leads to none.

    `send_bulk` attaches its report to every exception that ends it early: a cancellation, a time-out, Ctrl-C, an
    exception of `on_progress`. It has one result for each message that was read from the source. The search goes from
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

from __future__ import annotations

import copy
import logging
import pickle

import attrs
import pytest

from wikipayam_async import BulkError, BulkReport, SendResult, SendStatus, SmsMessage, report_from
from wikipayam_async.bulk.interruption import attach_report, log_interruption

SECRETS = ("a private text", "09123456789")


def report(count: int = 1) -> BulkReport:
    """Make a report of accepted messages."""
    message = SmsMessage("09123456789", "a private text")
    return BulkReport([SendResult(index, message, SendStatus.ACCEPTED) for index in range(count)])


def carrying(error: BaseException, count: int = 1) -> BaseException:
    """Attach a report to an exception and return it."""
    attach_report(error, report(count))
    return error


@attrs.frozen(slots=False)
class FrozenError(Exception):
    """An exception whose attributes cannot be set."""

    text: str = ""


class SlottedError(Exception):
    """An exception with slots."""

    __slots__ = ("text",)


class EqualError(Exception):
    """An exception that equals others and has no hash."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EqualError)


@pytest.mark.parametrize(
    "error",
    [
        KeyboardInterrupt(),
        SystemExit(3),
        ValueError("why"),
        FrozenError(),
        SlottedError(),
        EqualError(),
        ExceptionGroup("two", [OSError()]),
        MemoryError(),
        GeneratorExit(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_exception_can_carry_a_report(error: BaseException) -> None:
    """Built-in, frozen, slotted and unhashable exceptions carry it, with a note of its counts."""
    assert report_from(error) is None
    mine = report(1600)
    attach_report(error, mine)
    assert report_from(error) is mine
    note = (
        "wikipayam_async: 1,600 messages: 1,600 accepted, 0 rejected, 0 unknown, 0 not attempted; report_from(error) "
    )
    assert error.__notes__ == [note + "returns the report"]


def test_a_note_is_added_to_those_of_others() -> None:
    """What others noted stays."""
    error = ValueError()
    error.add_note("theirs")
    attach_report(error, report())
    assert (error.__notes__[0], len(error.__notes__)) == ("theirs", 2)


def test_notes_that_are_no_list_are_left_alone() -> None:
    """An exception with a strange `__notes__` carries the report without a note."""
    error = ValueError()
    error.__notes__ = ()  # type: ignore[assignment]
    attach_report(error, report())
    assert report_from(error) == report()
    assert vars(error)["__notes__"] == ()


def test_the_outermost_report_counts() -> None:
    """An exception that leaves two bulk sends, one within the other, carries the report of the outer one."""
    error = ValueError()
    attach_report(error, report(1))
    attach_report(error, report(2))
    assert (report_from(error), len(error.__notes__)) == (report(2), 2)


def test_the_search_follows_causes_contexts_and_groups() -> None:
    """It finds the report through any mixture of them, and the nearest of several."""
    cause, context = TimeoutError(), KeyboardInterrupt()
    cause.__cause__ = carrying(ValueError(), 2)
    context.__context__ = BaseExceptionGroup("outer", [OSError(), ExceptionGroup("inner", [cause])])
    assert report_from(context) == report(2)
    attach_report(cause, report(3))
    assert report_from(context) == report(3)


def test_a_suppressed_context_is_searched() -> None:
    """`raise ... from None` hides a context from the traceback, not from the search."""
    error = TimeoutError()
    error.__context__ = carrying(ValueError())
    error.__suppress_context__ = True
    assert report_from(error) == report()


def test_the_search_ends_in_a_cycle() -> None:
    """Exceptions that refer to each other are looked at once."""
    first, second = ValueError(), ValueError()
    first.__cause__, second.__context__ = second, first
    assert report_from(first) is None


def test_the_report_of_a_bulk_error() -> None:
    """A `BulkError` has one itself; after unpickling it has none."""
    error = BulkError("why", report=report())
    assert report_from(error) is error.report
    wrapper = RuntimeError()
    wrapper.__cause__ = error
    assert report_from(wrapper) is error.report
    assert report_from(pickle.loads(pickle.dumps(error))) is None  # noqa: S301 - made here


def test_a_pickle_leaves_the_report_out() -> None:
    """Texts and numbers do not travel to another process with an exception; a copy in this process keeps the report."""
    error = carrying(ValueError("why"))
    pickled = pickle.dumps(error)
    assert [secret for secret in SECRETS if secret.encode() in pickled] == []
    assert report_from(pickle.loads(pickled)) is None  # noqa: S301 - made here
    assert report_from(copy.copy(error)) == report()


def test_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """The counts are logged at WARNING, in the text and as fields."""
    log_interruption(KeyboardInterrupt(), {SendStatus.ACCEPTED: 1600, SendStatus.UNKNOWN: 1})
    (record,) = caplog.records
    counts = "1,601 messages: 1,600 accepted, 0 rejected, 1 unknown, 0 not attempted"
    text = f"sms.send: KeyboardInterrupt ended a bulk send early: {counts}"
    assert (record.name, record.levelno, record.getMessage()) == ("wikipayam_async", logging.WARNING, text)
    fields = {name: value for name, value in vars(record).items() if name.startswith("wikipayam_")}
    assert fields == {
        "wikipayam_event": "bulk",
        "wikipayam_operation": "sms.send",
        "wikipayam_accepted": 1600,
        "wikipayam_unknown": 1,
    }


def test_a_run_that_read_nothing_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """There is nothing to keep."""
    log_interruption(KeyboardInterrupt(), {})
    log_interruption(KeyboardInterrupt(), {SendStatus.ACCEPTED: 0})
    assert caplog.records == []

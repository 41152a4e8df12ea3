from __future__ import annotations

from collections.abc import Iterable

from wikipayam_async.bulk.screening import Dedupe
from wikipayam_async.cli.bulk.check import Sample, check_rows
from wikipayam_async.cli.bulk.classifier import (
    ClassifiedRow,
    HeldBack,
    InvalidRow,
    RowClassifier,
    ScreeningRules,
    ToSend,
)
from wikipayam_async.cli.bulk.columns import ColumnMapping
from wikipayam_async.cli.bulk.outcomes import RowOutcomes
from wikipayam_async.cli.bulk.record import ClaimRecord, RowRecord
from wikipayam_async.cli.bulk.tables import TableRow
from wikipayam_async.cost import Tariff
from wikipayam_async.messages import SmsMessage
from wikipayam_async.optout import OptOutList
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.text import count_parts

A, B = "09120000001", "09120000002"
MAPPING = ColumnMapping(receiver="r", text_column="t", sender="1")
ACCEPTED, REJECTED, UNKNOWN, NOT_ATTEMPTED = SendStatus


def rows(*cells: tuple[str, str]) -> list[TableRow]:
    """Make the rows of a table, from row 2 on."""
    return [TableRow(number, {"r": receiver, "t": text}) for number, (receiver, text) in enumerate(cells, start=2)]


def known(*statuses: SendStatus | None) -> RowOutcomes:
    """Make the outcomes of earlier runs for the rows from row 2 on; None skips a row."""
    outcomes = RowOutcomes()
    for row, status in enumerate(statuses, start=2):
        if status is not None:
            outcomes.apply(RowRecord(row=row, status=status))
    return outcomes


def classify(classifier: RowClassifier, table: Iterable[TableRow]) -> list[ClassifiedRow]:
    """Classify each row, with a deduplicator that knows what earlier runs sent."""
    table = list(table)
    return list(classifier.classify(table, classifier.deduplicator(table if classifier.needs_history else ())))


def rules(dedupe: Dedupe | None = None, *opted_out: str) -> ScreeningRules:
    """Make screening rules."""
    return ScreeningRules(dedupe=dedupe, opt_out=OptOutList(opted_out) if opted_out else None)


def test_a_row_is_to_send_invalid_or_held_back() -> None:
    """Each row has one class, and an invalid row does not count as the first of its duplicates."""
    table = rows((A, "hi"), ("12", "hi"), (B, "hi"), (A, "ho"))
    classifier = RowClassifier(MAPPING, rules("receiver", B))
    first, bad, opted_out, again = classify(classifier, table)
    assert first == ToSend(2, SmsMessage(A, "hi"))
    assert isinstance(bad, InvalidRow)
    assert bad.reason.startswith("r: expected an Iranian mobile number")
    assert [opted_out, again] == [HeldBack(4, "0912*****02", "opted_out"), HeldBack(5, "0912*****01", "duplicate")]


def test_rows_that_may_have_been_sent_are_never_sent_again() -> None:
    """Accepted, unknown and claimed rows are always skipped; rejected ones unless they are retried."""
    table = rows(*[(A, "hi")] * 6)
    outcomes = known(ACCEPTED, REJECTED, UNKNOWN, NOT_ATTEMPTED, None, None)
    outcomes.apply(ClaimRecord(run="w", rows=[(6, 6)]))
    assert [one.row for one in classify(RowClassifier(MAPPING, outcomes=outcomes), table)] == [5, 7]
    assert [one.row for one in classify(RowClassifier(MAPPING, outcomes=outcomes, retry_rejected=True), table)] == [
        3,
        5,
        7,
    ]


def test_duplicates_are_known_across_runs() -> None:
    """A receiver that got or may have got a message in an earlier run gets no other, wherever its row is."""
    table = rows((A, "hi"), (B, "hi"), (A, "hi"), (B, "ho"))
    for status in (ACCEPTED, UNKNOWN):
        classifier = RowClassifier(MAPPING, rules("receiver"), known(None, None, status, status))
        assert classify(classifier, table) == [
            HeldBack(2, "0912*****01", "duplicate"),
            HeldBack(3, "0912*****02", "duplicate"),
        ]
        classifier = RowClassifier(MAPPING, rules("receiver_and_text"), known(None, None, status, status))
        assert classify(classifier, table) == [HeldBack(2, "0912*****01", "duplicate"), ToSend(3, SmsMessage(B, "hi"))]
    classifier = RowClassifier(MAPPING, rules("receiver"), known(None, None, REJECTED, NOT_ATTEMPTED))
    assert classify(classifier, table) == [
        ToSend(2, SmsMessage(A, "hi")), ToSend(3, SmsMessage(B, "hi")), HeldBack(5, "0912*****02", "duplicate"),
    ]  # fmt: skip


def test_the_check_counts_what_would_be_sent() -> None:
    """Parts and cost are those of the messages to send now, and the first ten bad rows are listed."""
    long = "a" * 161
    table = rows((A, "hi"), (A, long), (B, "سلام"), (A, "hi"), *[("12", "x")] * 12)
    classifier = RowClassifier(MAPPING, rules("receiver_and_text"), known(None, None, ACCEPTED))
    check = check_rows(table, classifier, classifier.deduplicator(table), Tariff(1000, 10))
    assert (check.rows, check.done, check.messages, check.bad) == (16, 1, 2, 12)
    assert [one.row for one in check.bad_rows] == list(range(6, 16))
    assert check.held_back == {"duplicate": 1}
    assert (check.estimate.parts, check.cost) == (3, 30)
    assert check.shortest == Sample(2, "hi", count_parts("hi"))
    assert check.longest == Sample(3, long, count_parts(long))
    assert long not in repr(check)
    check = check_rows(table, classifier, classifier.deduplicator(), None)
    assert (check.estimate.parts, check.cost) == (3, None)


def test_a_shared_text_is_counted_once() -> None:
    """The first row with the text is the sample."""
    classifier = RowClassifier(ColumnMapping(receiver="r", text="hi", sender="1"))
    check = check_rows(rows((A, ""), (B, "")), classifier, classifier.deduplicator(), None)
    assert check.shortest == check.longest == Sample(2, "hi", count_parts("hi"))

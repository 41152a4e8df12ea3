from __future__ import annotations

from collections.abc import Iterable

from tests.cli.bulk.classified import MAPPING, A, B, known, rows, rules
from tests.cli.bulk.results_files import ACCEPTED, NOT_ATTEMPTED, REJECTED, UNKNOWN
from wikipayam_async.cli.bulk.classifier import (
    ClassifiedRow,
    HeldBack,
    InvalidRow,
    RowClassifier,
    ToSend,
)
from wikipayam_async.cli.bulk.record import ClaimRecord
from wikipayam_async.cli.bulk.tables import TableRow
from wikipayam_async.messages import SmsMessage


def classify(classifier: RowClassifier, table: Iterable[TableRow]) -> list[ClassifiedRow]:
    """Classify each row, with a deduplicator that knows what earlier runs sent."""
    table = list(table)
    return list(classifier.classify(table, classifier.deduplicator(table if classifier.needs_history else ())))


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

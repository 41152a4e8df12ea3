from __future__ import annotations

from tests.cli.bulk.classified import MAPPING, A, B, known, rows, rules
from tests.cli.bulk.results_files import ACCEPTED
from wikipayam_async.cli.bulk.check import Sample, check_rows
from wikipayam_async.cli.bulk.classifier import (
    RowClassifier,
)
from wikipayam_async.cli.bulk.columns import ColumnMapping
from wikipayam_async.cost import Tariff
from wikipayam_async.text import count_parts


def test_the_check_counts_what_would_be_sent() -> None:
    """Parts and cost are those of the messages to send now, and the first ten bad rows are listed."""
    long = "a" * 161
    table = rows((A, "hi"), (A, long), (B, "سلام"), (A, "hi"), *[("12", "x")] * 12)
    classifier = RowClassifier(MAPPING, rules("receiver_and_text"), known(None, None, ACCEPTED))
    check = check_rows(table, classifier, classifier.deduplicator(table), Tariff(persian=1000, latin=10))
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

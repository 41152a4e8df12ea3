from __future__ import annotations

from collections.abc import Iterable

from wikipayam_async.bulk.screening import Dedupe
from wikipayam_async.cli.bulk.check import Sample, look_through
from wikipayam_async.cli.bulk.columns import ColumnMapping
from wikipayam_async.cli.bulk.outcomes import RowOutcomes
from wikipayam_async.cli.bulk.record import Claimed, RowLine
from wikipayam_async.cli.bulk.sorting import HeldBack, Holding, Refused, Sorted, Sorter, ToSend
from wikipayam_async.cli.bulk.tables import TableRow
from wikipayam_async.cost import Tariff
from wikipayam_async.messages import SmsMessage
from wikipayam_async.optout import OptOutList
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.text import count_parts

A, B = "09120000001", "09120000002"
PLAN = ColumnMapping(receiver="r", text_column="t", sender="1")
ACCEPTED, REJECTED, UNKNOWN, NOT_ATTEMPTED = SendStatus


def rows(*cells: tuple[str, str]) -> list[TableRow]:
    """Make the rows of a table, from row 2 on."""
    return [TableRow(number, {"r": receiver, "t": text}) for number, (receiver, text) in enumerate(cells, start=2)]


def known(*statuses: SendStatus | None) -> RowOutcomes:
    """Say what earlier runs did to the rows from row 2 on; None leaves one out."""
    outcomes = RowOutcomes()
    for row, status in enumerate(statuses, start=2):
        if status is not None:
            outcomes.take(RowLine(row=row, status=status))
    return outcomes


def sort(sorter: Sorter, table: Iterable[TableRow]) -> list[Sorted]:
    """Decide for each row, with a deduplicator that knows what it must."""
    table = list(table)
    return list(sorter.sort(table, sorter.deduplicator(table if sorter.needs_memory else ())))


def holding(dedupe: Dedupe | None = None, *opted_out: str) -> Holding:
    """Say what is held back."""
    return Holding(dedupe=dedupe, opt_out=OptOutList(opted_out) if opted_out else None)


def test_a_row_is_sent_refused_or_held_back() -> None:
    """Each row has one end, and a bad row does not count as a first one."""
    table = rows((A, "hi"), ("12", "hi"), (B, "hi"), (A, "ho"))
    sorter = Sorter(PLAN, holding("receiver", B))
    first, bad, opted_out, again = sort(sorter, table)
    assert first == ToSend(2, SmsMessage(A, "hi"))
    assert isinstance(bad, Refused)
    assert bad.reason.startswith("r: expected an Iranian mobile number")
    assert [opted_out, again] == [HeldBack(4, "0912*****02", "opted_out"), HeldBack(5, "0912*****01", "duplicate")]


def test_what_may_have_been_sent_is_never_given_again() -> None:
    """Accepted, unknown and claimed rows are left alone, whatever is asked for; rejected ones come if asked for."""
    table = rows(*[(A, "hi")] * 6)
    outcomes = known(ACCEPTED, REJECTED, UNKNOWN, NOT_ATTEMPTED, None, None)
    outcomes.take(Claimed(run="w", rows=[(6, 6)]))
    assert [one.row for one in sort(Sorter(PLAN, outcomes=outcomes), table)] == [5, 7]
    assert [one.row for one in sort(Sorter(PLAN, outcomes=outcomes, retry_rejected=True), table)] == [3, 5, 7]


def test_duplicates_are_known_across_runs() -> None:
    """A receiver that an earlier run served, or may have served, gets nothing more, wherever its row stands."""
    table = rows((A, "hi"), (B, "hi"), (A, "hi"), (B, "ho"))
    for status in (ACCEPTED, UNKNOWN):
        sorter = Sorter(PLAN, holding("receiver"), known(None, None, status, status))
        assert sort(sorter, table) == [HeldBack(2, "0912*****01", "duplicate"), HeldBack(3, "0912*****02", "duplicate")]
        sorter = Sorter(PLAN, holding("receiver_and_text"), known(None, None, status, status))
        assert sort(sorter, table) == [HeldBack(2, "0912*****01", "duplicate"), ToSend(3, SmsMessage(B, "hi"))]
    sorter = Sorter(PLAN, holding("receiver"), known(None, None, REJECTED, NOT_ATTEMPTED))
    assert sort(sorter, table) == [
        ToSend(2, SmsMessage(A, "hi")), ToSend(3, SmsMessage(B, "hi")), HeldBack(5, "0912*****02", "duplicate"),
    ]  # fmt: skip


def test_the_look_through_counts_what_would_be_sent() -> None:
    """Parts and cost are those of the messages that would be sent now, and the first ten bad rows are named."""
    long = "a" * 161
    table = rows((A, "hi"), (A, long), (B, "سلام"), (A, "hi"), *[("12", "x")] * 12)
    sorter = Sorter(PLAN, holding("receiver_and_text"), known(None, None, ACCEPTED))
    check = look_through(table, sorter, sorter.deduplicator(table), Tariff(1000, 10))
    assert (check.rows, check.done, check.messages, check.bad) == (16, 1, 2, 12)
    assert [one.row for one in check.bad_rows] == list(range(6, 16))
    assert check.held_back == {"duplicate": 1}
    assert (check.estimate.parts, check.cost) == (3, 30)
    assert check.shortest == Sample(2, "hi", count_parts("hi"))
    assert check.longest == Sample(3, long, count_parts(long))
    assert long not in repr(check)
    check = look_through(table, sorter, sorter.deduplicator(), None)
    assert (check.estimate.parts, check.cost) == (3, None)


def test_one_text_for_all_is_looked_at_once() -> None:
    """The first row that has it is named."""
    sorter = Sorter(ColumnMapping(receiver="r", text="hi", sender="1"))
    check = look_through(rows((A, ""), (B, "")), sorter, sorter.deduplicator(), None)
    assert check.shortest == check.longest == Sample(2, "hi", count_parts("hi"))

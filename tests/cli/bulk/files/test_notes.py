from __future__ import annotations

from wikipayam_async.cli.bulk.files.notes import ReceiverCounter, notes_of
from wikipayam_async.cli.bulk.files.table import HiddenCells, Table


def test_receivers_that_occur_again_are_counted() -> None:
    """A third message to a receiver counts again."""
    counter = ReceiverCounter()
    for receiver in ("09123456789", "09999999999", "09123456789", "09000000000", "09123456788", "09123456789"):
        counter.add(receiver)
    assert counter.repeated == 2


def test_what_is_left_out_is_told() -> None:
    """With a count and the option that changes it."""
    table = Table(("a",), True, "", iter(()), hidden=HiddenCells(2, ("b", "c"), ("e",)), other_sheets=("d",))
    assert list(notes_of(table, 1)) == [
        "2 hidden or filtered rows left out; --include-hidden reads them, too",
        "2 hidden columns left out: b, c",
        "not read: 1 hidden sheet (e; see --sheet)",
        "not read: 1 other sheet (d; see --sheet)",
        "1 message to a receiver that has an earlier one; --dedupe receiver sends each receiver one message",
    ]
    assert list(notes_of(Table(("a",), True, "", iter(())), 0)) == []

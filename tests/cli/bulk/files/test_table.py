from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from wikipayam_async.cli.bulk.files.cells import Cell
from wikipayam_async.cli.bulk.files.table import FileOptions, RawRow, Table, TableRow, make_table
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.templates.values import BrokenValue, ShownValue


def table(*rows: Sequence[Cell], hidden: Iterable[int] | None = None, **how: Any) -> Table:
    """Make a table of rows that are numbered from 1."""
    records = (RawRow(number, cells) for number, cells in enumerate(rows, start=1))
    return make_table(records, FileOptions(**how), "x", hidden)


def numbers(found: Table) -> list[int]:
    """Return the numbers of the rows."""
    return [row.number for row in found.rows]


def test_titles_above_the_header_are_no_rows() -> None:
    """The format says where the header is, and the numbers of the rows are those of the file."""
    found = table(["گزارش", ""], ["", ""], ["موبایل", "نام"], ["0912", "a"])
    assert (found.columns, found.detected_format, numbers(found)) == (("موبایل", "نام"), "x, header in row 3", [4])


def test_the_row_of_the_header_can_be_given() -> None:
    """It may be below the rows that are searched; it must not be empty."""
    rows = [["t", str(number)] for number in range(30)]
    found = table(*rows, ["a", "b"], ["1", "2"], header_row=31)
    assert (found.columns, found.detected_format, numbers(found)) == (("a", "b"), "x", [32])
    assert table(["a"], ["b"], header_row=2).columns == ("b",)
    for wrong in (0, 3, 99):
        with pytest.raises(InvalidInputError) as caught:
            table(["a"], ["b"], [""], header_row=wrong)
        assert str(caught.value) == "--header-row: expected the number of a row that is not empty; got another number"
    with pytest.raises(InvalidInputError) as caught:
        table(["a"], header_row=1, no_header=True)
    assert str(caught.value) == "--header-row: cannot be combined with --no-header; got both"


@pytest.mark.parametrize("cell", ["09123456789", " +98 912 345 6789", ShownValue("9,123,456,789", 9123456789)])
def test_a_file_without_a_header_is_told(cell: Cell) -> None:
    """Otherwise its first receiver would get nothing, and an error would show the number."""
    with pytest.raises(InvalidInputError) as caught:
        table(["علی", cell], ["مریم", "09351234567"])
    assert str(caught.value) == (
        "header: expected the names of the columns, or --no-header; got a mobile number in row 1"
    )


def test_a_row_of_errors_is_a_row() -> None:
    """A row without anything is none."""
    assert numbers(table(["a", "b"], [BrokenValue("x"), ""], ["", ""], ["1"])) == [2, 4]


def test_cells_beyond_the_columns_of_a_sheet_are_notes() -> None:
    """In CSV they may come from a delimiter in a text, so the row is bad there."""
    rows = (["a"], ["1", "2"])
    assert [row.values for row in table(*rows, hidden=()).rows] == [{"a": "1"}]
    assert [str(row.fault) for row in table(*rows).rows] == [
        "row: expected at most 1 cells, like the first row; got 2 cells"
    ]


def test_the_cells_of_a_row_come_out_again_as_texts() -> None:
    """As the sheet shows them; of a broken one what the file has."""
    row = TableRow(2, {"a": "x", "b": ShownValue("00007", 7), "c": BrokenValue("the error #N/A", "#N/A"), "d": 5})
    assert row.texts == {"a": "x", "b": "00007", "c": "#N/A", "d": "5"}


def test_hidden_columns_are_not_read() -> None:
    """One without a name is not told."""
    found = table(["a", "", "c"], ["1", "2", "3"], hidden={1, 2, 9})
    assert (found.columns, found.hidden.columns, [row.values for row in found.rows]) == (("a",), ("c",), [{"a": "1"}])
    found = table(["1", "2"], hidden={0}, no_header=True)
    assert (found.columns, [row.values for row in found.rows]) == (("2",), [{"2": "2"}])

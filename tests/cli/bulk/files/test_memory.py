"""The memory that reading takes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped] # ships no type information

from tests.cli.bulk.files.test_ods import row
from tests.cli.bulk.files.test_ods import write as write_ods
from wikipayam_async.cli.bulk.tables import FileOptions, open_table

FEW, MANY = 500, 5_000


def write_csv(rows: int) -> str:
    """Write a CSV file of so many rows."""
    lines = ["mobile,name", *(f"09{number:09},علی {number}" for number in range(rows))]
    Path("f.csv").write_text("\n".join(lines), encoding="utf-8")
    return "f.csv"


def write_json_lines(rows: int) -> str:
    """Write a file of JSON Lines of so many rows."""
    lines = [f'{{"mobile": "09{number:09}", "name": "علی {number}"}}' for number in range(rows)]
    Path("f.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return "f.jsonl"


def write_xlsx(rows: int) -> str:
    """Write a workbook of so many rows, without shared strings."""
    book: Any = xlsxwriter.Workbook("f.xlsx", {"constant_memory": True})
    sheet = book.add_worksheet()
    amount = book.add_format({"num_format": "#,##0"})
    sheet.write_row(0, 0, ["mobile", "amount"])
    for number in range(1, rows + 1):
        sheet.write(number, 0, f"09{number:09}")
        sheet.write(number, 1, number, amount)
    book.close()
    return "f.xlsx"


def write_sheet_of_ods(rows: int) -> str:
    """Write another workbook of so many rows."""
    write_ods(row("mobile", "name") + "".join(row(f"09{number:09}", "علی") for number in range(rows)))
    return "f.ods"


def peak(name: str, rows: int) -> float:
    """Return the peak of the memory while the rows are read, without that of the file itself."""
    tracemalloc.start()
    try:
        with open_table(Path(name), FileOptions()) as table:
            assert sum(1 for _ in table.rows) == rows
        return tracemalloc.get_traced_memory()[1] - 2 * Path(name).stat().st_size * name.endswith(("xlsx", "ods"))
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("write", [write_csv, write_json_lines, write_xlsx, write_sheet_of_ods])
def test_ten_times_the_rows_take_no_more_memory(write: Callable[[int], str]) -> None:
    """Rows are read one by one; a workbook itself is held in memory, compressed."""
    peak(write(FEW), FEW)  # what is loaded once
    few = peak(write(FEW), FEW)
    assert peak(write(MANY), MANY) - few < 300_000

"""`wikipayam bulk` with files as people have them."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped] # ships no type information

from tests.cli.bulk.commands import A, B, C, receivers, write
from tests.cli.conftest import Run
from wikipayam_async.emulator import Emulator

DRY = ("--dry-run", "--sender", "10002000")


def test_a_workbook_is_sent_as_it_is_seen(gateway: Emulator, run: Run) -> None:
    """Titles, formats, hidden rows, an error and a total: only what people see is sent, and the rest is counted."""
    book = xlsxwriter.Workbook("f.xlsx")
    sheet: Any = book.add_worksheet("مشتریان")
    book.add_worksheet("راهنما").write(0, 0, "x")
    sheet.merge_range("A1:D1", "فهرست بدهکاران")
    sheet.write_row(2, 0, ["شماره همراه", "نام", "كد", "مبلغ", "سررسید"])
    code, amount = book.add_format({"num_format": "00000"}), book.add_format({"num_format": "#,##0"})
    day = book.add_format({"num_format": "yyyy/mm/dd"})
    for row, name in enumerate(("علی", "مریم", "\u200c"), start=3):
        sheet.write_row(row, 0, [9120000001 + row - 3, name])
        sheet.write(row, 2, 7, code)
        sheet.write(row, 3, 1250000, amount)
        sheet.write_datetime(row, 4, dt.datetime(2026, 1, 2), day)  # noqa: DTZ001 - a sheet has no time zones
    sheet.set_row(4, None, None, {"hidden": True})
    sheet.write_row(6, 2, ["جمع"])
    sheet.write_formula(6, 3, "=SUM(D4:D6)", amount, 3750000)
    sheet.write_formula(7, 0, "=NA()", None, "#N/A")
    book.close()
    text = "{نام} {کد}: {مبلغ} {مبلغ|persian} {سررسید} {سررسید|شمسی|فارسی}"
    ended = run("bulk", "f.xlsx", "--template", text, "--yes", "--skip-bad-rows")
    assert ended.code == 1
    assert [(one.receiver[-10:], one.message) for one in gateway.ledger] == [
        (A[1:], "علی 00007: 1,250,000 ۱٬۲۵۰٬۰۰۰ 2026/01/02 ۱۴۰۴/۱۰/۱۲")
    ]
    assert ended.err.startswith(
        "4 rows (sheet 'مشتریان', header in row 3)\n"
        "1 hidden or filtered row left out; --include-hidden reads them, too\n"
        "not read: 1 other sheet (راهنما; see --sheet)\n"
        "row 6: نام: expected a value; got an empty value\n"
        "row 7: شماره همراه: expected a value; got an empty value\n"
        "row 8: شماره همراه: expected a value; got the error #N/A\n"
        "3 bad rows without a message\n"
    )


def test_hidden_rows_are_sent_if_they_are_asked_for(gateway: Emulator, run: Run) -> None:
    """The check has no more to tell of them."""
    book = xlsxwriter.Workbook("f.xlsx")
    sheet: Any = book.add_worksheet()
    for row, cells in enumerate([("mobile", "text"), (A, "a"), (B, "b")]):
        sheet.write_row(row, 0, cells)
    sheet.set_row(1, None, None, {"hidden": True})
    book.close()
    book = xlsxwriter.Workbook("g.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ("mobile", "text"))
    sheet.write_row(1, 0, (A, "a"))
    sheet.set_row(1, None, None, {"hidden": True})
    book.close()
    assert run("bulk", "f.xlsx", *DRY, "--json").json["hidden"] == 1
    ended = run("bulk", "g.xlsx", *DRY)
    assert ended.err == ("error: g.xlsx: expected rows; got only hidden ones (1; --include-hidden reads them)\n")
    ended = run("bulk", "f.xlsx", "--yes", "--include-hidden")
    assert (receivers(gateway), "hidden" in ended.err) == ([A, B], False)


def test_the_same_number_twice_is_told_before_the_question(
    gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In whatever spelling, with a count and the option that sends it once."""
    write(f"{A},a", "+98 912 000 0001,b", "۰۹۱۲۰۰۰۰۰۰۱,c", f"{B},d")
    told = "2 messages to a receiver that has an earlier one; --dedupe receiver sends each receiver one message"
    monkeypatch.setattr(sys, "stdin", None)
    ended = run("bulk", "f.csv")
    assert (ended.code, told in ended.err, gateway.ledger) == (2, True, [])
    assert run("bulk", "f.csv", *DRY, "--json").json["repeated"] == 2
    ended = run("bulk", "f.csv", "--yes", "--dedupe", "receiver")
    assert (receivers(gateway), told in ended.err) == ([A, B], False)


def test_several_receivers_in_a_cell_are_a_bad_row(run: Run) -> None:
    """The reason has the row of the file, and no number."""
    write(f"{A},a", f'"{B}, {C}",b')
    ended = run("bulk", "f.csv", *DRY)
    assert (
        "row 3: mobile: expected one mobile number: give each receiver a row of its own; got 2 numbers\n" in ended.err
    )
    assert B not in ended.err


def test_the_mark_of_an_open_file_is_no_file(run: Run) -> None:
    """Spreadsheet programs write one beside a file that is open."""
    for name in ("~$f.xlsx", ".~lock.f.ods#"):
        Path(name).write_bytes(b"x")
        ended = run("bulk", name, *DRY)
        assert (ended.code, ended.err) == (
            2,
            f"error: {name}: is not the file, but the mark of a program that has it open; pass the file itself\n",
        )


@pytest.mark.parametrize("name", ["f.csv", "f.jsonl"])
def test_a_workbook_with_the_name_of_a_text_is_refused(run: Run, name: str) -> None:
    """Its bytes are no rows."""
    Path(name).write_bytes(b"PK\x03\x04")
    ended = run("bulk", name, *DRY)
    assert ended.err == f"error: {name}: is a workbook: give it a name that ends in .xlsx, .xls or .ods\n"


def test_a_web_page_with_the_name_of_a_table_is_refused(run: Run) -> None:
    """Some programs export one."""
    Path("f.csv").write_text("<html><table><tr><td>mobile</td></tr></table></html>", encoding="utf-8")
    assert run("bulk", "f.csv", *DRY).err == (
        "error: f.csv: is a web page or XML, not a table: open it in the spreadsheet program, "
        "and save it again as .xlsx\n"
    )

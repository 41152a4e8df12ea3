from __future__ import annotations

import datetime as dt
from pathlib import Path

import xlwt  # type: ignore[import-untyped] # ships no type information

from tests.cli.bulk.files.reading import read, refusal


def test_a_workbook_of_an_old_excel_is_read() -> None:
    """Cells have what the sheet shows; errors are broken; hidden rows, columns and sheets are left out."""
    book = xlwt.Workbook()
    book.add_sheet("lists").visibility = 1
    sheet = book.add_sheet("people")
    for column, name in enumerate(("mobile", "code", "day", "active", "secret")):
        sheet.write(0, column, name)
    for row in (1, 2):
        sheet.write(row, 0, 9123456789 + row)
        sheet.write(row, 1, 7, xlwt.easyxf(num_format_str="00000"))
        sheet.write(row, 2, dt.date(2026, 1, 2), xlwt.easyxf(num_format_str="yyyy/mm/dd"))
        sheet.write(row, 3, True)
        sheet.write(row, 4, "x", xlwt.easyxf(num_format_str="M/D/YY"))
    sheet.row(3).set_cell_error(0, 0x2A)
    sheet.row(1).hidden = True
    sheet.col(4).hidden = True
    book.save("f.xls")
    found = read("f.xls")
    assert (found.format, found.other_sheets, found.hidden_rows, found.hidden_columns) == (
        "sheet 'people'", (), 1, ("secret",),
    )  # fmt: skip
    assert found.rows == {
        3: {"mobile": "9123456791", "code": "00007", "day": "2026/01/02", "active": "TRUE"},
        4: {"mobile": "!the error #N/A", "code": "", "day": "", "active": ""},
    }


def test_a_password_and_damage_are_told() -> None:
    """The error says what to do, and nothing of the library."""
    book = xlwt.Workbook()
    book.add_sheet("a").write(0, 0, "x")
    book.save("f.xls")
    content = Path("f.xls").read_bytes()
    Path("g.xls").write_bytes(content[:600])
    damaged = "is damaged, or no workbook: open it in the spreadsheet program, and save it again as .xlsx"
    assert refusal("g.xls") == f"g.xls: {damaged}"
    Path("i.xls").write_bytes(content.replace("Workbook".encode("utf-16-le"), "Document".encode("utf-16-le")))
    assert refusal("i.xls") == f"i.xls: {damaged}"
    # A FILEPASS record right after the first record of the stream.
    place = content.index(b"\x09\x08\x10\x00")
    Path("h.xls").write_bytes(content[: place + 20] + b"\x2f\x00\x06\x00\x01\x00" + bytes(4) + content[place + 30 :])
    assert refusal("h.xls") == "h.xls: has a password: remove it in the spreadsheet program, and save the file again"

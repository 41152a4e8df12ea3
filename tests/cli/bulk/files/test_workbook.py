from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import xlsxwriter  # type: ignore[import-untyped] # ships no type information

from tests.cli.bulk.files.reading import read, refusal
from wikipayam_async.cli.bulk.files.workbook import is_markup, is_workbook

DAMAGED = "is damaged, or no workbook: open it in the spreadsheet program, and save it again as .xlsx"
PASSWORD = "has a password: remove it in the spreadsheet program, and save the file again"


def book(*sheets: str, hidden: str = "", rows: int = 1) -> bytes:
    """Return a workbook whose sheets have a column of numbers."""
    file = io.BytesIO()
    made: Any = xlsxwriter.Workbook(file)
    for name in sheets:
        sheet = made.add_worksheet(name)
        sheet.write(0, 0, "mobile")
        for row in range(1, rows + 1):
            sheet.write(row, 0, f"{name}{row}")
        if name == hidden:
            sheet.very_hidden()
    made.get_worksheet_by_name(sheets[-1]).activate()
    made.close()
    return file.getvalue()


def archive(*names: str) -> bytes:
    """Return an archive of empty files."""
    file = io.BytesIO()
    with ZipFile(file, "w") as made:
        for name in names:
            made.writestr(name, "")
    return file.getvalue()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (bytes, "is empty"),
        (lambda: b"mobile,name\n", "is a text, not a workbook: give it a name that ends in .csv"),
        (
            "\ufeff <html><table>".encode,
            "is a web page or XML, not a table: open it in the spreadsheet program, and save it again as .xlsx",
        ),
        (lambda: b"\x00\x01", DAMAGED),
        (lambda: b"PK\x03\x04 and no more", DAMAGED),
        (lambda: book("a")[:-200], DAMAGED),
        (lambda: archive("xl/workbook.xml"), DAMAGED),
        (lambda: archive("readme.txt"), "is an archive, not a workbook"),
        (
            lambda: archive("xl/workbook.bin"),
            "is a binary workbook (.xlsb): open it in the spreadsheet program, and save it again as .xlsx",
        ),
        (
            lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            PASSWORD,
        ),
        (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", DAMAGED),
    ],
)
def test_a_file_that_is_no_readable_workbook_is_refused(make: Callable[[], bytes], why: str) -> None:
    """The error says what the file is and what to do, without a word of Python."""
    Path("f.xlsx").write_bytes(make())
    assert refusal("f.xlsx") == f"f.xlsx: {why}"


def test_the_content_decides_which_workbook_it_is() -> None:
    """Spreadsheet programs open a workbook of another ending, too."""
    Path("f.xls").write_bytes(book("a"))
    assert read("f.xls").rows == {2: {"mobile": "a1"}}


def test_the_first_visible_sheet_is_read() -> None:
    """The others are named; a hidden sheet is read only if it is asked for; names are compared as people read them."""
    Path("f.xlsx").write_bytes(book("lists", "گروه یک", "b", hidden="lists"))
    assert (read("f.xlsx").values, read("f.xlsx").other_sheets) == ([["گروه یک1"]], ("b",))
    assert read("f.xlsx").hidden_sheets == ("lists",)
    found = read("f.xlsx", include_hidden=True)
    assert (found.values, found.other_sheets, found.hidden_sheets) == ([["گروه یک1"]], ("lists", "b"), ())
    assert read("f.xlsx", sheet="lists").values == [["lists1"]]
    assert read("f.xlsx", sheet="گروه\u200cيك").values == [["گروه یک1"]]
    assert refusal("f.xlsx", sheet="c") == "--sheet: no sheet has this name; the sheets are lists, گروه یک, b"


def test_damage_after_the_first_rows_is_told_while_they_are_read() -> None:
    """The rows before it are read; the error is the same."""
    content = book("a")
    out = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as source, ZipFile(out, "w") as made:
        for name in source.namelist():
            text = source.read(name)
            made.writestr(name, text.replace(b"</sheetData>", b"<row") if "sheet1.xml" in name else text)
    Path("f.xlsx").write_bytes(out.getvalue())
    assert refusal("f.xlsx") == f"f.xlsx: {DAMAGED}"


def test_a_workbook_is_known_by_its_first_bytes() -> None:
    """Both containers of workbooks are."""
    assert [is_workbook(head) for head in (book("a"), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"a,b", b"")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_a_web_page_is_known_by_its_first_bytes() -> None:
    """A text that only begins with a sign is none."""
    assert [is_markup(head) for head in (b"\xef\xbb\xbf\n<HTML>", b"<table border=1>", b"<3,a", b"mobile")] == [
        True, True, False, False,
    ]  # fmt: skip

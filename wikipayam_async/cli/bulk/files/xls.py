"""Reads XLS, the workbooks of Excel before 2007."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from wikipayam_async.cli.bulk.files.builtin_formats import BUILTIN_FORMATS
from wikipayam_async.cli.bulk.files.cells import Cell, cell_of_text
from wikipayam_async.cli.bulk.files.sheets import HAS_PASSWORD, OpenSheet, RefusedWorkbookError, SheetName, Workbook
from wikipayam_async.cli.bulk.files.shown import GENERAL, show_number, show_text
from wikipayam_async.cli.bulk.files.table import RawRow

if TYPE_CHECKING:
    from xlrd.book import Book
    from xlrd.sheet import Sheet

__all__ = ["read_xls"]

_TEXT, _NUMBER, _DATE, _BOOLEAN, _ERROR = 1, 2, 3, 4, 5
"""The kinds of cells."""


def read_xls(file: BinaryIO) -> Workbook:
    """Open a workbook.

    Args:
        file: Its content.

    Raises:
        RefusedWorkbookError: It has a password.
    """
    # Imported on demand: only this format needs it.
    import xlrd  # noqa: PLC0415
    from xlrd.biffh import XLRDError  # noqa: PLC0415

    try:
        book = xlrd.open_workbook(file_contents=file.read(), formatting_info=True, logfile=io.StringIO())
    except XLRDError as error:
        if "encrypted" in str(error):
            raise RefusedWorkbookError(HAS_PASSWORD) from None
        raise
    errors: dict[int, str] = xlrd.error_text_from_code
    sheets = tuple(SheetName(one.name, one.visibility == 0) for one in book.sheets())

    def open_sheet(name: str) -> OpenSheet:
        sheet = book.sheet_by_name(name)
        hidden = {place for place, info in sheet.colinfo_map.items() if info.hidden or not info.width}
        return OpenSheet(_rows(book, sheet, errors), hidden)

    return Workbook(sheets, open_sheet)


def _rows(book: Book, sheet: Sheet, errors: dict[int, str]) -> Iterator[RawRow]:
    for row in range(sheet.nrows):
        info = sheet.rowinfo_map.get(row)
        is_hidden = info is not None and bool(info.hidden)
        cells = [_cell(book, sheet, errors, row, place) for place in range(sheet.ncols)]
        yield RawRow(row + 1, cells, is_hidden)


def _cell(book: Book, sheet: Sheet, errors: dict[int, str], row: int, place: int) -> Cell:
    kind = sheet.cell_type(row, place)
    value: Any = sheet.cell_value(row, place)  # its type is wrong in the stubs
    if kind in {_NUMBER, _DATE}:
        return show_number(value, _format(book, sheet, row, place), is_1904=book.datemode == 1)
    if kind == _TEXT:
        return cell_of_text(show_text(value, _format(book, sheet, row, place)))
    if kind == _BOOLEAN:
        return "TRUE" if value else "FALSE"
    return cell_of_text(errors.get(value, "#VALUE!")) if kind == _ERROR else ""


def _format(book: Book, sheet: Sheet, row: int, place: int) -> str:
    key = book.xf_list[sheet.cell_xf_index(row, place)].format_key
    if key in BUILTIN_FORMATS:
        return BUILTIN_FORMATS[key]
    found = book.format_map.get(key)
    return GENERAL if found is None else str(found.format_str)

"""Reads ODS, the workbooks of LibreOffice. They store what the sheet shows."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import BinaryIO
from xml.etree.ElementTree import Element, iterparse

from wikipayam_async.cli.bulk.files.cells import Cell, cell_of_text
from wikipayam_async.cli.bulk.files.sheets import (
    FORMULA_WITHOUT_VALUE,
    OpenSheet,
    SheetName,
    Workbook,
    attribute_of,
    local_name,
)
from wikipayam_async.cli.bulk.files.table import RawRow
from wikipayam_async.templates.values import ShownValue

__all__ = ["read_ods"]

_CONTENT = "content.xml"
_MOST_COPIES = 16_384
"""Of a cell or a row that is not empty."""
_NUMBERS = {"float", "percentage", "currency"}
_HIDDEN = {"collapse", "filter"}


def read_ods(file: BinaryIO) -> Workbook:
    """Open a workbook.

    Args:
        file: Its content.
    """
    archive = zipfile.ZipFile(file)
    sheets = tuple(_sheets(archive))

    def open_sheet(name: str) -> OpenSheet:
        hidden: set[int] = set()
        return OpenSheet(_rows(archive, name, hidden), hidden)

    return Workbook(sheets, open_sheet)


def _events(archive: zipfile.ZipFile) -> Iterator[tuple[str, Element]]:
    """Yield the starts and ends of elements. A row is removed after its end: otherwise the tree would keep every row."""
    with archive.open(_CONTENT) as file:
        parents: list[Element] = []
        for event, element in iterparse(file, ("start", "end")):  # noqa: S314 - expat limits entities
            if event == "start":
                parents.append(element)
                yield event, element
                continue
            parents.pop()
            yield event, element
            if local_name(element.tag) == "table-row":
                del parents[-1][-1]


def _sheets(archive: zipfile.ZipFile) -> Iterator[SheetName]:
    hidden_styles: set[str | None] = set()
    for event, element in _events(archive):
        name = local_name(element.tag)
        if event == "end" and name == "style":
            if any(attribute_of(one, "display") == "false" for one in element):
                hidden_styles.add(attribute_of(element, "name"))
        elif event == "end" and name == "table":
            is_visible = attribute_of(element, "style-name") not in hidden_styles
            yield SheetName(attribute_of(element, "name") or "", is_visible)


def _rows(archive: zipfile.ZipFile, wanted: str, hidden: set[int]) -> Iterator[RawRow]:
    number, column = 1, 0
    for element in _rows_and_columns(archive, wanted):
        if local_name(element.tag) == "table-column":
            count = _count(element, "number-columns-repeated")
            if attribute_of(element, "visibility") in _HIDDEN:
                hidden.update(range(column, min(column + count, _MOST_COPIES)))
            column += count
        else:
            count = _count(element, "number-rows-repeated")
            cells = _cells(element)
            is_hidden = attribute_of(element, "visibility") in _HIDDEN
            for copy in range(count if cells else 0):
                yield RawRow(number + copy, cells, is_hidden)
            number += count


def _rows_and_columns(archive: zipfile.ZipFile, wanted: str) -> Iterator[Element]:
    is_wanted = False
    for event, element in _events(archive):
        name = local_name(element.tag)
        if name == "table":
            is_wanted = event == "start" and attribute_of(element, "name") == wanted
        elif is_wanted and event == "end" and name in {"table-row", "table-column"}:
            yield element


def _count(element: Element, name: str) -> int:
    return int(attribute_of(element, name) or 1)


def _cells(row: Element) -> list[Cell]:
    cells: list[Cell] = []
    gap = 0
    for element in row:
        if local_name(element.tag) not in {"table-cell", "covered-table-cell"}:
            continue
        count = _count(element, "number-columns-repeated")
        # A merged cell covers what others still have.
        cell = _cell(element) if local_name(element.tag) == "table-cell" else ""
        if cell == "":
            gap += count
            continue
        cells.extend([""] * min(gap, _MOST_COPIES))
        cells.extend([cell] * min(count, _MOST_COPIES))
        gap = 0
    return cells


def _cell(element: Element) -> Cell:
    attributes = {local_name(key): value for key, value in element.attrib.items()}
    text = "\n".join(_paragraph(one) for one in element if local_name(one.tag) == "p")
    kind = attributes.get("value-type", "")
    if not kind or not text:
        return FORMULA_WITHOUT_VALUE if "formula" in attributes and not kind else cell_of_text(text)
    value: object = None
    if kind in _NUMBERS:
        number = float(attributes.get("value", "nan"))
        value = int(number) if number.is_integer() else number
    elif kind == "date":
        value = _date(attributes.get("date-value", ""))
    shown = cell_of_text(text)
    return ShownValue(text, value) if value is not None and isinstance(shown, str) else shown


def _date(written: str) -> date | None:
    try:
        return date.fromisoformat(written) if "T" not in written else datetime.fromisoformat(written)
    except ValueError:
        return None


def _paragraph(element: Element) -> str:
    """Return the text of a paragraph, with its repeated spaces and line breaks."""
    parts = [element.text or ""]
    for child in element:
        name = local_name(child.tag)
        if name == "s":
            parts.append(" " * _count(child, "c"))
        elif name == "tab":
            parts.append("\t")
        elif name == "line-break":
            parts.append("\n")
        elif name != "annotation":
            parts.append(_paragraph(child))
        parts.append(child.tail or "")
    return "".join(parts)

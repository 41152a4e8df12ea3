"""Reads XLSX: the rows of a sheet in constant memory, with the number formats of its cells and what it hides.

The readers for Python that are fast leave out the formats and the hidden rows (https://github.com/tafia/calamine/issues/237),
and the one that has both fails at workbooks that other programs wrote.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import BinaryIO
from xml.etree.ElementTree import Element, iterparse, parse

from attrs import field, frozen

from wikipayam_async.cli.bulk.files.builtin_formats import BUILTIN_FORMATS
from wikipayam_async.cli.bulk.files.cells import Cell, cell_of_text
from wikipayam_async.cli.bulk.files.sheets import (
    FORMULA_WITHOUT_VALUE,
    OpenSheet,
    SheetName,
    Workbook,
    attribute_of,
    local_name,
)
from wikipayam_async.cli.bulk.files.shown import GENERAL, show_number, show_text
from wikipayam_async.cli.bulk.files.shown_dates import days_of
from wikipayam_async.cli.bulk.files.table import RawRow

__all__ = ["read_xlsx"]

_TRUE = {"1", "true", "on"}
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]+)")
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,15}")
_LAST_COLUMN = 16_384
_TEXTS = {"str", "inlineStr"}
"""The kinds of cells whose own text may be empty."""
_ISO_DATE = "yyyy-mm-dd"


@frozen
class _Book:
    """The parts of a workbook that its sheets need.

    Attributes:
        archive: The file.
        paths: The path of each sheet in it.
        strings: The texts that cells share.
        formats: The number format of each style.
        is_1904: Whether days are counted from 1904.
    """

    archive: zipfile.ZipFile
    paths: dict[str, str]
    strings: list[str] = field(repr=False)
    formats: list[str]
    is_1904: bool

    def open(self, name: str) -> OpenSheet:
        """Open a sheet."""
        hidden: set[int] = set()
        return OpenSheet(_rows(self, self.paths[name], hidden), hidden)


def read_xlsx(file: BinaryIO) -> Workbook:
    """Open a workbook.

    Args:
        file: Its content.
    """
    archive = zipfile.ZipFile(file)
    files = {name.replace("\\", "/").lower(): name for name in archive.namelist()}
    targets = {
        attribute_of(one, "Id"): (one.get("Type", ""), _path("xl", one.get("Target", "")))
        for one in _elements(archive, files["xl/_rels/workbook.xml.rels"], "Relationship")
    }
    sheets: list[SheetName] = []
    paths: dict[str, str] = {}
    is_1904 = False
    for one in _elements(archive, files["xl/workbook.xml"], "sheet", "workbookPr"):
        if local_name(one.tag) == "workbookPr":
            is_1904 = one.get("date1904") in _TRUE
            continue
        kind, path = targets.get(attribute_of(one, "id"), ("", ""))
        if kind.endswith("/worksheet") and path.lower() in files:
            sheets.append(SheetName(one.get("name", ""), one.get("state", "visible") == "visible"))
            paths[sheets[-1].name] = files[path.lower()]
    others = {kind.rpartition("/")[2]: files.get(path.lower()) for kind, path in targets.values()}
    strings, styles = others.get("sharedStrings"), others.get("styles")
    book = _Book(
        archive,
        paths,
        [] if strings is None else list(_strings(archive, strings)),
        [] if styles is None else _formats(archive, styles),
        is_1904,
    )
    return Workbook(tuple(sheets), book.open)


def _path(base: str, target: str) -> str:
    target = target.replace("\\", "/")
    return target[1:] if target.startswith("/") else posixpath.normpath(posixpath.join(base, target))


def _elements(archive: zipfile.ZipFile, path: str, *names: str) -> list[Element]:
    with archive.open(path) as file:
        return [one for one in parse(file).iter() if local_name(one.tag) in names]  # noqa: S314 - expat limits entities


def _strings(archive: zipfile.ZipFile, path: str) -> Iterator[str]:
    with archive.open(path) as file:
        root: Element | None = None
        for event, element in iterparse(file, ("start", "end")):  # noqa: S314 - expat limits entities
            if root is None:
                root = element
            elif event == "end" and local_name(element.tag) == "si":
                yield _text(element)
                root.clear()


def _text(element: Element) -> str:
    """Return the text of an item or an inline string, without its phonetic runs."""
    parts = [
        part.text or ""
        for child in element
        for part in ([child] if local_name(child.tag) == "t" else child if local_name(child.tag) == "r" else [])
        if local_name(part.tag) == "t"
    ]
    text = "".join(parts)
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _formats(archive: zipfile.ZipFile, path: str) -> list[str]:
    own: dict[str, str] = {}
    formats: list[str] = []
    for one in _elements(archive, path, "numFmt", "cellXfs"):
        if local_name(one.tag) == "numFmt":
            own.setdefault(one.get("numFmtId", ""), one.get("formatCode", GENERAL))
        else:
            ids = [style.get("numFmtId", "0") for style in one if local_name(style.tag) == "xf"]
            formats = [own.get(number) or BUILTIN_FORMATS.get(int(number), GENERAL) for number in ids]
    return formats


def _rows(book: _Book, path: str, hidden: set[int]) -> Iterator[RawRow]:
    with book.archive.open(path) as file:
        data: Element | None = None
        number = 0
        for event, element in iterparse(file, ("start", "end")):  # noqa: S314 - expat limits entities
            name = local_name(element.tag)
            if event == "start":
                data = element if name == "sheetData" else data
            elif name == "col":
                if element.get("hidden") in _TRUE or element.get("width") == "0":
                    hidden.update(range(int(element.get("min", 0)) - 1, min(int(element.get("max", 0)), _LAST_COLUMN)))
            elif name == "row" and data is not None:
                number = int(element.get("r", number + 1))
                is_hidden = element.get("hidden") in _TRUE or element.get("ht") == "0"
                yield RawRow(number, _cells(book, element), is_hidden)
                data.clear()  # otherwise it would keep every row


def _cells(book: _Book, row: Element) -> list[Cell]:
    cells: list[Cell] = []
    for element in row:
        place = len(cells)
        found = _REFERENCE.fullmatch(element.get("r", ""))
        if found is not None:
            place = _column(found[1])
            if place >= len(cells):
                cells.extend([""] * (place - len(cells)))
        cell = _cell(book, element)
        if place < len(cells):
            cells[place] = cell
        else:
            cells.append(cell)
    return cells


@lru_cache(maxsize=1024)
def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def _cell(book: _Book, element: Element) -> Cell:
    value: str | None = None
    has_formula = False
    for child in element:
        name = local_name(child.tag)
        if name == "v":
            value = child.text or ""
        elif name == "f":
            has_formula = True
        elif name == "is":
            value = _text(child)
    kind = element.get("t", "n")
    if value is None or (not value and kind not in _TEXTS):
        return FORMULA_WITHOUT_VALUE if has_formula else ""
    style = int(element.get("s", 0))
    return _value(book, kind, value, book.formats[style] if style < len(book.formats) else GENERAL)


def _value(book: _Book, kind: str, value: str, code: str) -> Cell:
    if kind == "n":
        return value if code == GENERAL and _PLAIN_NUMBER.fullmatch(value) else _number(book, value, code)
    if kind == "b":
        return "TRUE" if value in _TRUE else "FALSE"
    if kind == "d":
        return show_number(days_of(datetime.fromisoformat(value)), _ISO_DATE if code == GENERAL else code)
    if kind == "s":
        value = book.strings[int(value)]
    elif kind == "str" and "_x" in value:
        value = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), value)
    return cell_of_text(value if kind == "e" else show_text(value, code))


def _number(book: _Book, value: str, code: str) -> Cell:
    number = int(value) if _PLAIN_NUMBER.fullmatch(value) else float(value)
    return show_number(number, code, is_1904=book.is_1904)

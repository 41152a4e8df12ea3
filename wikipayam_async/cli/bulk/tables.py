"""The rows of a file: CSV, XLSX or JSON Lines, one at a time, with the numbers that a spreadsheet or editor shows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from attrs import field, frozen

from wikipayam_async.cli.bulk.refusals import InputFileError
from wikipayam_async.cli.bulk.snapshot import CheckedFile, Snapshot, open_checked
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import mask_mapping, shape_of
from wikipayam_async.templates.rows import value_of

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

__all__ = ["Reading", "Table", "TableRow", "open_table"]

_CSV, _SHEET, _JSON_LINES = (".csv", ".tsv", ".txt"), (".xlsx", ".xlsm"), (".jsonl", ".ndjson")
_DELIMITERS = (",", ";", "\t")
_NAMED_DELIMITERS = {"tab": "\t", "\\t": "\t"}
_LONGEST_LINE = 1_000_000


@frozen(kw_only=True)
class Reading:
    """How a file is to be read.

    Attributes:
        path: The file; its suffix says what it is.
        encoding: How its text is encoded; UTF-8, with or without a mark in front, if None.
        delimiter: What stands between the cells of a CSV file; found from its first line if None.
        sheet: The sheet of a workbook; the first that is not hidden if None.
        has_header: Whether the first row names the columns; they are called 1, 2, 3 and so on if not.
    """

    path: Path
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    has_header: bool = True


@frozen
class TableRow:
    """One row.

    Attributes:
        number: Its number, as a spreadsheet or an editor shows it.
        values: Its cells by column.
        fault: Why it cannot be read; None if it can.
    """

    number: int
    values: Mapping[str, object] = field(factory=dict, repr=mask_mapping)
    fault: InvalidInputError | None = None


@frozen
class Table:
    """A file that is open.

    Attributes:
        columns: The names of the columns; of JSON Lines those of the first row.
        is_fixed: Whether every row has these columns and no others.
        detected_format: How it is read, as far as that was found out and not said: the delimiter, or the sheet.
        rows: The rows that are not empty.
    """

    columns: Sequence[str]
    is_fixed: bool
    detected_format: str
    rows: Iterator[TableRow]


@contextmanager
def open_table(reading: Reading, before: Snapshot | None = None) -> Iterator[Table]:
    """Open a file for the length of a `with` block.

    Args:
        reading: How to read it.
        before: What it held when it was read the first time; None if this is the first.

    Yields:
        The table. Its rows are read as they are taken, CSV and JSON Lines in flat memory.

    Raises:
        InputFileError: It cannot be read as it is said to be; or, while the rows are taken, has changed.
    """
    suffix = reading.path.suffix.lower()
    if suffix not in (*_CSV, *_SHEET, *_JSON_LINES):
        known = ", ".join((*_CSV, *_SHEET, *_JSON_LINES))
        raise InputFileError(f"{reading.path}: expected a file that ends in one of {known}")
    with closing(open_checked(reading.path, before)) as source:
        if suffix in _SHEET:
            yield _open_sheet(reading, source)
            return
        try:
            text = io.TextIOWrapper(io.BufferedReader(source), encoding=reading.encoding or "utf-8-sig", newline="")
        except LookupError:
            raise InputFileError(f"--encoding: {reading.encoding} is none that Python knows") from None
        yield (_open_csv if suffix in _CSV else _open_json_lines)(reading, text)


def _open_csv(reading: Reading, text: io.TextIOWrapper) -> Table:
    lines = _lines(reading, text)
    head: list[str] = []
    for line in lines:
        head.append(line)
        if line.strip():
            break
    delimiter = _delimiter(reading.delimiter, head[-1] if head else "")
    records = _records(reading, csv.reader(chain(head, lines), delimiter=delimiter, strict=True))
    return _tabulate(reading, records, f"delimiter {delimiter!r}")


def _records(reading: Reading, reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputFileError(f"{reading.path}: row {number} is no CSV: {error}") from None
        yield number, cells


def _delimiter(given: str | None, line: str) -> str:
    if given is None:
        return max(_DELIMITERS, key=line.count)  # of none at all the first, which a single column does not mind
    delimiter = _NAMED_DELIMITERS.get(given, given)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise InvalidInputError("--delimiter", rule="expected one character, or the word tab", got=shape_of(given))
    return delimiter


def _lines(reading: Reading, text: io.TextIOWrapper) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        try:
            line = text.readline(_LONGEST_LINE + 1)
        except UnicodeError:  # of UTF-16 without its mark it is no UnicodeDecodeError
            raise InputFileError(
                f"{reading.path}: near line {number} are bytes that are no {reading.encoding or 'UTF-8'}; "
                "say how the file is encoded, as in --encoding cp1256 (older Persian Windows) or --encoding utf-16"
            ) from None
        if len(line) > _LONGEST_LINE:
            raise InputFileError(f"{reading.path}: line {number} has more than {_LONGEST_LINE:,} characters")
        if not line:
            return
        yield line


def _open_json_lines(reading: Reading, text: io.TextIOWrapper) -> Table:
    rows = _objects(_lines(reading, text))
    head: list[TableRow] = []
    for row in rows:
        head.append(row)
        if row.fault is None:
            break
    columns = tuple(head[-1].values) if head else ()
    return Table(columns, is_fixed=False, detected_format="", rows=chain(head, rows))


def _objects(lines: Iterable[str]) -> Iterator[TableRow]:
    for number, line in enumerate(lines, start=1):
        if line.isspace():
            continue
        try:
            found = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            found = None
        if isinstance(found, dict):
            yield TableRow(number, found)
        else:
            fault = InvalidInputError("line", rule="expected a JSON object", got="something else")
            yield TableRow(number, fault=fault)


def _open_sheet(reading: Reading, source: CheckedFile) -> Table:
    # Only who has a workbook waits for its reader.
    from python_calamine import (  # noqa: PLC0415
        CalamineError,
        CalamineWorkbook,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    content = io.BytesIO(io.BufferedReader(source).read())
    try:
        book = CalamineWorkbook.from_filelike(content)
        sheets = [one for one in book.sheets_metadata if one.typ is SheetTypeEnum.WorkSheet]
        if not sheets:
            raise InputFileError(f"{reading.path}: has no sheet with cells")
        names = [one.name for one in sheets]
        shown = [one.name for one in sheets if one.visible is SheetVisibleEnum.Visible]
        name = reading.sheet or (*shown, *names)[0]
        if name not in names:
            raise InputFileError(f"--sheet: there is none of this name; there are {', '.join(names)}")
        sheet = book.get_sheet_by_name(name)
    except CalamineError as error:
        raise InputFileError(f"{reading.path}: is no workbook that can be read ({type(error).__name__})") from None
    rows = ((number, list(cells)) for number, cells in enumerate(sheet.iter_rows(), start=1))
    return _tabulate(reading, rows, f"sheet {name!r}", first_column=_first_column(sheet))


def _first_column(sheet: CalamineSheet) -> int:
    return sheet.start[1] if sheet.start else 0


def _tabulate(
    reading: Reading, records: Iterator[tuple[int, Any]], detected_format: str, *, first_column: int = 0
) -> Table:
    filled: Iterator[tuple[int, Any]] = ((number, cells) for number, cells in records if not _is_empty(cells))
    first = next(filled, None)
    if first is None:
        return Table((), is_fixed=True, detected_format=detected_format, rows=iter(()))
    if reading.has_header:
        columns = _names(reading, first[0], _trimmed(first[1], 0))
    else:
        columns = tuple(str(first_column + place) for place in range(1, len(first[1]) + 1))
        filled = chain([first], filled)
    rows = (_row(number, columns, cells) for number, cells in filled)
    return Table(columns, is_fixed=True, detected_format=detected_format, rows=rows)


def _is_empty(cells: Sequence[object]) -> bool:
    return all(isinstance(cell, str) and (not cell or cell.isspace()) for cell in cells)


def _trimmed(cells: Sequence[object], least: int) -> Sequence[object]:
    """Return cells without the empty ones at the end, which spreadsheets leave there, but at least so many."""
    count = len(cells)
    while count > least and _is_empty(cells[count - 1 : count]):
        count -= 1
    return cells[:count]


def _names(reading: Reading, number: int, cells: Sequence[object]) -> tuple[str, ...]:
    names: list[str] = []
    for place, cell in enumerate(cells, start=1):
        try:
            name = value_of({"header": cell}, "header").strip()
        except InvalidInputError:
            raise InputFileError(
                f"{reading.path}: column {place} has no name in row {number}; name it, or say --no-header"
            ) from None
        if name in names:
            raise InputFileError(f"{reading.path}: two columns are called {name!r} in row {number}")
        names.append(name)
    return tuple(names)


def _row(number: int, columns: Sequence[str], cells: Sequence[object]) -> TableRow:
    cells = _trimmed(cells, len(columns))
    if len(cells) > len(columns):
        rule = f"expected at most {len(columns)} cells, as the first row has"
        return TableRow(number, fault=InvalidInputError("row", rule=rule, got=f"{len(cells)} cells"))
    return TableRow(number, dict(zip(columns, cells, strict=False)))

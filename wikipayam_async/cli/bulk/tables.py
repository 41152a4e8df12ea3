"""Reads CSV, XLSX and JSON Lines row by row, with the row numbers that a spreadsheet or editor shows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import msgspec
from attrs import field, frozen
from cyclopts import Parameter

from wikipayam_async.cli.bulk.errors import InputFileError, os_error_text
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import mask_mapping, shape_of
from wikipayam_async.templates.rows import value_of

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

__all__ = ["FileOptions", "Table", "TableRow", "open_table"]

_CSV, _SHEET, _JSON_LINES = (".csv", ".tsv", ".txt"), (".xlsx", ".xlsm"), (".jsonl", ".ndjson")
_DELIMITERS = (",", ";", "\t")
_NAMED_DELIMITERS = {"tab": "\t", "\\t": "\t"}
_MAX_LINE_LENGTH = 1_000_000


@Parameter(name="*")
@frozen(kw_only=True)
class FileOptions:
    """How to read the file."""

    encoding: str | None = None
    """The encoding of CSV and JSON Lines, as cp1256 (default: UTF-8)."""
    delimiter: str | None = None
    """The delimiter of CSV, or the word tab (default: detected from the first line)."""
    sheet: str | None = None
    """The sheet of a workbook (default: the first visible sheet)."""
    no_header: Annotated[bool, Parameter(negative="")] = False
    """The first row holds data; the columns are named 1, 2, 3 and so on."""


@frozen
class TableRow:
    """One row.

    Attributes:
        number: The row number, as a spreadsheet or an editor shows it.
        values: The cells by column.
        fault: Why the row cannot be read; None if it can.
    """

    number: int
    values: Mapping[str, object] = field(factory=dict, repr=mask_mapping)
    fault: InvalidInputError | None = None


@frozen
class Table:
    """An open file.

    Attributes:
        columns: The names of the columns; for JSON Lines, those of the first row.
        is_fixed: Whether every row has these columns and no others.
        detected_format: The delimiter or the sheet that is read.
        rows: The rows that are not empty.
    """

    columns: Sequence[str]
    is_fixed: bool
    detected_format: str
    rows: Iterator[TableRow]


@contextmanager
def open_table(path: Path, options: FileOptions) -> Iterator[Table]:
    """Open a file for a `with` block.

    Args:
        path: The file; its suffix decides the format.
        options: How to read it.

    Yields:
        The table. Its rows are read on demand, CSV and JSON Lines in constant memory.

    Raises:
        InputFileError: The file cannot be read with these options; also during iteration.
    """
    suffix = path.suffix.lower()
    if suffix not in (*_CSV, *_SHEET, *_JSON_LINES):
        known = ", ".join((*_CSV, *_SHEET, *_JSON_LINES))
        raise InputFileError(f"{path}: expected a file that ends in one of {known}")
    with _reading(path) as source:
        if suffix in _SHEET:
            yield _open_sheet(path, options, source)
            return
        try:
            text = io.TextIOWrapper(source, encoding=options.encoding or "utf-8-sig", newline="")
        except LookupError:
            raise InputFileError(f"--encoding: unknown encoding {options.encoding}") from None
        yield (_open_csv if suffix in _CSV else _open_json_lines)(path, options, text)


@contextmanager
def _reading(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as source:
            yield source
    except OSError as error:
        raise InputFileError(os_error_text(path, "read", error)) from None


def _open_csv(path: Path, options: FileOptions, text: io.TextIOWrapper) -> Table:
    lines = _lines(path, options, text)
    head: list[str] = []
    for line in lines:
        head.append(line)
        if line.strip():
            break
    delimiter = _delimiter(options.delimiter, head[-1] if head else "")
    records = _records(path, csv.reader(chain(head, lines), delimiter=delimiter, strict=True))
    return _tabulate(path, options, records, f"delimiter {delimiter!r}")


def _records(path: Path, reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            yield number, cells
    except csv.Error as error:
        raise InputFileError(f"{path}: row {number + 1} is not valid CSV: {error}") from None


def _delimiter(given: str | None, line: str) -> str:
    if given is None:
        return max(_DELIMITERS, key=line.count)  # the first if there is none: the file has a single column
    delimiter = _NAMED_DELIMITERS.get(given, given)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise InvalidInputError("--delimiter", rule="expected one character, or the word tab", got=shape_of(given))
    return delimiter


def _lines(path: Path, options: FileOptions, text: io.TextIOWrapper) -> Iterator[str]:
    number = 0
    try:
        for number, line in enumerate(iter(partial(text.readline, _MAX_LINE_LENGTH + 1), ""), start=1):
            if len(line) > _MAX_LINE_LENGTH:
                raise InputFileError(f"{path}: line {number} has more than {_MAX_LINE_LENGTH:,} characters")
            yield line
    except UnicodeError:  # UTF-16 without a byte order mark raises no UnicodeDecodeError
        raise InputFileError(
            f"{path}: bytes near line {number + 1} are not valid {options.encoding or 'UTF-8'}; "
            "pass the encoding of the file, as in --encoding cp1256 (older Persian Windows) or --encoding utf-16"
        ) from None


def _open_json_lines(path: Path, options: FileOptions, text: io.TextIOWrapper) -> Table:
    rows = _objects(_lines(path, options, text))
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


def _open_sheet(path: Path, options: FileOptions, source: BinaryIO) -> Table:
    # Imported on demand: only workbooks need it.
    from python_calamine import (  # noqa: PLC0415
        CalamineError,
        CalamineWorkbook,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    content = io.BytesIO(source.read())
    try:
        book = CalamineWorkbook.from_filelike(content)
        sheets = [one for one in book.sheets_metadata if one.typ is SheetTypeEnum.WorkSheet]
        if not sheets:
            raise InputFileError(f"{path}: has no sheet with cells")
        names = [one.name for one in sheets]
        shown = [one.name for one in sheets if one.visible is SheetVisibleEnum.Visible]
        name = options.sheet or (*shown, *names)[0]
        if name not in names:
            raise InputFileError(f"--sheet: no sheet has this name; the sheets are {', '.join(names)}")
        sheet = book.get_sheet_by_name(name)
    except CalamineError as error:
        raise InputFileError(f"{path}: cannot be read as a workbook ({type(error).__name__})") from None
    rows = ((number, list(cells)) for number, cells in enumerate(sheet.iter_rows(), start=1))
    return _tabulate(path, options, rows, f"sheet {name!r}", first_column=_first_column(sheet))


def _first_column(sheet: CalamineSheet) -> int:
    return sheet.start[1] if sheet.start else 0


def _tabulate(
    path: Path,
    options: FileOptions,
    records: Iterator[tuple[int, Any]],
    detected_format: str,
    *,
    first_column: int = 0,
) -> Table:
    filled: Iterator[tuple[int, Any]] = ((number, cells) for number, cells in records if not _is_empty(cells))
    first = next(filled, None)
    if first is None:
        return Table((), is_fixed=True, detected_format=detected_format, rows=iter(()))
    if options.no_header:
        columns = tuple(str(first_column + place) for place in range(1, len(first[1]) + 1))
        filled = chain([first], filled)
    else:
        columns = _names(path, first[0], _trimmed(first[1], 0))
    rows = (_row(number, columns, cells) for number, cells in filled)
    return Table(columns, is_fixed=True, detected_format=detected_format, rows=rows)


def _is_empty(cells: Sequence[object]) -> bool:
    return all(isinstance(cell, str) and (not cell or cell.isspace()) for cell in cells)


def _trimmed(cells: Sequence[object], least: int) -> Sequence[object]:
    """Return the cells without trailing empty ones, which spreadsheets leave there, but at least `least` cells."""
    count = len(cells)
    while count > least and _is_empty(cells[count - 1 : count]):
        count -= 1
    return cells[:count]


def _names(path: Path, number: int, cells: Sequence[object]) -> tuple[str, ...]:
    names: list[str] = []
    for place, cell in enumerate(cells, start=1):
        try:
            name = value_of({"header": cell}, "header").strip()
        except InvalidInputError:
            raise InputFileError(
                f"{path}: column {place} has no name in row {number}; add one, or pass --no-header"
            ) from None
        if name in names:
            raise InputFileError(f"{path}: row {number} names two columns {name!r}")
        names.append(name)
    return tuple(names)


def _row(number: int, columns: Sequence[str], cells: Sequence[object]) -> TableRow:
    cells = _trimmed(cells, len(columns))
    if len(cells) > len(columns):
        rule = f"expected at most {len(columns)} cells, like the first row"
        return TableRow(number, fault=InvalidInputError("row", rule=rule, got=f"{len(cells)} cells"))
    return TableRow(number, dict(zip(columns, cells, strict=False)))

"""A table: its columns and its rows, with the row numbers that a spreadsheet or editor shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Annotated

from attrs import define, field, frozen
from cyclopts import Parameter

from wikipayam_async.cli.bulk.files.cells import Cell, text_of_cell
from wikipayam_async.cli.bulk.files.headers import Header, find_header, is_empty_cell, label_columns
from wikipayam_async.cli.values import WholeNumber
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers import is_mobile
from wikipayam_async.redact.masks import mask_mapping

__all__ = ["FileOptions", "HiddenCells", "RawRow", "Table", "TableRow", "make_table"]

_ROWS_PEEKED = 20


@Parameter(name="*")
@frozen(kw_only=True)
class FileOptions:
    """How to read the file."""

    encoding: str | None = None
    """The encoding of CSV and JSON Lines, as cp1256 (default: UTF-8, or UTF-16 with its byte order mark)."""
    delimiter: str | None = None
    """The delimiter of CSV, or the word tab (default: detected from the first lines)."""
    sheet: str | None = None
    """The sheet of a workbook (default: the first visible sheet)."""
    no_header: Annotated[bool, Parameter(negative="")] = False
    """The first row holds data; the columns are named 1, 2, 3 and so on."""
    header_row: WholeNumber | None = None
    """The number of the row with the names of the columns (default: found below titles)."""
    include_hidden: Annotated[bool, Parameter(negative="")] = False
    """Read the hidden and filtered rows and the hidden columns of a sheet, too."""


@frozen
class RawRow:
    """A row as a reader finds it.

    Attributes:
        number: The row number, as a spreadsheet or an editor shows it.
        cells: Its cells, from the first column on.
        is_hidden: Whether the sheet does not show it.
    """

    number: int
    cells: Sequence[Cell]
    is_hidden: bool = False


@frozen
class TableRow:
    """One row.

    Attributes:
        number: The row number, as a spreadsheet or an editor shows it.
        values: The cells by column: texts, `ShownValue` or `BrokenValue`.
        fault: Why the row cannot be read; None if it can.
    """

    number: int
    values: Mapping[str, object] = field(factory=dict, repr=mask_mapping)
    fault: InvalidInputError | None = None

    @property
    def texts(self) -> dict[str, str]:
        """The cells by column as texts, for an export."""
        return {name: cell if type(cell) is str else text_of_cell(cell) for name, cell in self.values.items()}


@define
class HiddenCells:
    """What a sheet does not show and is left out.

    Attributes:
        rows: The number of rows left out until now; complete when the rows of the table are read.
        columns: The names of the columns left out.
        sheets: The names of the hidden sheets, which are not read.
    """

    rows: int = 0
    columns: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()


@frozen
class Table:
    """An open file.

    Attributes:
        columns: The names of the columns; for JSON Lines, those of the first row.
        is_fixed: Whether every row has these columns and no others.
        detected_format: The delimiter or the sheet that is read.
        rows: The rows that are not empty.
        repeated: The names that more than one column has, as `comparable_name` returns them.
        hidden: What is left out because the sheet does not show it.
        other_sheets: The names of the other visible sheets, which are not read.
    """

    columns: Sequence[str]
    is_fixed: bool
    detected_format: str
    rows: Iterator[TableRow]
    repeated: frozenset[str] = frozenset()
    hidden: HiddenCells = field(factory=HiddenCells)
    other_sheets: tuple[str, ...] = ()


@frozen(kw_only=True)
class _Shape:
    """What is known of a table before its rows are read.

    Attributes:
        header: Its columns.
        left_out: The indexes of the hidden columns.
        is_sheet: Whether a row may have cells beyond the last column: nothing can move there from another column.
    """

    header: Header
    left_out: frozenset[int]
    is_sheet: bool


def make_table(
    records: Iterator[RawRow],
    options: FileOptions,
    detected_format: str,
    hidden_columns: Iterable[int] | None = None,
) -> Table:
    """Return the table for the rows of a file.

    Args:
        records: All its rows.
        options: How to read it.
        detected_format: The delimiter or the sheet that is read.
        hidden_columns: The indexes of the hidden columns of a sheet, complete after the first row; None for other files.

    Raises:
        InvalidInputError: There is no such row of the header, or it holds a number of a receiver.
    """
    is_sheet = hidden_columns is not None
    filled = (record for record in records if not all(map(is_empty_cell, record.cells)))
    head = list(islice(filled, _ROWS_PEEKED))
    hidden = HiddenCells()
    if not head:
        return Table((), True, detected_format, iter(()))  # noqa: FBT003 - positional in attrs
    place = _header_place(head, filled, options)
    if options.no_header:
        header, data = _numbered(head[0].cells), head
    else:
        if any(is_mobile(text_of_cell(cell)) for cell in head[place].cells):
            got = f"a mobile number in row {head[place].number}"
            raise InvalidInputError("header", rule="expected the names of the columns, or --no-header", got=got)
        header, data = label_columns(_trimmed(head[place].cells, 0)), head[place + 1 :]
        if place and options.header_row is None:
            detected_format += f", header in row {head[place].number}"
    left_out = frozenset() if options.include_hidden else frozenset(hidden_columns or ())
    hidden.columns = tuple(
        label for index, label in enumerate(header.labels) if index in left_out and label in header.columns
    )
    shape = _Shape(header=header, left_out=left_out, is_sheet=is_sheet)
    return Table(
        tuple(label for label in header.columns if label not in hidden.columns),
        is_fixed=True,
        detected_format=detected_format,
        rows=_rows(chain(data, filled), shape, hidden, include_hidden=options.include_hidden),
        repeated=header.repeated,
        hidden=hidden,
    )


def _header_place(head: list[RawRow], rest: Iterator[RawRow], options: FileOptions) -> int:
    if options.header_row is None:
        return find_header([record.cells for record in head])
    if options.no_header:
        raise InvalidInputError("--header-row", rule="cannot be combined with --no-header", got="both")
    for record in rest if head[-1].number < options.header_row else ():
        head.append(record)
        if record.number >= options.header_row:
            break
    for place, record in enumerate(head):
        if record.number == options.header_row:
            return place
    raise InvalidInputError("--header-row", rule="expected the number of a row that is not empty", got="another number")


def _numbered(cells: Sequence[Cell]) -> Header:
    """Return the columns of a table without a header: those of its first row."""
    first = next(place for place, cell in enumerate(cells) if not is_empty_cell(cell))
    labels = tuple(str(place) for place in range(1, len(cells) + 1))
    return Header(labels, labels[first:], frozenset())


def _rows(rows: Iterable[RawRow], shape: _Shape, hidden: HiddenCells, *, include_hidden: bool) -> Iterator[TableRow]:
    for record in rows:
        if record.is_hidden and not include_hidden:
            hidden.rows += 1
        else:
            yield _row(record, shape)


def _row(record: RawRow, shape: _Shape) -> TableRow:
    labels = shape.header.labels
    cells = _trimmed(record.cells, len(labels))
    if len(cells) > len(labels) and not shape.is_sheet:
        rule = f"expected at most {len(labels)} cells, like the first row"
        return TableRow(record.number, fault=InvalidInputError("row", rule=rule, got=f"{len(cells)} cells"))
    if shape.is_sheet:
        cells = [*cells, *[""] * (len(labels) - len(cells))]
    values: dict[str, object] = dict(zip(labels, cells, strict=False))
    if len(labels) > len(shape.header.columns):
        named = set(shape.header.columns)
        values = {name: cell for name, cell in values.items() if name in named or not is_empty_cell(cell)}
    for index in shape.left_out:
        if index < len(labels):
            values.pop(labels[index], None)
    return TableRow(record.number, values)


def _trimmed(cells: Sequence[Cell], least: int) -> Sequence[Cell]:
    """Return the cells without trailing empty ones, which spreadsheets leave there, but at least `least` cells."""
    count = len(cells)
    while count > least and is_empty_cell(cells[count - 1]):
        count -= 1
    return cells[:count]

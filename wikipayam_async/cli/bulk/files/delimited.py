"""Reads CSV: its delimiter, guessed from the first rows, and its rows."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from wikipayam_async.cli.bulk.errors import InputFileError
from wikipayam_async.cli.bulk.files.cells import cell_of_text
from wikipayam_async.cli.bulk.files.headers import is_receiver_name
from wikipayam_async.cli.bulk.files.table import FileOptions, RawRow, Table, make_table
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import shape_of

__all__ = ["open_delimited"]

_DELIMITERS = (",", ";", "\t", "|")
_NAMED_DELIMITERS = {"tab": "\t", "\\t": "\t"}
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[,;\t|]*\s*', re.IGNORECASE)
_LINES_SAMPLED = 50
_CUT_OFF = "unexpected end of data"
"""The error of a quoted cell that goes on after the sample."""


def open_delimited(path: Path, options: FileOptions, lines: Iterator[str]) -> Table:
    """Return the table of a CSV file.

    Args:
        path: The file, for error texts.
        options: How to read it.
        lines: Its lines.

    Raises:
        InputFileError: The file is no valid CSV. It may be raised while the rows are read.
        InvalidInputError: The delimiter is not one character.
    """
    head: list[str] = []
    for line in lines:
        head.append(line)
        if len(head) >= _LINES_SAMPLED:
            break
    separator = _SEPARATOR_LINE.fullmatch(head[0]) if head else None
    if separator is not None:
        head[0] = "\n"  # it is no row, but the editor counts it
    delimiter = _given(options.delimiter) or (separator[1] if separator else _guess("".join(head)))
    reader = csv.reader(chain(head, lines), delimiter=delimiter, strict=True)
    return make_table(_records(path, reader), options, f"delimiter {delimiter!r}")


def _records(path: Path, reader: Iterator[list[str]]) -> Iterator[RawRow]:
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            yield RawRow(number, [cell_of_text(cell) for cell in cells])
    except csv.Error as error:
        raise InputFileError(f"{path}: row {number + 1} is not valid CSV: {error}") from None


def _given(given: str | None) -> str | None:
    if given is None:
        return None
    delimiter = _NAMED_DELIMITERS.get(given, given)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise InvalidInputError("--delimiter", rule="expected one character, or the word tab", got=shape_of(given))
    return delimiter


def _guess(sample: str) -> str:
    """Return the delimiter that divides the header, and most of the first rows into as many cells.

    Without any the first is returned: the file has a single column.
    """
    return max(_DELIMITERS, key=lambda delimiter: _fit(_rows(sample, delimiter)))


def _rows(sample: str, delimiter: str) -> list[list[str]]:
    """Return the first rows; none if the delimiter does not go with the quotes."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    try:
        rows.extend(cells for cells in reader if any(cell.strip() for cell in cells))
    except csv.Error as error:
        return rows if str(error) == _CUT_OFF else []
    return rows


def _fit(rows: list[list[str]]) -> tuple[bool, bool, float, int]:
    widths = list(map(len, rows))
    divided = [width for width in widths if width > 1]
    if not divided:
        return False, False, 0, 0
    divides_header = widths[0] > 1
    usual = widths[0] if divides_header else max(divided, key=widths.count)
    has_receivers = divides_header and any(map(is_receiver_name, rows[0]))
    return divides_header, has_receivers, widths.count(usual) / len(widths), usual

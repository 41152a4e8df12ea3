"""Opens the input file of a bulk send: CSV, JSON Lines or a workbook."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wikipayam_async.cli.bulk.errors import InputFileError, os_error_text
from wikipayam_async.cli.bulk.files.delimited import open_delimited
from wikipayam_async.cli.bulk.files.json_lines import open_json_lines
from wikipayam_async.cli.bulk.files.table import FileOptions, HiddenCells, Table, TableRow
from wikipayam_async.cli.bulk.files.texts import lines_of
from wikipayam_async.cli.bulk.files.workbook import MARKUP, is_markup, is_workbook, open_workbook

__all__ = ["FileOptions", "HiddenCells", "Table", "TableRow", "open_table"]

_CSV, _SHEET, _JSON_LINES = (".csv", ".tsv", ".txt"), (".xlsx", ".xlsm", ".xls", ".ods"), (".jsonl", ".ndjson")
_LOCK_PREFIXES = ("~$", ".~lock.")


@contextmanager
def open_table(path: Path, options: FileOptions) -> Iterator[Table]:
    """Open a file for a `with` block.

    Args:
        path: The file; its suffix decides the format.
        options: How to read it.

    Yields:
        The table. Its rows are read on demand, CSV, JSON Lines and XLSX in constant memory.

    Raises:
        InputFileError: The file cannot be read with these options, or, during iteration, is not valid.
        InvalidInputError: An option does not fit the file.
    """
    suffix = path.suffix.lower()
    if path.name.startswith(_LOCK_PREFIXES):
        raise InputFileError(
            f"{path}: is not the file, but the mark of a program that has it open; pass the file itself"
        )
    if suffix not in (*_CSV, *_SHEET, *_JSON_LINES):
        known = ", ".join((*_CSV, *_SHEET, *_JSON_LINES))
        raise InputFileError(f"{path}: expected a file that ends in one of {known}")
    with _reading(path) as buffered:
        if suffix in _SHEET:
            yield open_workbook(path, options, buffered)
            return
        if is_workbook(buffered.peek()):
            raise InputFileError(f"{path}: is a workbook: give it a name that ends in .xlsx, .xls or .ods")
        if is_markup(buffered.peek()):
            raise InputFileError(f"{path}: {MARKUP}")
        lines = lines_of(path, buffered, options.encoding)
        yield open_json_lines(lines) if suffix in _JSON_LINES else open_delimited(path, options, lines)


@contextmanager
def _reading(path: Path) -> Iterator[io.BufferedReader]:
    try:
        with path.open("rb") as source:
            yield source
    except OSError as error:
        raise InputFileError(os_error_text(path, "read", error)) from None

"""Reads files in tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import frozen

from wikipayam_async.cli.bulk.errors import InputFileError
from wikipayam_async.cli.bulk.files.cells import text_of_cell
from wikipayam_async.cli.bulk.tables import FileOptions, open_table
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.templates.values import BrokenValue

SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


@frozen
class Found:
    """What was read of a file."""

    columns: tuple[str, ...]
    format: str
    rows: dict[int, dict[str, str]]
    hidden_rows: int
    hidden_columns: tuple[str, ...]
    other_sheets: tuple[str, ...]
    hidden_sheets: tuple[str, ...]

    @property
    def values(self) -> list[list[str]]:
        """The cells of the rows, without their names."""
        return [[*row.values()] for row in self.rows.values()]


def read(name: str, **how: Any) -> Found:
    """Return what is read of a file; a broken cell is shown as its reason after an exclamation mark."""
    with open_table(Path(name), FileOptions(**how)) as table:
        rows = {
            row.number: {"!": str(row.fault)}
            if row.fault
            else {
                name: f"!{cell.reason}" if isinstance(cell, BrokenValue) else text_of_cell(cell)
                for name, cell in row.values.items()
            }
            for row in table.rows
        }
        hidden = table.hidden
        return Found(
            tuple(table.columns),
            table.detected_format,
            rows,
            hidden.rows,
            hidden.columns,
            table.other_sheets,
            hidden.sheets,
        )


def refusal(name: str, **how: Any) -> str:
    """Return why a file is refused."""
    try:
        read(name, **how)
    except (InputFileError, InvalidInputError) as error:
        return str(error)
    raise AssertionError("it was read")

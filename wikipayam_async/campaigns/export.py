"""Writes what is known of a campaign's messages to a file."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import IO, Literal, TypeAlias

from anyio import to_thread

from wikipayam_async.campaigns.models import CampaignResult
from wikipayam_async.core.converter import encode_json
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.files import replacing
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.spreadsheet import escape_formula

__all__ = ["ExportFormat", "export_results", "format_of"]

ExportFormat: TypeAlias = Literal["csv", "jsonl"]

_FIELDS = (
    "index",
    "row",
    "receiver",
    "message",
    "sender",
    "status",
    "id",
    "track_id",
    "delivery",
    "reason",
    "error",
)
_SUFFIXES: dict[str, ExportFormat] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_BOM = "\ufeff"
_ROWS = 1000


def format_of(path: Path, wanted: str | None) -> ExportFormat:
    """Return the format of an export: the wanted one, or that of the file's name.

    Raises:
        InvalidInputError: It is neither CSV nor JSON Lines.
    """
    found = _SUFFIXES.get(f".{wanted}" if isinstance(wanted, str) else path.suffix.lower())
    if found is None or (wanted is not None and wanted not in _SUFFIXES.values()):
        rule = "expected 'csv' or 'jsonl', or a file name that ends in .csv or .jsonl"
        raise InvalidInputError("format", rule=rule, got=shape_of(wanted))
    return found


async def export_results(
    path: Path, format_: ExportFormat, results: AsyncIterator[CampaignResult], columns: Sequence[str]
) -> int:
    """Write results to a file that only its owner can read; it gets its name once it is complete.

    Args:
        path: The file; it is replaced.
        format_: CSV, with a byte order mark and escaped formulas, for spreadsheets; or JSON Lines.
        results: The results.
        columns: The names of the caller's columns.

    Returns:
        The number of results.

    Raises:
        InvalidInputError: The file cannot be written, or what has its name is no file.
    """
    count = 0
    with replacing(path, "path") as file:
        write = _csv_writer(file, columns) if format_ == "csv" else _json_writer(file)
        rows: list[CampaignResult] = []
        async for result in results:
            rows.append(result)
            count += 1
            if len(rows) == _ROWS:
                await to_thread.run_sync(write, rows)
                rows = []
        await to_thread.run_sync(write, rows)
    return count


def _csv_writer(file: IO[str], columns: Sequence[str]) -> Callable[[Sequence[CampaignResult]], None]:
    file.write(_BOM)
    rows = csv.writer(file)
    # A program finds the fields by their names, so a column of the caller's that has such a name gets another.
    rows.writerow([*(f"{name} (input)" if name in _FIELDS else escape_formula(name) for name in columns), *_FIELDS])

    def write(results: Sequence[CampaignResult]) -> None:
        for result in results:
            own = [escape_formula(result.columns.get(name, "")) for name in columns]
            rows.writerow([*own, *(_cell(name, getattr(result, name)) for name in _FIELDS)])

    return write


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    text = str(value)
    # A number in international form begins with a plus sign, and is no formula.
    is_number = name in {"receiver", "sender"} and text[:1] == "+" and text[1:].isdecimal()
    return text if is_number else escape_formula(text)


def _json_writer(file: IO[str]) -> Callable[[Sequence[CampaignResult]], None]:
    def write(results: Sequence[CampaignResult]) -> None:
        for result in results:
            fields = {name: getattr(result, name) for name in _FIELDS}
            file.write(encode_json({**fields, "columns": dict(result.columns)}).decode() + "\n")

    return write

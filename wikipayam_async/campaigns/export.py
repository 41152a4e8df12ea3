"""Writes what is known of a campaign's messages to a file."""

from __future__ import annotations

import csv
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from typing import IO, Literal, TypeAlias

from anyio import to_thread

from wikipayam_async.campaigns.models import CampaignResult
from wikipayam_async.core.converter import encode_json
from wikipayam_async.errors import InvalidInputError
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
_UNFINISHED = ".part"
_STALE_SECONDS = 7 * 24 * 3600.0
"""Seconds without a write after which an unfinished export is that of a process that was killed."""
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
    _check_replaceable(path)
    count = 0
    try:
        await to_thread.run_sync(_remove_stale, path)
        number, unfinished = mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_UNFINISHED)
        try:
            with open(number, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123, ASYNC230 - open already
                write = _csv_writer(file, columns) if format_ == "csv" else _json_writer(file)
                rows: list[CampaignResult] = []
                async for result in results:
                    rows.append(result)
                    count += 1
                    if len(rows) == _ROWS:
                        await to_thread.run_sync(write, rows)
                        rows = []
                await to_thread.run_sync(write, rows)
                file.flush()
                os.fsync(number)
            Path(unfinished).replace(path)  # noqa: ASYNC240 - a moment, as the next
        finally:
            with suppress(FileNotFoundError):
                os.unlink(unfinished)  # noqa: PTH108 - blocking, as its neighbours
    except OSError as error:
        failure = InvalidInputError(
            "path", rule=f"expected a file that can be written: {error.strerror}", got=str(path)
        )
    else:
        return count
    raise failure


def _check_replaceable(path: Path) -> None:
    """Refuse a device and a pipe: the new file would take its place on the whole machine."""
    if path.exists() and not path.is_file():
        rule = "expected a file that can be written: it is a directory, a device or a pipe"
        raise InvalidInputError("path", rule=rule, got=str(path))


def _remove_stale(path: Path) -> None:
    """Remove the temporary files of killed exports to this file: they hold numbers and texts.

    A recently written one may belong to a running export, perhaps on another machine, so it is kept.
    """
    name = re.compile(re.escape(f".{path.name}.") + "[a-z0-9_]{8}" + re.escape(_UNFINISHED))
    for one in path.parent.iterdir():
        with suppress(OSError):  # another export removed it, or it belongs to another user
            if name.fullmatch(one.name) and time.time() - one.lstat().st_mtime > _STALE_SECONDS:
                one.unlink()


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

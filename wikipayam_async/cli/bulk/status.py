"""`wikipayam results`: the contents of a results file as text, JSON or CSV."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from wikipayam_async.cli.bulk.errors import ResultsFileError, os_error_text
from wikipayam_async.cli.bulk.outcomes import RowOutcomes, check_is_file
from wikipayam_async.cli.bulk.record import ClaimRecord, Header, RowRecord, scan
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output, counts_text, spaced
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.spreadsheet import escape_formula

__all__ = ["show_results"]

_COLUMNS = ("row", "status", "receiver", "track_id", "id", "reason")
_NO_OUTCOME = "the run ended before the outcome was known"


def show_results(out: Output, path: Path, status: SendStatus | None, target: Path | None) -> Exit:
    """Show the contents of a results file.

    Args:
        out: The output.
        path: The results file.
        status: List the rows with this outcome.
        target: Write the rows to this CSV file.

    Returns:
        The exit code.

    Raises:
        ResultsFileError: A record of the file cannot be read.
        InvalidInputError: The CSV file cannot be written.
    """
    check_is_file(path)
    try:
        with path.open("rb") as file:
            return _show(out, _OpenResults(path, file), status, target)
    except OSError as error:
        raise ResultsFileError(os_error_text(path, "read", error)) from None


class _OpenResults:
    """An open results file."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self.outcomes = RowOutcomes()
        self.header: Header | None = None
        self._file = file
        self._offsets = array("q", [-1])
        for start, _, record in scan(path, file):
            self.outcomes.apply(record)
            if isinstance(record, Header):
                self.header = record
            elif isinstance(record, ClaimRecord):
                for first, last in record.rows:
                    self._store_offset(first, last, start)
            elif isinstance(record, RowRecord):
                self._store_offset(record.row, record.row, start)

    def rows(self, status: SendStatus | None) -> Iterator[RowRecord]:
        """Yield the rows with an outcome, or all rows, by row number."""
        for number, offset in enumerate(self._offsets):
            if offset >= 0:
                row = self._read_row(number, offset)
                if status is None or row.status is status:
                    yield row

    def _store_offset(self, first: int, last: int, offset: int) -> None:
        missing = last + 1 - len(self._offsets)
        if missing > 0:
            self._offsets.extend(array("q", [-1]) * missing)
        self._offsets[first : last + 1] = array("q", [offset]) * (last + 1 - first)

    def _read_row(self, number: int, offset: int) -> RowRecord:
        self._file.seek(offset)
        record: ClaimRecord | RowRecord = msgspec.json.decode(self._file.readline(), type=ClaimRecord | RowRecord)
        if isinstance(record, ClaimRecord):
            # The track id that a claimed row was sent with, if it was sent.
            own = self.header is not None and self.header.own_track_ids
            track_id = None if own else f"{record.run}-{number}"
            return RowRecord(row=number, status=SendStatus.UNKNOWN, track_id=track_id, reason=_NO_OUTCOME)
        return record


def _show(out: Output, results: _OpenResults, status: SendStatus | None, target: Path | None) -> Exit:
    counts = results.outcomes.counts(0)
    header = results.header
    out.say(f"{results.path}: {header.input}, started {header.started}" if header else "")
    out.say(counts_text(counts))
    out.say("rows that no run has reached are not counted")
    report: dict[str, object] = {
        "counts": {one.value: count for one, count in counts.items()},
        "held_back": results.outcomes.held_back,
    }
    if target is not None:
        _write(results.rows(status), target)
        out.say(f"written: {target}")
    elif status is not None:
        rows = list(results.rows(status))
        out.table([spaced(name) for name in _COLUMNS], map(_cells, rows))
        report["rows"] = [{name: getattr(row, name) for name in _COLUMNS} for row in rows]
    out.emit(report)
    return Exit.OK


def _cells(row: RowRecord) -> list[str]:
    return [str(getattr(row, name) or "") for name in _COLUMNS]


def _write(rows: Iterator[RowRecord], target: Path) -> None:
    try:
        with target.open("x", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            writer.writerows([escape_formula(cell) for cell in _cells(row)] for row in rows)
    except OSError as error:
        raise InvalidInputError(
            "--csv", rule=f"expected a new, writable file ({error.strerror})", got=str(target)
        ) from None

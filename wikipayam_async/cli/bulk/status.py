"""`wikipayam results`: what a results file says, for people, programs and spreadsheets."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
from attrs import frozen

from wikipayam_async.cli.bulk.outcomes import RowOutcomes, check_is_file
from wikipayam_async.cli.bulk.record import Claimed, Header, RowLine, scan
from wikipayam_async.cli.bulk.refusals import ResultsFileError, cannot
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.spreadsheet import harmless
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.outcomes import SendStatus

__all__ = ["Listed", "tell_results"]

_COLUMNS = ("row", "status", "receiver", "track_id", "id", "reason")
_NEVER_SETTLED = "the run ended before it was known"


@frozen(kw_only=True)
class Listed:
    """One row of the results.

    Attributes:
        row: Its number in the file.
        status: Its outcome.
        receiver: The receiver, masked.
        track_id: The reference that it was sent with.
        id: The gateway's id.
        reason: Why it was not accepted.
    """

    row: int
    status: SendStatus
    receiver: str | None = None
    track_id: str | None = None
    id: str | None = None
    reason: str | None = None

    @property
    def cells(self) -> list[str]:
        """What a table shows of it."""
        return [
            str(self.row),
            self.status.value,
            self.receiver or "",
            self.track_id or "",
            self.id or "",
            self.reason or "",
        ]


def tell_results(out: Output, path: Path, status: SendStatus | None, target: Path | None) -> Exit:
    """Tell what a results file says.

    Args:
        out: Where.
        path: The results file.
        status: List the rows of this outcome.
        target: Write the rows to this file.

    Returns:
        The exit code.

    Raises:
        ResultsFileError: The file cannot be read in every line.
        InvalidInputError: The other file cannot be written.
    """
    check_is_file(path)
    try:
        with path.open("rb") as file:
            return _tell(out, _Contents(path, file), status, target)
    except OSError as error:
        raise ResultsFileError(cannot(path, "read", error)) from None


class _Contents:
    """A results file that is open."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self.outcomes = RowOutcomes()
        self.header: Header | None = None
        self._file = file
        self._places = array("q", [-1])
        for start, _, line in scan(path, file):
            self.outcomes.take(line)
            if isinstance(line, Header):
                self.header = line
            elif isinstance(line, Claimed):
                for first, last in line.rows:
                    self._note(first, last, start)
            elif isinstance(line, RowLine):
                self._note(line.row, line.row, start)

    def rows(self, status: SendStatus | None) -> Iterator[Listed]:
        """Yield the rows of a outcome, or all, by their numbers."""
        for row, place in enumerate(self._places):
            if place >= 0:
                listed = self._listed(row, place)
                if status is None or listed.status is status:
                    yield listed

    def _note(self, first: int, last: int, place: int) -> None:
        missing = last + 1 - len(self._places)
        if missing > 0:
            self._places.extend(array("q", [-1]) * missing)
        self._places[first : last + 1] = array("q", [place]) * (last + 1 - first)

    def _listed(self, row: int, place: int) -> Listed:
        self._file.seek(place)
        line = msgspec.json.decode(self._file.readline(), type=Claimed | RowLine)
        if isinstance(line, Claimed):
            # What was claimed and never settled was to be sent with this reference.
            own = self.header is not None and self.header.own_track_ids
            track_id = None if own else f"{line.run}-{row}"
            return Listed(row=row, status=SendStatus.UNKNOWN, track_id=track_id, reason=_NEVER_SETTLED)
        return Listed(
            row=row,
            status=line.status,
            receiver=line.receiver,
            track_id=line.track_id,
            id=line.id,
            reason=line.reason,
        )


def _tell(out: Output, contents: _Contents, status: SendStatus | None, target: Path | None) -> Exit:
    counts = contents.outcomes.counts(0)
    header = contents.header
    out.say(f"{contents.path}: {header.input}, begun {header.started}" if header else "")
    out.say(", ".join(f"{count:,} {one.value.replace('_', ' ')}" for one, count in counts.items()))
    out.say("rows that no run has come to yet are not counted")
    told: dict[str, object] = {
        "counts": {one.value: count for one, count in counts.items()},
        "held_back": contents.outcomes.held_back,
    }
    if target is not None:
        _write(contents.rows(status), target)
        out.say(f"written: {target}")
    elif status is not None:
        listed = list(contents.rows(status))
        out.table([name.replace("_", " ") for name in _COLUMNS], (one.cells for one in listed))
        told["rows"] = listed
    out.emit(told)
    return Exit.OK


def _write(rows: Iterator[Listed], target: Path) -> None:
    try:
        with target.open("x", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            writer.writerows([harmless(cell) for cell in one.cells] for one in rows)
    except OSError as error:
        raise InvalidInputError(
            "--csv", rule=f"expected a new file that can be written ({error.strerror})", got=str(target)
        ) from None

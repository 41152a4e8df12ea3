"""The outcome of each row, as the results file has it. It decides which rows are sent again."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import cast

from attrs import frozen

from wikipayam_async.cli.bulk.errors import ResultsFileError, os_error_text
from wikipayam_async.cli.bulk.record import HELD_BACK, ClaimRecord, Header, Record, RowRecord, RunRecord, scan
from wikipayam_async.outcomes import SendStatus

__all__ = ["RowOutcome", "RowOutcomes", "StoredResults", "check_is_file", "read_results"]


class RowOutcome(IntEnum):
    """The recorded outcome of a row."""

    NONE = 0
    """Never claimed."""
    CLAIMED = 1
    """Claimed by the current run; it may be sent at any moment."""
    ACCEPTED = 2
    REJECTED = 3
    HELD_BACK = 4
    """Rejected locally: a duplicate, or an opt-out."""
    UNKNOWN = 5
    """It may have been sent; also a row claimed by a run that ended before its outcome was known."""
    NOT_ATTEMPTED = 6


class RowOutcomes:
    """The outcome of every row, one byte each."""

    __slots__ = ("_codes",)

    def __init__(self) -> None:
        self._codes = bytearray()

    def __getitem__(self, row: int) -> RowOutcome:
        return RowOutcome(self._codes[row]) if row < len(self._codes) else RowOutcome.NONE

    def apply(self, record: Record) -> None:
        """Apply a record.

        Args:
            record: The next record of the file.
        """
        if isinstance(record, ClaimRecord):
            for first, last in record.rows:
                self._grow_to(last)
                self._codes[first : last + 1] = bytes([RowOutcome.CLAIMED]) * (last + 1 - first)
        elif isinstance(record, RowRecord):
            self._grow_to(record.row)
            held_back = record.status is SendStatus.REJECTED and record.reason in HELD_BACK
            self._codes[record.row] = RowOutcome.HELD_BACK if held_back else RowOutcome[record.status.name]

    def end_run(self) -> None:
        """Turn every claimed row without an outcome into an unknown one."""
        self._codes = self._codes.replace(bytes([RowOutcome.CLAIMED]), bytes([RowOutcome.UNKNOWN]))

    def may_be_sent(self, row: int) -> bool:
        """Return whether a row was certainly not sent, and not rejected either.

        Args:
            row: The row number.
        """
        return self[row] in (RowOutcome.NONE, RowOutcome.NOT_ATTEMPTED)

    def may_have_been_sent(self, row: int) -> bool:
        """Return whether a row was accepted, or may have been.

        Args:
            row: The row number.
        """
        return self[row] in (RowOutcome.ACCEPTED, RowOutcome.UNKNOWN, RowOutcome.CLAIMED)

    @property
    def held_back(self) -> int:
        """How many of the rejected rows were held back locally."""
        return self._count(RowOutcome.HELD_BACK)

    def counts(self, rows: int) -> Mapping[SendStatus, int]:
        """Return the number of rows of each outcome; rows that were never claimed are not attempted.

        Args:
            rows: The number of rows in the file.
        """
        accepted, rejected = self._count(RowOutcome.ACCEPTED), self._count(RowOutcome.REJECTED, RowOutcome.HELD_BACK)
        unknown = self._count(RowOutcome.UNKNOWN, RowOutcome.CLAIMED)
        return {
            SendStatus.ACCEPTED: accepted,
            SendStatus.REJECTED: rejected,
            SendStatus.UNKNOWN: unknown,
            SendStatus.NOT_ATTEMPTED: max(rows - accepted - rejected - unknown, self._count(RowOutcome.NOT_ATTEMPTED)),
        }

    def live_counts(self, rows: int) -> Mapping[SendStatus, int]:
        """Return the counts during a run: claimed rows without an outcome are not attempted yet.

        Args:
            rows: The number of rows in the file.
        """
        counts = dict(self.counts(rows))
        in_flight = self._count(RowOutcome.CLAIMED)
        counts[SendStatus.UNKNOWN] -= in_flight
        counts[SendStatus.NOT_ATTEMPTED] += in_flight
        return counts

    def _count(self, *outcomes: RowOutcome) -> int:
        return sum(self._codes.count(outcome) for outcome in outcomes)

    def _grow_to(self, row: int) -> None:
        if row >= len(self._codes):
            self._codes.extend(bytes(max(row + 1, 2 * len(self._codes)) - len(self._codes)))


@frozen
class StoredResults:
    """The contents of a results file.

    Attributes:
        header: The header.
        outcomes: The outcome of every row.
        size: The number of valid bytes; at most a partial record follows them.
        is_ended: Whether the last valid record ends with a line end.
        opt_out: Whether any run had an opt-out list.
    """

    header: Header
    outcomes: RowOutcomes
    size: int
    is_ended: bool
    opt_out: bool


def check_is_file(path: Path) -> None:
    """Check that a path is a regular file or does not exist: opening a pipe would block.

    Args:
        path: The path.

    Raises:
        ResultsFileError: It is something else.
    """
    if path.exists() and not path.is_file():
        raise ResultsFileError(f"{path}: is not a regular file")


def read_results(path: Path) -> StoredResults:
    """Read a results file, without changing it.

    Args:
        path: The results file.

    Raises:
        ResultsFileError: The file is missing, or a record cannot be read.
    """
    outcomes = RowOutcomes()
    check_is_file(path)
    try:
        with path.open("rb") as file:
            records = scan(path, file)
            _, size, first = next(records)
            header = cast("Header", first)
            opt_out = header.opt_out
            for _, end, record in records:
                outcomes.apply(record)
                opt_out |= isinstance(record, RunRecord) and record.opt_out
                size = end
            outcomes.end_run()
            file.seek(size - 1)
            return StoredResults(header, outcomes, size, file.read(1) == b"\n", opt_out)
    except OSError as error:
        raise ResultsFileError(os_error_text(path, "read", error)) from None

"""What a results file says of each row. It decides what is sent again."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import cast

from attrs import frozen

from wikipayam_async.cli.bulk.record import HELD_BACK, Claimed, Header, Line, RowLine, RunLine, scan
from wikipayam_async.cli.bulk.refusals import ResultsFileError, cannot
from wikipayam_async.outcomes import SendStatus

__all__ = ["RowOutcome", "RowOutcomes", "Known", "check_is_file", "read_results"]


class RowOutcome(IntEnum):
    """What is known of a row."""

    NONE = 0
    """It was never claimed."""
    CLAIMED = 1
    """It was claimed by the run that is in flight, and may leave at any moment."""
    ACCEPTED = 2
    REJECTED = 3
    HELD_BACK = 4
    """It was rejected on our side: a duplicate, or an opt-out."""
    UNKNOWN = 5
    """It may have been sent. That goes also for what was claimed by a run that ended before it was known."""
    NOT_ATTEMPTED = 6


_FATES = {
    SendStatus.ACCEPTED: RowOutcome.ACCEPTED,
    SendStatus.REJECTED: RowOutcome.REJECTED,
    SendStatus.UNKNOWN: RowOutcome.UNKNOWN,
    SendStatus.NOT_ATTEMPTED: RowOutcome.NOT_ATTEMPTED,
}


class RowOutcomes:
    """What is known of every row, in a byte each."""

    __slots__ = ("_codes",)

    def __init__(self) -> None:
        self._codes = bytearray()

    def __getitem__(self, row: int) -> RowOutcome:
        return RowOutcome(self._codes[row]) if row < len(self._codes) else RowOutcome.NONE

    def take(self, line: Line) -> None:
        """Take note of a line.

        Args:
            line: The next line of the file.
        """
        if isinstance(line, Claimed):
            for first, last in line.rows:
                self._reach(last)
                self._codes[first : last + 1] = bytes([RowOutcome.CLAIMED]) * (last + 1 - first)
        elif isinstance(line, RowLine):
            self._reach(line.row)
            held_back = line.status is SendStatus.REJECTED and line.reason in HELD_BACK
            self._codes[line.row] = RowOutcome.HELD_BACK if held_back else _FATES[line.status]

    def end_of_run(self) -> None:
        """Take what was claimed and not settled for unknown, as after the last line of a file."""
        self._codes = self._codes.replace(bytes([RowOutcome.CLAIMED]), bytes([RowOutcome.UNKNOWN]))

    def may_be_sent(self, row: int) -> bool:
        """Say whether a row was certainly not sent, and not refused either.

        Args:
            row: Its number.
        """
        return self[row] in (RowOutcome.NONE, RowOutcome.NOT_ATTEMPTED)

    def may_have_been_sent(self, row: int) -> bool:
        """Say whether a row was accepted, or may have been.

        Args:
            row: Its number.
        """
        return self[row] in (RowOutcome.ACCEPTED, RowOutcome.UNKNOWN, RowOutcome.CLAIMED)

    @property
    def held_back(self) -> int:
        """How many of the rejected rows were held back on our side."""
        return self._count(RowOutcome.HELD_BACK)

    def counts(self, rows: int) -> Mapping[SendStatus, int]:
        """Return how many rows there are of each outcome; what was never claimed is not attempted.

        Args:
            rows: How many rows the file has.
        """
        accepted, rejected = self._count(RowOutcome.ACCEPTED), self._count(RowOutcome.REJECTED, RowOutcome.HELD_BACK)
        unknown = self._count(RowOutcome.UNKNOWN, RowOutcome.CLAIMED)
        return {
            SendStatus.ACCEPTED: accepted,
            SendStatus.REJECTED: rejected,
            SendStatus.UNKNOWN: unknown,
            SendStatus.NOT_ATTEMPTED: max(rows - accepted - rejected - unknown, self._count(RowOutcome.NOT_ATTEMPTED)),
        }

    def so_far(self, rows: int) -> Mapping[SendStatus, int]:
        """Return the same while a run is in flight: what it has claimed and not settled is not attempted yet.

        Args:
            rows: How many rows the file has.
        """
        counts = dict(self.counts(rows))
        in_flight = self._count(RowOutcome.CLAIMED)
        counts[SendStatus.UNKNOWN] -= in_flight
        counts[SendStatus.NOT_ATTEMPTED] += in_flight
        return counts

    def _count(self, *outcomes: RowOutcome) -> int:
        return sum(self._codes.count(outcome) for outcome in outcomes)

    def _reach(self, row: int) -> None:
        if row >= len(self._codes):
            self._codes.extend(bytes(max(row + 1, 2 * len(self._codes)) - len(self._codes)))


@frozen
class Known:
    """What a results file says.

    Attributes:
        header: Its first line.
        outcomes: What is known of every row.
        size: How many bytes of it count; behind them is half a line at most.
        is_ended: Whether the last line that counts has its end.
        opt_out: Whether any run had a list of people who want no messages.
    """

    header: Header
    outcomes: RowOutcomes
    size: int
    is_ended: bool
    opt_out: bool


def check_is_file(path: Path) -> None:
    """Check that something is an ordinary file, or not there, so that opening it waits for nobody.

    Args:
        path: Where it is.

    Raises:
        ResultsFileError: It is something else.
    """
    if path.exists() and not path.is_file():
        raise ResultsFileError(f"{path}: is no file")


def read_results(path: Path) -> Known:
    """Read a results file, without changing it.

    Args:
        path: Where it is.

    Raises:
        ResultsFileError: It is not there, or not every line of it can be read.
    """
    outcomes = RowOutcomes()
    check_is_file(path)
    try:
        with path.open("rb") as file:
            lines = scan(path, file)
            _, size, first = next(lines)
            header = cast("Header", first)
            opt_out = header.opt_out
            for _, end, line in lines:
                outcomes.take(line)
                opt_out |= isinstance(line, RunLine) and line.opt_out
                size = end
            outcomes.end_of_run()
            file.seek(size - 1)
            return Known(header, outcomes, size, file.read(1) == b"\n", opt_out)
    except OSError as error:
        raise ResultsFileError(cannot(path, "read", error)) from None

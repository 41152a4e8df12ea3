"""Results files, written by hand or with a full disk."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

from wikipayam_async.cli.bulk.appender import Appender
from wikipayam_async.cli.bulk.outcomes import RowOutcome, read_results
from wikipayam_async.cli.bulk.record import Header, RowRecord
from wikipayam_async.cli.bulk.results_file import ResultsFile
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.version import __version__

PATH = Path("r.jsonl")


ACCEPTED, REJECTED, UNKNOWN, NOT_ATTEMPTED = SendStatus


HEADER: dict[str, Any] = {
    "line": "header", "format": 1, "version": __version__, "started": "2026-01-02T03:04:05+00:00", "input": "f.csv",
    "fingerprint": {"a": "b"}, "opt_out": False, "own_track_ids": False, "run": "w1",
}  # fmt: skip


def info(run: str = "w1", **changed: Any) -> Header:
    """Make the header of a run."""
    given: dict[str, Any] = {**HEADER, "run": run, **changed}
    del given["line"]
    return Header(**given)


def row_record(row: int, status: SendStatus, **rest: str) -> RowRecord:
    """Make the record of a row."""
    return RowRecord(row=row, status=status, **rest)


def new_file() -> ResultsFile:
    """Make a new results file with a header."""
    results = ResultsFile.fresh(PATH)
    results.begin(info())
    return results


def write(*lines: dict[str, Any] | str | bytes) -> None:
    """Write a results file by hand."""
    content = b"".join(
        line if isinstance(line, bytes) else (line if isinstance(line, str) else json.dumps(line)).encode() + b"\n"
        for line in lines
    )
    PATH.write_bytes(content)


def outcomes(*rows: int) -> list[RowOutcome]:
    """Return the recorded outcomes of some rows."""
    found = read_results(PATH).outcomes
    return [found[row] for row in rows]


class FullDisk(Appender):
    """An appender on a disk with limited space.

    Attributes:
        room: The maximum number of bytes per write.
    """

    room = 20

    def write(self, number: int, content: bytes) -> None:
        """Write as many bytes as fit."""
        super().write(number, content[: self.room])
        if len(content) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")


def fill(results: ResultsFile, number: int | None = None) -> FullDisk:
    """Limit the disk space of a results file."""
    appender = results._appender
    assert appender is not None
    full = FullDisk(appender._number if number is None else number, appender._size)
    results._appender = full
    return full

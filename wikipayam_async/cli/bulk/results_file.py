"""Writes the results file: a claim is on the disk before its rows are sent, and only one process writes."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from wikipayam_async.cli.bulk.appender import Appender, open_to_append, sync_directory
from wikipayam_async.cli.bulk.errors import ResultsFileError, os_error_text
from wikipayam_async.cli.bulk.outcomes import RowOutcomes, StoredResults, check_is_file, read_results
from wikipayam_async.cli.bulk.record import ClaimRecord, Header, Record, RowRecord, RunRecord, encode

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["ResultsFile", "ranges_of", "results_path"]

_SUFFIX = ".results.jsonl"
_LOCK_SUFFIX = ".lock"


def results_path(path: Path) -> Path:
    """Return the default results file: beside the input file itself, even if the path is a symbolic link to it.

    Args:
        path: The input file.
    """
    real = path.resolve() if path.is_symlink() else path
    return real.with_name(real.name + _SUFFIX)


class ResultsFile:
    """The results file of a run. Do not use it after it is closed.

    Attributes:
        path: The path.
        outcomes: The outcome of every row.
        stored: The contents when the file was opened; None if it is not created yet.
    """

    def __init__(self, path: Path, lock: BaseFileLock) -> None:
        self.path = path
        self.outcomes = RowOutcomes()
        self.stored: StoredResults | None = None
        self._lock = lock
        self._appender: Appender | None = None
        self._run = ""
        self._writing = threading.Lock()

    @classmethod
    def fresh(cls, path: Path) -> ResultsFile:
        """Prepare a new file. `begin` creates it.

        Args:
            path: The path.

        Raises:
            ResultsFileError: The file exists, or another process is about to create it.
        """
        if path.exists():
            raise ResultsFileError(_sent_before(path))
        return cls(path, _lock(path))

    @classmethod
    def existing(cls, path: Path) -> ResultsFile:
        """Open and read the file of earlier runs.

        Args:
            path: The path.

        Raises:
            ResultsFileError: A record cannot be read, or another process is writing the file.
        """
        check_is_file(path)
        lock = _lock(path)
        try:
            stored = read_results(path)
            results = cls(path, lock)
            results.outcomes, results.stored = stored.outcomes, stored
            results._appender = _append_to(path, stored)
        except BaseException:
            lock.release()
            raise
        return results

    def begin(self, header: Header) -> None:
        """Record the start of a run, on the disk. A resumed run gets a shorter record than a header.

        Args:
            header: The header of a new file.

        Raises:
            ResultsFileError: The file cannot be created or written, or another process has created it.
        """
        self._run = header.run
        try:
            if self._appender is None:
                self._create(header)
            else:
                record = RunRecord(
                    run=header.run, version=header.version, started=header.started, opt_out=header.opt_out
                )
                self._append([record], durable=True)
        except FileExistsError:
            raise ResultsFileError(_sent_before(self.path)) from None
        except OSError as error:
            raise ResultsFileError(os_error_text(self.path, "written", error)) from None

    def claim(self, rows: Sequence[int], refused: Sequence[RowRecord]) -> None:
        """Record that rows may be sent from now on, and the outcomes of rows that will not. Returns when it is on the disk.

        Args:
            rows: The numbers of the rows to send, ascending.
            refused: The outcomes of the others.

        Raises:
            OSError: It could not be written: none of the rows may be sent.
            ResultsFileError: One of the rows may already have been sent.
        """
        for row in rows:
            if self.outcomes.may_have_been_sent(row):
                raise ResultsFileError(f"row {row} may already have been sent; no row of this claim was sent")
        claims = [ClaimRecord(run=self._run, rows=ranges_of(rows))] if rows else []
        self._append([*refused, *claims], durable=bool(claims))

    def record(self, records: Iterable[RowRecord]) -> None:
        """Record the outcomes of rows.

        Args:
            records: One record per row.

        Raises:
            OSError: They could not be written. Until they are, the rows count as unknown.
        """
        self._append([*records], durable=False)

    def close(self) -> None:
        """Close the file and release its lock."""
        with self._writing:
            if self._appender is not None:
                self._appender.close()
                self._appender = None
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, records: Sequence[Record], *, durable: bool) -> None:
        with self._writing:  # claims and outcomes come from different threads
            if self._appender is None:
                raise ResultsFileError(f"{self.path}: is closed")
            self._appender.append(encode(records), durable=durable)
            for record in records:
                self.outcomes.apply(record)

    def _create(self, header: Header) -> None:
        self._appender = Appender(open_to_append(self.path, os.O_CREAT | os.O_EXCL), 0)
        try:
            self._append([header], durable=True)
            sync_directory(self.path.parent)
        except OSError:
            self.path.unlink()  # nothing was claimed yet, so nothing is lost
            raise


def ranges_of(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Return the first and the last of each range of consecutive numbers.

    Args:
        rows: The numbers, ascending.
    """
    ranges: list[tuple[int, int]] = []
    for row in rows:
        if ranges and ranges[-1][1] == row - 1:
            ranges[-1] = (ranges[-1][0], row)
        else:
            ranges.append((row, row))
    return ranges


def _append_to(path: Path, stored: StoredResults) -> Appender:
    try:
        number = open_to_append(path)
        appender = Appender(number, stored.size)
        try:
            os.ftruncate(number, stored.size)  # drops the partial record of a killed process
            if not stored.is_ended:
                appender.append(b"\n", durable=True)
        except OSError:
            appender.close()
            raise
    except OSError as error:
        raise ResultsFileError(os_error_text(path, "written", error)) from None
    return appender


def _lock(path: Path) -> BaseFileLock:
    from filelock import FileLock, Timeout  # noqa: PLC0415 - an extra

    real = path.resolve()
    if not real.parent.is_dir():  # filelock would report a timeout
        raise ResultsFileError(f"{path}: the directory does not exist")
    lock = FileLock(real.with_name(real.name + _LOCK_SUFFIX), timeout=0, mode=0o600, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise ResultsFileError(f"{path}: another process is using this results file") from None
    except OSError as error:
        raise ResultsFileError(os_error_text(path, "locked", error)) from None
    except NotImplementedError:
        raise ResultsFileError(f"{path}: cannot be locked (the file system does not support locks)") from None
    return lock


def _sent_before(path: Path) -> str:
    return (
        f"{path} exists: the file was already sent, in whole or in part. Resume with --resume {path}, or start over with "
        "--results OTHER, which sends everything again"
    )

"""The results file while a run writes it: what may leave is on the disk before it can, and nobody else writes."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from attrs import frozen

from wikipayam_async.cli.bulk.appender import Appender, open_to_append, sync_directory
from wikipayam_async.cli.bulk.outcomes import Known, RowOutcomes, check_is_file, read_results
from wikipayam_async.cli.bulk.record import FORMAT, Claimed, Header, Line, RowLine, RunLine, encode
from wikipayam_async.cli.bulk.refusals import ResultsFileError, cannot
from wikipayam_async.version import __version__

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["ResultsFile", "RunFacts", "ranges_of", "results_path"]

_SUFFIX = ".results.jsonl"
_LOCK_SUFFIX = ".lock"


def results_path(path: Path) -> Path:
    """Return where the results of a file go, if nothing else is said: beside the file itself, whatever link leads to it.

    Args:
        path: The file with the messages.
    """
    real = path.resolve() if path.is_symlink() else path
    return real.with_name(real.name + _SUFFIX)


@frozen(kw_only=True)
class RunFacts:
    """What is written of a run before its first row.

    Attributes:
        run: Its name, with which its references begin.
        input: The name of the file with the messages.
        fingerprint: Digests of everything that decides what is sent, by what people call it.
        opt_out: Whether there is a list of people who want no messages.
        own_track_ids: Whether the references come from a column.
        started: When it begins.
    """

    run: str
    input: str
    fingerprint: dict[str, str]
    opt_out: bool
    own_track_ids: bool
    started: datetime

    @property
    def header(self) -> Header:
        """The first line of a new file."""
        return Header(
            format=FORMAT,
            version=__version__,
            started=self._time,
            input=self.input,
            fingerprint=self.fingerprint,
            opt_out=self.opt_out,
            own_track_ids=self.own_track_ids,
            run=self.run,
        )

    @property
    def line(self) -> RunLine:
        """The line of a run that goes on."""
        return RunLine(run=self.run, version=__version__, started=self._time, opt_out=self.opt_out)

    @property
    def _time(self) -> str:
        return self.started.astimezone(UTC).isoformat(timespec="seconds")


class ResultsFile:
    """The results file of a run. Not to be used after it was closed.

    Attributes:
        path: Where it is.
        outcomes: What is known of every row.
        known: What it said when it was opened; None if it is still to be created.
    """

    def __init__(self, path: Path, lock: BaseFileLock) -> None:
        self.path = path
        self.outcomes = RowOutcomes()
        self.known: Known | None = None
        self._lock = lock
        self._appender: Appender | None = None
        self._run = ""
        self._writing = threading.Lock()

    @classmethod
    def fresh(cls, path: Path) -> ResultsFile:
        """Prepare a new file. It is created when the run begins.

        Args:
            path: Where.

        Raises:
            ResultsFileError: It exists already, or another process is about to create it.
        """
        if path.exists():
            raise ResultsFileError(_sent_before(path))
        return cls(path, _lock(path))

    @classmethod
    def existing(cls, path: Path) -> ResultsFile:
        """Open and read the file of earlier runs.

        Args:
            path: Where it is.

        Raises:
            ResultsFileError: It cannot be read in every line, or another process writes it.
        """
        check_is_file(path)
        lock = _lock(path)
        try:
            known = read_results(path)
            found = cls(path, lock)
            found.outcomes, found.known = known.outcomes, known
            found._appender = _append_to(path, known)
        except BaseException:
            lock.release()
            raise
        return found

    def begin(self, facts: RunFacts) -> None:
        """Write what is known of the run, to the disk.

        Args:
            facts: The run.

        Raises:
            ResultsFileError: The file cannot be created or written; or somebody else created it meanwhile.
        """
        self._run = facts.run
        try:
            if self._appender is None:
                self._create(facts.header)
            else:
                self._append([facts.line], durable=True)
        except FileExistsError:
            raise ResultsFileError(_sent_before(self.path)) from None
        except OSError as error:
            raise ResultsFileError(cannot(self.path, "written", error)) from None

    def claim(self, rows: Sequence[int], refused: Sequence[RowLine]) -> None:
        """Write that rows may leave from now on, and what became of some that will not. Returns when it is on the disk.

        Args:
            rows: Their numbers, rising.
            refused: What became of the others.

        Raises:
            OSError: It could not be written: none of the rows may be sent.
            ResultsFileError: One of the rows may have been sent already.
        """
        for row in rows:
            if self.outcomes.may_have_been_sent(row):
                raise ResultsFileError(f"row {row} is about to be sent a second time; nothing of its group was sent")
        claims = [Claimed(run=self._run, rows=ranges_of(rows))] if rows else []
        self._append([*refused, *claims], durable=bool(claims))

    def record(self, lines: Iterable[RowLine]) -> None:
        """Write what became of rows.

        Args:
            lines: A line for each.

        Raises:
            OSError: It could not be written. The rows count as unknown, as long as that does not succeed.
        """
        self._append([*lines], durable=False)

    def close(self) -> None:
        """Close the file and let others at it."""
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

    def _append(self, lines: Sequence[Line], *, durable: bool) -> None:
        with self._writing:  # claims come from another thread than outcomes
            if self._appender is None:
                raise ResultsFileError(f"{self.path}: is closed")
            self._appender.append(encode(lines), durable=durable)
            for line in lines:
                self.outcomes.take(line)

    def _create(self, header: Header) -> None:
        self._appender = Appender(open_to_append(self.path, os.O_CREAT | os.O_EXCL), 0)
        try:
            self._append([header], durable=True)
            sync_directory(self.path.parent)
        except OSError:
            self.path.unlink()  # nothing was claimed yet, so that nothing is lost with it
            raise


def ranges_of(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Return the first and the last of each unbroken range of rising numbers.

    Args:
        rows: The numbers.
    """
    ranges: list[tuple[int, int]] = []
    for row in rows:
        if ranges and ranges[-1][1] == row - 1:
            ranges[-1] = (ranges[-1][0], row)
        else:
            ranges.append((row, row))
    return ranges


def _append_to(path: Path, known: Known) -> Appender:
    try:
        number = open_to_append(path)
        appender = Appender(number, known.size)
        try:
            os.ftruncate(number, known.size)  # half a line that was being written when the process was killed
            if not known.is_ended:
                appender.append(b"\n", durable=True)
        except OSError:
            appender.close()
            raise
    except OSError as error:
        raise ResultsFileError(cannot(path, "written", error)) from None
    return appender


def _lock(path: Path) -> BaseFileLock:
    from filelock import FileLock, Timeout  # noqa: PLC0415 - an extra

    real = path.resolve()
    if not real.parent.is_dir():  # which would look like a lock that somebody holds
        raise ResultsFileError(f"{path}: there is no such directory")
    lock = FileLock(real.with_name(real.name + _LOCK_SUFFIX), timeout=0, mode=0o600, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise ResultsFileError(f"{path}: another process is sending with this results file") from None
    except OSError as error:
        raise ResultsFileError(cannot(path, "locked", error)) from None
    except NotImplementedError:
        raise ResultsFileError(f"{path}: cannot be locked (its file system knows no locks)") from None
    return lock


def _sent_before(path: Path) -> str:
    return (
        f"{path} exists: this file was sent before, or its sending was broken off. --resume {path} goes on with it; "
        "--results OTHER starts all over, which sends everything again"
    )

from __future__ import annotations

import errno
import json
import os
import stat
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from wikipayam_async.cli.bulk.appender import Appender
from wikipayam_async.cli.bulk.errors import ResultsFileError
from wikipayam_async.cli.bulk.outcomes import RowOutcome, read_results
from wikipayam_async.cli.bulk.record import Record, RowRecord
from wikipayam_async.cli.bulk.results_file import ResultsFile, RunInfo, ranges_of, results_path
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.version import __version__

PATH = Path("r.jsonl")
ACCEPTED, REJECTED, UNKNOWN, NOT_ATTEMPTED = SendStatus
HEADER = {
    "line": "header", "format": 1, "version": __version__, "started": "2026-01-02T03:04:05+00:00", "input": "f.csv",
    "fingerprint": {"a": "b"}, "opt_out": False, "own_track_ids": False, "run": "w1",
}  # fmt: skip


def info(run: str = "w1", **changed: Any) -> RunInfo:
    """Make the information of a run."""
    started = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    given: dict[str, Any] = {
        "input": "f.csv",
        "fingerprint": {"a": "b"},
        "opt_out": False,
        "own_track_ids": False,
        "started": started,
    }
    return RunInfo(run=run, **given | changed)


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


def test_only_the_owner_can_read_the_file_and_it_holds_no_secret() -> None:
    """The file has mode 600, and one line per record."""
    with new_file() as results:
        results.claim([2, 3, 5], [row_record(4, REJECTED, reason="bad")])
        results.record([row_record(2, ACCEPTED, id="i", track_id="w1-2", receiver="0912*****89")])
    assert stat.S_IMODE(PATH.stat().st_mode) == 0o600
    assert [json.loads(line) for line in PATH.read_text().splitlines()] == [
        HEADER,
        {"line": "row", "row": 4, "status": "rejected", "reason": "bad"},
        {"line": "claimed", "run": "w1", "rows": [[2, 3], [5, 5]]},
        {"line": "row", "row": 2, "status": "accepted", "id": "i", "track_id": "w1-2", "receiver": "0912*****89"},
    ]


def test_a_claim_is_on_the_disk_before_it_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim is synced to the disk before any of its rows is sent; outcomes are not synced."""
    synced: list[bytes] = []
    real = os.fsync

    def sync(number: int) -> None:
        real(number)
        if PATH.exists():
            synced.append(PATH.read_bytes().splitlines()[-1])

    monkeypatch.setattr(os, "fsync", sync)
    with new_file() as results:
        del synced[:]
        results.claim([2], [])
        assert synced == [b'{"line":"claimed","run":"w1","rows":[[2,2]]}']
        results.record([row_record(2, ACCEPTED)])
        results.claim([], [row_record(3, REJECTED)])
        assert len(synced) == 1


def test_a_resumed_run_appends_to_the_file() -> None:
    """The records of earlier runs are read and kept; a claim names its own run."""
    with new_file() as results:
        results.claim([2, 3], [])
        results.record([row_record(2, ACCEPTED)])
    with ResultsFile.existing(PATH) as results:
        assert [results.outcomes[row] for row in (2, 3, 4)] == [
            RowOutcome.ACCEPTED,
            RowOutcome.UNKNOWN,
            RowOutcome.NONE,
        ]
        results.begin(info("w2", opt_out=True))
        results.claim([4], [])
    assert [json.loads(line) for line in PATH.read_text().splitlines()[-2:]] == [
        {"line": "run", "run": "w2", "version": __version__, "started": "2026-01-02T03:04:05+00:00", "opt_out": True},
        {"line": "claimed", "run": "w2", "rows": [[4, 4]]},
    ]


def test_the_last_record_of_a_row_counts() -> None:
    """A row claimed after its last outcome is unknown; otherwise its last outcome counts."""
    claim = {"line": "claimed", "run": "w1", "rows": [[2, 9]]}
    rows: list[dict[str, Any]] = [
        {"line": "row", "row": 2, "status": "accepted"},
        {"line": "row", "row": 3, "status": "rejected", "reason": "no"},
        {"line": "row", "row": 4, "status": "rejected", "reason": "duplicate"},
        {"line": "row", "row": 5, "status": "unknown", "reason": "duplicate"},
        {"line": "row", "row": 6, "status": "not_attempted"},
        {"line": "row", "row": 7, "status": "not_attempted"},
        {"line": "claimed", "run": "w2", "rows": [[7, 7]]},
        {"line": "row", "row": 8, "status": "rejected"},
        {"line": "claimed", "run": "w2", "rows": [[8, 8]]},
        {"line": "row", "row": 8, "status": "accepted"},
    ]
    write(HEADER, claim, *rows)
    assert outcomes(*range(1, 11)) == [
        RowOutcome.NONE, RowOutcome.ACCEPTED, RowOutcome.REJECTED, RowOutcome.HELD_BACK, RowOutcome.UNKNOWN, RowOutcome.NOT_ATTEMPTED, RowOutcome.UNKNOWN,
        RowOutcome.ACCEPTED, RowOutcome.UNKNOWN, RowOutcome.NONE,
    ]  # fmt: skip
    found = read_results(PATH).outcomes
    assert found.counts(20) == {ACCEPTED: 2, REJECTED: 2, UNKNOWN: 3, NOT_ATTEMPTED: 13}
    assert found.counts(0) == {ACCEPTED: 2, REJECTED: 2, UNKNOWN: 3, NOT_ATTEMPTED: 1}
    assert found.held_back == 1
    assert [row for row in range(1, 11) if found.may_be_sent(row)] == [1, 6, 10]
    assert [row for row in range(1, 11) if found.may_have_been_sent(row)] == [2, 5, 7, 8, 9]


@pytest.mark.parametrize(
    "torn", [b'{"line":"row","row":3,"status":"acc', b"\0\0\0", b'{"line":"claimed","run":"w1","rows":[[3,']
)
def test_a_partial_last_line_is_ignored_and_removed(torn: bytes) -> None:
    """A record that was being written when the process was killed does not count, and is removed before the next one."""
    write(HEADER, {"line": "claimed", "run": "w1", "rows": [[2, 2]]}, torn)
    assert outcomes(2, 3) == [RowOutcome.UNKNOWN, RowOutcome.NONE]
    assert PATH.read_bytes().endswith(torn)
    with ResultsFile.existing(PATH) as results:
        results.begin(info("w2"))
    assert torn not in PATH.read_bytes()
    assert outcomes(2, 3) == [RowOutcome.UNKNOWN, RowOutcome.NONE]


def test_a_complete_last_line_without_a_line_end_counts() -> None:
    """An editor may have removed the last line end: the record still counts."""
    write(HEADER, b'{"line":"claimed","run":"w1","rows":[[2,2]]}')
    with ResultsFile.existing(PATH) as results:
        results.begin(info("w2"))
        assert results.outcomes[2] is RowOutcome.UNKNOWN
    assert outcomes(2) == [RowOutcome.UNKNOWN]
    assert len(PATH.read_bytes().splitlines()) == 3


@pytest.mark.parametrize(
    "lines",
    [
        (HEADER, "{", {"line": "row", "row": 2, "status": "accepted"}),
        (HEADER, {"line": "row", "row": 2, "status": "lost"}),
        (HEADER, {"line": "row", "row": 0, "status": "accepted"}),
        (HEADER, {"line": "claimed", "run": "w1", "rows": [[3, 2]]}),
        (HEADER, {"line": "claimed", "run": "w1", "rows": [[1, 10**12]]}),
        (HEADER, {"line": "other"}),
        (HEADER, HEADER),
        (HEADER, "[" * 100_000),
        (HEADER, b"\n"),
    ],
)
def test_any_other_unreadable_line_is_an_error(lines: Sequence[Any]) -> None:
    """It is then unknown what was sent."""
    write(*lines)
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.existing(PATH)
    assert str(caught.value) == (
        "r.jsonl: line 2 cannot be read, so it is unknown which rows were sent; nothing is sent now"
    )
    with pytest.raises(ResultsFileError):  # and the lock is free again
        ResultsFile.existing(PATH)


@pytest.mark.parametrize("lines", [(), (b"{",), ({"line": "row", "row": 2, "status": "accepted"},), ("a,b",)])
def test_a_file_without_a_header_is_refused(lines: Sequence[Any]) -> None:
    """Another file is not used as a results file, and not written to."""
    write(*lines)
    before = PATH.read_bytes()
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.existing(PATH)
    assert str(caught.value) == (
        "r.jsonl: is not a results file; if a run was interrupted while creating it, that run sent nothing"
    )
    assert PATH.read_bytes() == before


def test_another_format_is_refused() -> None:
    """The records of another version may have another meaning."""
    write(HEADER | {"format": 2, "version": "9"})
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.existing(PATH)
    assert str(caught.value) == "r.jsonl: was written by version 9; use that version"


def test_an_existing_file_is_not_overwritten() -> None:
    """This prevents sending the same file twice, also if it appears between the check and the start of the run."""
    results = ResultsFile.fresh(PATH)
    PATH.touch()
    text = (
        "r.jsonl exists: the file was already sent, in whole or in part. Resume with --resume r.jsonl, or start over with "
        "--results OTHER, which sends everything again"
    )
    with results, pytest.raises(ResultsFileError) as caught:
        results.begin(info())
    assert str(caught.value) == text
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.fresh(PATH)
    assert str(caught.value) == text


def test_operating_system_errors_are_reported(tmp_path: Path) -> None:
    """A file that is missing or cannot be written is named in the error."""
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.existing(PATH)
    assert str(caught.value) == "r.jsonl: cannot be read (No such file or directory)"
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.fresh(Path("none/r.jsonl"))
    assert str(caught.value) == "none/r.jsonl: the directory does not exist"
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.fresh(Path("a" * 252))
    assert str(caught.value) == "a" * 252 + ": cannot be locked (File name too long)"
    folder = tmp_path / "folder"
    folder.mkdir()
    with ResultsFile.fresh(folder / "r.jsonl") as results:
        (folder / "r.jsonl.lock").unlink()
        folder.rmdir()
        with pytest.raises(ResultsFileError) as caught:
            results.begin(info())
    assert str(caught.value) == f"{folder}/r.jsonl: cannot be written (No such file or directory)"


def test_one_process_at_a_time() -> None:
    """A second process is refused; closing the file releases the lock."""
    with new_file(), pytest.raises(ResultsFileError) as caught:
        ResultsFile.existing(PATH)
    assert str(caught.value) == "r.jsonl: another process is using this results file"
    ResultsFile.existing(PATH).close()


def test_a_row_is_not_claimed_twice() -> None:
    """A row that may have been sent is never claimed again."""
    with new_file() as results:
        results.claim([2], [])
        before = PATH.read_bytes()
        with pytest.raises(ResultsFileError) as caught:
            results.claim([3, 2], [])
        assert str(caught.value) == "row 2 may already have been sent; no row of this claim was sent"
        assert PATH.read_bytes() == before


def test_a_closed_file_refuses_claims() -> None:
    """A claim after the close is refused, so its rows are not sent."""
    results = new_file()
    results.close()
    with pytest.raises(ResultsFileError) as caught:
        results.claim([2], [])
    assert str(caught.value) == "r.jsonl: is closed"
    assert outcomes(2) == [RowOutcome.NONE]


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


def test_a_failed_claim_leaves_nothing() -> None:
    """A partial claim is removed, so that later records can be read; its rows are not claimed."""
    with new_file() as results:
        full = fill(results)
        before = PATH.read_bytes()
        with pytest.raises(OSError, match="No space left"):
            results.claim([2], [])
        assert PATH.read_bytes() == before
        full.room = 1000
        results.record([row_record(3, ACCEPTED)])
    assert outcomes(2, 3) == [RowOutcome.NONE, RowOutcome.ACCEPTED]


def test_nothing_is_written_after_a_partial_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a partial record cannot be removed, nothing is written after it, so that it stays the last."""

    def refuse(number: int, size: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with new_file() as results:
        full = fill(results)
        with monkeypatch.context() as patch:
            patch.setattr(os, "ftruncate", refuse)
            with pytest.raises(OSError, match="No space left"):
                results.claim([2], [])
        full.room = 1000
        with pytest.raises(OSError, match="No space left"):
            results.record([row_record(3, ACCEPTED)])
    assert PATH.read_bytes().endswith(b'{"line":"claimed","r')
    assert outcomes(2, 3) == [RowOutcome.NONE, RowOutcome.NONE]


def test_a_file_without_a_complete_header_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was claimed in it, so the next run is not refused as a second one."""

    def refuse(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with ResultsFile.fresh(PATH) as results, pytest.raises(ResultsFileError) as caught:
        results.begin(info())
    assert str(caught.value) == "r.jsonl: cannot be written (No space left on device)"
    assert not PATH.exists()


def test_a_disk_error_on_resume_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is unchanged, and nothing is sent."""

    def refuse(number: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    write(HEADER, b'{"line":"row","row":2,"status":"accepted"}')
    before = PATH.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(ResultsFileError) as caught:
            ResultsFile.existing(PATH)
    assert str(caught.value) == "r.jsonl: cannot be written (Input/output error)"
    assert PATH.read_bytes() == before
    ResultsFile.existing(PATH).close()


def test_a_directory_that_cannot_be_opened_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some systems cannot open directories; the file itself is still synced."""
    real = os.open

    def refuse(path: Any, flags: int, mode: int = 0o777) -> int:
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", refuse)
    new_file().close()
    assert outcomes(2) == [RowOutcome.NONE]


def test_claimed_rows_are_not_unknown_during_a_run() -> None:
    """During a run its claims count as not attempted; after a run that ended without outcomes, as unknown."""
    with new_file() as results:
        results.claim([2, 3], [])
        results.record([row_record(2, ACCEPTED)])
        assert results.outcomes[3] is RowOutcome.CLAIMED
        assert results.outcomes.live_counts(5) == {ACCEPTED: 1, REJECTED: 0, UNKNOWN: 0, NOT_ATTEMPTED: 4}
        results.outcomes.end_run()
        assert outcomes(2, 3) == [RowOutcome.ACCEPTED, RowOutcome.UNKNOWN]
        assert results.outcomes.live_counts(5) == {ACCEPTED: 1, REJECTED: 0, UNKNOWN: 1, NOT_ATTEMPTED: 3}


def test_ranges_are_merged() -> None:
    """Consecutive rows share a range."""
    assert ranges_of([]) == []
    assert ranges_of([2, 3, 4, 6, 8, 9]) == [(2, 4), (6, 6), (8, 9)]


def test_the_results_file_is_beside_the_input_file() -> None:
    """Two files whose names differ only in the suffix have different results files."""
    assert results_path(Path("a/f.csv")) == Path("a/f.csv.results.jsonl")


def test_the_tags_of_the_records_are_fixed() -> None:
    """The tags are part of the file format."""
    assert [one.__struct_config__.tag for one in Record.__args__] == ["header", "run", "claimed", "row"]


def test_a_symbolic_link_shares_the_results_file() -> None:
    """A file sent under one name is not sent again under another: the results are beside the file itself."""
    Path("link.csv").symlink_to("f.csv")
    assert results_path(Path("link.csv")) == Path("f.csv.results.jsonl").resolve()


@pytest.mark.skipif(sys.platform == "win32", reason="it has no named pipes of this kind")
def test_a_pipe_is_refused() -> None:
    """A pipe, which would block when opened, is refused, and no lock file is left."""
    os.mkfifo("pipe")
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.existing(Path("pipe"))
    assert str(caught.value) == "pipe: is not a regular file"
    assert not Path("pipe.lock").exists()


def test_a_file_system_without_locks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without locks two processes could send the same file, so none sends."""

    def refuse(_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.fresh(PATH)
    assert str(caught.value) == "r.jsonl: cannot be locked (the file system does not support locks)"

from __future__ import annotations

import errno
import json
import os
import stat
import sys
from pathlib import Path

import pytest

from tests.cli.bulk.results_files import (
    ACCEPTED,
    HEADER,
    PATH,
    REJECTED,
    info,
    new_file,
    outcomes,
    row_record,
    write,
)
from wikipayam_async.cli.bulk.errors import ResultsFileError
from wikipayam_async.cli.bulk.outcomes import RowOutcome
from wikipayam_async.cli.bulk.results_file import ResultsFile, ranges_of, results_path
from wikipayam_async.version import __version__


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


def test_ranges_are_merged() -> None:
    """Consecutive rows share a range."""
    assert ranges_of([]) == []
    assert ranges_of([2, 3, 4, 6, 8, 9]) == [(2, 4), (6, 6), (8, 9)]


def test_the_results_file_is_beside_the_input_file() -> None:
    """Two files whose names differ only in the suffix have different results files."""
    assert results_path(Path("a/f.csv")) == Path("a/f.csv.results.jsonl")


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

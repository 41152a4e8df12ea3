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
from wikipayam_async.cli.bulk.outcomes import RowOutcome, read_results
from wikipayam_async.cli.bulk.record import Line, RowLine
from wikipayam_async.cli.bulk.refusals import ResultsFileError
from wikipayam_async.cli.bulk.results_file import ResultsFile, RunFacts, ranges_of, results_path
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.version import __version__

PATH = Path("r.jsonl")
ACCEPTED, REJECTED, UNKNOWN, NOT_ATTEMPTED = SendStatus
HEADER = {
    "line": "header", "format": 1, "version": __version__, "started": "2026-01-02T03:04:05+00:00", "input": "f.csv",
    "fingerprint": {"a": "b"}, "opt_out": False, "own_track_ids": False, "run": "w1",
}  # fmt: skip


def facts(run: str = "w1", **changed: Any) -> RunFacts:
    """Make the facts of a run."""
    started = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    given: dict[str, Any] = {
        "input": "f.csv",
        "fingerprint": {"a": "b"},
        "opt_out": False,
        "own_track_ids": False,
        "started": started,
    }
    return RunFacts(run=run, **given | changed)


def settled(row: int, status: SendStatus, **rest: str) -> RowLine:
    """Make the line of a row."""
    return RowLine(row=row, status=status, **rest)


def begun() -> ResultsFile:
    """Make a new file."""
    results = ResultsFile.fresh(PATH)
    results.begin(facts())
    return results


def write(*lines: dict[str, Any] | str | bytes) -> None:
    """Write a results file by hand."""
    content = b"".join(
        line if isinstance(line, bytes) else (line if isinstance(line, str) else json.dumps(line)).encode() + b"\n"
        for line in lines
    )
    PATH.write_bytes(content)


def outcomes(*rows: int) -> list[RowOutcome]:
    """Return what the file says of some rows."""
    known = read_results(PATH).outcomes
    return [known[row] for row in rows]


def test_the_file_is_for_its_owner_alone_and_holds_no_secret() -> None:
    """It is created for nobody else to read, with one line for each thing that happened."""
    with begun() as results:
        results.claim([2, 3, 5], [settled(4, REJECTED, reason="bad")])
        results.record([settled(2, ACCEPTED, id="i", track_id="w1-2", receiver="0912*****89")])
    assert stat.S_IMODE(PATH.stat().st_mode) == 0o600
    assert [json.loads(line) for line in PATH.read_text().splitlines()] == [
        HEADER,
        {"line": "row", "row": 4, "status": "rejected", "reason": "bad"},
        {"line": "claimed", "run": "w1", "rows": [[2, 3], [5, 5]]},
        {"line": "row", "row": 2, "status": "accepted", "id": "i", "track_id": "w1-2", "receiver": "0912*****89"},
    ]


def test_a_claim_is_on_the_disk_before_it_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk has taken a claim, whole, before anybody may send a row of it; an outcome need not wait."""
    synced: list[bytes] = []
    real = os.fsync

    def sync(number: int) -> None:
        real(number)
        if PATH.exists():
            synced.append(PATH.read_bytes().splitlines()[-1])

    monkeypatch.setattr(os, "fsync", sync)
    with begun() as results:
        del synced[:]
        results.claim([2], [])
        assert synced == [b'{"line":"claimed","run":"w1","rows":[[2,2]]}']
        results.record([settled(2, ACCEPTED)])
        results.claim([], [settled(3, REJECTED)])
        assert len(synced) == 1


def test_a_further_run_adds_to_the_file() -> None:
    """What an earlier run wrote is known, and stays; a claim is of the run that made it."""
    with begun() as results:
        results.claim([2, 3], [])
        results.record([settled(2, ACCEPTED)])
    with ResultsFile.existing(PATH) as results:
        assert [results.outcomes[row] for row in (2, 3, 4)] == [
            RowOutcome.ACCEPTED,
            RowOutcome.UNKNOWN,
            RowOutcome.NONE,
        ]
        results.begin(facts("w2", opt_out=True))
        results.claim([4], [])
    assert [json.loads(line) for line in PATH.read_text().splitlines()[-2:]] == [
        {"line": "run", "run": "w2", "version": __version__, "started": "2026-01-02T03:04:05+00:00", "opt_out": True},
        {"line": "claimed", "run": "w2", "rows": [[4, 4]]},
    ]


def test_the_last_word_on_a_row_counts() -> None:
    """A row that was claimed after its last outcome is unknown; otherwise its last outcome is its outcome."""
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
    known = read_results(PATH).outcomes
    assert known.counts(20) == {ACCEPTED: 2, REJECTED: 2, UNKNOWN: 3, NOT_ATTEMPTED: 13}
    assert known.counts(0) == {ACCEPTED: 2, REJECTED: 2, UNKNOWN: 3, NOT_ATTEMPTED: 1}
    assert known.held_back == 1
    assert [row for row in range(1, 11) if known.may_be_sent(row)] == [1, 6, 10]
    assert [row for row in range(1, 11) if known.may_have_been_sent(row)] == [2, 5, 7, 8, 9]


@pytest.mark.parametrize(
    "torn", [b'{"line":"row","row":3,"status":"acc', b"\0\0\0", b'{"line":"claimed","run":"w1","rows":[[3,']
)
def test_half_a_last_line_is_left_out_and_taken_away(torn: bytes) -> None:
    """What was being written when the process was killed had not happened yet; the next line does not stick to it."""
    write(HEADER, {"line": "claimed", "run": "w1", "rows": [[2, 2]]}, torn)
    assert outcomes(2, 3) == [RowOutcome.UNKNOWN, RowOutcome.NONE]
    assert PATH.read_bytes().endswith(torn)
    with ResultsFile.existing(PATH) as results:
        results.begin(facts("w2"))
    assert torn not in PATH.read_bytes()
    assert outcomes(2, 3) == [RowOutcome.UNKNOWN, RowOutcome.NONE]


def test_a_whole_last_line_without_its_end_counts() -> None:
    """An editor may have taken the last line end away: what the line says is not forgotten."""
    write(HEADER, b'{"line":"claimed","run":"w1","rows":[[2,2]]}')
    with ResultsFile.existing(PATH) as results:
        results.begin(facts("w2"))
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
def test_any_other_line_that_cannot_be_read_stops_everything(lines: Sequence[Any]) -> None:
    """Nobody can say then what was sent."""
    write(*lines)
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.existing(PATH)
    assert str(caught.value) == (
        "r.jsonl: line 2 cannot be read, so that nobody can say what was sent; nothing is sent now"
    )
    with pytest.raises(ResultsFileError):  # and the lock is free again
        ResultsFile.existing(PATH)


@pytest.mark.parametrize("lines", [(), (b"{",), ({"line": "row", "row": 2, "status": "accepted"},), ("a,b",)])
def test_a_file_that_does_not_begin_as_one_of_ours_is_refused(lines: Sequence[Any]) -> None:
    """Any other file may not be taken for a results file, nor written to."""
    write(*lines)
    before = PATH.read_bytes()
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.existing(PATH)
    assert str(caught.value) == (
        "r.jsonl: does not begin as a results file does; if it is ours and was broken off there, nothing was sent with it"
    )
    assert PATH.read_bytes() == before


def test_another_format_is_refused() -> None:
    """A later version may mean something else by its lines."""
    write(HEADER | {"format": 2, "version": "9"})
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.existing(PATH)
    assert str(caught.value) == "r.jsonl: was written by another version (9); use that one"


def test_a_file_that_exists_is_not_begun_anew() -> None:
    """That is the guard against sending the same file twice, also if it appears between the check and the beginning."""
    results = ResultsFile.fresh(PATH)
    PATH.touch()
    words = (
        "r.jsonl exists: this file was sent before, or its sending was broken off. --resume r.jsonl goes on with it; "
        "--results OTHER starts all over, which sends everything again"
    )
    with results, pytest.raises(ResultsFileError) as caught:
        results.begin(facts())
    assert str(caught.value) == words
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.fresh(PATH)
    assert str(caught.value) == words


def test_what_the_system_refuses_is_told(tmp_path: Path) -> None:
    """A file that is not there, or cannot be written, is a mistake that is named."""
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.existing(PATH)
    assert str(caught.value) == "r.jsonl: cannot be read (No such file or directory)"
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.fresh(Path("none/r.jsonl"))
    assert str(caught.value) == "none/r.jsonl: there is no such directory"
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.fresh(Path("a" * 252))
    assert str(caught.value) == "a" * 252 + ": cannot be locked (File name too long)"
    folder = tmp_path / "folder"
    folder.mkdir()
    with ResultsFile.fresh(folder / "r.jsonl") as results:
        (folder / "r.jsonl.lock").unlink()
        folder.rmdir()
        with pytest.raises(ResultsFileError) as caught:
            results.begin(facts())
    assert str(caught.value) == f"{folder}/r.jsonl: cannot be written (No such file or directory)"


def test_one_process_at_a_time() -> None:
    """The lock is free again after the file is closed."""
    with begun(), pytest.raises(ResultsFileError) as caught:
        ResultsFile.existing(PATH)
    assert str(caught.value) == "r.jsonl: another process is sending with this results file"
    ResultsFile.existing(PATH).close()


def test_a_row_is_not_claimed_twice() -> None:
    """Whatever went wrong before: a row that may have been sent is not given out again."""
    with begun() as results:
        results.claim([2], [])
        before = PATH.read_bytes()
        with pytest.raises(ResultsFileError) as caught:
            results.claim([3, 2], [])
        assert str(caught.value) == "row 2 is about to be sent a second time; nothing of its group was sent"
        assert PATH.read_bytes() == before


def test_nothing_is_claimed_in_a_file_that_was_closed() -> None:
    """A claim that comes after the end is refused, so that its rows are not sent."""
    results = begun()
    results.close()
    with pytest.raises(ResultsFileError) as caught:
        results.claim([2], [])
    assert str(caught.value) == "r.jsonl: is closed"
    assert outcomes(2) == [RowOutcome.NONE]


class FullDisk(Appender):
    """A file on a disk that is full after some bytes, until it is freed.

    Attributes:
        room: How many bytes it takes.
    """

    room = 20

    def write(self, number: int, content: bytes) -> None:
        """Write what there is room for."""
        super().write(number, content[: self.room])
        if len(content) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")


def fill(results: ResultsFile, number: int | None = None) -> FullDisk:
    """Put a file on a full disk."""
    appender = results._appender
    assert appender is not None
    full = FullDisk(appender._number if number is None else number, appender._size)
    results._appender = full
    return full


def test_a_claim_that_finds_no_room_leaves_nothing() -> None:
    """Half a claim is taken away, so that what is written later can be read; its rows are not claimed."""
    with begun() as results:
        full = fill(results)
        before = PATH.read_bytes()
        with pytest.raises(OSError, match="No space left"):
            results.claim([2], [])
        assert PATH.read_bytes() == before
        full.room = 1000
        results.record([settled(3, ACCEPTED)])
    assert outcomes(2, 3) == [RowOutcome.NONE, RowOutcome.ACCEPTED]


def test_what_cannot_be_taken_away_is_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where half a line has to stay, nothing is written after it, so that it stays the last."""

    def refuse(number: int, size: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with begun() as results:
        full = fill(results)
        with monkeypatch.context() as patch:
            patch.setattr(os, "ftruncate", refuse)
            with pytest.raises(OSError, match="No space left"):
                results.claim([2], [])
        full.room = 1000
        with pytest.raises(OSError, match="No space left"):
            results.record([settled(3, ACCEPTED)])
    assert PATH.read_bytes().endswith(b'{"line":"claimed","r')
    assert outcomes(2, 3) == [RowOutcome.NONE, RowOutcome.NONE]


def test_a_file_that_could_not_be_begun_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was claimed in it, so that the next try is not mistaken for a second sending."""

    def refuse(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with ResultsFile.fresh(PATH) as results, pytest.raises(ResultsFileError) as caught:
        results.begin(facts())
    assert str(caught.value) == "r.jsonl: cannot be written (No space left on device)"
    assert not PATH.exists()


def test_a_disk_that_fails_when_a_run_is_resumed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file stays as it is, and nothing is sent."""

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


def test_a_directory_that_cannot_be_opened_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some systems let nobody open a directory; the file itself is on the disk all the same."""
    real = os.open

    def refuse(path: Any, flags: int, mode: int = 0o777) -> int:
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", refuse)
    begun().close()
    assert outcomes(2) == [RowOutcome.NONE]


def test_what_is_under_way_is_not_called_unknown_yet() -> None:
    """While a run is in flight its claims count as not attempted; when it has ended without a word, as unknown."""
    with begun() as results:
        results.claim([2, 3], [])
        results.record([settled(2, ACCEPTED)])
        assert results.outcomes[3] is RowOutcome.CLAIMED
        assert results.outcomes.so_far(5) == {ACCEPTED: 1, REJECTED: 0, UNKNOWN: 0, NOT_ATTEMPTED: 4}
        results.outcomes.end_of_run()
        assert outcomes(2, 3) == [RowOutcome.ACCEPTED, RowOutcome.UNKNOWN]
        assert results.outcomes.so_far(5) == {ACCEPTED: 1, REJECTED: 0, UNKNOWN: 1, NOT_ATTEMPTED: 3}


def test_ranges_are_as_long_as_they_can_be() -> None:
    """Rows that follow each other share a range."""
    assert ranges_of([]) == []
    assert ranges_of([2, 3, 4, 6, 8, 9]) == [(2, 4), (6, 6), (8, 9)]


def test_results_stand_beside_their_file() -> None:
    """Two files whose names differ in the suffix alone have results of their own."""
    assert results_path(Path("a/f.csv")) == Path("a/f.csv.results.jsonl")


def test_every_line_is_typed() -> None:
    """The lines that can be read are those that are written."""
    assert [one.__struct_config__.tag for one in Line.__args__] == ["header", "run", "claimed", "row"]


def test_a_link_to_a_file_is_not_another_file() -> None:
    """What was sent by one name is not sent again by the other: the results stand beside the file itself."""
    Path("link.csv").symlink_to("f.csv")
    assert results_path(Path("link.csv")) == Path("f.csv.results.jsonl").resolve()


@pytest.mark.skipif(sys.platform == "win32", reason="it has no named pipes of this kind")
def test_what_is_no_file_is_not_waited_for() -> None:
    """A pipe, whose opening would wait for a writer for ever, is refused, and nothing is left beside it."""
    os.mkfifo("pipe")
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.existing(Path("pipe"))
    assert str(caught.value) == "pipe: is no file"
    assert not Path("pipe.lock").exists()


def test_a_file_system_without_locks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two processes cannot be kept apart, none sends."""

    def refuse(_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.fresh(PATH)
    assert str(caught.value) == "r.jsonl: cannot be locked (its file system knows no locks)"

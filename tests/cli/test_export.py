from __future__ import annotations

import csv
import errno
import io
import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import TEXTS, Run
from wikipayam_async.cli import main
from wikipayam_async.emulator import Emulator, Fault


class Full(io.StringIO):
    def write(self, _: str, /) -> int:
        """Fail as a full disk does."""
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_csv_export_is_safe_for_spreadsheets(gateway: Emulator, run: Run, ids: list[str], tmp_path: Path) -> None:
    """CSV has a byte order mark, all messages, and no cell that a spreadsheet would read as a formula."""
    path = tmp_path / "inbox.csv"
    ended = run("inbox", "export", str(path), "--sort-by", "created_at", "--sort-order", "asc", "--json")
    assert ended.json == {"messages": 3, "file": str(path)}
    assert path.read_bytes().startswith(b"\xef\xbb\xbfid,sender")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["message"] for row in rows} == {"لغو ", '\'=HYPERLINK("http://example.com")', "hello\x1b[31m"}
    assert rows[0]["received_at"] == "2026-01-02 03:04:05"
    assert path.stat().st_mode & 0o077 == 0


def test_an_export_does_not_replace_a_file(gateway: Emulator, run: Run, ids: list[str], tmp_path: Path) -> None:
    """An existing file is replaced only with `--force`."""
    path = tmp_path / "inbox.jsonl"
    path.write_text("mine")
    assert run("inbox", "export", str(path), "--format", "jsonl").code == 2
    assert path.read_text() == "mine"
    assert run("inbox", "export", str(path), "--format", "jsonl", "--force").err == f"3 messages in {path}\n"
    assert {json.loads(line)["message"] for line in path.read_text(encoding="utf-8").splitlines()} == set(TEXTS)


def test_an_export_to_stdout_is_data(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """With `-` the messages go to stdout, and the count to stderr."""
    ended = run("inbox", "export", "-", "--status", "unread")
    assert (ended.code, len(ended.out.splitlines()), ended.err) == (0, 4, "3 messages\n")


def test_a_failed_export_leaves_no_file(gateway: Emulator, run: Run, ids: list[str], tmp_path: Path) -> None:
    """A file gets its name only when it is complete."""
    gateway.faults.arm(Fault.status(500), times=None)
    assert run("inbox", "export", str(tmp_path / "inbox.csv")).code == 5
    assert list(tmp_path.iterdir()) == []
    assert run("inbox", "export", str(tmp_path / "missing" / "inbox.csv")).code == 2


def test_an_export_touches_no_other_file(gateway: Emulator, run: Run, ids: list[str], tmp_path: Path) -> None:
    """An export is written under a unique temporary name: other files and links are not touched."""
    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    (tmp_path / "inbox.csv.part").symlink_to(tmp_path / "mine")
    assert run("inbox", "export", str(tmp_path / "inbox.csv")).code == 0
    assert (tmp_path / "mine").read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inbox.csv", "inbox.csv.part", "mine"]


def test_an_export_replaces_no_device_and_no_pipe(gateway: Emulator, run: Run, ids: list[str], tmp_path: Path) -> None:
    """It is what others write to; stdout has a name of its own."""
    pipe = tmp_path / "inbox.csv"
    os.mkfifo(pipe)
    ended = run("inbox", "export", str(pipe), "--force")
    assert (ended.code, "it is a directory, a device or a pipe" in ended.err) == (2, True)
    assert pipe.is_fifo()


def test_a_sender_name_is_escaped(gateway: Emulator, run: Run) -> None:
    """A sender name that looks like a formula is escaped; a number with a plus is not."""
    for sender in ("=1+1", "+989127782175"):
        gateway.inbound(sender=sender, message="hi")
    rows = run("inbox", "export", "-").out.splitlines()[1:]
    assert sorted(row.split(",")[1] for row in rows) == ["'=1+1", "+989127782175"]


def test_an_export_to_a_full_disk_ends_with_2(
    gateway: Emulator, run: Run, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Data that cannot be written to stdout is an error."""
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", Full())
        code = main(["inbox", "export", "-"])
    assert code == 2


def test_an_export_goes_on_behind_an_unreadable_message(
    gateway: Emulator, run: Run, ids: list[str], tmp_path: Path
) -> None:
    """A message that cannot be read is named by its offset, the others are exported, and the exit code is 5."""
    gateway.faults.arm(Fault.unencodable(ids[1]), on="GET /receives", times=None)
    path = tmp_path / "inbox.jsonl"
    ended = run("inbox", "export", str(path), "--format", "jsonl")
    exported = [json.loads(line)["id"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert (ended.code, sorted(exported)) == (5, sorted([ids[0], ids[2]]))
    assert ended.err.splitlines() == [
        f"2 messages in {path}",
        "not exported, because they cannot be read: offset 1",
    ]

from __future__ import annotations

import csv
import errno
import io
import json
import signal
from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from wikipayam_async.cli import main
from wikipayam_async.emulator import Emulator, Fault

AT = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - the gateway's times have no zone
TEXTS = ("لغو ", '=HYPERLINK("http://example.com")', "hello\x1b[31m")


@pytest.fixture
def ids(gateway: Emulator) -> list[str]:
    """The ids of three received messages."""
    return [gateway.inbound(sender="989127782175", message=text, received_at=AT) for text in TEXTS]


def test_a_page_is_listed(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """The table escapes control characters; JSON has every text unchanged."""
    ended = run("inbox", "list", "--sort-by", "message", "--limit", "2")
    assert ended.code == 0
    assert "\x1b" not in run("inbox", "list").err
    assert ended.err.splitlines()[-1] == "2 of 3"
    listed = run("inbox", "list", "--search", "hello", "--json").json
    assert [(one["id"], one["message"]) for one in listed["receives"]] == [(ids[2], TEXTS[2])]
    assert listed["pagination"]["total"] == 1


def test_a_missing_total_is_not_shown(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """Without a total from the gateway only the table is shown."""
    gateway.faults.arm(Fault.status(200, json={"data": {"receives": []}}))
    assert "of" not in run("inbox", "list").err


def test_unread_messages_are_listed_and_counted(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """Unread messages are listed, or only counted."""
    run("inbox", "read", ids[0])
    found = run("inbox", "unread", "--json").json
    assert (found["total_unread"], {one["id"] for one in found["receives"]}) == (2, set(ids[1:]))
    assert run("inbox", "unread", "--count").err == "2 unread\n"
    assert run("inbox", "unread", "--count", "--json").json == {"unread_count": 2}


def test_one_message_is_shown(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """One message is shown in full; a missing one ends with 1."""
    assert run("inbox", "get", ids[0]).err == "from 989127782175 to 10002000, 2026-01-02 03:04:05\n\nلغو \n"
    assert run("inbox", "get", ids[0], "--json").json["message"] == "لغو "
    assert run("inbox", "get", "a" * 24).code == 1


def test_messages_are_marked(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """Some messages or all are marked; giving both, or neither, is a usage error."""
    assert run("inbox", "read", ids[0], "--json").json["marked_count"] == 1
    assert run("inbox", "read", "--all").code == 0
    assert [message.is_read for message in gateway.inbox()] == [True] * 3
    assert run("inbox", "read").code == 2
    assert run("inbox", "read", ids[0], "--all").code == 2


@pytest.mark.parametrize(
    ("options", "left"),
    [(["--all-read"], 2), (["--all-unread"], 1), (["--older-than", "1"], 0), (["ids"], 1)],
)
def test_messages_are_deleted(gateway: Emulator, run: Run, ids: list[str], options: list[str], left: int) -> None:
    """Each option deletes the messages it names."""
    run("inbox", "read", ids[0])
    chosen = ids[:2] if options == ["ids"] else options
    ended = run("inbox", "delete", *chosen, "--yes", "--json")
    assert (ended.code, len(gateway.inbox())) == (0, left)
    assert ended.json["deleted_count"] == 3 - left


def test_deleting_asks_first(gateway: Emulator, run: Run, ids: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `--yes` the question names what will be deleted; a no deletes nothing."""
    asked: list[str] = []

    def refuse(question: str, *_: object, instead: str) -> bool:
        asked.append(f"{question} {instead}")
        return False

    monkeypatch.setattr("wikipayam_async.cli.inbox.confirm", refuse)
    for options in (ids, ["--all-read"], ["--all-unread"], ["--older-than", "30"]):
        assert run("inbox", "delete", *options).code == 1
    assert asked == [
        "Delete 3 messages --yes",
        "Delete all read messages --yes",
        "Delete all unread messages --yes",
        "Delete all messages older than 30 days --yes",
    ]
    assert len(gateway.inbox()) == 3


def test_deleting_without_a_terminal_needs_yes(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """Without a terminal nothing is deleted unless `--yes` is given, and exactly one choice is made."""
    ended = run("inbox", "delete", ids[0])
    assert ended.code == 2
    assert ended.err == "InvalidInputError: confirmation: expected a terminal, or --yes; got no terminal\n"
    assert run("inbox", "delete", "--yes").code == 2
    assert run("inbox", "delete", ids[0], "--all-read", "--yes").code == 2
    assert len(gateway.inbox()) == 3


def test_a_deletion_without_a_count_is_reported(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """The gateway documents no response to some deletions; without a count none is shown."""
    gateway.faults.arm(Fault.status(200, json={"data": {}}))
    assert run("inbox", "delete", "--all-unread", "--yes").err == "deleted: the gateway sent no count\n"


def test_statistics_are_shown(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """All statistics of the gateway are shown."""
    assert run("inbox", "stats", "--json").json["total"] == 3
    assert "total" in run("inbox", "stats", "--from-date", "2026-01-01").err


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
    gateway.faults.arm(Fault.status(500))
    assert run("inbox", "export", str(tmp_path / "inbox.csv")).code == 5
    assert list(tmp_path.iterdir()) == []
    assert run("inbox", "export", str(tmp_path / "missing" / "inbox.csv")).code == 2


def test_ctrl_c_at_the_question_deletes_nothing(
    gateway: Emulator, run: Run, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question is asked outside the event loop, where Ctrl-C interrupts the read."""
    handlers: list[object] = []

    def interrupt(*_: object, instead: str) -> bool:
        handlers.append((signal.getsignal(signal.SIGINT), instead))
        raise KeyboardInterrupt

    monkeypatch.setattr("wikipayam_async.cli.inbox.confirm", interrupt)
    assert run("inbox", "delete", *ids).code == 130
    assert handlers == [(signal.default_int_handler, "--yes")]
    assert len(gateway.inbox()) == 3


def test_an_export_touches_no_other_file(gateway: Emulator, run: Run, ids: list[str], tmp_path: Path) -> None:
    """An export is written under a unique temporary name: other files and links are not touched."""
    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    (tmp_path / "inbox.csv.part").symlink_to(tmp_path / "mine")
    assert run("inbox", "export", str(tmp_path / "inbox.csv")).code == 0
    assert (tmp_path / "mine").read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inbox.csv", "inbox.csv.part", "mine"]


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


class Full(io.StringIO):
    def write(self, _: str, /) -> int:
        """Fail as a full disk does."""
        raise OSError(errno.ENOSPC, "No space left on device")

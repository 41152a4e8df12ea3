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
from wikipayam_async.cli import asking, main
from wikipayam_async.emulator import Emulator, Fault

AT = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - the gateway's times have no zone
TEXTS = ("لغو ", '=HYPERLINK("http://example.com")', "hello\x1b[31m")


@pytest.fixture
def ids(gateway: Emulator) -> list[str]:
    """Three messages that came in."""
    return [gateway.inbound(sender="989127782175", message=text, received_at=AT) for text in TEXTS]


def test_a_page_is_listed(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """A human sees a table without control characters; a program gets every text to the letter."""
    ended = run("inbox", "list", "--sort-by", "message", "--limit", "2")
    assert ended.code == 0
    assert "\x1b" not in run("inbox", "list").err
    assert ended.err.splitlines()[-1] == "2 of 3"
    listed = run("inbox", "list", "--search", "hello", "--json").json
    assert [(one["id"], one["message"]) for one in listed["receives"]] == [(ids[2], TEXTS[2])]
    assert listed["pagination"]["total"] == 1


def test_a_total_that_is_not_told_is_not_shown(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """Where the gateway leaves the total out, the table stands alone."""
    gateway.faults.arm(Fault.status(200, json={"data": {"receives": []}}))
    assert "of" not in run("inbox", "list").err


def test_unread_messages_are_listed_and_counted(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """What was not read is listed, or only counted."""
    run("inbox", "read", ids[0])
    found = run("inbox", "unread", "--json").json
    assert (found["total_unread"], {one["id"] for one in found["receives"]}) == (2, set(ids[1:]))
    assert run("inbox", "unread", "--count").err == "2 unread\n"
    assert run("inbox", "unread", "--count", "--json").json == {"unread_count": 2}


def test_one_message_is_shown(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """One message is shown whole; one that is not there is a 1."""
    assert run("inbox", "get", ids[0]).err == "from 989127782175 to 10002000, 2026-01-02 03:04:05\n\nلغو \n"
    assert run("inbox", "get", ids[0], "--json").json["message"] == "لغو "
    assert run("inbox", "get", "a" * 24).code == 1


def test_messages_are_marked(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """Some messages are marked, or all; naming both, or none, is a mistake."""
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
    """Each choice deletes what it names."""
    run("inbox", "read", ids[0])
    chosen = ids[:2] if options == ["ids"] else options
    ended = run("inbox", "delete", *chosen, "--yes", "--json")
    assert (ended.code, len(gateway.inbox())) == (0, left)
    assert ended.json["deleted_count"] == 3 - left


def test_deleting_asks_first(gateway: Emulator, run: Run, ids: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `--yes` the human is asked what will happen; a no deletes nothing."""
    asked: list[str] = []

    def refuse(question: str, *_: object, instead: str) -> bool:
        asked.append(f"{question} {instead}")
        return False

    monkeypatch.setattr("wikipayam_async.cli.inbox.confirm", refuse)
    for options in (ids, ["--all-read"], ["--all-unread"], ["--older-than", "30"]):
        assert run("inbox", "delete", *options).code == 1
    assert asked == [
        "Delete 3 messages --yes",
        "Delete every message that was read --yes",
        "Delete every message that was not read --yes",
        "Delete every message older than 30 days --yes",
    ]
    assert len(gateway.inbox()) == 3


def test_deleting_by_a_script_needs_the_option(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """Where nobody can be asked, nothing is deleted, and the choice has to be one."""
    assert asking.confirm is not None
    assert run("inbox", "delete", ids[0]).code == 2
    assert run("inbox", "delete", "--yes").code == 2
    assert run("inbox", "delete", ids[0], "--all-read", "--yes").code == 2
    assert len(gateway.inbox()) == 3


def test_a_deletion_without_a_count_says_so(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """The gateway documents no answer to some deletions; where it names no count, none is claimed."""
    gateway.faults.arm(Fault.status(200, json={"data": {}}))
    assert run("inbox", "delete", "--all-unread", "--yes").err == "deleted: the gateway did not say how many\n"


def test_statistics_are_shown(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """Whatever the gateway tells is shown."""
    assert run("inbox", "stats", "--json").json["total"] == 3
    assert "total" in run("inbox", "stats", "--from-date", "2026-01-01").err


def test_an_export_is_for_spreadsheets(gateway: Emulator, run: Run, ids: list[str], tmp_path: Path) -> None:
    """CSV has a byte order mark, all messages, and no cell that a spreadsheet would take for a formula."""
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
    """A file that exists is replaced only with `--force`."""
    path = tmp_path / "inbox.jsonl"
    path.write_text("mine")
    assert run("inbox", "export", str(path), "--format", "jsonl").code == 2
    assert path.read_text() == "mine"
    assert run("inbox", "export", str(path), "--format", "jsonl", "--force").err == f"3 messages in {path}\n"
    assert {json.loads(line)["message"] for line in path.read_text(encoding="utf-8").splitlines()} == set(TEXTS)


def test_an_export_to_stdout_is_data(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """With `-` the messages go to stdout, and the count to the human."""
    ended = run("inbox", "export", "-", "--status", "unread")
    assert (ended.code, len(ended.out.splitlines()), ended.err) == (0, 4, "3 messages\n")


def test_an_export_that_breaks_off_leaves_no_file(gateway: Emulator, run: Run, ids: list[str], tmp_path: Path) -> None:
    """A file takes its name only when it is complete."""
    gateway.faults.arm(Fault.status(500))
    assert run("inbox", "export", str(tmp_path / "inbox.csv")).code == 5
    assert list(tmp_path.iterdir()) == []
    assert run("inbox", "export", str(tmp_path / "missing" / "inbox.csv")).code == 2


def test_ctrl_c_at_the_question_deletes_nothing(
    gateway: Emulator, run: Run, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question is asked where Ctrl-C is heard at once, not after the answer."""
    heard: list[object] = []

    def interrupt(*_: object, instead: str) -> bool:
        heard.append((signal.getsignal(signal.SIGINT), instead))
        raise KeyboardInterrupt

    monkeypatch.setattr("wikipayam_async.cli.inbox.confirm", interrupt)
    assert run("inbox", "delete", *ids).code == 130
    assert heard == [(signal.default_int_handler, "--yes")]
    assert len(gateway.inbox()) == 3


def test_an_export_touches_no_other_file(gateway: Emulator, run: Run, ids: list[str], tmp_path: Path) -> None:
    """While it is written, an export has a name of its own: a file or a link of a likely name is left alone."""
    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    (tmp_path / "inbox.csv.part").symlink_to(tmp_path / "mine")
    assert run("inbox", "export", str(tmp_path / "inbox.csv")).code == 0
    assert (tmp_path / "mine").read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inbox.csv", "inbox.csv.part", "mine"]


def test_a_sender_s_name_is_no_formula(gateway: Emulator, run: Run) -> None:
    """A sender may be a name of anybody's choice; a number with a plus stays one."""
    for sender in ("=1+1", "+989127782175"):
        gateway.inbound(sender=sender, message="hi")
    rows = run("inbox", "export", "-").out.splitlines()[1:]
    assert sorted(row.split(",")[1] for row in rows) == ["'=1+1", "+989127782175"]


def test_an_export_that_finds_no_room_is_a_mistake(
    gateway: Emulator, run: Run, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Data that cannot be written to stdout is no success."""
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", Full())
        code = main(["inbox", "export", "-"])
    assert code == 2


class Full(io.StringIO):
    def write(self, _: str, /) -> int:
        """Fail as a full disk does."""
        raise OSError(errno.ENOSPC, "No space left on device")

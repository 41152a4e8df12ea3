from __future__ import annotations

import signal

import pytest

from tests.cli.conftest import TEXTS, Run
from wikipayam_async.emulator import Emulator, Fault


def test_a_page_is_listed(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """The table escapes control characters; JSON has every text unchanged."""
    ended = run("inbox", "list", "--sort-by", "message", "--limit", "2")
    assert ended.code == 0
    assert "\x1b" not in run("inbox", "list").out
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
    assert run("inbox", "unread", "--count").out == "2 unread\n"
    assert run("inbox", "unread", "--count", "--json").json == {"unread_count": 2}


def test_one_message_is_shown(gateway: Emulator, run: Run, ids: list[str]) -> None:
    """One message is shown in full; a missing one ends with 1."""
    assert run("inbox", "get", ids[0]).out == "from 989127782175 to 10002000, 2026-01-02 03:04:05\n\nلغو \n"
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
    assert ended.err == "error: confirmation: expected a terminal, or --yes; got no terminal\n"
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
    assert "total" in run("inbox", "stats", "--from-date", "2026-01-01").out


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

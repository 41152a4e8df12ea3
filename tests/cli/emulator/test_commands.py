from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.cli.emulator.conftest import Command, send
from wikipayam_async.emulator import Latency, Limits, Quota, ServedEmulator


def test_the_status_is_shown(command: Command, served: ServedEmulator) -> None:
    """The status is a table, or an object with `--json`."""
    send(served.emulator)
    served.emulator.inbound(sender="98912", message="x")
    assert command("status").out.splitlines() == [
        "now\t2024-05-01 13:30:00+03:30",
        "accepted messages\t1",
        "received messages\t1",
        "requests\t1",
        "balance\t3,435,992,600 rials",
        "faults in force\t0",
    ]
    assert command("status", "--json").json == {
        "now": "2024-05-01T13:30:00+03:30",
        "accepted": 1,
        "requests": 1,
        "inbox": 1,
        "balance": 3_435_992_600,
        "faults": 0,
    }


def test_faults_are_added_listed_and_cleared(command: Command, served: ServedEmulator) -> None:
    """Rules have numbers by which they are removed; without a number all are."""
    added = command("fault", "add", "503@first2", "hang@every10@/sms/send", "502@once")
    assert (added.code, added.out.splitlines()) == (
        0,
        ["number\tfault\tleft", "1\t503@first2\t2 requests", "2\thang@every10@/sms/send\t", "3\t502@once\t1 request"],
    )
    served.emulator.faults.take("GET", "/x")
    listed = command("fault", "list")
    assert (listed.out.splitlines()[1], listed.err) == ("1\t503@first2\t1 request", "occurred: status 1\n")
    assert [one["id"] for one in command("fault", "clear", "1", "3", "--json").json["faults"]] == [2]
    assert command("fault", "clear", "--json").json == {"faults": [], "occurred": {"status": 1}}


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("fault", "add"), "RULE: expected a fault, as in 502:after@5%; got none"),
        (("fault", "add", "nonsense"), "'nonsense' is not a fault rule."),
        (("fault", "clear", "7"), "There is no such fault rule in force."),
        (("latency", "soon"), "TIME: 'soon' is not a duration"),
        (("balance", "-1"), "The body is invalid: Expected `int` >= 0"),
        (("rate-limit", "0"), "The body is invalid: Expected `int` >= 1"),
        (("clock", "advance", "9" * 30), "The body is invalid: Expected `float` <="),
        (("load", "nowhere.json"), "FILE: expected a file that can be used; got an error: No such file or directory"),
        (
            ("save", "nowhere/state.json"),
            "FILE: expected a file that can be used; got an error: No such file or directory",
        ),
        (("load", "no-state.json"), "The body does not hold an emulator's state"),
    ],
)
def test_a_bad_argument_is_a_usage_error(command: Command, argv: tuple[str, ...], message: str) -> None:
    """The error says what is wrong, and the exit code is 2."""
    Path("no-state.json").write_text("{}", "utf-8")
    ended = command(*argv)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"error: {message}")


def test_the_latency_is_shown_and_set(command: Command, served: ServedEmulator) -> None:
    """A time is set in the notation of `--latency`."""
    assert command("latency").out == "0 s\n"
    assert command("latency", "20ms-0.5s").out == "0.02 to 0.5 s\n"
    assert served.emulator.latency == Latency(0.02, 0.5)
    assert command("latency", "--json").json == {"shortest": 0.02, "longest": 0.5}


def test_the_rate_limit_is_shown_set_and_removed(command: Command, served: ServedEmulator) -> None:
    """The other limits stay."""
    served.emulator.limits = Limits(max_batch=3)
    assert command("rate-limit").out == "no limit\n"
    assert command("rate-limit", "5", "--window", "10").out == "5 requests in 10 s\n"
    assert served.emulator.limits == Limits(rate_limit=Quota(5, 10), max_batch=3)
    assert command("rate-limit", "--json").json == {"rate_limit": {"requests": 5, "window": 10.0}}
    assert command("rate-limit", "--off").out == "no limit\n"
    assert served.emulator.limits == Limits(max_batch=3)


def test_the_clock_is_shown_and_advanced(command: Command) -> None:
    """The output is the time of day."""
    assert command("clock", "advance", "90").out == "2024-05-01 13:31:30+03:30\n"
    assert command("clock", "show", "--json").json == {"now": "2024-05-01T13:31:30+03:30"}


def test_the_balance_is_shown_and_set(command: Command, served: ServedEmulator) -> None:
    """A balance of 0 is a balance, too."""
    assert command("balance").out == "3,435,993,800 rials\n"
    assert command("balance", "0", "--json").json == {"balance": 0}
    assert served.emulator.account.balance == 0


def test_a_state_that_cannot_be_saved_leaves_the_older_file(
    command: Command, served: ServedEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a full disk; and a folder or a device is not replaced."""

    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = tmp_path / "state.json"
    file.write_text("older", "utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        ended = command("save", str(file))
    assert (ended.code, "got an error: No space left on device" in ended.err) == (2, True)
    assert command("save", str(tmp_path)).code == 2
    assert {one.name: one.read_text("utf-8") for one in tmp_path.iterdir()} == {"state.json": "older"}


def test_a_state_is_saved_and_loaded(command: Command, served: ServedEmulator, tmp_path: Path) -> None:
    """A loaded state brings back what a reset has cleared; only the owner can read the file."""
    file = tmp_path / "state.json"
    file.write_text("older", "utf-8")
    send(served.emulator)
    saved = command("save", str(file), "--json")
    assert (saved.code, saved.json) == (0, {"file": str(file)})
    assert os.name == "nt" or file.stat().st_mode & 0o777 == 0o600
    assert command("reset", "--json").json["accepted"] == 0
    assert command("load", str(file), "--json").json["accepted"] == 1
    assert served.emulator.ledger[0].track_id == "T1"

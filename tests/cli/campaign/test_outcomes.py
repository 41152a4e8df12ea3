from __future__ import annotations

import csv
import io
import shutil
import stat
from pathlib import Path

import anyio
import pytest

from tests.cli.bulk.commands import CAMPAIGN, FILE, A, B, C, answer, files, outcomes, receivers, track_ids
from tests.cli.conftest import Run
from wikipayam_async.campaigns import SQLiteJournal
from wikipayam_async.campaigns.journal import PlanBlock
from wikipayam_async.cli import main
from wikipayam_async.emulator import Emulator
from wikipayam_async.emulator.gateway.delivery import DELIVERED, waiting_then


def test_results_have_a_line_per_message(mixed: None, gateway: Emulator, run: Run) -> None:
    """Ids are whole, numbers are masked; JSON has the full numbers and the columns of the file."""
    lines = [line.split("\t") for line in run("campaign", "results", CAMPAIGN).out.splitlines()]
    assert lines[0] == ["row", "receiver", "status", "id", "track id", "cause", "delivery"]
    sent = gateway.ledger[0]
    assert lines[1] == ["2", "0912*****01", "accepted", sent.id, sent.track_id, "", ""]
    assert [(line[0], line[2], line[5]) for line in lines[2:]] == [
        ("3", "unknown", "disconnected"), ("4", "rejected", "400"), ("5", "not_attempted", ""),
    ]  # fmt: skip
    (unknown,) = run("campaign", "results", CAMPAIGN, "--cause", "disconnected", "--json").lines
    assert (unknown["receiver"], unknown["columns"]) == (B, {"mobile": B, "text": "hi", "city": "Yazd"})
    assert track_ids(run, "--status", "accepted") == [sent.track_id]


def test_decisions_are_made_by_track_id_or_by_cause(
    mixed: None, gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requeued messages are sent by the next run, under new track ids; every decision is in the audit."""
    unknown, rejected = track_ids(run, "--status", "unknown"), track_ids(run, "--status", "rejected")
    answer(monkeypatch, "n")
    assert run("campaign", "requeue", CAMPAIGN, "--rejected", "--note", "typo").code == 2
    answer(monkeypatch, "y")
    ended = run("campaign", "requeue", CAMPAIGN, "--rejected", "--note", "typo")
    assert ended.err.splitlines() == [
        "Send again 1 message? [y/N]",
        f"put back: 1 message; to send them: wikipayam campaign run {CAMPAIGN}",
    ]
    assert run("campaign", "mark-accepted", CAMPAIGN, *unknown, "--note", "panel", "--json").json == {"accepted": 1}
    assert run("campaign", "run", CAMPAIGN).code == 0
    assert outcomes(run) == dict.fromkeys(range(2, 6), "accepted")
    assert sorted(receivers(gateway)) == [A, B, C, "09120000004"]
    audit = [line.split("\t")[1:] for line in run("campaign", "audit", CAMPAIGN).out.splitlines()]
    new = track_ids(run)[2]
    assert audit == [
        ["decision", "before", "track id", "new track id", "note"],
        ["requeued", "rejected", rejected[0], new, "typo"],
        ["accepted", "unknown", unknown[0], "", "panel"],
    ]


def test_an_export_has_the_columns_of_the_file(mixed: None, run: Run) -> None:
    """With full numbers, and readable by its owner alone; an existing file is replaced only with --force."""
    assert run("campaign", "export", CAMPAIGN, "out.csv").err == "4 messages in out.csv\n"
    assert stat.S_IMODE(Path("out.csv").stat().st_mode) == 0o600
    with Path("out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["city"], row["mobile"], row["row"], row["status"]) for row in rows] == [
        ("Qom", A, "2", "accepted"), ("Yazd", B, "3", "unknown"), ("Fars", C, "4", "rejected"),
        ("Ilam", "09120000004", "5", "not_attempted"),
    ]  # fmt: skip
    assert rows[2]["text"] == "'=1+1"
    assert run("campaign", "export", CAMPAIGN, "out.csv").code == 2
    assert run("campaign", "export", CAMPAIGN, "out.csv", "--force").code == 0
    assert run("campaign", "export", CAMPAIGN, CAMPAIGN, "--force", "--format", "csv").code == 2
    assert run("campaign", "export", CAMPAIGN, "out.txt").code == 2
    assert run("campaign", "export", CAMPAIGN, "out.jsonl", "--json").json == {"messages": 4, "file": "out.jsonl"}


def test_deliveries_are_followed_and_kept(mixed: None, gateway: Emulator, run: Run) -> None:
    """The exit code is 3 while some are pending, and 0 when all are delivered; results then show it."""
    gateway.delivery.script = waiting_then(DELIVERED, after=3600)
    assert run("campaign", "follow", CAMPAIGN, "--wait", "0").code == 3
    gateway.delivery.script = waiting_then(DELIVERED, after=0)
    gateway.faults.reset()
    ended = run("campaign", "follow", CAMPAIGN, "--wait", "5", "--json")
    assert (ended.code, ended.json) == (0, {"counts": {"DELIVERED": 1}, "pending": 0})
    assert run("campaign", "results", CAMPAIGN).out.splitlines()[1].endswith("\tDELIVERED")
    for wait in ("nan", "-1"):
        assert run("campaign", "follow", CAMPAIGN, f"--wait={wait}").code == 2


def test_a_purged_campaign_is_gone(mixed: None, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks first; nothing is left beside the file."""
    answer(monkeypatch, "n")
    assert run("campaign", "purge", CAMPAIGN).err.splitlines()[-1] == "nothing was changed"
    assert run("campaign", "purge", CAMPAIGN, "--yes", "--json").json == {"deleted": CAMPAIGN}
    assert files() == [FILE]


async def leave_half_a_plan(folder: str) -> None:
    """Leave in a folder what a process leaves that is killed while it plans."""
    journal = SQLiteJournal("c.campaign")
    await journal.lock()
    await journal.begin_plan()
    await journal.add([PlanBlock(b"digest", [(0, 0, A, "hi", None, "t", None, None)], [(0, 0, 0, 1)])])
    shutil.copytree(Path(), folder)
    await journal.aclose()


def test_what_was_left_of_a_campaign_is_purged(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was killed while it planned or deleted leaves no campaign, but numbers, texts and files."""
    anyio.run(leave_half_a_plan, "killed")
    monkeypatch.chdir("killed")
    assert run("campaign", "status", "c.campaign").code == 2
    assert A.encode() in Path("c.campaign").read_bytes()
    assert run("campaign", "purge", "c.campaign", "--yes").err == "deleted: c.campaign\n"
    assert files() == []


def test_results_stop_with_a_closed_pipe(mixed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing more is read once nobody reads the lines."""

    class Gone(io.StringIO):
        def write(self, _: str, /) -> int:
            raise BrokenPipeError

    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", Gone())
        assert main(["campaign", "results", CAMPAIGN]) == 0

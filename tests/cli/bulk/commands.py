"""Input files and runs of `wikipayam bulk` and `wikipayam campaign`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Ended, Run, Terminal
from wikipayam_async.emulator import Emulator, Fault

A, B, C = "09120000001", "09120000002", "09120000003"


FILE, CAMPAIGN = "f.csv", "f.csv.campaign"


SENDS = "POST /sms/send"


def write(*lines: str, name: str = FILE, header: str = "mobile,text") -> None:
    """Write a file of rows, from row 2 on."""
    Path(name).write_text("\n".join((header, *lines)), encoding="utf-8")


def receivers(gateway: Emulator) -> list[str]:
    """Return the receivers in the ledger, in the form `09…`."""
    return ["0" + entry.receiver[-10:] for entry in gateway.ledger]


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Answer the question on a terminal."""
    monkeypatch.setattr(sys, "stdin", Terminal(text + "\n"))


def files() -> list[str]:
    """Return the names of the files in the directory."""
    return sorted(path.name for path in Path().iterdir())


def outcomes(run: Run, path: str = CAMPAIGN) -> dict[int, str]:
    """Return the outcome of every row of a campaign."""
    ended = run("campaign", "results", path, "--json")
    assert ended.code == 0
    return {one["row"]: one["status"] for one in ended.lines}


def track_ids(run: Run, *options: str, path: str = CAMPAIGN) -> list[str]:
    """Return the track ids of some messages of a campaign."""
    return run("campaign", "results", path, "--track-ids", *options).out.split()


def stopped(gateway: Emulator, run: Run, *options: str) -> Ended:
    """Send three rows one by one, of which the second is refused, which stops the run."""
    gateway.faults.script([None, Fault.status(400)], on=SENDS)
    return run("bulk", FILE, "--yes", "--batch-size", "1", "--concurrency", "1", "--stop-on-error", *options)

"""Input files and runs of `wikipayam bulk`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Ended, Run, Terminal
from wikipayam_async.emulator import Emulator, Fault

A, B, C = "09120000001", "09120000002", "09120000003"


FILE, RESULTS = "f.csv", "f.csv.results.jsonl"


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


def outcomes(run: Run, path: str = RESULTS) -> dict[int, str]:
    """Return the outcome of every row in a results file."""
    found = {}
    for status in ("accepted", "rejected", "unknown", "not_attempted"):
        for one in run("results", path, "--status", status, "--json").json["rows"]:
            found[one["row"]] = status
    return found


def stopped(gateway: Emulator, run: Run, *options: str) -> Ended:
    """Send three rows one by one, of which the second is refused, which stops the run."""
    gateway.faults.script([None, Fault.status(400)], on=SENDS)
    return run("bulk", FILE, "--yes", "--batch-size", "1", "--concurrency", "1", "--stop-on-error", *options)

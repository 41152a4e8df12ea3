from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.bulk.commands import FILE, RESULTS, SENDS, A, B, C, outcomes, write
from tests.cli.conftest import Run
from wikipayam_async.emulator import Emulator, Fault


def test_results_are_shown(gateway: Emulator, run: Run) -> None:
    """The counts and the rows of an outcome are shown as text, JSON and CSV."""
    write(f"{A},hi,=1", f"{B},hi,T2", f"{C},hi,T3", header="mobile,text,id")
    gateway.faults.script([None, Fault.status(400), Fault.reset()], on=SENDS)
    run("bulk", FILE, "--yes", "--track-id-column", "id", "--batch-size", "1", "--concurrency", "1")
    ended = run("results", RESULTS, "--status", "accepted")
    assert ended.code == 0
    lines = ended.err.splitlines()
    assert lines[0].startswith(f"{RESULTS}: {FILE}, started 20")
    assert lines[1:3] == [
        "1 accepted, 1 rejected, 1 unknown, 0 not attempted",
        "rows that no run has reached are not counted",
    ]
    assert lines[3].split() == ["row", "status", "receiver", "track", "id", "id", "reason"]
    assert lines[5].split() == ["2", "accepted", "0912*****01", "=1", gateway.ledger[0].id]
    assert run("results", RESULTS, "--json").json == {
        "counts": {"accepted": 1, "rejected": 1, "unknown": 1, "not_attempted": 0},
        "held_back": 0,
    }
    ended = run("results", RESULTS, "--csv", "all.csv")
    assert ended.err.splitlines()[-1] == "written: all.csv"
    content = Path("all.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(content.decode("utf-8-sig").splitlines()))
    assert [row[:4] for row in rows] == [
        ["row", "status", "receiver", "track_id"],
        ["2", "accepted", "0912*****01", "'=1"],
        ["3", "rejected", "0912*****02", "T2"],
        ["4", "unknown", "0912*****03", "T3"],
    ]
    run("results", RESULTS, "--status", "unknown", "--csv", "unknown.csv")
    assert len(Path("unknown.csv").read_text(encoding="utf-8").splitlines()) == 2
    ended = run("results", RESULTS, "--csv", "all.csv")
    assert (ended.code, ended.err.splitlines()[-1]) == (
        2, "InvalidInputError: --csv: expected a new, writable file (File exists); got all.csv",
    )  # fmt: skip
    ended = run("results", "missing")
    assert (ended.code, ended.err) == (
        2, "ResultsFileError: missing: cannot be read (No such file or directory)\n",
    )  # fmt: skip


@pytest.mark.parametrize(("own", "track_id"), [(False, "w2-3"), (True, None)])
def test_claimed_rows_without_an_outcome_are_unknown(run: Run, own: bool, track_id: str | None) -> None:
    """Their track id is known, unless it comes from a column of the input file."""
    header: dict[str, Any] = {
        "line": "header", "format": 1, "version": "1", "started": "now", "input": "f.csv", "fingerprint": {},
        "opt_out": False, "own_track_ids": own, "run": "w1",
    }  # fmt: skip
    lines = [
        header,
        {"line": "row", "row": 2, "status": "not_attempted"},
        {"line": "run", "run": "w2", "version": "1", "started": "now", "opt_out": False},
        {"line": "claimed", "run": "w2", "rows": [[3, 3], [5, 6]]},
        {"line": "row", "row": 5, "status": "accepted", "track_id": "w2-5", "id": "i"},
        {"line": "row", "row": 6, "status": "rejected", "reason": "no"},
    ]
    Path(RESULTS).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    ended = run("results", RESULTS, "--status", "unknown", "--json")
    assert ended.json["rows"] == [
        {
            "row": 3, "status": "unknown", "receiver": None, "track_id": track_id, "id": None,
            "reason": "the run ended before the outcome was known",
        }
    ]  # fmt: skip
    assert outcomes(run) == {2: "not_attempted", 3: "unknown", 5: "accepted", 6: "rejected"}

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from wikipayam_async.emulator import Emulator, Fault, LedgerEntry

pytestmark = pytest.mark.skipif(os.name == "nt", reason="it has no signals to send to another process")

ROWS = 300
FILE, CAMPAIGN = "people.csv", "people.csv.campaign"
COMMAND = (sys.executable, "-m", "wikipayam_async.cli", "bulk", FILE, "--text", "hi", "--yes", "--batch-size", "5")


def write_file(rows: int = ROWS) -> None:
    """Write a file of receivers whose last digits are their row numbers."""
    lines = ["mobile", *(f"0912{row:07}" for row in range(2, rows + 2))]
    Path(FILE).write_text("\n".join(lines), encoding="utf-8")


def start(*options: str) -> subprocess.Popen[str]:
    """Start the command in a separate process."""
    return subprocess.Popen(  # noqa: S603 - our own modules
        [*COMMAND, "--concurrency", "3", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def claims() -> int:
    """Return the number of requests that were claimed in the campaign."""
    if not Path(CAMPAIGN).exists():
        return 0
    with closing(sqlite3.connect(f"file:{CAMPAIGN}?mode=ro", uri=True)) as connection:
        try:
            return int(connection.execute("SELECT coalesce(sum(attempt), 0) FROM chunk").fetchone()[0])
        except sqlite3.Error:  # it is being made
            return 0


def wait_for_claims(process: subprocess.Popen[str], more_than: int) -> None:
    """Wait until a process has made a claim or has ended."""
    while process.poll() is None and claims() <= more_than:
        time.sleep(0.002)


def rows_of(run: Run) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the campaign by outcome."""
    found: dict[str, list[dict[str, Any]]] = {
        status: [] for status in ("accepted", "rejected", "unknown", "not_attempted")
    }
    for one in run("campaign", "results", CAMPAIGN, "--json").lines:
        found[one["status"]].append(one)
    return found


def row_of(entry: LedgerEntry) -> int:
    """Return the row number of a ledger entry."""
    return int(entry.receiver[-7:])


def test_repeated_kills_send_nothing_twice_and_lose_nothing(gateway: Emulator, run: Run) -> None:
    """A run killed at random moments and resumed until done sends no row twice and has an outcome for each row."""
    write_file()
    gateway.faults.every(Fault.delay(0.04), 1)
    rng, kills = random.Random(7), 0
    for _ in range(4):
        before = claims()
        process = start()
        wait_for_claims(process, before)
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
    assert kills >= 3
    last = start()
    last.communicate(timeout=30)
    sent = Counter(row_of(entry) for entry in gateway.ledger)
    assert max(sent.values()) == 1
    outcomes = rows_of(run)
    assert sorted(one["row"] for rows in outcomes.values() for one in rows) == list(range(2, ROWS + 2))
    assert (outcomes["rejected"], outcomes["not_attempted"]) == ([], [])
    assert {(one["row"], one["track_id"], one["id"]) for one in outcomes["accepted"]} <= {
        (row_of(entry), entry.track_id, entry.id) for entry in gateway.ledger
    }
    assert set(sent) <= {one["row"] for one in outcomes["accepted"] + outcomes["unknown"]}
    unknown = {one["row"]: one["track_id"] for one in outcomes["unknown"]}
    assert {row: unknown[row] for row in sent if row in unknown} == {
        row_of(entry): entry.track_id for entry in gateway.ledger if row_of(entry) in unknown
    }
    assert 0 < len(unknown) <= kills * 3 * 2 * 5
    assert last.returncode == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_has_no_unknown_rows_and_resumes(
    gateway: Emulator, run: Run, number: signal.Signals
) -> None:
    """Ctrl-C finishes the requests in flight: nothing is unknown, and a resumed run sends the rest."""
    write_file(200)
    gateway.faults.every(Fault.delay(0.05), 1)
    process = start()
    wait_for_claims(process, 0)
    time.sleep(0.1)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    outcomes = {status: {one["row"] for one in rows} for status, rows in rows_of(run).items()}
    assert outcomes["accepted"] == {row_of(entry) for entry in gateway.ledger}
    assert 0 < len(outcomes["accepted"]) < 200
    assert (outcomes["rejected"], outcomes["unknown"]) == (set(), set())
    assert f"to go on: wikipayam campaign run {CAMPAIGN}\n" in stderr
    Path(FILE).unlink()  # a run needs it no more
    gateway.faults.reset()
    assert run("campaign", "run", CAMPAIGN).code == 0
    assert Counter(row_of(entry) for entry in gateway.ledger) == Counter(range(2, 202))


def test_two_processes_do_not_run_one_campaign(gateway: Emulator, run: Run) -> None:
    """While one process sends, a second one with the same campaign is refused, and nothing is sent twice."""
    write_file(60)
    gateway.faults.every(Fault.delay(0.05), 1)
    process = start()
    wait_for_claims(process, 0)
    process.send_signal(signal.SIGSTOP)  # it holds the lock until SIGCONT
    refused = run("bulk", FILE, "--text", "hi", "--yes", "--batch-size", "5", "--json")
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert refused.code == 2
    error = json.loads(refused.out)["error"]["message"]
    assert f"process {process.pid} is using this campaign; nothing was sent" in error
    assert "()" not in error
    assert Counter(row_of(entry) for entry in gateway.ledger) == Counter(range(2, 62))


def test_a_second_signal_ends_at_once(gateway: Emulator, run: Run) -> None:
    """Requests in flight are then not waited for: what they carried is unknown, and the next run does not send it."""
    write_file(20)
    gateway.faults.every(Fault.delay(8), 1, on="POST /sms/send")
    process = start()
    wait_for_claims(process, 0)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    told = iter(process.stderr.readline, "")
    assert any("a second signal ends at once" in line for line in told)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert time.monotonic() - started < 5
    assert (process.returncode, stderr) == (130, "ended at once: what was in flight may have been sent\n")
    gateway.faults.reset()
    last = start()
    last.communicate(timeout=30)
    outcomes = {status: len(rows) for status, rows in rows_of(run).items()}
    assert (last.returncode, outcomes["not_attempted"], outcomes["accepted"]) == (3, 0, 20 - outcomes["unknown"])
    assert 0 < outcomes["unknown"] <= 15


def test_results_end_with_the_reader_of_the_pipe(gateway: Emulator, run: Run) -> None:
    """`campaign results | head` gets its lines, and no error is shown."""
    write_file()
    assert run("bulk", FILE, "--text", "hi", "--yes").code == 0
    command = f"{sys.executable} -m wikipayam_async.cli campaign results {CAMPAIGN} | head -n 2"
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)  # noqa: S603, S607
    assert (ended.stderr, [line.split("\t")[0] for line in ended.stdout.splitlines()]) == ("", ["row", "2"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_plan_leaves_nothing(gateway: Emulator, number: signal.Signals) -> None:
    """Nothing was sent, and neither half a campaign nor a lock stays beside the file."""
    write_file(150_000)
    process = start()
    while process.poll() is None and not Path(CAMPAIGN).exists():
        time.sleep(0.002)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=30)
    assert (process.returncode, stderr.splitlines()[-1]) == (130, "nothing was sent; the same command begins again")
    assert [path.name for path in Path().iterdir()] == [FILE]
    assert gateway.requests == 0


def test_a_killed_plan_begins_again(gateway: Emulator, run: Run) -> None:
    """What a process left of a plan that it did not finish is replaced, and its lock is no obstacle."""
    write_file(150_000)
    process = start()
    while process.poll() is None and not Path(CAMPAIGN).exists():
        time.sleep(0.002)
    process.kill()
    process.communicate(timeout=30)
    write_file(3)
    assert run("bulk", FILE, "--text", "hi", "--yes").code == 0
    assert sorted(path.name for path in Path().iterdir()) == [FILE, CAMPAIGN]
    assert len(gateway.ledger) == 3

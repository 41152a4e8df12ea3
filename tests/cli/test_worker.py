"""`wikipayam worker`."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys

import psycopg
import pytest

from tests.cli.bulk.commands import FILE, SENDS, A, B, C, receivers, write
from tests.cli.conftest import PASSWORD, Run, Terminal
from tests.cli.test_session import when
from wikipayam_async.cli import worker
from wikipayam_async.emulator import Emulator, Fault
from wikipayam_async.integrations.procrastinate import CampaignWorker

NAME = ("--name", "eid")


@pytest.fixture
def enqueued(gateway: Emulator, database: str, run: Run) -> str:
    """Enqueue three messages, each in a request of its own; return the URL of the database."""
    write(f"{A},hi", f"{B},hi", f"{C},hi")
    assert run("campaign", "plan", FILE, *NAME, "--batch-size", "1").code == 0
    assert run("campaign", "enqueue", *NAME, "--yes").code == 0
    return database


def is_done(database: str) -> bool:
    """Return whether every message has an outcome."""
    with psycopg.connect(database) as connection:
        return connection.execute("SELECT count(*) FROM wikipayam.chunk WHERE state <> 'done'").fetchone() == (0,)


def end() -> None:
    """End this process's worker as a service manager does."""
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_worker_sends_what_is_enqueued_until_it_is_stopped(
    enqueued: str, gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal it writes plain lines, warnings of the package included; it leaves nothing behind."""
    monkeypatch.setattr(worker, "_POLL_SECONDS", 0.02)
    gateway.faults.script([Fault.delay(1.5), Fault.reset()], on=SENDS)  # it is looked at while it is running
    handlers = [*logging.getLogger("wikipayam_async").handlers]
    thread = when(lambda: is_done(enqueued), end)
    ended = run("worker", "--name", "w1", "--concurrency", "1")
    thread.join()
    assert (ended.code, ended.out) == (130, "")
    lines = ended.err.splitlines()
    assert lines[0] == "worker w1: 1 request at once; Ctrl-C or SIGTERM ends it"
    assert "eid: running" in lines
    assert len([line for line in lines if line.startswith("warning: sms.send ")]) == 1
    assert "interrupted: finishing requests in flight; a second signal ends at once" in lines
    assert (len(receivers(gateway)), PASSWORD in ended.err) == (3, False)
    with psycopg.connect(enqueued) as connection:
        assert connection.execute("SELECT count(*) FROM wikipayam.worker").fetchone() == (0,)
    assert logging.getLogger("wikipayam_async").handlers == handlers


def test_what_is_in_flight_is_finished_and_recorded(enqueued: str, gateway: Emulator, run: Run) -> None:
    """After SIGTERM nothing more is sent, and nothing is unknown."""
    gateway.faults.every(Fault.delay(0.3), 1, on=SENDS)
    thread = when(lambda: gateway.requests_to(SENDS), end)
    assert run("worker", "--concurrency", "1").code == 130
    thread.join()
    assert len(gateway.ledger) == 1
    counts = run("campaign", "status", *NAME, "--json").json["counts"]
    assert counts == {"accepted": 1, "rejected": 0, "unknown": 0, "sending": 0, "pending": 2}


def test_a_terminal_shows_a_live_table(
    enqueued: str, gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the campaigns, also when they have ended, and of the workers."""
    err = Terminal()
    monkeypatch.setattr(worker, "_LIVE_POLL_SECONDS", 0.02)
    thread = when(lambda: "completed" in err.getvalue(), end)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", err)
        assert run("worker", "--name", "w1").code == 130
    thread.join()
    shown = re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", err.getvalue())
    assert re.search(r"eid +completed +━{20} +3 of 3: 3 accepted", shown)
    assert re.search(r"w1 \(\S+, process \d+\)", shown)


def test_json_has_a_line_for_each_change(
    enqueued: str, gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On stdout; warnings stay on stderr."""
    monkeypatch.setattr(worker, "_POLL_SECONDS", 0.02)
    gateway.faults.script([Fault.delay(1.5), Fault.reset()], on=SENDS)  # it is looked at while it is running
    thread = when(lambda: is_done(enqueued), end)
    ended = run("worker", "--name", "w1", "--json", "--concurrency", "1")
    thread.join()
    first = ended.lines[0]
    assert (first["campaigns"][0]["campaign"], first["campaigns"][0]["status"]) == ("eid", "running")
    assert [one["name"].partition(" ")[0] for one in first["workers"]] in ([], ["w1"])  # it may not be there yet
    assert [line.partition(": ")[0] for line in ended.err.splitlines()] == ["warning", "interrupted"]


def test_a_worker_that_cannot_work_says_why(enqueued: str, gateway: Emulator, run: Run) -> None:
    """A refused token, an invalid setting, a database that is away or of another version: each has its exit code."""
    gateway.faults.arm(Fault.status(401), on="GET /user/balance")
    assert run("worker").code == 4
    ended = run("worker", "--concurrency", "0")
    assert (ended.code, "--concurrency: expected at least 1" in ended.err) == (2, True)
    ended = run("worker", "--database", f"postgresql://tests:{PASSWORD}@127.0.0.1:1/sms")
    assert (ended.code, "nothing listens at this address" in ended.err) == (5, True)
    with psycopg.connect(enqueued) as connection:
        connection.execute("INSERT INTO wikipayam.migration (version) VALUES (99)")
    ended = run("worker")
    assert (ended.code, "newer than" in ended.err) == (2, True)


def test_a_worker_that_ends_by_itself_is_no_failure(enqueued: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as one that a program stops."""

    async def ended(_: CampaignWorker) -> None:
        return

    monkeypatch.setattr(CampaignWorker, "run", ended)
    assert run("worker").code == 0

from __future__ import annotations

import errno
import logging
import os
import signal
import sqlite3
import time
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from tests.cli.bulk.commands import CAMPAIGN, FILE, SENDS, A, B, C, files, outcomes, receivers, write
from tests.cli.conftest import Run
from tests.cli.test_session import when
from wikipayam_async.campaigns import Campaign, writer
from wikipayam_async.campaigns.sqlite import sending
from wikipayam_async.emulator import Emulator, Fault


def full(*_: object) -> bool:
    """Fail as SQLite does when the disk is full."""
    raise sqlite3.OperationalError("database or disk is full")


def seconds_until_accepted(gateway: Emulator, begun: float) -> list[float]:
    """Return when messages were accepted, counted from a moment before the first of them left."""
    return sorted(entry.accepted_at.timestamp() - begun for entry in gateway.ledger)


def test_a_rate_holds_in_every_second_from_the_first_on(gateway: Emulator, run: Run) -> None:
    """There is no burst: a quarter of the rate leaves after each quarter of a second, the first one, too."""
    write(*[f"0912{row:07},hi" for row in range(60)])
    begun = time.time()
    assert run("bulk", FILE, "--yes", "--rate", "40", "--batch-size", "10").code == 0
    assert (len(gateway.ledger), gateway.requests_to(SENDS)) == (60, 6)
    batches = seconds_until_accepted(gateway, begun)[::10]
    assert [accepted >= 0.25 * number for number, accepted in enumerate(batches, 1)] == [True] * 6


def test_a_rate_holds_across_runs_and_below_the_requests_of_the_plan(gateway: Emulator, run: Run) -> None:
    """A run with a lower rate than the plan's requests divides them; between two runs there is a second in which nothing leaves."""
    write(*[f"0912{row:07},hi" for row in range(30)])
    gateway.faults.script([None, Fault.status(402)], on=SENDS)
    begun = time.time()
    assert run("bulk", FILE, "--yes", "--rate", "20").code == 1
    assert run("campaign", "run", CAMPAIGN, "--rate", "8").code == 0
    assert sorted(entry.receiver for entry in gateway.ledger) == sorted({entry.receiver for entry in gateway.ledger})
    assert len(gateway.ledger) == 30
    accepted = seconds_until_accepted(gateway, begun)
    # One request a second: 20 messages, 10 that are refused; then the second between the runs, and 8 and 2 messages.
    assert (accepted[0] >= 1, accepted[20] >= 4, accepted[28] >= 5) == (True, True, True)
    assert gateway.requests_to(SENDS) == 2 + 2


def test_the_intent_needs_space_on_the_disk(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent when the disk is full before a request, and everything is when there is space again."""
    write(f"{A},hi", f"{B},hi")
    with monkeypatch.context() as patch:
        patch.setattr(sending, "claim", full)
        ended = run("bulk", FILE, "--yes")
    assert (ended.code, "database or disk is full" in ended.err, receivers(gateway)) == (1, True, [])
    assert "Error" not in ended.err
    assert run("campaign", "run", CAMPAIGN).code == 0
    assert receivers(gateway) == [A, B]


def test_what_a_full_disk_did_not_take_is_shown(
    gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The outcomes that the process still knows are printed at the end, once, and can be recorded after the next run."""
    write(f"{A},hi", f"{B},hi")
    gateway.faults.script([None, Fault.status(400)], on=SENDS)
    with monkeypatch.context() as patch:
        patch.setattr(sending, "settle", full)
        patch.setattr(writer, "_RETRY_DELAYS", ())
        ended = run("bulk", FILE, "--yes", "--batch-size", "1", "--concurrency", "2", "--json")
    assert ended.code == 3
    ledger = {entry.track_id: entry.id for entry in gateway.ledger}
    unwritten = ended.json["unwritten"]
    assert {one["track_id"]: one["id"] for one in unwritten if one["status"] == "accepted"} == ledger
    for one in unwritten:
        assert ended.err.count(one["track_id"]) == 1
    assert f"wikipayam campaign mark-accepted {CAMPAIGN} ID... --note" in ended.err
    assert "they are listed below. The next run makes these messages unknown" in ended.err
    assert run("campaign", "run", CAMPAIGN).code == 3
    assert run("campaign", "mark-accepted", CAMPAIGN, *ledger, "--note", "shown").code == 0
    assert min(outcomes(run).values()) == "accepted"
    assert len(gateway.ledger) == len(set(receivers(gateway)))


def test_a_directory_that_cannot_be_written_stops_the_plan(
    gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the file and the reason, and nothing is sent or left behind."""
    real = os.open

    def refuse(path: str, flags: int, *arguments: int, **named: int) -> int:
        if flags & os.O_CREAT and str(path).endswith((CAMPAIGN, ".lock")):
            raise OSError(errno.EROFS, "Read-only file system")
        return real(path, flags, *arguments, **named)

    write(f"{A},hi")
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        ended = run("bulk", FILE, "--yes")
    assert (ended.code, f"{CAMPAIGN}: cannot be used: Read-only file system" in ended.err) == (2, True)
    assert (files(), gateway.requests) == ([FILE], 0)


def test_a_plan_that_does_not_fit_on_the_disk_leaves_nothing(
    gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither half a campaign nor a lock."""
    write(f"{A},hi")
    monkeypatch.setattr("wikipayam_async.campaigns.sqlite.planning.add_blocks", full)
    ended = run("bulk", FILE, "--yes")
    assert (ended.code, "database or disk is full" in ended.err) == (2, True)
    assert (files(), gateway.requests) == ([FILE], 0)


def test_another_account_is_an_error(gateway: Emulator, run: Run) -> None:
    """A campaign belongs to the account that it was begun with."""
    write(f"{A},hi", f"{B},hi")
    gateway.faults.script([None, Fault.status(402)], on=SENDS)
    assert run("bulk", FILE, "--yes", "--batch-size", "1", "--concurrency", "1").code == 1
    gateway.account.user_id += 1
    ended = run("campaign", "run", CAMPAIGN)
    assert (ended.code, "belongs to another account" in ended.err) == (2, True)
    assert receivers(gateway) == [A]


def test_the_spending_limit_pauses(gateway: Emulator, run: Run) -> None:
    """What is left can be sent with a higher one."""
    write(f"{A},hi", f"{B},hi", f"{C},hi")
    options = ("--yes", "--price-persian", "10", "--spending-limit", "25")
    ended = run("bulk", FILE, *options)
    assert (ended.code, "the spending limit is reached" in ended.err, len(gateway.ledger)) == (1, True, 2)
    assert f"to go on: wikipayam campaign run {CAMPAIGN}" in ended.err.splitlines()
    assert run("campaign", "run", CAMPAIGN).code == 0
    assert len(gateway.ledger) == 3


def test_the_command_that_goes_on_has_the_limits_of_the_run(gateway: Emulator, run: Run) -> None:
    """A file keeps neither hours nor rate nor spending limit, and whoever copies the command must not lose them."""
    write(f"{A},hi", f"{B},hi")
    gateway.faults.script([None, Fault.status(402)], on=SENDS)
    limits = ("--rate", "50", "--sending-hours", "00:00-24:00", "--spending-limit", "100000")
    prices = ("--price-persian", "89.5", "--price-latin", "120", "--vat", "10")
    ended = run("bulk", FILE, "--yes", "--batch-size", "1", "--concurrency", "1", *limits, *prices)
    (command,) = [line for line in ended.err.splitlines() if line.startswith("to go on: ")]
    assert command == f"to go on: wikipayam campaign run {CAMPAIGN} {' '.join((*limits, *prices))}"
    assert run(*command.split()[4:]).code == 0
    assert receivers(gateway) == [A, B]


def test_a_campaign_waits_for_its_hours(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it waits for is told; here it opens at once when the clock has moved."""
    times = iter([datetime(2026, 1, 1, 0, 0, tzinfo=UTC)] * 3)
    real = Campaign.open

    def opened(client: Any, journal: Any) -> Campaign:
        return real(
            client,
            journal,
            now=lambda: next(times, datetime(2026, 1, 1, 8, 0, tzinfo=UTC)),
            sleep=lambda _: anyio.lowlevel.checkpoint(),
        )

    monkeypatch.setattr(Campaign, "open", opened)
    write(f"{A},hi")
    ended = run("bulk", FILE, "--yes", "--sending-hours", "08:00-21:00@UTC")
    assert (ended.code, "waiting for the sending hours, until 2026-01-01 08:00 UTC" in ended.err) == (0, True)
    assert receivers(gateway) == [A]


def test_the_log_repeats_nothing(gateway: Emulator, run: Run) -> None:
    """The package's warnings reach no stream of the command line, which tells them itself."""
    write(f"{A},hi")
    gateway.faults.every(Fault.reset(), 1, on=SENDS)
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, []
    try:
        ended = run("bulk", FILE, "--yes")
    finally:
        root.handlers = handlers
    assert ended.code == 3
    assert ended.err.count("it is not known") == 1
    assert "unknown after" not in ended.err


def test_an_interruption_before_anything_is_sent_leaves_nothing(gateway: Emulator, run: Run) -> None:
    """The campaign that the command planned is discarded, as if the question had been answered with no."""
    write(f"{A},hi")
    gateway.faults.script([None, Fault.delay(5)], on="GET /user/balance")
    thread = when(lambda: gateway.requests_to("GET /user/balance") > 1, lambda: os.kill(os.getpid(), signal.SIGINT))
    ended = run("bulk", FILE, "--yes")
    thread.join()
    assert (ended.code, ended.err.splitlines()[-1]) == (130, "nothing was sent")
    assert (files(), gateway.requests_to(SENDS)) == ([FILE], 0)

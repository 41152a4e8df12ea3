"""`wikipayam campaign plan`."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.cli.bulk.commands import CAMPAIGN, FILE, SENDS, A, B, answer, files, receivers, write
from tests.cli.conftest import Run
from tests.cli.test_session import when
from wikipayam_async.emulator import Emulator

PLAN = ("campaign", "plan", FILE)


def test_a_plan_sends_nothing_and_needs_no_token(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run sends it later; the same plan again changes nothing."""
    monkeypatch.delenv("SMS_AUTH_TOKEN")
    write(f"{A},hi", f"{B},hi")
    ended = run(*PLAN, "--price-persian", "10")
    assert ended.code == 0
    assert "2 messages to send, 2 parts; cost: 20 rials" in ended.err
    assert ended.err.splitlines()[-1] == f"planned: {CAMPAIGN}; to send it: wikipayam campaign run {CAMPAIGN}"
    again = run(*PLAN, "--json")
    assert (again.code, again.json["campaign"], again.json["messages"], gateway.requests) == (0, CAMPAIGN, 2, 0)
    monkeypatch.setenv("SMS_AUTH_TOKEN", "emulator-token")
    assert gateway.requests_to(SENDS) == 0


def test_a_plan_is_what_a_run_sends(gateway: Emulator, run: Run) -> None:
    """With the opt-outs and the batch size that it was planned with, in another file if one is named."""
    write(f"{A},hi", f"{B},hi")
    Path("out.txt").write_text(A, encoding="utf-8")
    assert run(*PLAN, "--campaign", "c", "--opt-out", "out.txt", "--batch-size", "1").code == 0
    assert run("campaign", "run", "c", "--yes").code == 0
    assert (receivers(gateway), files()) == ([B], ["c", FILE, "out.txt"])


def test_bad_rows_are_confirmed_or_nothing_is_planned(
    gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan never changes, so it is not made by mistake; the exit code tells of bad rows."""
    write(f"{A},hi", "12,hi")
    assert "--skip-bad-rows" in run(*PLAN).err
    assert files() == [FILE]
    answer(monkeypatch, "n")
    ended = run(*PLAN)
    assert (ended.code, ended.err.splitlines()[-2:]) == (
        2, ["Plan 1 message, without 1 bad row? [y/N]", "nothing was planned"],
    )  # fmt: skip
    assert files() == [FILE]
    answer(monkeypatch, "y")
    assert (run(*PLAN).code, files()) == (1, [FILE, CAMPAIGN])
    assert run(*PLAN).code == 0


def test_a_file_without_messages_is_not_planned(gateway: Emulator, run: Run) -> None:
    """Whether or not bad rows may be skipped."""
    write("12,hi")
    assert (run(*PLAN, "--skip-bad-rows").code, files()) == (2, [FILE])


def test_a_dry_run_plans_nothing(gateway: Emulator, run: Run) -> None:
    """It only shows the check."""
    write(f"{A},hi", "12,hi")
    ended = run(*PLAN, "--dry-run", "--json")
    assert (ended.code, ended.json["messages"], ended.json["bad"], files()) == (1, 1, 1, [FILE])


def test_another_plan_is_an_error(gateway: Emulator, run: Run) -> None:
    """It names what differs, and how to plan it as another campaign."""
    write(f"{A},hi")
    assert run(*PLAN).code == 0
    write(f"{A},ho")
    ended = run(*PLAN)
    assert (ended.code, "the text of row 2" in ended.err, "--campaign OTHER.campaign" in ended.err) == (2, True, True)


def test_one_place_is_named(gateway: Emulator, run: Run) -> None:
    """A file, or a database with a name."""
    write(f"{A},hi")
    assert "got both" in run(*PLAN, "--campaign", "c", "--name", "eid").err
    assert "--database: expected the URL of a database" in run(*PLAN, "--name", "eid").err


def test_an_interrupted_plan_leaves_nothing(gateway: Emulator, run: Run) -> None:
    """It may be planned again."""
    write(*[f"0912{row:07},hi" for row in range(50_000)])
    thread = when(lambda: Path(CAMPAIGN).exists(), lambda: os.kill(os.getpid(), signal.SIGINT))
    ended = run(*PLAN)
    thread.join()
    assert (ended.code, files()) == (130, [FILE])

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.bulk.commands import (
    CAMPAIGN,
    FILE,
    SENDS,
    A,
    B,
    C,
    answer,
    files,
    outcomes,
    receivers,
    stopped,
    track_ids,
    write,
)
from tests.cli.conftest import Run, Terminal
from wikipayam_async.cli.bulk import run as bulk_run
from wikipayam_async.cli.settings import Settings
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, Fault
from wikipayam_async.redact.sealed import Secret


def test_a_dry_run_makes_no_request_and_no_file(run: Run) -> None:
    """It needs no token and no gateway, and shows what would be sent; bad rows make the exit code 1."""
    write(f"{A},hi", "12,x", f"{B},{'a' * 161}", header="mobile,text")
    ended = run("bulk", FILE, "--dry-run", "--sender", "10002000", "--price-persian", "10", "--json")
    assert ended.code == 1
    assert ended.json == {
        "rows": 3, "messages": 2, "bad": 1, "held_back": {}, "repeated": 0, "hidden": 0, "remarks": {}, "parts": 3, "cost": 30, "currency": "IRR",
        "bad_rows": [
            {
                "row": 3,
                "reason": "mobile: expected an Iranian mobile number such as 09123456789, but it has too few digits: a landline needs its area code; "
                "got a string of 2 characters with digits",
            }
        ],
    }  # fmt: skip
    assert files() == [FILE]
    write(f"{A},hi")
    assert run("bulk", FILE, "--dry-run", "--sender", "10002000").code == 0
    write()
    assert run("bulk", FILE, "--dry-run", "--sender", "10002000", "--text", "hi").code == 2


def test_the_same_file_is_not_sent_twice_by_mistake(gateway: Emulator, run: Run) -> None:
    """A second run has nothing left to send; another campaign sends everything again."""
    write(f"{A},hi")
    assert run("bulk", FILE, "--yes").code == 0
    requests = gateway.requests
    ended = run("bulk", FILE)
    assert (ended.code, gateway.requests) == (0, requests)
    assert ended.err.splitlines()[:1] == [
        "nothing is left to send; to send the file again: --campaign OTHER.campaign (completed)"
    ]
    assert receivers(gateway) == [A]
    assert run("bulk", FILE, "--yes", "--campaign", "other").code == 0
    assert receivers(gateway) == [A, A]


def test_bad_rows_are_skipped_only_if_confirmed(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal the exit code is 2 and the options are named; if confirmed, bad rows are rejected and it is 1."""
    rows = [f"{A},hi", *["12,x"] * 11, f"{B},"]
    write(*rows)
    ended = run("bulk", FILE)
    assert ended.code == 2
    assert "row 3: mobile: expected an Iranian mobile number" in ended.err
    assert "12 bad rows without a message; the first are above" in ended.err
    assert ended.err.endswith("confirmation: expected a terminal, or --yes and --skip-bad-rows; got no terminal\n")
    assert run("bulk", FILE, "--yes").err.endswith("expected a terminal, or --skip-bad-rows; got no terminal\n")
    answer(monkeypatch, "n")
    ended = run("bulk", FILE, "--yes", "--price-persian", "5")
    assert (ended.code, ended.err.splitlines()[-2:]) == (
        2, ["Send 1 message, without 12 bad rows? [y/N]", "nothing was sent"],
    )  # fmt: skip
    assert files() == [FILE]
    answer(monkeypatch, "y")
    ended = run("bulk", FILE)
    assert "Send 1 message at an unknown cost, without 12 bad rows? [y/N]\n" in ended.err
    assert ended.code == 1
    assert receivers(gateway) == [A]
    assert outcomes(run) == {2: "accepted"} | dict.fromkeys(range(3, 15), "rejected")


@pytest.mark.parametrize(
    ("options", "instead"),
    [
        ((), "--yes"),
        (("--yes-up-to", "1000000"), "--yes"),
        (("--price-persian", "10"), "--yes or --yes-up-to RIALS"),
        (("--price-persian", "10", "--yes-up-to", "9"), "--yes or --yes-up-to RIALS"),
    ],
)
def test_the_cost_has_to_be_confirmed(gateway: Emulator, run: Run, options: Sequence[str], instead: str) -> None:
    """Without a terminal nothing is sent unless the cost is known and within the given limit, and no file is left."""
    write(f"{A},hi")
    ended = run("bulk", FILE, *options, "--json")
    assert ended.code == 2
    assert ended.json["error"]["message"] == (f"confirmation: expected a terminal, or {instead}; got no terminal")
    assert gateway.requests_to(SENDS) == 0
    assert files() == [FILE]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_the_question_sends_nothing(
    gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """The exit code is 130, no file is left, and the next run is not blocked."""

    class Interrupted(Terminal):
        def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override] # as a text stream has it
            signal.raise_signal(number)
            return "y\n"

    write(f"{A},hi")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", Interrupted())
        assert run("bulk", FILE).code == 130
    assert files() == [FILE]
    assert run("bulk", FILE, "--yes").code == 0
    assert receivers(gateway) == [A]


def test_without_messages_no_campaign_is_left(gateway: Emulator, run: Run) -> None:
    """A file with only bad rows can be corrected and sent; an empty file is a usage error."""
    write("12,x")
    ended = run("bulk", FILE, "--yes", "--skip-bad-rows")
    assert (ended.code, ended.err.splitlines()[-1]) == (1, "nothing to send")
    assert files() == [FILE]
    Path("stop").write_text(A, encoding="utf-8")
    write(f"{A},hi")
    ended = run("bulk", FILE, "--yes", "--opt-out", "stop")
    assert (ended.code, "1 held back: opted out" in ended.err) == (0, True)
    write()
    ended = run("bulk", FILE, "--yes", "--text", "hi")
    assert (ended.code, ended.err) == (2, "error: f.csv: expected rows; got none\n")
    assert files() == [FILE, "stop"]


def test_a_bad_token_or_a_missing_gateway_leaves_no_file(
    gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first request only reads the balance; if it fails, nothing was sent, and nothing is left behind."""
    write(f"{A},hi")
    monkeypatch.setenv("SMS_AUTH_TOKEN", "wrong")
    assert run("bulk", FILE, "--yes").code == 4
    assert run("bulk", FILE, "--yes", "--base-url", "http://127.0.0.1:9").code == 5
    monkeypatch.delenv("SMS_AUTH_TOKEN")
    assert run("bulk", FILE, "--yes").code == 4
    assert files() == [FILE]
    assert gateway.requests_to(SENDS) == 0


def test_an_unknown_balance_does_not_stop_the_run(gateway: Emulator, run: Run) -> None:
    """A refused balance request is a warning, and so is a balance that is too small."""
    write(f"{A},hi")
    gateway.faults.arm(Fault.status(403), on="GET /user/balance")
    ended = run("bulk", FILE, "--yes")
    assert (ended.code, "the balance is unknown: " in ended.err) == (0, True)
    gateway.account.balance = 10
    ended = run("bulk", FILE, "--yes", "--price-persian", "11", "--campaign", "other")
    assert "balance: 10 rials, which is not enough\n" in ended.err
    assert ended.code == 1
    assert ended.err.splitlines()[-1] == "to go on: wikipayam campaign run other"


def test_the_same_command_resumes(gateway: Emulator, run: Run) -> None:
    """Accepted and rejected rows are not sent again; rejected ones are put back by `campaign requeue`."""
    write(f"{A},hi", f"{B},hi", f"{C},hi")
    assert stopped(gateway, run).code == 1
    assert outcomes(run) == {2: "accepted", 3: "rejected", 4: "not_attempted"}
    ended = run("bulk", FILE, "--yes", "--dry-run", "--json")
    assert (ended.json["messages"], files()) == (1, [FILE, CAMPAIGN])
    ended = run("bulk", FILE, "--yes")
    assert ended.code == 1
    assert f"resuming {CAMPAIGN} (wikipayam campaign status {CAMPAIGN})\n" in ended.err
    assert receivers(gateway) == [A, C]
    assert run("campaign", "requeue", CAMPAIGN, "--rejected", "--note", "typo", "--yes").code == 0
    assert run("bulk", FILE, "--yes").code == 0
    assert run("bulk", FILE, "--yes").code == 0
    assert receivers(gateway) == [A, C, B]


def test_duplicates_are_held_back_across_runs(gateway: Emulator, run: Run) -> None:
    """A row whose receiver has a message in the plan is held back, in every run."""
    write(f"{A},hi", f"{B},hi", f"{A},ho", f"{C},hi")
    assert stopped(gateway, run, "--dedupe", "receiver").code == 1
    requeued = run("campaign", "requeue", CAMPAIGN, "--rejected", "--note", "typo", "--yes", "--json")
    assert requeued.json == {"requeued": 1}
    assert run("campaign", "run", CAMPAIGN).code == 0
    assert sorted(receivers(gateway)) == [A, B, C]
    assert outcomes(run)[4] == "rejected"


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        (("--text", "other"), "the text of row 2"),
        (("--sender", "30001000"), "--sender: 10002000 in the plan, 30001000 now"),
        (("--dedupe", "receiver-and-text"), "--dedupe: not given in the plan, receiver-and-text now"),
        (("--batch-size", "2"), "--batch-size: 1 in the plan, 2 now"),
        (
            ("--no-header", "--receiver", "1", "--text-column", "2"),
            "the receiver of row 2; the text of row 2; the row number of row 2; the other columns of row 2",
        ),
    ],
)
def test_a_campaign_is_not_resumed_with_other_options(
    gateway: Emulator, run: Run, options: Sequence[str], changed: str
) -> None:
    """Everything that decides what is sent must be unchanged; the error names what differs and what to do."""
    write(f"{A},hi", f"{B},hi", f"{C},hi")
    stopped(gateway, run)
    ended = run("bulk", FILE, "--yes", *options)
    assert ended.code == 2
    assert ended.err == (
        f"error: {CAMPAIGN}: was planned from another file or with other options: {changed}. Nothing was sent now. To send "
        f"what is left of it: wikipayam campaign run {CAMPAIGN}. To send this file as another campaign, also to those who "
        "have their message already: --campaign OTHER.campaign\n"
    )
    assert receivers(gateway) == [A]


@pytest.mark.parametrize(
    ("lines", "changed"),
    [
        ((f"{A},hi", f"{B},ho", f"{C},hi"), "the text of row 3; the other columns of row 3"),
        ((f"{A},hi", f"{C},hi", f"{B},hi"), "the receiver of row 3; the other columns of row 3"),
        ((f"{A},hi", f"{B},hi"), "3 rows in the plan, 2 now"),
        ((f"{A},hi", f"{B},hi", f"{C},hi", f"{C},hi"), "3 rows in the plan, more now"),
        ((f"{A},hi", f"{B},hi", "", f"{C},hi"), "the row number of row 4"),
    ],
)
def test_a_changed_file_is_not_resumed(gateway: Emulator, run: Run, lines: Sequence[str], changed: str) -> None:
    """A moved row would be sent twice, or never; the error names the row as the file has it."""
    write(f"{A},hi", f"{B},hi", f"{C},hi")
    stopped(gateway, run)
    write(*lines)
    ended = run("bulk", FILE, "--yes")
    assert (ended.code, f"other options: {changed}. Nothing was sent now" in ended.err) == (2, True)
    assert receivers(gateway) == [A]


def test_opt_outs_grow_and_are_never_dropped(gateway: Emulator, run: Run) -> None:
    """A receiver who opted out between two runs gets nothing, also in later runs that are given no list."""
    write(f"{A},hi", f"{B},hi", f"{C},hi")
    stopped(gateway, run)
    Path("stop").write_text(B, encoding="utf-8")
    gateway.faults.script([Fault.status(400)], on=SENDS)
    assert run("bulk", FILE, "--yes", "--opt-out", "stop").code == 1
    run("campaign", "requeue", CAMPAIGN, *track_ids(run, "--status", "rejected"), "--note", "again")
    ended = run("bulk", FILE, "--yes", "--json")
    assert (ended.code, ended.json["held_back"]) == (0, 1)
    assert receivers(gateway) == [A, C]


def test_a_typed_token_is_asked_for_once(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is used for the balance requests and for the sends."""
    asked: list[None] = []

    def ask(_: Settings) -> Secret:
        asked.append(None)
        return Secret(DEFAULT_TOKEN)

    monkeypatch.delenv("SMS_AUTH_TOKEN")
    monkeypatch.setattr(bulk_run, "need_token", ask)
    write(f"{A},hi")
    ended = run("bulk", FILE, "--yes", "--price-persian", "10")
    assert (ended.code, "balance: " in ended.err) == (0, True)
    assert (len(asked), gateway.requests_to(SENDS), receivers(gateway)) == (1, 1, [A])


def test_the_warning_about_settings_is_shown_once(gateway: Emulator, run: Run) -> None:
    """Ignored settings of the settings file are reported once."""
    Path(".env").write_text("WIKIPAYAM_SMS_API_BASE_URL=https://elsewhere.example\n", encoding="utf-8")
    write(f"{A},hi")
    ended = run("bulk", FILE, "--yes")
    assert (ended.code, ended.err.count("is ignored")) == (0, 1)


def test_a_campaign_that_another_process_replaces_is_not_sent(
    gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was confirmed is sent and nothing else, whatever happens to the file during the question."""

    class Gone(Terminal):
        def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override] # as a text stream has it
            Path(CAMPAIGN).unlink()
            return "y\n"

    write(f"{A},hi")
    monkeypatch.setattr(sys, "stdin", Gone())
    ended = run("bulk", FILE)
    assert (ended.code, "another process has replaced the campaign; nothing was sent" in ended.err) == (2, True)
    assert (receivers(gateway), files()) == ([], [FILE])

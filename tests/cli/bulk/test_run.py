from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.bulk.commands import FILE, RESULTS, SENDS, A, B, C, answer, outcomes, receivers, stopped, write
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
        "rows": 3, "done": 0, "messages": 2, "bad": 1, "held_back": {}, "repeated": 0, "hidden": 0, "parts": 3, "cost": 30, "currency": "IRR",
        "bad_rows": [
            {
                "row": 3,
                "reason": "mobile: expected an Iranian mobile number such as 09123456789, but it has too few digits: a landline needs its area code; "
                "got a string of 2 characters with digits",
            }
        ],
    }  # fmt: skip
    assert sorted(path.name for path in Path().iterdir()) == [FILE]
    write(f"{A},hi")
    assert run("bulk", FILE, "--dry-run", "--sender", "10002000").code == 0


def test_the_same_file_is_not_sent_twice_by_mistake(gateway: Emulator, run: Run) -> None:
    """A second run is refused unless another results file is given, which sends everything again."""
    write(f"{A},hi")
    assert run("bulk", FILE, "--yes").code == 0
    ended = run("bulk", FILE, "--yes")
    assert ended.code == 2
    assert ended.err == (
        f"ResultsFileError: {RESULTS} exists: the file was already sent, in whole or in part. Resume with "
        f"--resume {RESULTS}, or start over with --results OTHER, which sends everything again\n"
    )
    assert receivers(gateway) == [A]
    assert run("bulk", FILE, "--yes", "--results", "other").code == 0
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
    assert not Path(RESULTS).exists()
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
    """Without a terminal nothing is sent unless the cost is known and within the given limit."""
    write(f"{A},hi")
    ended = run("bulk", FILE, *options, "--json")
    assert ended.code == 2
    assert ended.json["error"]["message"] == (f"confirmation: expected a terminal, or {instead}; got no terminal")
    assert gateway.requests_to(SENDS) == 0


def test_ctrl_c_at_the_question_sends_nothing(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code is 130, and the next run is not blocked."""

    class Interrupted(Terminal):
        def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override] # as a text stream has it
            raise KeyboardInterrupt

    write(f"{A},hi")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", Interrupted())
        assert run("bulk", FILE).code == 130
    assert not Path(RESULTS).exists()
    assert run("bulk", FILE, "--yes").code == 0
    assert receivers(gateway) == [A]


def test_without_messages_no_results_file_is_created(gateway: Emulator, run: Run) -> None:
    """A file with only bad rows can be corrected and sent; an empty file is a usage error."""
    write("12,x")
    ended = run("bulk", FILE, "--yes", "--skip-bad-rows")
    assert (ended.code, ended.err.splitlines()[-1]) == (1, "nothing to send")
    assert not Path(RESULTS).exists()
    Path("stop").write_text(A, encoding="utf-8")
    write(f"{A},hi")
    ended = run("bulk", FILE, "--yes", "--opt-out", "stop")
    assert (ended.code, "1 held back: opted out" in ended.err) == (0, True)
    write()
    ended = run("bulk", FILE, "--yes", "--text", "hi")
    assert (ended.code, ended.err) == (2, "InvalidInputError: f.csv: expected rows; got none\n")


def test_a_bad_token_or_a_missing_gateway_fails_before_any_claim(
    gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first request only reads the balance, and no results file is created."""
    write(f"{A},hi")
    monkeypatch.setenv("SMS_AUTH_TOKEN", "wrong")
    assert run("bulk", FILE, "--yes").code == 4
    assert run("bulk", FILE, "--yes", "--base-url", "http://127.0.0.1:9").code == 5
    monkeypatch.delenv("SMS_AUTH_TOKEN")
    assert run("bulk", FILE, "--yes").code == 4
    assert not Path(RESULTS).exists()
    assert gateway.requests_to(SENDS) == 0


def test_an_unknown_balance_does_not_stop_the_run(gateway: Emulator, run: Run) -> None:
    """A refused balance request is a warning, and so is a balance that is too small."""
    write(f"{A},hi")
    gateway.faults.arm(Fault.status(403), on="GET /user/balance")
    ended = run("bulk", FILE, "--yes")
    assert (ended.code, "the balance is unknown: " in ended.err) == (0, True)
    gateway.account.balance = 10
    ended = run("bulk", FILE, "--yes", "--price-persian", "11", "--results", "other")
    assert "balance: 10 rials, which is not enough\n" in ended.err
    assert ended.code == 1


def test_a_resumed_run_sends_what_was_not_attempted(gateway: Emulator, run: Run) -> None:
    """Accepted rows are not sent again; rejected ones only with --retry-rejected."""
    write(f"{A},hi", f"{B},hi", f"{C},hi")
    assert stopped(gateway, run).code == 1
    assert outcomes(run) | {4: ""} == {2: "accepted", 3: "rejected", 4: ""}
    ended = run("bulk", FILE, "--yes", "--resume", RESULTS, "--dry-run", "--json")
    assert {name: ended.json[name] for name in ("rows", "done", "messages")} == {"rows": 3, "done": 2, "messages": 1}
    ended = run("bulk", FILE, "--yes", "--resume", RESULTS)
    assert ended.code == 1
    assert "processed before: 2\n" in ended.err
    assert receivers(gateway) == [A, C]
    assert run("bulk", FILE, "--yes", "--resume", RESULTS).code == 1
    assert receivers(gateway) == [A, C]
    assert run("bulk", FILE, "--yes", "--resume", RESULTS, "--retry-rejected").code == 0
    assert receivers(gateway) == [A, C, B]
    assert run("bulk", FILE, "--yes", "--resume", RESULTS, "--retry-rejected").code == 0
    assert receivers(gateway) == [A, C, B]


def test_duplicates_are_held_back_across_runs(gateway: Emulator, run: Run) -> None:
    """A row whose receiver got a message in an earlier run is held back."""
    write(f"{A},hi", f"{B},hi", f"{A},ho", f"{C},hi")
    assert stopped(gateway, run, "--dedupe", "receiver").code == 1
    ended = run("bulk", FILE, "--yes", "--resume", RESULTS, "--retry-rejected", "--dedupe", "receiver")
    assert ended.code == 0
    assert sorted(receivers(gateway)) == [A, B, C]
    assert outcomes(run)[4] == "rejected"


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        (("--text", "other"), "columns, text"),
        (("--sender", "30001000"), "sender"),
        (("--dedupe", "receiver"), "--dedupe"),
        (("--no-header", "--receiver", "1", "--text-column", "2"), "file format, columns"),
    ],
)
def test_a_run_with_other_options_is_not_resumed(
    gateway: Emulator, run: Run, options: Sequence[str], changed: str
) -> None:
    """Everything that decides what is sent must be unchanged; the error names what changed."""
    write(f"{A},hi", f"{B},hi", f"{C},hi")
    stopped(gateway, run)
    ended = run("bulk", FILE, "--yes", "--resume", RESULTS, *options)
    assert ended.code == 2
    assert ended.err == (
        f"ResultsFileError: {RESULTS}: belongs to another bulk send; changed: {changed}. Resume with the same file "
        "and the same options, or start over with --results OTHER, which sends everything again\n"
    )
    assert receivers(gateway) == [A]


def test_a_changed_file_is_not_resumed(gateway: Emulator, run: Run) -> None:
    """A moved row would be sent twice, or never."""
    write(f"{A},hi", f"{B},hi", f"{C},hi")
    stopped(gateway, run)
    write(f"{C},hi", f"{A},hi", f"{B},hi")
    ended = run("bulk", FILE, "--yes", "--resume", RESULTS)
    assert (ended.code, "changed: file content. " in ended.err) == (2, True)
    assert receivers(gateway) == [A]


def test_an_opt_out_list_may_change_but_not_be_left_out(gateway: Emulator, run: Run) -> None:
    """A receiver who opted out between two runs gets nothing; a run without the list is refused."""
    write(f"{A},hi", f"{B},hi", f"{C},hi")
    Path("stop").write_text("", encoding="utf-8")
    stopped(gateway, run, "--opt-out", "stop")
    ended = run("bulk", FILE, "--yes", "--resume", RESULTS)
    assert (ended.code, "changed: --opt-out. " in ended.err) == (2, True)
    Path("stop").write_text(C, encoding="utf-8")
    ended = run("bulk", FILE, "--yes", "--resume", RESULTS, "--opt-out", "stop", "--json")
    assert (ended.code, ended.json["held_back"]) == (1, 1)
    assert receivers(gateway) == [A]


def test_a_partial_last_record_is_ignored(gateway: Emulator, run: Run) -> None:
    """A process killed while writing leaves a partial record; the run resumes."""
    write(f"{A},hi", f"{B},hi", f"{C},hi")
    stopped(gateway, run)
    with Path(RESULTS).open("ab") as file:
        file.write(b'{"line":"claimed","run":"w1","rows":[[')
    assert run("bulk", FILE, "--yes", "--resume", RESULTS).code == 1
    assert receivers(gateway) == [A, C]


def test_a_typed_token_is_asked_for_once(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is used for the balance request and for the sends."""
    asked: list[None] = []

    def ask(_: Settings) -> Secret:
        asked.append(None)
        return Secret(DEFAULT_TOKEN)

    monkeypatch.delenv("SMS_AUTH_TOKEN")
    monkeypatch.setattr(bulk_run, "need_token", ask)
    write(f"{A},hi")
    ended = run("bulk", FILE, "--yes", "--price-persian", "10")
    assert (ended.code, "balance: " in ended.err) == (0, True)
    assert (len(asked), gateway.requests, receivers(gateway)) == (1, 2, [A])


def test_the_warning_about_settings_is_shown_once(gateway: Emulator, run: Run) -> None:
    """Ignored settings of the settings file are reported once."""
    Path(".env").write_text("WIKIPAYAM_SMS_API_BASE_URL=https://elsewhere.example\n", encoding="utf-8")
    write(f"{A},hi")
    ended = run("bulk", FILE, "--yes")
    assert (ended.code, ended.err.count("is ignored")) == (0, 1)


def test_an_opt_out_list_that_was_added_later_may_not_be_left_out(gateway: Emulator, run: Run) -> None:
    """A list added in a later run is required in every run after it."""
    write(f"{A},hi", f"{B},hi", f"{C},hi")
    Path("stop").write_text(C, encoding="utf-8")
    stopped(gateway, run)
    gateway.faults.script([Fault.status(400)], on=SENDS)
    run("bulk", FILE, "--yes", "--resume", RESULTS, "--retry-rejected", "--opt-out", "stop")
    ended = run("bulk", FILE, "--yes", "--resume", RESULTS, "--retry-rejected")
    assert (ended.code, "changed: --opt-out. " in ended.err) == (2, True)
    assert receivers(gateway) == [A]

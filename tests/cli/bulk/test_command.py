from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ended, Run, Terminal
from wikipayam_async.cli import main, settings
from wikipayam_async.cli.bulk.options import ResultsOptions, TextOptions, command_line
from wikipayam_async.cli.session import ConnectionOptions
from wikipayam_async.cli.settings import Settings
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, Fault
from wikipayam_async.redact.sealed import Secret

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


def test_a_file_is_sent_and_reported(gateway: Emulator, run: Run) -> None:
    """The command shows the check, the balance, the counts and the results file, and exits with 0."""
    write(f"{A},hi", f"{B},سلام")
    balance = gateway.account.balance
    ended = run("bulk", FILE, "--price-persian", "895", "--price-latin", "500", "--yes-up-to", "1395")
    assert ended.code == 0
    assert ended.out == ""
    assert ended.err.splitlines() == [
        "2 rows (delimiter ',')",
        "2 messages to send, 2 parts; cost: 1,395 rials",
        "shortest text, row 2, 1 part in gsm7:",
        "  hi",
        "longest text, row 3, 1 part in ucs2:",
        "  سلام",
        f"balance: {balance:,} rials",
        "2 accepted, 0 rejected, 0 unknown, 0 not attempted",
        f"results: {RESULTS} (wikipayam results {RESULTS})",
    ]
    assert receivers(gateway) == [A, B]
    assert outcomes(run) == {2: "accepted", 3: "accepted"}


def test_json_output_is_one_object(gateway: Emulator, run: Run) -> None:
    """With --json stdout holds one object, and stderr is empty without errors."""
    write(f"{A},hi", f"{A},hi")
    ended = run("bulk", FILE, "--yes", "--dedupe", "receiver-and-text", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.json == {
        "counts": {"accepted": 1, "rejected": 1, "unknown": 0, "not_attempted": 0},
        "held_back": 1, "results": RESULTS, "exit": "ok", "causes": {}, "failure": None,
    }  # fmt: skip


def test_a_dry_run_makes_no_request_and_no_file(run: Run) -> None:
    """It needs no token and no gateway, and shows what would be sent; bad rows make the exit code 1."""
    write(f"{A},hi", "12,x", f"{B},{'a' * 161}", header="mobile,text")
    ended = run("bulk", FILE, "--dry-run", "--sender", "10002000", "--price-persian", "10", "--json")
    assert ended.code == 1
    assert ended.json == {
        "rows": 3, "done": 0, "messages": 2, "bad": 1, "held_back": {}, "parts": 3, "cost": 30, "currency": "IRR",
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


@pytest.mark.parametrize(
    ("fault", "code", "counts"),
    [
        (Fault.status(400), 1, (2, 2, 0, 0)),
        (Fault.status(402), 1, (2, 2, 0, 0)),
        (Fault.status(403), 4, (2, 2, 0, 0)),
        (Fault.status(401), 4, (2, 2, 0, 0)),
        (Fault.reset(), 3, (2, 0, 2, 0)),
        (Fault.status(500), 3, (2, 0, 2, 0)),
        (Fault.status(429, retry_after=3600), 5, (2, 2, 0, 0)),
    ],
)
def test_the_exit_code_reports_the_outcome(
    gateway: Emulator, run: Run, fault: Fault, code: int, counts: tuple[int, ...]
) -> None:
    """Rejected is 1, unknown 3, a refused token 4, a gateway failure 5."""
    write(f"{A},hi", f"{B},hi", f"{C},hi", f"{A},ho")
    gateway.faults.script([None, fault], on=SENDS)
    ended = run("bulk", FILE, "--yes", "--batch-size", "2", "--concurrency", "1", "--json")
    assert (ended.code, tuple(ended.json["counts"].values())) == (code, counts)
    assert ended.json["exit"] == {1: "rejected", 3: "unknown", 4: "auth", 5: "gateway"}[code]


def test_unknown_outweighs_a_refused_token(gateway: Emulator, run: Run) -> None:
    """An unknown outcome is the most severe, and the report says how to resolve it."""
    write(f"{A},hi", f"{B},hi", f"{C},hi")
    gateway.faults.script([Fault.reset(), Fault.status(401)], on=SENDS)
    ended = run("bulk", FILE, "--yes", "--batch-size", "1", "--concurrency", "1")
    assert ended.code == 3
    assert ended.err.splitlines()[-4:] == [
        "0 accepted, 1 rejected, 1 unknown, 1 not attempted",
        f"results: {RESULTS} (wikipayam results {RESULTS})",
        (
            "the unknown messages may have been sent: look up their track ids in the panel "
            f"(wikipayam results {RESULTS} --status unknown). --resume never sends them again; "
            "put those that were not sent into a new file"
        ),
        f"to resume: wikipayam bulk {FILE} --yes --batch-size 1 --concurrency 1 --resume {RESULTS} --retry-rejected",
    ]


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


def stopped(gateway: Emulator, run: Run, *options: str) -> Ended:
    """Send three rows one by one, of which the second is refused, which stops the run."""
    gateway.faults.script([None, Fault.status(400)], on=SENDS)
    return run("bulk", FILE, "--yes", "--batch-size", "1", "--concurrency", "1", "--stop-on-error", *options)


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


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--resume", "r", "--results", "s"), "--resume: cannot be combined with --results; got both"),
        (("--retry-rejected",), "--retry-rejected: needs --resume; got no --resume"),
        (("--batch-size", "0"), "--batch-size: expected at least 1; got less"),
        (("--concurrency", "0"), "--concurrency: expected at least 1; got less"),
        (
            ("--sender", "1", "--sender-column", "text"),
            "--sender: cannot be combined with --sender-column; got both",
        ),
        (
            ("--template", "a", "--template-file", "b"),
            "--template: cannot be combined with --template-file; got both",
        ),
        (
            ("--template-file", "b"),
            "--template-file: expected a readable UTF-8 text file; got FileNotFoundError",
        ),
        (("--resume", "r"), "r: cannot be read (No such file or directory)"),
        (("--dry-run", "--resume", "r"), "r: cannot be read (No such file or directory)"),
    ],
)
def test_usage_errors_send_nothing(gateway: Emulator, run: Run, options: Sequence[str], text: str) -> None:
    """The error names the option, and the exit code is 2."""
    write(f"{A},hi")
    ended = run("bulk", FILE, "--yes", *options)
    assert ended.code == 2
    assert ended.err.partition(": ")[2] == text + "\n"
    assert gateway.requests == 0


def test_texts_come_from_a_template_file(gateway: Emulator, run: Run) -> None:
    """The final line end of the file is not part of the text."""
    Path("t.txt").write_bytes("\ufeffسلام {name}\r\nلغو۱۱\r\n".encode())
    write(f"{A},علی", header="mobile,name")
    assert run("bulk", FILE, "--yes", "--template-file", "t.txt").code == 0
    assert [entry.message for entry in gateway.ledger] == ["سلام علی\nلغو۱۱"]


def test_senders_and_track_ids_come_from_columns(gateway: Emulator, run: Run) -> None:
    """They are sent as in the row."""
    line = gateway.account.lines[0]
    write(f"{A},hi,{line},T1", header="mobile,text,line,id")
    assert run("bulk", FILE, "--yes", "--sender-column", "line", "--track-id-column", "id").code == 0
    assert [(entry.sender, entry.track_id) for entry in gateway.ledger] == [(line, "T1")]


def test_a_rate_is_kept(gateway: Emulator, run: Run) -> None:
    """With a rate, a request holds at most the messages of one second."""
    write(*[f"{A},hi"] * 6)
    assert run("bulk", FILE, "--yes", "--rate", "3.5", "--concurrency", "1", "--dry-run").code == 0
    assert run("bulk", FILE, "--yes", "--rate", "600").code == 0
    assert gateway.requests_to(SENDS) == 1
    assert run("bulk", FILE, "--yes", "--rate", "0", "--results", "other").code == 2


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


def test_a_typed_token_is_asked_for_once(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is used for the balance request and for the sends."""
    asked: list[None] = []

    def ask(_: Settings) -> Secret:
        asked.append(None)
        return Secret(DEFAULT_TOKEN)

    monkeypatch.delenv("SMS_AUTH_TOKEN")
    monkeypatch.setattr(settings, "need_token", ask)
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


def test_a_closed_stderr_does_not_stop_the_run(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in `2>&1 | head -1`: everything is sent and recorded although stderr is closed."""

    class Gone(io.StringIO):
        def write(self, _: str, /) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("wikipayam_async.cli.bulk.progress._SECONDS_BETWEEN_LINES", 0.0)
    write(f"{A},hi", f"{B},hi", f"{C},hi")
    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", Gone())
        assert main(["bulk", FILE, "--yes", "--batch-size", "1", "--concurrency", "1"]) == 0
    assert receivers(gateway) == [A, B, C]
    assert outcomes(run) == {2: "accepted", 3: "accepted", 4: "accepted"}


@pytest.mark.parametrize("rate", ["nan", "inf", "0", "-1"])
def test_an_invalid_rate_is_a_usage_error(run: Run, rate: str) -> None:
    """The error comes before the file is read."""
    ended = run("bulk", FILE, "--rate", rate)
    assert (ended.code, "messages_per_second" in ended.err) == (2, True)


def test_values_that_look_like_options_are_escaped() -> None:
    """A value that begins with a hyphen is joined to its option, and a path gets a `./` prefix."""
    line = command_line(Path("-f.csv"), [TextOptions(text="-5")], Path("-r"))
    assert line == "wikipayam bulk ./-f.csv --text=-5 --resume ./-r"


def test_the_command_that_shows_the_results_is_quoted(gateway: Emulator, run: Run) -> None:
    """The printed command works in a shell for any file name."""
    write(f"{A},hi", name="my file.csv")
    assert "(wikipayam results 'my file.csv.results.jsonl')\n" in run("bulk", "my file.csv", "--yes").err


def test_a_disk_that_fills_up_stops_the_run(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run stops, reports the reason, and its exit code is 1."""
    import errno  # noqa: PLC0415

    from wikipayam_async.cli.bulk.appender import Appender  # noqa: PLC0415

    real = Appender.write

    def full(self: Appender, number: int, content: bytes) -> None:
        if b'"claimed"' in content:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(self, number, content)

    monkeypatch.setattr(Appender, "write", full)
    write(f"{A},hi")
    ended = run("bulk", FILE, "--yes", "--json")
    assert ended.code == 1
    assert ended.err == "stopped early: [Errno 28] No space left on device\n"
    assert ended.json["failure"] == "[Errno 28] No space left on device"
    assert gateway.requests_to(SENDS) == 0


def test_the_resume_command_is_quoted_and_holds_no_secret() -> None:
    """It repeats all options, quoted for a shell, without the proxy URL, which may hold a password."""
    line = command_line(
        Path("my file.csv"),
        [
            TextOptions(text="it's"),
            ResultsOptions(results=Path("r")),
            ConnectionOptions(proxy="http://me:secret@host", json=True),
        ],
        Path("r"),
    )
    assert line == """wikipayam bulk 'my file.csv' --text 'it'"'"'s' --json --proxy URL --resume r"""

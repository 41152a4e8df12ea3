from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.bulk.commands import FILE, SENDS, A, write
from tests.cli.conftest import Run
from wikipayam_async.cli.bulk.options import BulkCommandOptions, PlanningOptions
from wikipayam_async.cli.campaign.options import SendingOptions
from wikipayam_async.emulator import Emulator


def test_texts_come_from_a_template_file(gateway: Emulator, run: Run) -> None:
    """The final line end of the file is not part of the text."""
    Path("t.txt").write_bytes("\ufeffسلام {name}\r\nلغو۱۱\r\n".encode())
    write(f"{A},علی", header="mobile,name")
    assert run("bulk", FILE, "--yes", "--template-file", "t.txt").code == 0
    assert [entry.message for entry in gateway.ledger] == ["سلام علی\nلغو۱۱"]


def test_senders_and_track_ids_come_from_columns(gateway: Emulator, run: Run) -> None:
    """They are sent as in the row, also by a run that knows no line of its own."""
    line = gateway.account.lines[0]
    write(f"{A},hi,{line},T1", header="mobile,text,line,id")
    assert run("bulk", FILE, "--yes", "--sender-column", "line", "--track-id-column", "id").code == 0
    assert [(entry.sender, entry.track_id) for entry in gateway.ledger] == [(line, "T1")]


@pytest.mark.parametrize(
    ("batch_size", "rate", "planned", "expected"),
    [
        (None, None, None, 100),
        (50, None, None, 50),
        (None, 30.5, None, 30),
        (None, 150, None, 75),
        (50, 120, None, 50),
        (None, 30, 100, 100),
        (7, 30, 100, 7),
    ],
)
def test_a_rate_limits_the_messages_of_a_request(
    batch_size: int | None, rate: float | None, planned: int | None, expected: int
) -> None:
    """A new plan has requests that fit the rate, a campaign that is resumed keeps its own; an explicit size stays."""
    options = BulkCommandOptions(planning=PlanningOptions(batch_size=batch_size), sending=SendingOptions(rate=rate))
    assert options.messages_per_request(planned) == expected


@pytest.mark.parametrize(
    ("options", "text"),
    [
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
            "--template-file: expected a readable text file in UTF-8; got no such file",
        ),
        (("--opt-out", "b"), "--opt-out: expected a readable text file in UTF-8; got no such file"),
        (("--spending-limit", "5"), "--spending-limit: needs --price-persian or --tariff; got no price"),
        (
            ("--sending-hours", "8"),
            (
                "--sending-hours: expected hours such as 08:00-21:00 (start: expected a time of day such as '08:00'); "
                "got a string of 1 characters with digits"
            ),
        ),
    ],
)
def test_usage_errors_send_nothing(gateway: Emulator, run: Run, options: Sequence[str], text: str) -> None:
    """The error names the option, and the exit code is 2."""
    write(f"{A},hi")
    ended = run("bulk", FILE, "--yes", *options)
    assert ended.code == 2
    assert ended.err.partition(": ")[2] == text + "\n"
    assert gateway.requests == 0


@pytest.mark.parametrize("rate", ["0", "-1"])
def test_an_invalid_rate_is_a_usage_error(run: Run, rate: str) -> None:
    """The error comes before the file is read, and names the option."""
    ended = run("bulk", FILE, f"--rate={rate}")
    assert (ended.code, ended.err.startswith("error: --rate: expected messages per second, above 0")) == (2, True)


def test_the_sends_of_a_template_are_one_request(gateway: Emulator, run: Run) -> None:
    """Without a rate a request has up to a hundred messages."""
    write(*[f"{A},hi"] * 100)
    assert run("bulk", FILE, "--yes").code == 0
    assert gateway.requests_to(SENDS) == 1


def test_a_footer_is_sent_and_counted(gateway: Emulator, run: Run) -> None:
    """It is below every text, in the cost and among the remarks; the same command with it changes nothing."""
    write(f"{A},{'س' * 70}", f"{A[:-1]}9,لغو ۱۱")
    options = ("--footer", "لغو۱۱", "--price-persian", "100")
    ended = run("bulk", FILE, *options, "--yes-up-to", "300")
    assert (ended.code, "1 message with more parts because of the footer" in ended.err) == (0, True)
    assert [entry.message for entry in gateway.ledger] == ["س" * 70 + "\nلغو۱۱", "لغو ۱۱"]
    assert run("bulk", FILE, *options, "--yes").code == 0
    assert len(gateway.ledger) == 2

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.bulk.commands import FILE, SENDS, A, write
from tests.cli.conftest import Run
from wikipayam_async.cli.bulk.columns import TextOptions
from wikipayam_async.cli.bulk.options import ResultsOptions, command_line
from wikipayam_async.cli.session import GatewayOptions
from wikipayam_async.emulator import Emulator


def test_a_rate_limits_the_batch_size(gateway: Emulator, run: Run) -> None:
    """With a rate, a request holds at most the messages of one second."""
    write(*[f"{A},hi"] * 6)
    assert run("bulk", FILE, "--yes", "--rate", "3.5", "--concurrency", "1", "--dry-run").code == 0
    assert run("bulk", FILE, "--yes", "--rate", "600").code == 0
    assert gateway.requests_to(SENDS) == 1
    assert run("bulk", FILE, "--yes", "--rate", "0", "--results", "other").code == 2


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


def test_values_that_look_like_options_are_escaped() -> None:
    """A value that begins with a hyphen is joined to its option, and a path gets a `./` prefix."""
    line = command_line(Path("-f.csv"), [TextOptions(text="-5")], Path("-r"))
    assert line == "wikipayam bulk ./-f.csv --text=-5 --resume ./-r"


def test_the_resume_command_is_quoted_and_holds_no_secret() -> None:
    """It repeats all options, quoted for a shell, without the proxy URL, which may hold a password."""
    line = command_line(
        Path("my file.csv"),
        [
            TextOptions(text="it's"),
            ResultsOptions(results=Path("r")),
            GatewayOptions(proxy="http://me:secret@host", json=True),
        ],
        Path("r"),
    )
    assert line == """wikipayam bulk 'my file.csv' --text 'it'"'"'s' --json --proxy URL --resume r"""


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
            "--template-file: expected a readable text file in UTF-8; got FileNotFoundError",
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


@pytest.mark.parametrize("rate", ["nan", "inf", "0", "-1"])
def test_an_invalid_rate_is_a_usage_error(run: Run, rate: str) -> None:
    """The error comes before the file is read."""
    ended = run("bulk", FILE, "--rate", rate)
    assert (ended.code, "messages_per_second" in ended.err) == (2, True)

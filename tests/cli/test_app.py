from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.cli.conftest import Run
from wikipayam_async.cli import app

COMMANDS = (
    "balance", "send", "bulk", "campaign", "status", "inbox", "idempotency", "otp", "voice", "holoo", "parts", "number",
    "emulator",
    "demo", "doctor", "completion",
)  # fmt: skip


def test_help_names_every_command_and_the_exit_codes(run: Run) -> None:
    """The main help lists all commands and exit codes."""
    ended = run("--help")
    assert ended.code == 0
    assert [name for name in COMMANDS if f" {name} " not in ended.out] == []
    assert "130 interrupted" in " ".join(ended.out.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run: Run, command: str) -> None:
    """The help of each command contains its line in the list of commands."""
    ended = run(command, "--help")
    (summary,) = (text for name, _, text in app._COMMANDS if name == command)
    assert (ended.code, ended.err) == (0, "")
    assert summary in " ".join(ended.out.split())


def test_usage_errors_end_with_2(run: Run) -> None:
    """An unknown command, an unknown option and a bad value are named on stderr."""
    for argv, word in (
        (["blance"], "blance"),
        (["balance", "--jsno"], "--jsno"),
        (["balance", "--timeout", "x"], "--timeout"),
    ):
        ended = run(*argv)
        assert (ended.code, ended.out) == (2, "")
        assert word in ended.err


def test_an_interrupt_outside_a_command_ends_with_130(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """Ctrl-C outside of any command gives an exit code and no traceback."""

    def interrupt(_: list[str], *, print_error: bool) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "build", lambda _, called: interrupt)
    assert run("balance").code == 130


def test_help_imports_nothing_it_does_not_need() -> None:
    """The list of commands is shown without importing the client, its libraries, the emulator or a file reader."""
    code = (
        "import sys\nfrom wikipayam_async.cli import main\nmain(['--help'])\n"
        "names = 'httpx', 'hmac', 'msgspec', 'wikipayam_async.client', 'wikipayam_async.errors', 'uvicorn', 'xlrd'\n"
        "print([name for name in names if name in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603 - this very Python
        [sys.executable, "-X", "utf8", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_is_shown_on_an_ascii_terminal() -> None:
    """A terminal that cannot encode Persian gets question marks, and no crash."""
    process = subprocess.run(
        [sys.executable, "-m", "wikipayam_async.cli", "--help"],
        env={**os.environ, "LC_ALL": "fa_IR", "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert (process.returncode, b"Traceback" in process.stderr) == (0, False)
    assert b"balance" in process.stdout

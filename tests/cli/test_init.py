from __future__ import annotations

import sys

import pytest

from tests.cli.conftest import Run
from wikipayam_async import __version__
from wikipayam_async.cli import main


def test_without_the_extra_the_error_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without cyclopts the error names the extra, and the exit code is 2."""
    monkeypatch.setitem(sys.modules, "cyclopts", None)
    assert main(["balance"]) == 2
    assert "wikipayam_async[cli]" in capsys.readouterr().err


def test_the_default_arguments_are_those_of_the_process(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """Without `argv` the arguments of the process are used."""
    monkeypatch.setattr(sys, "argv", ["wikipayam", "--version"])
    assert main() == 0
    assert run("--version").out == f"{__version__}\n"


def test_an_interruption_while_it_starts_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing was begun; the exit code is that of every interruption."""

    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("wikipayam_async.cli.app.run", interrupted)
    assert main(["balance"]) == 130
    assert capsys.readouterr() == ("", "interrupted\n")

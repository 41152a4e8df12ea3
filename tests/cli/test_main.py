from __future__ import annotations

import importlib
import subprocess
import sys

import pytest


def test_it_runs_as_a_module() -> None:
    """`python -m wikipayam_async.cli` is the command line too, with its exit codes."""
    done = subprocess.run(
        [sys.executable, "-m", "wikipayam_async.cli", "number", "110", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert '"kind":"short_code"' in done.stdout


def test_importing_the_module_runs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Importing `__main__` starts no command."""
    importlib.import_module("wikipayam_async.cli.__main__")
    assert capsys.readouterr() == ("", "")

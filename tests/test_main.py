from __future__ import annotations

import importlib
import subprocess
import sys

import pytest


def test_the_package_runs_as_a_module() -> None:
    """`python -m wikipayam_async` is the command line, with its exit codes."""
    command = [sys.executable, "-m", "wikipayam_async", "number", "110", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the command line itself
    assert (done.returncode, done.stderr) == (0, "")
    assert '"kind":"short_code"' in done.stdout


def test_importing_the_module_runs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Importing `__main__` starts no command."""
    importlib.import_module("wikipayam_async.__main__")
    assert capsys.readouterr() == ("", "")

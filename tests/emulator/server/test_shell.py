import os
import subprocess
from pathlib import Path

import pytest

from wikipayam_async.emulator.server import shell
from wikipayam_async.emulator.server.shell import Shell, assignments, detect_shell, this_shell


@pytest.mark.parametrize(
    ("environ", "windows", "parent", "expected"),
    [
        ({"SHELL": "/bin/bash"}, False, "zsh", Shell.ZSH),
        ({"SHELL": "/usr/bin/fish"}, False, "make", Shell.FISH),
        ({"SHELL": "/bin/dash"}, False, None, Shell.SH),
        ({}, False, "bash", Shell.BASH),
        ({}, False, "pwsh", Shell.POWERSHELL),
        ({"PROMPT": "$P$G", "PSModulePath": "x"}, True, None, Shell.CMD),
        ({"PSModulePath": "x"}, True, None, Shell.POWERSHELL),
    ],
)
def test_the_shell_is_detected(environ: dict[str, str], windows: bool, parent: str | None, expected: Shell) -> None:
    """The parent process decides, then the login shell; on Windows the variable that only the command prompt sets."""
    assert detect_shell(environ, windows=windows, parent=parent) is expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Shell.SH, ["export A=b", "export C='d e'"]),
        (Shell.BASH, ["export A=b", "export C='d e'"]),
        (Shell.ZSH, ["export A=b", "export C='d e'"]),
        (Shell.FISH, ["set -gx A b", "set -gx C 'd e'"]),
        (Shell.POWERSHELL, ["$env:A = 'b'", "$env:C = 'd e'"]),
        (Shell.CMD, ["set A=b", "set C=d e"]),
    ],
)
def test_variables_are_set_in_the_syntax_of_the_shell(kind: Shell, expected: list[str]) -> None:
    """Every kind of shell has its own syntax, and values are quoted where they have to be."""
    assert assignments({"A": "b", "C": "d e"}, kind) == expected


@pytest.mark.skipif(os.name == "nt", reason="Windows has no sh")
def test_sh_understands_the_assignments() -> None:
    """A value with every kind of quote arrives unchanged."""
    value = 'it\'s "$HOME" `x` \\'
    script = "\n".join([*assignments({"A": value}, Shell.SH), 'printf %s "$A"'])
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == value  # noqa: S603, S607 - our own


def test_a_quote_is_doubled_in_powershell() -> None:
    """PowerShell reads two quotes within quotes as one."""
    assert assignments({"A": "it's"}, Shell.POWERSHELL) == ["$env:A = 'it''s'"]


def test_the_parent_process_is_looked_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The name comes from /proc where the system has it; without it the login shell decides."""
    monkeypatch.setattr(shell, "PROC", tmp_path)
    monkeypatch.setattr(os, "name", "posix")
    monkeypatch.setenv("SHELL", "/bin/zsh")
    assert this_shell() is Shell.ZSH
    folder = tmp_path / str(os.getppid())
    folder.mkdir()
    (folder / "comm").write_text("fish\n", "utf-8")
    assert this_shell() is Shell.FISH

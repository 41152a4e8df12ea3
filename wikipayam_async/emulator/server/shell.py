"""The shell from which a command was started, and how environment variables are set in it."""

import os
import shlex
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

PROC = Path("/proc")


class Shell(StrEnum):
    """A kind of shell, by the syntax with which it sets variables."""

    SH = "sh"
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "PowerShell"
    CMD = "the Windows command prompt"


_BY_NAME: Mapping[str, Shell] = {
    "bash": Shell.BASH,
    "zsh": Shell.ZSH,
    "fish": Shell.FISH,
    "pwsh": Shell.POWERSHELL,
    "powershell": Shell.POWERSHELL,
}


def this_shell() -> Shell:
    """Return the shell from which this process was started, as well as the system shows it."""
    return detect_shell(os.environ, windows=os.name == "nt", parent=_name_of_process(os.getppid()))


def detect_shell(environ: Mapping[str, str], *, windows: bool, parent: str | None) -> Shell:
    """Return the shell of an environment.

    Args:
        environ: The environment.
        windows: Whether the system is Windows.
        parent: The name of the parent process; None if it is not known.
    """
    if windows:
        # Only the command prompt sets PROMPT; both shells of Windows have the variables of PowerShell.
        return Shell.CMD if "PROMPT" in environ else Shell.POWERSHELL
    login = environ.get("SHELL", "").rpartition("/")[2]
    # The parent may be a program that runs commands, such as make; the login shell is the better guess then.
    return _BY_NAME.get(parent or "", _BY_NAME.get(login, Shell.SH))


def assignments(variables: Mapping[str, str], shell: Shell) -> list[str]:
    """Return the commands that set environment variables in a shell.

    Args:
        variables: The variables.
        shell: The shell.
    """
    return [_assignment(name, value, shell) for name, value in variables.items()]


def _assignment(name: str, value: str, shell: Shell) -> str:
    match shell:
        case Shell.FISH:
            return f"set -gx {name} {shlex.quote(value)}"
        case Shell.POWERSHELL:
            quoted = value.replace("'", "''")
            return f"$env:{name} = '{quoted}'"
        case Shell.CMD:
            return f"set {name}={value}"
        case _:
            return f"export {name}={shlex.quote(value)}"


def _name_of_process(number: int) -> str | None:
    """Return the name of a process where the system has /proc, else None."""
    try:
        return (PROC / str(number) / "comm").read_text("utf-8").strip()
    except OSError:
        return None

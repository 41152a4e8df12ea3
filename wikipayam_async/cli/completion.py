"""`wikipayam completion`."""

from __future__ import annotations

from typing import Literal

from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output

__all__ = ["completion"]


def completion(shell: Literal["bash", "zsh", "fish", "powershell"], /) -> Exit:
    """Print the completion script for a shell. Nothing is installed.

    Args:
        shell: The shell.
    """
    from wikipayam_async.cli.app import build  # noqa: PLC0415 - a circular import otherwise

    Output().data(build().generate_completion(shell=shell))
    return Exit.OK

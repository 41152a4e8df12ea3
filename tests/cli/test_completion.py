from __future__ import annotations

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_the_script_is_printed(run: Run, shell: str) -> None:
    """The script goes to stdout, and contains the commands."""
    ended = run("completion", shell)
    assert (ended.code, ended.err) == (0, "")
    assert "wikipayam" in ended.out
    assert "doctor" in ended.out


def test_another_shell_is_a_usage_error(run: Run) -> None:
    """An unknown shell is refused."""
    assert run("completion", "cmd").code == 2

from __future__ import annotations

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_the_script_is_printed(run: Run, shell: str) -> None:
    """The script goes to stdout, knows the commands, and nothing is installed."""
    ended = run("completion", shell)
    assert (ended.code, ended.err) == (0, "")
    assert "wikipayam" in ended.out
    assert "doctor" in ended.out


def test_another_shell_is_a_mistake(run: Run) -> None:
    """Shells that are not known are named as a mistake."""
    assert run("completion", "cmd").code == 2

"""The commands of the README exist; `tests/docs` runs its example."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"


def blocks(language: str) -> list[str]:
    """Return the README's code blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("session", ["demo", "tests"])
def test_both_commands_name_a_session_that_exists(session: str) -> None:
    """Each command of the README is one line and names a nox session that exists."""
    command = f"python -m pip install nox && python -m nox -s {session}\n"
    noxfile = (README.parent / "noxfile.py").read_text(encoding="utf-8")
    assert command in blocks("sh")
    assert f"def {session}(session: nox.Session)" in noxfile

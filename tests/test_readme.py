"""The README's example is run as it stands, against the emulator."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, serve

README = Path(__file__).parent.parent / "README.md"


def blocks(language: str) -> list[str]:
    """Return the README's code blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_the_example_runs_and_sends_what_it_says() -> None:
    """The ten-line example sends one message and a thousand more, all accepted, in as few requests as promised."""
    emulator = Emulator()
    (example,) = blocks("python")
    with serve(emulator) as served:
        done = subprocess.run(  # noqa: S603 - the README's own code
            [sys.executable, "-X", "utf8", "-c", example],
            env={"SMS_AUTH_TOKEN": DEFAULT_TOKEN, "WIKIPAYAM_SMS_API_BASE_URL": served.url},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1].endswith(
        "1,000 messages: 1,000 accepted, 0 rejected, 0 unknown, 0 not attempted"
    )
    assert len(emulator.ledger) == 1001
    assert emulator.requests_to("POST /sms/send") == 11


@pytest.mark.parametrize("session", ["demo", "tests"])
def test_both_commands_name_a_session_that_exists(session: str) -> None:
    """The two commands that the README promises are one line each, and nox knows their sessions."""
    command = f"python -m pip install nox && python -m nox -s {session}\n"
    noxfile = (README.parent / "noxfile.py").read_text(encoding="utf-8")
    assert command in blocks("sh")
    assert f"def {session}(session: nox.Session)" in noxfile

"""Run the programs that use a portal in a framework, unchanged and in a process of their own, with an emulator."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, serve

DOCS = Path(__file__).parent.parent.parent / "docs"
PORTALS = DOCS / "examples" / "portals"

if not DOCS.is_dir():
    pytest.skip("the documentation is not part of what is tested here", allow_module_level=True)

SENT = {
    "django_portal": ["Ready", "Your appointment is tomorrow"],
    "flask_portal": ["Your order is ready"],
}


@pytest.mark.parametrize("name", SENT)
def test_a_program_sends_from_plain_views(name: str) -> None:
    """The assertions of the program hold, and the emulator has its messages."""
    pytest.importorskip(name.partition("_")[0])
    emulator = Emulator()
    with serve(emulator) as served:
        environment = {
            "SMS_AUTH_TOKEN": DEFAULT_TOKEN,
            "SMS_SENDER": DEFAULT_LINE,
            "WIKIPAYAM_SMS_API_BASE_URL": served.url,
            "PYTHONPATH": str(DOCS.parent),
        }
        command = [sys.executable, str(PORTALS / f"{name}.py")]
        subprocess.run(command, check=True, env=os.environ | environment, timeout=60)  # noqa: S603 - as above
    assert [sms.message for sms in emulator.ledger] == SENT[name]


def test_every_program_is_run() -> None:
    """Each file has its messages above."""
    assert sorted(file.stem for file in PORTALS.glob("*.py")) == sorted(SENT)

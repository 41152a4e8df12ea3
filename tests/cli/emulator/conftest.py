"""A running emulator, and commands that call it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from tests.cli.conftest import Ended, Run
from wikipayam_async.emulator import (
    DEFAULT_TOKEN,
    TEHRAN,
    Emulator,
    ManualClock,
    Request,
    ServedEmulator,
    create_server_app,
    serve,
)

__all__ = ["Command", "send"]

Command = Callable[..., Ended]


@pytest.fixture
def served() -> Iterator[ServedEmulator]:
    """An emulator on a port that starts on 1 May 2024 at 13:30."""
    emulator = Emulator(clock=ManualClock(), wall=datetime(2024, 5, 1, 13, 30, tzinfo=TEHRAN))
    with serve(emulator, app=create_server_app(emulator)) as served:
        yield served


@pytest.fixture
def command(run: Run, served: ServedEmulator) -> Command:
    """Run a command below `wikipayam emulator` against the running emulator."""

    def command(*argv: str) -> Ended:
        return run("emulator", *argv, "--url", served.url)

    return command


def send(emulator: Emulator, receiver: str = "09123456789", track_id: str = "T1", text: str = "hello") -> str:
    """Send a message to the emulator and return its id."""
    body = f'[{{"sender":"10002000","receiver":"{receiver}","message":"{text}","track_id":"{track_id}"}}]'
    headers = {"Authorization": f"Bearer {DEFAULT_TOKEN}", "Content-Type": "application/json"}
    emulator.handle(Request("POST", "/api/v1/sms/send", "", headers, body.encode()))
    return emulator.ledger[-1].id

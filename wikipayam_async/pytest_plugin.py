"""The pytest plugin `wikipayam`: fixtures for tests of code that sends SMS. `-p no:wikipayam` turns it off.

Every run of pytest imports this module, and most never ask for a fixture, so nothing else is imported before one does.
No fixture is async, and none needs an event loop: they suit anyio's, pytest-asyncio's and pytest-trio's runners, and
tests that have none.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from wikipayam_async.client import AsyncWikipayam
    from wikipayam_async.emulator import Emulator, ManualClock, ServedEmulator

__all__ = ["wikipayam_client", "wikipayam_clock", "wikipayam_emulator", "wikipayam_environ", "wikipayam_server"]


@pytest.fixture
def wikipayam_clock() -> ManualClock:
    """The emulator's clock, which moves only by `wikipayam_clock.advance(seconds)`.

    A test that does not ask for it has an emulator that follows the real time.
    """
    from wikipayam_async.testing import ManualClock  # noqa: PLC0415 - see above

    return ManualClock()


@pytest.fixture
def wikipayam_emulator(request: pytest.FixtureRequest) -> Emulator:
    """A fresh emulator of the gateway: what was sent, what comes in, and faults to throw.

    Override it in a conftest.py for one with other settings; the other fixtures build upon it.
    """
    from wikipayam_async.testing import Emulator  # noqa: PLC0415 - see above

    manual = "wikipayam_clock" in request.fixturenames
    return Emulator(clock=request.getfixturevalue("wikipayam_clock") if manual else time.monotonic)


@pytest.fixture
def wikipayam_client(wikipayam_emulator: Emulator) -> Iterator[AsyncWikipayam]:
    """An `AsyncWikipayam` that the emulator answers in process, on any event loop; closed at the end of the test."""
    from wikipayam_async.testing import emulator_client  # noqa: PLC0415 - see above

    client = emulator_client(wikipayam_emulator)
    yield client
    # Without a socket there is nothing to wait for, so the coroutine ends at its first step, with no loop to run it.
    with suppress(StopIteration):
        client.aclose().send(None)


@pytest.fixture
def wikipayam_server(wikipayam_emulator: Emulator) -> Iterator[ServedEmulator]:
    """The emulator on a port of this machine, at `wikipayam_server.url`; needs the extra `wikipayam_async[emulator]`."""
    from wikipayam_async.testing import serve  # noqa: PLC0415 - see above

    with ExitStack() as stack:
        try:
            server = stack.enter_context(serve(wikipayam_emulator))
        except ImportError as error:
            pytest.fail(f"wikipayam_server: {error}", pytrace=False)
        yield server


@pytest.fixture
def wikipayam_environ(wikipayam_server: ServedEmulator, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Environment variables that lead an `AsyncWikipayam()` without arguments to the emulator's port; set for the test."""
    from wikipayam_async.testing import emulator_environ  # noqa: PLC0415 - see above

    environ = emulator_environ(wikipayam_server)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return environ

"""The pytest plugin `wikipayam`: fixtures for tests of code that sends SMS. `-p no:wikipayam` turns it off.

While tests run, clients refuse to connect to other machines than this one, since a token in the environment is enough
to spend money. The marker `wikipayam_network` allows it for a test, `wikipayam_network = true` in pytest's settings for
all of them.

Every pytest run imports this module, so it imports the rest of the package only when a fixture is used. No fixture is
async or needs an event loop: they work with the runners of anyio, pytest-asyncio and pytest-trio, and in synchronous
tests.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest

from wikipayam_async.loopback import loopback_only

if TYPE_CHECKING:
    from wikipayam_async.client import AsyncWikipayam
    from wikipayam_async.emulator import Emulator, ManualClock, ServedEmulator

__all__ = ["wikipayam_client", "wikipayam_clock", "wikipayam_emulator", "wikipayam_environ", "wikipayam_server"]

_NETWORK = "wikipayam_network"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting."""
    parser.addini(_NETWORK, "let clients of wikipayam_async connect to other machines", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse connections to other machines until the end of the run."""
    config.addinivalue_line("markers", f"{_NETWORK}: let clients of wikipayam_async connect to other machines.")
    stack = ExitStack()
    stack.enter_context(loopback_only(not config.getini(_NETWORK)))
    config.add_cleanup(stack.close)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Allow connections to other machines during a marked test, its fixtures included."""
    with ExitStack() as stack:
        if item.get_closest_marker(_NETWORK) is not None:
            stack.enter_context(loopback_only(False))  # noqa: FBT003 - a switch
        yield


@pytest.fixture
def wikipayam_clock() -> ManualClock:
    """The emulator's clock, which moves only by `wikipayam_clock.advance(seconds)`.

    In a test that does not use this fixture, the emulator uses real time.
    """
    from wikipayam_async.testing import ManualClock  # noqa: PLC0415 - see above

    return ManualClock()


@pytest.fixture
def wikipayam_emulator(request: pytest.FixtureRequest) -> Emulator:
    """A new emulator of the gateway: sent messages, received messages, and faults.

    Override it in a conftest.py to change its settings; the other fixtures use the override.
    """
    from wikipayam_async.testing import Emulator  # noqa: PLC0415 - see above

    manual = "wikipayam_clock" in request.fixturenames
    return Emulator(clock=request.getfixturevalue("wikipayam_clock") if manual else time.monotonic)


@pytest.fixture
def wikipayam_client(wikipayam_emulator: Emulator) -> Iterator[AsyncWikipayam]:
    """An `AsyncWikipayam` that the emulator answers in process, on any event loop. It is closed after the test."""
    from wikipayam_async.testing import emulator_client  # noqa: PLC0415 - see above

    client = emulator_client(wikipayam_emulator)
    yield client
    # Without a socket the coroutine finishes in its first step, so it needs no event loop.
    with suppress(StopIteration):
        client.aclose().send(None)


@pytest.fixture
def wikipayam_server(wikipayam_emulator: Emulator) -> Iterator[ServedEmulator]:
    """The emulator on a local port, at `wikipayam_server.url`; needs the extra `wikipayam_async[emulator]`."""
    from wikipayam_async.testing import serve  # noqa: PLC0415 - see above

    with ExitStack() as stack:
        try:
            server = stack.enter_context(serve(wikipayam_emulator))
        except ImportError as error:
            pytest.fail(f"wikipayam_server: {error}", pytrace=False)
        yield server


@pytest.fixture
def wikipayam_environ(wikipayam_server: ServedEmulator, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Environment variables with which `AsyncWikipayam()` uses the emulator on its port; set during the test."""
    from wikipayam_async.testing import emulator_environ  # noqa: PLC0415 - see above

    environ = emulator_environ(wikipayam_server)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return environ

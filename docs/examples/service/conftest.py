"""What the tests of the shop share: the shop, the gateway's emulator behind it, and time that passes for both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from fastapi.testclient import TestClient

from shop.app import create_app
from shop.settings import Settings
from wikipayam_async.testing import DEFAULT_LINE, Emulator, emulator_client


@pytest.fixture
def settings() -> Settings:
    """Settings that make nobody wait. A module may have others."""
    return Settings(look_every=0.01, poll_every=0.01)


@pytest.fixture
def http(settings: Settings, wikipayam_emulator: Emulator) -> Iterator[TestClient]:
    """The shop, running."""
    with TestClient(create_app(settings, partial(emulator_client, wikipayam_emulator))) as http:
        yield http


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait for what happens beside the requests."""

    def wait(happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not happened():
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.002)

    return wait


@pytest.fixture
def write_in(
    wikipayam_emulator: Emulator, http: TestClient, eventually: Callable[[Callable[[], bool]], None]
) -> Callable[[str, str], None]:
    """Let somebody write to the shop, and wait until the shop has read it."""

    def write(sender: str, message: str) -> None:
        handled = http.get("/health").json()["worker"]["handled"]
        wikipayam_emulator.inbound(sender=sender, message=message, receiver=DEFAULT_LINE)
        eventually(lambda: http.get("/health").json()["worker"]["handled"] > handled)

    return write

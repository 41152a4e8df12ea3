"""Fixtures for the tests of the shop, which run it with the gateway's emulator."""

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
    """Settings with short intervals."""
    return Settings(voice_after=0.01, inbound_poll_interval=0.01)


@pytest.fixture
def http(settings: Settings, wikipayam_emulator: Emulator) -> Iterator[TestClient]:
    """A test client of the running shop."""
    with TestClient(create_app(settings, partial(emulator_client, wikipayam_emulator))) as http:
        yield http


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """A function that waits until a condition holds."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, "the condition did not become true"
            time.sleep(0.002)

    return wait


@pytest.fixture
def send_inbound(
    wikipayam_emulator: Emulator, http: TestClient, eventually: Callable[[Callable[[], bool]], None]
) -> Callable[[str, str], None]:
    """A function that sends a message to the shop, and waits until the shop has handled it."""

    def send(sender: str, message: str) -> None:
        handled = http.get("/health").json()["worker"]["handled"]
        wikipayam_emulator.inbound(sender=sender, message=message, receiver=DEFAULT_LINE)
        eventually(lambda: http.get("/health").json()["worker"]["handled"] > handled)

    return send

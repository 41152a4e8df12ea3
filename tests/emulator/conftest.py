"""An emulator whose clock stands still, and a short way to call it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import pytest

from wikipayam_async.emulator import DEFAULT_TOKEN, TEHRAN, Emulator, ManualClock, Request


@pytest.fixture
def clock() -> ManualClock:
    """The emulator's clock."""
    return ManualClock()


@pytest.fixture
def emulator(clock: ManualClock) -> Emulator:
    """An emulator that starts at half past one on the first of May."""
    return Emulator(clock=clock, wall=datetime(2024, 5, 1, 13, 30, tzinfo=TEHRAN))


@pytest.fixture
def ask() -> Callable[..., Request]:
    """Make a request: method and path, and what stands in its body or query."""

    def ask(target: str, json: object = None, *, token: str | None = DEFAULT_TOKEN, **query: object) -> Request:
        method, _, path = target.partition(" ")
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        body = b"" if json is None else msgspec.json.encode(json)
        parameters = {name.rstrip("_"): str(value) for name, value in query.items()}
        return Request(method, f"/api/v1{path}", parameters, headers, body)

    return ask


@pytest.fixture
def call(emulator: Emulator, ask: Callable[..., Request]) -> Callable[..., tuple[int, Any]]:
    """Call the emulator, and get the status and the decoded answer."""

    def call(target: str, json: object = None, **options: Any) -> tuple[int, Any]:
        response = emulator.handle(ask(target, json, **options))
        return response.status, response.json()

    return call


@pytest.fixture
def sms() -> Callable[..., dict[str, Any]]:
    """Make one item of a ``/sms/send`` body that holds."""

    def sms(**fields: Any) -> dict[str, Any]:
        return {"sender": "10002000", "receiver": "09123456789", "message": "hello", "track_id": "T1", **fields}

    return sms

"""An emulator with a manual clock, and short helpers to call it."""

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
    """An emulator that starts on 1 May 2024 at 13:30."""
    return Emulator(clock=clock, wall=datetime(2024, 5, 1, 13, 30, tzinfo=TEHRAN))


@pytest.fixture
def ask() -> Callable[..., Request]:
    """Build a request from a method and path, and a body or query."""

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
    """Send a request to the emulator, and return the status and the decoded body."""

    def call(target: str, json: object = None, **options: Any) -> tuple[int, Any]:
        response = emulator.handle(ask(target, json, **options))
        return response.status, response.json()

    return call


@pytest.fixture
def sms() -> Callable[..., dict[str, Any]]:
    """Build one valid item of a `POST /sms/send` body."""

    def sms(**fields: Any) -> dict[str, Any]:
        return {"sender": "10002000", "receiver": "09123456789", "message": "hello", "track_id": "T1", **fields}

    return sms

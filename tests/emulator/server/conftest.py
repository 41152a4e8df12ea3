"""Calls to an ASGI application that answers at once, without an event loop."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

import pytest
from attrs import field, frozen

from wikipayam_async.emulator import Emulator
from wikipayam_async.emulator.app import AsgiApp
from wikipayam_async.emulator.server.control.app import ControlApp
from wikipayam_async.emulator.server.control.context import Control
from wikipayam_async.emulator.server.control.guard import Guard

OWN = ("127.0.0.1", 40_000)


@frozen
class Answer:
    """A response of an application."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        """The decoded body."""
        return json.loads(self.body)


def call_app(
    app: AsgiApp,
    target: str,
    body: object = b"",
    *,
    headers: Mapping[str, str] | None = None,
    client: tuple[str, int] | None = OWN,
    cut_off: bool = False,
) -> Answer:
    """Call an application; `target` is a method and a path with its query."""
    method, _, url = target.partition(" ")
    path, _, query = url.partition("?")
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Host": "127.0.0.1:8026", "Content-Type": "application/json", **(headers or {})}
    scope: MutableMapping[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items() if value],
        "client": client,
    }
    received: list[MutableMapping[str, Any]] = [
        {"type": "http.request", "body": content[:7], "more_body": True},
        {"type": "http.disconnect"} if cut_off else {"type": "http.request", "body": content[7:]},
    ]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return received.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    with pytest.raises(StopIteration):  # it never waits, so one step runs all of it
        app(scope, receive, send).__await__().__next__()
    start, end = sent
    return Answer(start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, end["body"])


Api = Callable[..., Answer]


@pytest.fixture
def control(emulator: Emulator) -> Control:
    """The emulator under control."""
    return Control.of(emulator)


@pytest.fixture
def api(control: Control) -> Api:
    """Call the control API of the emulator; the prefix of the path is left out."""
    app = ControlApp(control, Guard()).app

    def api(target: str, body: object = b"", **options: Any) -> Answer:
        method, _, path = target.partition(" ")
        return call_app(app, f"{method} /_emulator{path}", body, **options)

    return api

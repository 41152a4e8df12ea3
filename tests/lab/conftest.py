"""The lab beside an emulator, and for a gateway that is not to be trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from attrs import frozen

from tests.support.browser import browse
from wikipayam_async import AsyncWikipayam
from wikipayam_async.core.events import EventHook
from wikipayam_async.emulator import Emulator, create_app, serve
from wikipayam_async.emulator.app import AsgiApp
from wikipayam_async.emulator.server.control.app import ControlApp
from wikipayam_async.emulator.server.control.context import Control
from wikipayam_async.emulator.server.control.guard import Guard
from wikipayam_async.emulator.server.front import Front
from wikipayam_async.lab.gateway import LabGateway, real
from wikipayam_async.lab.pages import lab_pages, serve_real
from wikipayam_async.redact.sealed import Secret

__all__ = ["browse"]

TOKEN = 'real-token/"of+the%gateway\\1234567890'


@frozen
class Lab:
    """A served lab beside an emulator."""

    url: str
    control: Control

    @property
    def emulator(self) -> Emulator:
        """The emulator."""
        return self.control.emulator


@pytest.fixture
def emulator() -> Emulator:
    """An emulator with four received messages."""
    emulator = Emulator()
    for text in ("۱۱", "سلام", "لغو ", "yes"):
        emulator.inbound(sender="989123456789", message=text)
    return emulator


@pytest.fixture
def control(emulator: Emulator) -> Control:
    """The emulator under control."""
    return Control.of(emulator)


@pytest.fixture
def lab(control: Control) -> Iterator[Lab]:
    """The lab beside the emulator, on a port."""
    guard = Guard()
    app = Front(create_app(control.history), ControlApp(control, guard).app, lab_pages(control, guard)).app
    with serve(control.emulator, app=app) as served:
        yield Lab(f"{served.url}/lab/", control)


def gateway_at(url: str) -> LabGateway:
    """Return the gateway of a URL as the real one."""

    def connect(on_event: EventHook) -> AsyncWikipayam:
        return AsyncWikipayam(TOKEN, sender="10002000", username="09120000000", base_url=url, on_event=on_event)

    return real(Secret(TOKEN), connect, username="09120000000")


RealLab = Callable[[AsgiApp], AbstractContextManager[str]]


@pytest.fixture
def real_lab() -> RealLab:
    """Serve the lab with `--real` for a gateway that an ASGI application plays; yields the URL of the page."""

    @contextmanager
    def serving(app: AsgiApp) -> Iterator[str]:
        with serve(Emulator(), app=app) as gateway, serve_real(gateway_at(gateway.url), port=0) as served:
            yield f"{served.url}/lab/"

    return serving

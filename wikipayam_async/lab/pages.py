"""The lab as a page of the emulator's server, and as a server of its own for the real gateway."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from wikipayam_async.emulator.emulator import Emulator
from wikipayam_async.emulator.server.control.context import Control
from wikipayam_async.emulator.server.control.guard import LOOPBACK_NAMES, Guard
from wikipayam_async.emulator.server.index import Page
from wikipayam_async.emulator.server.serve import ServedEmulator, serve
from wikipayam_async.lab.app import PATH, LabApp
from wikipayam_async.lab.gateway import LabGateway, emulated

__all__ = ["lab_pages", "serve_real"]


def lab_pages(control: Control, guard: Guard) -> Sequence[Page]:
    """Return the lab as a page beside an emulator, for `run(..., pages=lab_pages)`.

    Args:
        control: The emulator under control.
        guard: The rules of access of its control API.
    """
    app = LabApp(emulated(control.history), guard, control).app
    return (Page("lab", "API lab", PATH, app),)


@contextmanager
def serve_real(gateway: LabGateway, *, port: int) -> Iterator[ServedEmulator]:
    """Serve the lab for the real gateway on this machine, for this machine only, while a `with` block runs.

    Args:
        gateway: The gateway.
        port: The port to listen on; 0 chooses a free one.

    Raises:
        ImportError: uvicorn is not installed.
    """
    app = LabApp(gateway, Guard(None, LOOPBACK_NAMES)).app
    with serve(Emulator(), port=port, app=app) as served:  # the emulator gets no request
        yield served

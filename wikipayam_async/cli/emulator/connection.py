"""Calls a running emulator, and turns its refusals into errors of a command."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen
from cyclopts import Parameter

from wikipayam_async.cli.exits import Exit, NoTokenError
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.session import OutputOptions, guarded
from wikipayam_async.emulator.server.control.client import ControlClient, ControlError
from wikipayam_async.errors import APIConnectionError, ConfigurationError, WikipayamError

__all__ = ["EmulatorConnection", "controlled"]

_UNAUTHORIZED = 401


@Parameter(name="*")
@frozen(kw_only=True)
class EmulatorConnection(OutputOptions):
    """How a command reaches a running emulator."""

    url: str = "http://127.0.0.1:8026"
    """The URL of the emulator."""


def controlled(connection: EmulatorConnection, work: Callable[[ControlClient, Output], None]) -> Exit:
    """Run a command that calls a running emulator, and return its exit code.

    Args:
        connection: How to reach the emulator.
        work: The command.
    """
    out = Output(json=connection.json)

    def run() -> None:
        try:
            work(ControlClient(connection.url), out)
        except ControlError as error:
            raise _error_of(error) from None

    return guarded(out, run)


def _error_of(error: ControlError) -> WikipayamError:
    if error.status is None:
        return APIConnectionError(str(error))
    return NoTokenError(str(error)) if error.status == _UNAUTHORIZED else ConfigurationError(str(error))

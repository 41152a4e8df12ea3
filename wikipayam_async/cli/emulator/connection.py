"""Calls a running emulator, and turns its refusals into errors of a command."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from attrs import frozen
from cyclopts import Parameter

from wikipayam_async.cli.exits import Exit, NoTokenError
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.session import OutputOptions, guarded
from wikipayam_async.emulator.server.control.client import ControlClient, ControlError
from wikipayam_async.errors import APIConnectionError, ConfigurationError, WikipayamError

__all__ = ["EmulatorConnection", "controlled", "url_of"]

_VARIABLE = "WIKIPAYAM_SMS_API_BASE_URL"
_DEFAULT_URL = "http://127.0.0.1:8026"
_UNAUTHORIZED = 401


@Parameter(name="*")
@frozen(kw_only=True)
class EmulatorConnection(OutputOptions):
    """How a command reaches a running emulator."""

    url: str | None = None
    """The URL of the emulator (default: WIKIPAYAM_SMS_API_BASE_URL if that is plain http, or http://127.0.0.1:8026)."""


def controlled(connection: EmulatorConnection, work: Callable[[ControlClient, Output], None]) -> Exit:
    """Run a command that calls a running emulator, and return its exit code.

    Args:
        connection: How to reach the emulator.
        work: The command.
    """
    out = Output(json=connection.json)

    def run() -> None:
        try:
            work(ControlClient(url_of(connection, os.environ)), out)
        except ControlError as error:
            raise _error_of(error) from None

    return guarded(out, run)


def url_of(connection: EmulatorConnection, environ: Mapping[str, str]) -> str:
    """Return the URL of the emulator.

    Args:
        connection: The options of the command.
        environ: The environment. Clients accept plain http for this machine only, so such a URL is an emulator's.
    """
    of_clients = environ.get(_VARIABLE, "")
    return connection.url or (of_clients if of_clients.startswith("http://") else _DEFAULT_URL)


def _error_of(error: ControlError) -> WikipayamError:
    if error.status is None:
        return APIConnectionError(str(error))
    return NoTokenError(str(error)) if error.status == _UNAUTHORIZED else ConfigurationError(str(error))

"""Serves the API lab."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import attrs

from wikipayam_async.cli.emulator.serve import DEFAULT_PORT, EmulatorOptions, serve_emulator
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.session import GatewayOptions, OutputOptions, guarded, make_client
from wikipayam_async.cli.settings import need_token, read_settings
from wikipayam_async.cli.values import WholeNumber
from wikipayam_async.core.events import CallFinished, Event, EventHook
from wikipayam_async.errors import InvalidInputError

if TYPE_CHECKING:
    from wikipayam_async.client import AsyncWikipayam

__all__ = ["lab"]


def lab(*, port: WholeNumber = DEFAULT_PORT, real: bool = False, connection: GatewayOptions = GatewayOptions()) -> Exit:
    """Serve a page that tries every call, of an emulator or of the gateway.

    It runs until Ctrl-C, and answers this machine only. With --real every send costs money; the page asks before each,
    and the token stays in this process.

    Args:
        port: The port to listen on; 0 picks a free one.
        real: Use the gateway instead of an emulator.
        connection: How to reach the gateway, with --real.
    """
    out = Output(json=connection.json)
    return guarded(out, lambda: _serve_real(port, connection, out) if real else _serve_emulator(port, connection))


def _serve_emulator(port: int, connection: GatewayOptions) -> Exit:
    if attrs.evolve(connection, json=False) != GatewayOptions():
        raise InvalidInputError("--real", rule="expected with options of the gateway", got="none")
    return serve_emulator(options=EmulatorOptions(port=port), output=OutputOptions(json=connection.json))


def _serve_real(port: int, connection: GatewayOptions, out: Output) -> Exit:
    from wikipayam_async.emulator.server.run import sigterm_interrupts  # noqa: PLC0415 - other commands do without
    from wikipayam_async.lab.gateway import real  # noqa: PLC0415 - as above
    from wikipayam_async.lab.pages import serve_real  # noqa: PLC0415 - as above

    found = read_settings(connection.env_file)
    if found.ignored:
        out.warn(found.ignored)
    token = need_token(found)
    settings = attrs.evolve(found, token=token)

    def connect(on_event: EventHook) -> AsyncWikipayam:
        def record(event: Event) -> None:
            on_event(event)
            _tell_outcomes(out, event)

        return make_client(connection, settings, record)

    gateway = real(token, connect, username=settings.get("SMS_USERNAME"))
    try:
        with sigterm_interrupts(), serve_real(gateway, port=port) as served:
            out.say(
                f"lab: {served.url}/lab/\ngateway: {gateway.base_url}\n\nEvery send costs money. Press Ctrl-C to stop."
            )
            out.emit({"lab": f"{served.url}/lab/", "gateway": gateway.base_url})
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        return Exit.OK
    except (ImportError, OSError, OverflowError) as error:
        out.warn(f"the lab cannot start: {error}")
        return Exit.USAGE


def _tell_outcomes(out: Output, event: Event) -> None:
    """Show the outcome of each message here, too: the page may be closed before the answer arrives."""
    if isinstance(event, CallFinished):
        for message in event.messages:
            name = message.track_id or "no track id"
            out.warn(f"{event.operation}, {name}: {message.status}{f', {message.id}' if message.id else ''}")

"""Runs a command: builds its client from the settings, finishes sends on Ctrl-C, and turns errors into exit codes."""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import anyio
from anyio.abc import TaskStatus
from attrs import field, frozen
from cyclopts import Parameter

from wikipayam_async.cli.exits import Exit, exit_of
from wikipayam_async.cli.output import Output, spaced
from wikipayam_async.cli.settings import DEFAULT_ENV_FILE, Settings, need_token, read_settings
from wikipayam_async.cli.values import Number
from wikipayam_async.core.events import CallFinished, Event
from wikipayam_async.core.options import DEFAULT_TIMEOUT
from wikipayam_async.errors import WikipayamError
from wikipayam_async.outcomes import MessageOutcome
from wikipayam_async.version import __version__

if TYPE_CHECKING:
    from wikipayam_async.client import AsyncWikipayam

__all__ = ["GatewayOptions", "OutputOptions", "Session", "Work", "guarded", "make_client", "online"]


@Parameter(name="*")
@frozen(kw_only=True)
class OutputOptions:
    """How a command shows its result."""

    json: bool = False
    """Write JSON to stdout, for programs."""


@Parameter(name="*")
@frozen(kw_only=True)
class GatewayOptions(OutputOptions):
    """How a command reaches the gateway."""

    timeout: Number = DEFAULT_TIMEOUT
    """The timeout of one attempt, in seconds."""
    base_url: str | None = None
    """The URL of the gateway (default: WIKIPAYAM_SMS_API_BASE_URL)."""
    proxy: str | None = None
    """The URL of an HTTP proxy; proxy variables of the environment are ignored."""
    env_file: Path = DEFAULT_ENV_FILE
    """A file with settings, as SMS_AUTH_TOKEN=..."""


@frozen
class Session:
    """The context of a running command.

    Attributes:
        client: The client.
        out: The output.
        settings: The settings of the environment.
        sends: The outcomes of all messages sent so far, if the session reports them.
    """

    client: AsyncWikipayam
    out: Output
    settings: Settings
    sends: list[MessageOutcome] = field(factory=list, repr=False)


Work: TypeAlias = Callable[[Session], Awaitable[Exit | None]]
"""The work of a command: returns the exit code; None is `OK`."""


def online(
    connection: GatewayOptions,
    work: Work,
    *,
    settings: Settings | None = None,
    reports_sends: bool = False,
) -> Exit:
    """Run a command that uses the gateway, and return its exit code.

    Ctrl-C, SIGTERM and a closed terminal cancel the command: sends in flight are finished, and their outcomes shown.

    Args:
        connection: How to reach the gateway.
        work: The command.
        settings: The settings, if they were read already; the caller has then shown the warning about ignored ones.
        reports_sends: Whether the command itself shows the outcomes of its sends when it is cancelled.
    """
    out = Output(json=connection.json)

    def run() -> Exit:
        found = settings or read_settings(connection.env_file)
        if found.ignored and settings is None:
            out.warn(found.ignored)
        sends: list[MessageOutcome] = []
        collect = None if reports_sends else functools.partial(_collect_sends, sends)
        client = make_client(connection, found, collect)
        return anyio.run(_run, Session(client, out, found, sends), work, reports_sends)

    return guarded(out, run)


def guarded(out: Output, work: Callable[[], Exit | None]) -> Exit:
    """Run a command, and turn its errors into text and an exit code.

    Args:
        out: The output.
        work: The command; it returns the exit code, or None for `OK`.
    """
    try:
        return work() or Exit.OK
    except WikipayamError as error:
        out.fail(error)
        return exit_of(error)
    except KeyboardInterrupt:
        out.warn("interrupted")
        return Exit.INTERRUPTED


def make_client(
    connection: GatewayOptions,
    settings: Settings,
    on_event: Callable[[Event], None] | None = None,
) -> AsyncWikipayam:
    """Build the client of a command.

    Args:
        connection: The connection options of the command line.
        settings: The settings of the environment.
        on_event: Receives every event of the client.

    Raises:
        NoTokenError: There is no token.
        ConfigurationError: A setting is invalid.
    """
    from wikipayam_async.client import AsyncWikipayam  # noqa: PLC0415 - takes half of the startup time

    return AsyncWikipayam(
        need_token(settings).reveal(),
        sender=settings.get("SMS_SENDER"),
        username=settings.get("SMS_USERNAME"),
        base_url=connection.base_url or settings.get("WIKIPAYAM_SMS_API_BASE_URL"),
        api_prefix=settings.get("WIKIPAYAM_SMS_API_PREFIX"),
        timeout=connection.timeout,
        proxy=connection.proxy,
        application=f"wikipayam-cli/{__version__}",
        on_event=on_event,
    )


async def _run(session: Session, work: Work, reports_sends: bool) -> Exit:  # noqa: FBT001 - anyio.run takes no keywords
    code = Exit.INTERRUPTED
    failure: WikipayamError | None = None
    scope = anyio.CancelScope()
    async with session.client, anyio.create_task_group() as group:
        with scope:
            await group.start(_cancel_on_signal, scope, session.out)
            try:
                code = await work(session) or Exit.OK
            except WikipayamError as error:
                failure = error  # raised later: the task group would wrap it in an exception group
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure
    if scope.cancel_called:
        code = Exit.INTERRUPTED
        if not reports_sends:
            _show_sends(session)
    return code


async def _cancel_on_signal(
    scope: anyio.CancelScope, out: Output, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    if sys.platform == "win32":  # pragma: no cover - no signal receivers there; KeyboardInterrupt suffices
        task_status.started()
        return
    numbers = [signal.SIGINT, signal.SIGTERM]
    # `nohup` ignores SIGHUP so that a command outlives its terminal.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    with anyio.open_signal_receiver(*numbers) as signals:
        task_status.started()
        async for _ in signals:
            if scope.cancel_called:
                out.warn("ended at once: what was in flight may have been sent")
                _end_process(Exit.INTERRUPTED)
            out.warn("interrupted: finishing requests in flight; a second signal ends at once")
            scope.cancel()


def _end_process(code: Exit) -> None:
    """End the process without finishing anything, as a crash does; what is on the disk stays as it is."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def _collect_sends(sends: list[MessageOutcome], event: Event) -> None:
    if isinstance(event, CallFinished):
        sends.extend(event.messages)


def _show_sends(session: Session) -> None:
    """Show the outcomes of the messages that were sent before the interruption."""
    for outcome in session.sends:
        id_ = f", id {outcome.id}" if outcome.id else ""
        session.out.warn(f"track id {outcome.track_id}: {spaced(outcome.status.value)}{id_}")
    session.out.emit({"interrupted": True, "sends": session.sends})

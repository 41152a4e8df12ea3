"""What every command runs in: a client with the settings found, Ctrl-C that loses nothing, errors as exit codes."""

from __future__ import annotations

import functools
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import anyio
from anyio.abc import TaskStatus
from attrs import field, frozen
from cyclopts import Parameter

from wikipayam_async.cli.exits import Exit, exit_of
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.settings import DEFAULT_ENV_FILE, Settings, need_token, read_settings
from wikipayam_async.core.events import CallFinished, Event
from wikipayam_async.core.limits import RateLimit
from wikipayam_async.core.options import DEFAULT_TIMEOUT
from wikipayam_async.errors import WikipayamError
from wikipayam_async.outcomes import MessageOutcome
from wikipayam_async.version import __version__

if TYPE_CHECKING:
    from wikipayam_async.client import AsyncWikipayam

__all__ = ["Connection", "Form", "Session", "Work", "guarded", "make_client", "online"]


@Parameter(name="*")
@frozen(kw_only=True)
class Form:
    """How a command tells what it found."""

    json: bool = False
    """Write JSON to stdout, for programs."""


@Parameter(name="*")
@frozen(kw_only=True)
class Connection:
    """How a command reaches the gateway."""

    json: bool = False
    """Write JSON to stdout, for programs."""
    timeout: float = DEFAULT_TIMEOUT
    """Seconds that one attempt may take."""
    base_url: str | None = None
    """Where the gateway is, instead of WIKIPAYAM_SMS_API_BASE_URL."""
    proxy: str | None = None
    """The URL of an HTTP proxy; those of the environment are not used."""
    env_file: Path = DEFAULT_ENV_FILE
    """A file with settings, as SMS_AUTH_TOKEN=..."""


@frozen
class Session:
    """What a command has while it runs.

    Attributes:
        client: The client.
        out: Where its words go.
        settings: What the surroundings say.
        sends: The outcomes of all messages so far, by the calls that sent them.
    """

    client: AsyncWikipayam
    out: Output
    settings: Settings
    sends: list[MessageOutcome] = field(factory=list, repr=False)


Work: TypeAlias = Callable[[Session], Awaitable[Exit]]


def online(
    connection: Connection,
    work: Work,
    *,
    settings: Settings | None = None,
    rate_limit: RateLimit | None = None,
    tells_sends: bool = False,
) -> Exit:
    """Run a command that talks to the gateway, and return its exit code.

    On Ctrl-C (or a request to end, or when the terminal is closed) it is cancelled: what has begun to leave is finished,
    and its outcome told.

    Args:
        connection: How to reach the gateway.
        work: The command.
        settings: What the surroundings say, if that is known already; who knows it has told what of it is ignored.
        rate_limit: How fast it may go.
        tells_sends: Whether the command itself tells what became of its sends when it is cancelled.
    """
    out = Output(json=connection.json)

    def serve() -> Exit:
        known = settings or read_settings(connection.env_file)
        if known.ignored and settings is None:
            out.warn(known.ignored)
        sends: list[MessageOutcome] = []
        client = make_client(connection, known, functools.partial(_note, sends), rate_limit=rate_limit)
        return anyio.run(_serve, Session(client, out, known, sends), work, tells_sends)

    return guarded(out, serve)


def guarded(out: Output, work: Callable[[], Exit]) -> Exit:
    """Run a command, and turn what it raises into words and an exit code.

    Args:
        out: Where the words go.
        work: The command.
    """
    try:
        return work()
    except WikipayamError as error:
        out.fail(error)
        return exit_of(error)
    except KeyboardInterrupt:
        out.warn("interrupted")
        return Exit.INTERRUPTED


def make_client(
    connection: Connection,
    settings: Settings,
    on_event: Callable[[Event], None] | None = None,
    *,
    rate_limit: RateLimit | None = None,
) -> AsyncWikipayam:
    """Build the client of a command.

    Args:
        connection: What the command line says.
        settings: What the surroundings say.
        on_event: Hears of every call.
        rate_limit: How fast to go.

    Raises:
        NoTokenError: There is no token.
        ConfigurationError: A setting breaks a rule.
    """
    from wikipayam_async.client import AsyncWikipayam  # noqa: PLC0415 - half of the time that a command takes to start

    return AsyncWikipayam(
        need_token(settings).reveal(),
        sender=settings.get("SMS_SENDER"),
        username=settings.get("SMS_USERNAME"),
        base_url=connection.base_url or settings.get("WIKIPAYAM_SMS_API_BASE_URL"),
        api_prefix=settings.get("WIKIPAYAM_SMS_API_PREFIX"),
        timeout=connection.timeout,
        proxy=connection.proxy,
        application=f"wikipayam-cli/{__version__}",
        rate_limit=rate_limit,
        on_event=on_event,
    )


async def _serve(session: Session, work: Work, tells_sends: bool) -> Exit:  # noqa: FBT001 - anyio.run takes no keywords
    code = Exit.INTERRUPTED
    failure: WikipayamError | None = None
    scope = anyio.CancelScope()
    async with session.client, anyio.create_task_group() as group:
        with scope:
            await group.start(_cancel_on_signal, scope, session.out)
            try:
                code = await work(session)
            except WikipayamError as error:
                failure = error  # not through the group, which would wrap it
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure
    if scope.cancel_called:
        code = Exit.INTERRUPTED
        if not tells_sends:
            _tell(session)
    return code


async def _cancel_on_signal(
    scope: anyio.CancelScope, out: Output, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    if sys.platform == "win32":  # pragma: no cover - it has no signals to wait for; Python's own Ctrl-C does
        task_status.started()
        return
    asking = [signal.SIGINT, signal.SIGTERM]
    # `nohup` has it ignored, so that a command outlives its terminal.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        asking.append(signal.SIGHUP)
    with anyio.open_signal_receiver(*asking) as signals:
        task_status.started()
        async for _ in signals:
            out.warn("interrupted: finishing what is in flight")
            scope.cancel()


def _note(sends: list[MessageOutcome], event: Event) -> None:
    if isinstance(event, CallFinished):
        sends.extend(event.messages)


def _tell(session: Session) -> None:
    """Tell what became of what had left before the interruption."""
    for outcome in session.sends:
        session.out.warn(
            f"track id {outcome.track_id}: {outcome.status.value.replace('_', ' ')}{f', id {outcome.id}' if outcome.id else ''}"
        )
    session.out.emit({"interrupted": True, "sends": session.sends})

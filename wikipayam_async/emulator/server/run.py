"""Serves an emulator until it is interrupted: what stands behind the commands that do so."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import NoReturn, TextIO

from attrs import define, field, frozen
from attrs.validators import ge, le

from wikipayam_async.emulator.emulator import Emulator
from wikipayam_async.emulator.faults.latency import Latency
from wikipayam_async.emulator.faults.parse import FaultRule, arm_faults
from wikipayam_async.emulator.gateway.gateway import DEFAULT_PREFIX
from wikipayam_async.emulator.gateway.state import DEFAULT_LINE, DEFAULT_LINES, DEFAULT_TOKEN
from wikipayam_async.emulator.server.request_log import with_log
from wikipayam_async.emulator.server.saved_state import StateFile
from wikipayam_async.emulator.server.serve import ServedEmulator, serve

DEFAULT_PORT = 8026

SAVED_EVERY = 2.0
"""Seconds between two looks at whether there is something to save; a process that is killed loses no more."""

_ENDED, _NOT_SAVED, _CANNOT_RUN = 0, 1, 2


@frozen(kw_only=True)
class ServeOptions:
    """How an emulator is served.

    Attributes:
        host: Where to listen.
        port: On which port, from 0 to 65535; 0 takes a free one.
        latency: How long every answer takes.
        faults: What goes wrong.
        seed: Decides which requests chance strikes, how long each answer takes, and the ids.
        state: The file that the emulator's memory is kept in; None keeps it nowhere.
        log: Whether every request is shown.
    """

    host: str = "127.0.0.1"
    port: int = field(default=DEFAULT_PORT, validator=[ge(0), le(65_535)])
    latency: Latency = Latency(0)  # noqa: RUF009 - frozen, so one for all does
    faults: tuple[FaultRule, ...] = ()
    seed: int = 0
    state: Path | None = None
    log: bool = False


@frozen
class Terminal:
    """Where a served emulator speaks, and how it waits.

    Attributes:
        write: Shows a text, its line ends included.
        complain: The same, for what goes wrong.
        sleep: Waits for some seconds; an interruption comes out of it as KeyboardInterrupt.
    """

    write: Callable[[str], object] = field(factory=lambda: partial(_written, sys.stdout))
    complain: Callable[[str], object] = field(factory=lambda: partial(_written, sys.stderr))
    sleep: Callable[[float], object] = field(factory=lambda: time.sleep)


def run(
    options: ServeOptions,
    terminal: Terminal | None = None,
    *,
    announce: Callable[[ServedEmulator], object] | None = None,
) -> int:
    """Serve an emulator until Ctrl-C or SIGTERM, and tell where it is and how to point a client at it.

    With a state file, what it holds is taken up first. It is written every few seconds if something has changed, and at
    the end, after the last request.

    Args:
        options: How it is served.
        terminal: Where it speaks; by default standard output and standard error.
        announce: Called when connections are answered, besides what the terminal is told.

    Returns:
        The exit code: 0 after an interruption, 1 if the state could not be saved at the end, 2 if the emulator could
        not begin.
    """
    session = _Session(options, terminal or Terminal())
    with _ended_by_sigterm():
        try:
            with ExitStack() as stack:
                try:
                    served = stack.enter_context(session.begin())
                except (ImportError, OSError, ValueError) as error:
                    session.terminal.complain(f"the emulator cannot begin: {error}\n")
                    return _CANNOT_RUN
                session.terminal.write(introduction(served))
                if announce is not None:
                    announce(served)
                session.wait()
        except KeyboardInterrupt:
            return session.end()


def environment(served: ServedEmulator) -> dict[str, str]:
    """Tell with which environment variables a client finds a served emulator.

    Args:
        served: The emulator, on its port.

    Returns:
        The variables and their values.
    """
    return {
        "SMS_AUTH_TOKEN": DEFAULT_TOKEN,
        "SMS_SENDER": DEFAULT_LINE,
        "WIKIPAYAM_SMS_API_BASE_URL": served.url,
        "WIKIPAYAM_SMS_API_PREFIX": DEFAULT_PREFIX,
    }


def introduction(served: ServedEmulator) -> str:
    """Say where a served emulator is, and how to point a client at it.

    Args:
        served: The emulator, on its port.

    Returns:
        Some lines.
    """
    variables = [f"{name}={value}" for name, value in environment(served).items()]
    lines = [
        f"url:   {served.url}",
        f"token: {DEFAULT_TOKEN}",
        f"lines: {' '.join(DEFAULT_LINES)}",
        "",
        "To point a client at it, in sh:",
        *(f"  export {variable}" for variable in variables),
        "in the Windows command prompt:",
        *(f"  set {variable}" for variable in variables),
        "",
        "Ctrl-C ends it.",
    ]
    return "\n".join([*lines, ""])


@define
class _Session:
    options: ServeOptions
    terminal: Terminal
    emulator: Emulator = field(init=False)
    file: StateFile | None = field(init=False, default=None)
    accepted_before: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self.emulator = Emulator(seed=self.options.seed, latency=self.options.latency)

    def begin(self) -> AbstractContextManager[ServedEmulator]:
        options = self.options
        arm_faults(self.emulator.faults, options.faults, seed=options.seed)
        if options.state is not None:
            file = StateFile(self.emulator, options.state)
            file.open()
            # Not before: a file that was not taken up must not be written over.
            self.file = file
        self.accepted_before = self.emulator.accepted
        wrap = partial(with_log, write=self.terminal.write) if options.log else None
        return serve(self.emulator, host=options.host, port=options.port, wrap=wrap)

    def wait(self) -> NoReturn:
        told = None
        while True:
            self.terminal.sleep(SAVED_EVERY)
            trouble = self.save()
            if trouble is not None and trouble != told:
                self.terminal.complain(trouble)
            told = trouble

    def save(self) -> str | None:
        """Save what has changed, and say what prevents it."""
        try:
            if self.file is not None:
                self.file.save()
        except OSError as error:
            return f"the state is not saved: {error}\n"
        return None

    def end(self) -> int:
        trouble = self.save()
        accepted = self.emulator.accepted - self.accepted_before
        kept = f"; the state is in {self.options.state}" if self.file and not trouble else ""
        self.terminal.write(f"\nmessages accepted: {accepted}, requests: {self.emulator.requests}{kept}\n")
        if trouble is None:
            return _ENDED
        self.terminal.complain(trouble)
        return _NOT_SAVED


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does. Only the main thread may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _written(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    # The emulator goes on where nobody reads what it says.
    with suppress(OSError):
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()

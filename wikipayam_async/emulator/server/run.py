"""Serves an emulator until it is interrupted, for the commands that do so."""

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

SAVE_INTERVAL = 2.0
"""Seconds between two saves of a changed state, and thus the most that a killed process loses."""

_INTERRUPTED, _NOT_SAVED, _NOT_STARTED = 0, 1, 2


@frozen(kw_only=True)
class ServeOptions:
    """The options of a served emulator.

    Attributes:
        host: The address to listen on.
        port: The port to listen on, from 0 to 65535; 0 chooses a free one.
        latency: The response time of every request.
        faults: The faults and when they occur.
        seed: Determines the random faults, the random delays and the ids.
        state: The file that keeps the emulator's state; None keeps no state.
        log: Whether every request is logged.
    """

    host: str = "127.0.0.1"
    port: int = field(default=DEFAULT_PORT, validator=[ge(0), le(65_535)])
    latency: Latency = Latency(0)  # noqa: RUF009 - immutable
    faults: tuple[FaultRule, ...] = ()
    seed: int = 0
    state: Path | None = None
    log: bool = False


@frozen
class Terminal:
    """The output and the clock of a served emulator.

    Attributes:
        write: Writes a text, with its line ends.
        write_error: Writes an error message, with its line end.
        sleep: Sleeps for a number of seconds. An interruption raises KeyboardInterrupt.
    """

    write: Callable[[str], object] = field(factory=lambda: partial(_write, sys.stdout))
    write_error: Callable[[str], object] = field(factory=lambda: partial(_write, sys.stderr))
    sleep: Callable[[float], object] = field(factory=lambda: time.sleep)


def run(
    options: ServeOptions,
    terminal: Terminal | None = None,
    *,
    announce: Callable[[ServedEmulator], object] | None = None,
) -> int:
    """Serve an emulator until Ctrl-C or SIGTERM, and print its URL and the variables for a client.

    A state file is loaded at the start. It is saved every two seconds if the state has changed, and at the end, after
    the last request.

    Args:
        options: The options.
        terminal: Where it writes; by default standard output and standard error.
        announce: Called once connections are accepted.

    Returns:
        The exit code: 0 after an interruption, 1 if the state could not be saved at the end, 2 if the emulator could
        not start.
    """
    session = _Session(options, terminal or Terminal())
    with _sigterm_interrupts():
        try:
            with ExitStack() as stack:
                try:
                    served = stack.enter_context(session.start())
                except (ImportError, OSError, ValueError) as error:
                    session.terminal.write_error(f"the emulator cannot start: {error}\n")
                    return _NOT_STARTED
                session.terminal.write(introduction(served))
                if announce is not None:
                    announce(served)
                session.wait()
        except KeyboardInterrupt:
            return session.end()


def environment(served: ServedEmulator) -> dict[str, str]:
    """Return the environment variables with which a client finds a served emulator."""
    return {
        "SMS_AUTH_TOKEN": DEFAULT_TOKEN,
        "SMS_SENDER": DEFAULT_LINE,
        "WIKIPAYAM_SMS_API_BASE_URL": served.url,
        "WIKIPAYAM_SMS_API_PREFIX": DEFAULT_PREFIX,
    }


def introduction(served: ServedEmulator) -> str:
    """Return the text printed at the start: the URL of the emulator, and the variables for a client."""
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
        "Press Ctrl-C to stop.",
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

    def start(self) -> AbstractContextManager[ServedEmulator]:
        options = self.options
        arm_faults(self.emulator.faults, options.faults, seed=options.seed)
        if options.state is not None:
            file = StateFile(self.emulator, options.state)
            file.open()
            # Set only now: a file that could not be loaded must not be overwritten.
            self.file = file
        self.accepted_before = self.emulator.accepted
        wrap = partial(with_log, write=self.terminal.write) if options.log else None
        return serve(self.emulator, host=options.host, port=options.port, wrap=wrap)

    def wait(self) -> NoReturn:
        previous = None
        while True:
            self.terminal.sleep(SAVE_INTERVAL)
            error = self.save()
            if error is not None and error != previous:
                self.terminal.write_error(error)
            previous = error

    def save(self) -> str | None:
        """Save the state if it has changed; return a message if that fails."""
        try:
            if self.file is not None:
                self.file.save()
        except OSError as error:
            return f"the state is not saved: {error}\n"
        return None

    def end(self) -> int:
        error = self.save()
        accepted = self.emulator.accepted - self.accepted_before
        kept = f"; the state is in {self.options.state}" if self.file and not error else ""
        self.terminal.write(f"\nmessages accepted: {accepted}, requests: {self.emulator.requests}{kept}\n")
        if error is None:
            return _INTERRUPTED
        self.terminal.write_error(error)
        return _NOT_SAVED


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Make SIGTERM raise KeyboardInterrupt, as Ctrl-C does. Only the main thread can set signal handlers."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    # A closed output must not stop the emulator.
    with suppress(OSError):
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()

"""Serves an emulator until it is interrupted, for the commands that do so."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import NoReturn, TextIO, TypeAlias

from attrs import define, field, frozen
from attrs.validators import ge, le

from wikipayam_async.emulator.app import create_app
from wikipayam_async.emulator.emulator import Emulator
from wikipayam_async.emulator.faults.latency import Latency
from wikipayam_async.emulator.faults.parse import FaultRule
from wikipayam_async.emulator.gateway.state import DEFAULT_BALANCE, DEFAULT_LINES, DEFAULT_TOKEN, DEFAULT_USERNAME
from wikipayam_async.emulator.server.control.app import ControlApp
from wikipayam_async.emulator.server.control.context import Control
from wikipayam_async.emulator.server.control.guard import LOOPBACK_NAMES, TOKEN_VARIABLE, Guard
from wikipayam_async.emulator.server.environment import environment
from wikipayam_async.emulator.server.front import Front
from wikipayam_async.emulator.server.index import Page, links
from wikipayam_async.emulator.server.request_log import with_log
from wikipayam_async.emulator.server.saved_state import StateFile
from wikipayam_async.emulator.server.serve import ServedEmulator, serve
from wikipayam_async.emulator.server.shell import Shell, assignments, this_shell

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
        balance: The opening balance of the account, in IRR.
        seed: Determines the random faults, the random delays and the ids.
        state: The file that keeps the emulator's state; None keeps no state.
        log: Whether every request to the gateway is logged.
        control_token: The token that callers of the control API must send. Without one, it answers this machine only.
    """

    host: str = "127.0.0.1"
    port: int = field(default=DEFAULT_PORT, validator=[ge(0), le(65_535)])
    latency: Latency = Latency(0)  # noqa: RUF009 - immutable
    faults: tuple[FaultRule, ...] = ()
    balance: int = DEFAULT_BALANCE
    seed: int = 0
    state: Path | None = None
    log: bool = False
    control_token: str | None = field(factory=lambda: os.environ.get(TOKEN_VARIABLE) or None, repr=False)


PageMaker: TypeAlias = Callable[[Control, Guard], Sequence[Page]]
"""Makes what is served beside the gateway, of an emulator under control and the rules of access."""


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
    pages: PageMaker = lambda _control, _guard: (),
) -> int:
    """Serve an emulator until Ctrl-C or SIGTERM, and print its URL and the variables for a client.

    A state file is loaded at the start. It is saved every two seconds if the state has changed, and at the end, after
    the last request.

    Args:
        options: The options.
        terminal: Where it writes; by default standard output and standard error.
        announce: Called once connections are accepted.
        pages: Makes what is served beside the gateway. The start message and the index show the addresses.

    Returns:
        The exit code: 0 after an interruption, 1 if the state could not be saved at the end, 2 if the emulator could
        not start.
    """
    session = _Session(options, terminal or Terminal(), pages)
    with sigterm_interrupts():
        try:
            with ExitStack() as stack:
                try:
                    served = stack.enter_context(session.start())
                except (ImportError, OSError, ValueError) as error:
                    session.terminal.write_error(f"the emulator cannot start: {error}\n")
                    return _NOT_STARTED
                session.terminal.write(introduction(served, session.pages, this_shell()))
                if announce is not None:
                    announce(served)
                session.wait()
        except KeyboardInterrupt:
            return session.end()


def introduction(served: ServedEmulator, pages: Sequence[Page], shell: Shell) -> str:
    """Return the text printed at the start: the addresses of the emulator, and what to copy to use it.

    Args:
        served: The served emulator.
        pages: What is served beside the gateway.
        shell: The shell in which the variables are to be set.
    """
    addresses = {link.name.replace("_", " "): served.url + link.path for link in links(pages)}
    facts = {
        "url": served.url,
        "token": DEFAULT_TOKEN,
        "lines": " ".join(DEFAULT_LINES),
        "user name": DEFAULT_USERNAME,
        **addresses,
    }
    width = max(map(len, facts)) + 1
    lines = [
        *(f"{f'{name}:':<{width}} {value}" for name, value in facts.items()),
        "",
        f"To point a client at it, in {shell.value}:",
        *(f"  {assignment}" for assignment in assignments(environment(served), shell)),
        "",
        "Press Ctrl-C to stop.",
    ]
    return "\n".join([*lines, ""])


@define
class _Session:
    options: ServeOptions
    terminal: Terminal
    make_pages: PageMaker
    emulator: Emulator = field(init=False)
    file: StateFile | None = field(init=False, default=None)
    pages: Sequence[Page] = field(init=False, default=())
    accepted_before: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self.emulator = Emulator(balance=self.options.balance, seed=self.options.seed, latency=self.options.latency)

    def start(self) -> AbstractContextManager[ServedEmulator]:
        options = self.options
        control = Control.of(self.emulator, seed=options.seed)
        guard = Guard(options.control_token, LOOPBACK_NAMES | {options.host.lower()})
        control.rules.add(options.faults)
        if options.state is not None:
            file = StateFile(self.emulator, options.state)
            file.open()
            # Set only now: a file that could not be loaded must not be overwritten.
            self.file = file
        self.accepted_before = self.emulator.accepted
        self.pages = self.make_pages(control, guard)
        gateway = create_app(control.history)
        if options.log:
            gateway = with_log(gateway, self.terminal.write)
        app = Front(gateway, ControlApp(control, guard).app, self.pages).app
        return serve(self.emulator, host=options.host, port=options.port, app=app)

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
def sigterm_interrupts() -> Iterator[None]:
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

"""Serves an emulated gateway."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from attrs import frozen
from cyclopts import Parameter

from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.session import OutputOptions, guarded
from wikipayam_async.cli.values import WholeNumber
from wikipayam_async.errors import InvalidInputError

__all__ = ["DEFAULT_BALANCE", "DEFAULT_PORT", "EmulatorOptions", "serve_emulator"]

T = TypeVar("T")

DEFAULT_PORT = 8026
DEFAULT_BALANCE = 3_435_993_800


@Parameter(name="*")
@frozen(kw_only=True)
class EmulatorOptions:
    """The options of an emulator."""

    host: str = "127.0.0.1"
    """The address to listen on."""
    port: WholeNumber = DEFAULT_PORT
    """The port to listen on; 0 picks a free one."""
    latency: str = "0"
    """The latency of every response: 0.05, 20ms, 50ms-200ms."""
    fault: tuple[str, ...] = ()
    """A fault, as 502:after@5% or reset@every10@/sms/send; may be repeated."""
    balance: WholeNumber = DEFAULT_BALANCE
    """The opening balance in rials; a state file that exists keeps its own."""
    state: Path | None = None
    """A file that keeps balance, sent messages and inbox between runs."""
    seed: WholeNumber = 0
    """The seed of all random choices."""
    log: bool = False
    """Log every request: method, path, status, milliseconds."""


def serve_emulator(*, options: EmulatorOptions = EmulatorOptions(), output: OutputOptions = OutputOptions()) -> Exit:
    """Serve an emulated gateway, which sends nothing.

    It runs until Ctrl-C, and shows the settings of a client that uses it. Its API lab is a page that tries every call.

    Args:
        options: The options of the emulator.
        output: How to show the settings.
    """
    from wikipayam_async.emulator.faults.latency import parse_latency  # noqa: PLC0415 - as above
    from wikipayam_async.emulator.faults.parse import parse_fault  # noqa: PLC0415 - other commands do without
    from wikipayam_async.emulator.server.environment import environment  # noqa: PLC0415 - as above
    from wikipayam_async.emulator.server.run import ServeOptions, Terminal, run  # noqa: PLC0415 - as above
    from wikipayam_async.lab.pages import lab_pages  # noqa: PLC0415 - as above

    out = Output(json=output.json)

    def serve() -> Exit:
        make = partial(
            ServeOptions,
            host=options.host,
            port=options.port,
            latency=_read("--latency", lambda: parse_latency(options.latency)),
            faults=tuple(_read("--fault", partial(parse_fault, text)) for text in options.fault),
            balance=options.balance,
            seed=options.seed,
            state=options.state,
            log=options.log,
        )
        serve_options = _read("--port", make)  # the only option that it still checks
        terminal = Terminal(
            write=lambda text: out.say(text.removesuffix("\n")),
            write_error=lambda text: out.warn(text.removesuffix("\n")),
        )
        return Exit(
            run(
                serve_options,
                terminal,
                announce=lambda served: out.emit(environment(served)),
                pages=lab_pages,
            )
        )

    return guarded(out, serve)


def _read(option: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except ValueError as error:
        raise InvalidInputError(option, rule=str(error), got="another value") from None

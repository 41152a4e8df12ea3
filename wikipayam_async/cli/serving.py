"""`wikipayam emulator` and `demo`: the emulated gateway."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
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

__all__ = ["demo", "emulator"]

T = TypeVar("T")

_DEFAULT_PORT = 8026


@Parameter(name="*")
@frozen(kw_only=True)
class EmulatorOptions:
    """The options of an emulator."""

    host: str = "127.0.0.1"
    """The address to listen on."""
    port: WholeNumber = _DEFAULT_PORT
    """The port to listen on; 0 picks a free one."""
    latency: str = "0"
    """The latency of every response: 0.05, 20ms, 50ms-200ms."""
    fault: tuple[str, ...] = ()
    """A fault, as 502:after@5% or reset@every10@/sms/send; may be repeated."""
    state: Path | None = None
    """A file that keeps balance, sent messages and inbox between runs."""
    seed: WholeNumber = 0
    """The seed of all random choices."""
    log: bool = False
    """Log every request: method, path, status, milliseconds."""


def emulator(*, options: EmulatorOptions = EmulatorOptions(), output: OutputOptions = OutputOptions()) -> Exit:
    """Serve an emulated gateway, which sends nothing.

    It runs until Ctrl-C, and shows the settings of a client that uses it.

    Args:
        options: The options of the emulator.
        output: How to show the settings.
    """
    from wikipayam_async.emulator.faults.latency import parse_latency  # noqa: PLC0415 - as above
    from wikipayam_async.emulator.faults.parse import parse_fault  # noqa: PLC0415 - other commands do without
    from wikipayam_async.emulator.server.run import ServeOptions, Terminal, environment, run  # noqa: PLC0415 - as above

    out = Output(json=output.json)

    def serve() -> Exit:
        make = partial(
            ServeOptions,
            host=options.host,
            port=options.port,
            latency=_read("--latency", lambda: parse_latency(options.latency)),
            faults=tuple(_read("--fault", partial(parse_fault, text)) for text in options.fault),
            seed=options.seed,
            state=options.state,
            log=options.log,
        )
        serve_options = _read("--port", make)  # the only option that it still checks
        terminal = Terminal(
            write=lambda text: out.say(text.removesuffix("\n")),
            write_error=lambda text: out.warn(text.removesuffix("\n")),
        )
        return Exit(run(serve_options, terminal, announce=lambda served: out.emit(environment(served))))

    return guarded(out, serve)


def demo(
    *,
    messages: WholeNumber | None = None,
    concurrency: WholeNumber = 8,
    batch_size: WholeNumber = 20,
    seed: WholeNumber = 1,
    no_faults: bool = False,
    output: OutputOptions = OutputOptions(),
) -> Exit:
    """Run a bulk send against an emulated gateway with faults.

    At the end the client's report is compared with the gateway's ledger: the exit code is 0 if they agree, else 1.

    Args:
        messages: The number of messages (default: the number of receivers).
        concurrency: The maximum number of requests in flight.
        batch_size: The number of messages per request.
        seed: The seed of the faults.
        no_faults: Run without faults.
        output: How to show the result.
    """
    from wikipayam_async.demo.__main__ import main  # noqa: PLC0415 - other commands do without

    out = Output(json=output.json)
    argv = [f"--concurrency={concurrency}", f"--batch-size={batch_size}", f"--seed={seed}"]
    argv += [] if messages is None else [f"--messages={messages}"]
    with redirect_stdout(sys.stderr):
        code = Exit(main([*argv, "--no-faults"] if no_faults else argv))
    out.emit({"agrees": code is Exit.OK})
    return code


def _read(option: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except ValueError as error:
        raise InvalidInputError(option, rule=str(error), got="another value") from None

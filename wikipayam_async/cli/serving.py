"""`wikipayam emulator` and `demo`: the gateway without the gateway."""

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
from wikipayam_async.cli.session import Form, guarded
from wikipayam_async.errors import InvalidInputError

__all__ = ["demo", "emulator"]

T = TypeVar("T")

_DEFAULT_PORT = 8026


@Parameter(name="*")
@frozen(kw_only=True)
class Serving:
    """Where an emulator listens, and how it behaves."""

    host: str = "127.0.0.1"
    """Where to listen."""
    port: int = _DEFAULT_PORT
    """On which port; 0 takes a free one."""
    latency: str = "0"
    """How long every answer takes: 0.05, 20ms, 50ms-200ms."""
    fault: tuple[str, ...] = ()
    """What goes wrong, as 502:after@5% or reset@every10@/sms/send; may be repeated."""
    state: Path | None = None
    """A file that keeps balance, sent messages and inbox from one start to the next."""
    seed: int = 0
    """Decides what chance does."""
    log: bool = False
    """Show every request: method, path, status, milliseconds."""


def emulator(*, serving: Serving = Serving(), form: Form = Form()) -> Exit:
    """Serve an emulated gateway, which sends nothing.

    It serves until Ctrl-C, and tells how to point a client at it.

    Args:
        serving: Where it listens, and how it behaves.
        form: How to tell it.
    """
    from wikipayam_async.emulator.faults.latency import parse_latency  # noqa: PLC0415 - as above
    from wikipayam_async.emulator.faults.parse import parse_fault  # noqa: PLC0415 - other commands do without
    from wikipayam_async.emulator.server.run import ServeOptions, Terminal, environment, run  # noqa: PLC0415 - as above

    out = Output(json=form.json)

    def serve() -> Exit:
        make = partial(
            ServeOptions,
            host=serving.host,
            port=serving.port,
            latency=_read("--latency", lambda: parse_latency(serving.latency)),
            faults=tuple(_read("--fault", partial(parse_fault, text)) for text in serving.fault),
            seed=serving.seed,
            state=serving.state,
            log=serving.log,
        )
        options = _read("--port", make)  # the only one that it still looks at
        terminal = Terminal(
            write=lambda text: out.say(text.removesuffix("\n")),
            write_error=lambda text: out.warn(text.removesuffix("\n")),
        )
        return Exit(run(options, terminal, announce=lambda served: out.emit(environment(served))))

    return guarded(out, serve)


def demo(
    *,
    messages: int | None = None,
    concurrency: int = 8,
    batch_size: int = 20,
    seed: int = 1,
    no_faults: bool = False,
    form: Form = Form(),
) -> Exit:
    """Watch a bulk send to an emulated gateway that misbehaves.

    At the end the client's report is compared with the gateway's own books: the exit code is 0 if they agree, else 1.

    Args:
        messages: How many; as many as there are receivers if not given.
        concurrency: Requests at once.
        batch_size: Messages of a request.
        seed: Decides what goes wrong.
        no_faults: Let nothing go wrong.
        form: How to tell it.
    """
    from wikipayam_async.demo.__main__ import main  # noqa: PLC0415 - other commands do without

    out = Output(json=form.json)
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

"""Runs the demo from the command line: `python -m wikipayam_async.demo`."""

from __future__ import annotations

import argparse
import io
import logging
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import anyio
from attrs import frozen

from wikipayam_async import SmsMessage
from wikipayam_async.demo.audit import compare
from wikipayam_async.demo.faults import arm, count_faults
from wikipayam_async.demo.messages import read_receivers, write_messages
from wikipayam_async.demo.run import run
from wikipayam_async.demo.words import Words, words_of
from wikipayam_async.emulator import (
    DEFAULT_BALANCE,
    DEFAULT_PRICE,
    DELIVERED,
    FAILED,
    DeliveryRules,
    Emulator,
    serve,
    waiting_then,
)
from wikipayam_async.redact.masks import mask_number

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["main"]

_AGREES, _DISAGREES, _CANNOT_RUN, _INTERRUPTED = 0, 1, 2, 130
_MAX_PARTS = 3
_MAX_WIDTH = 110

DELIVERED_AFTER, FAILED_AFTER = 2.0, 2.5
"""Seconds from the acceptance of a message to its final status."""


@frozen
class DemoOptions:
    """The options of the command line.

    Attributes:
        messages: The number of messages; None for one per receiver.
        batch_size: The maximum number of messages per request.
        concurrency: The maximum number of requests in flight.
        seed: The seed of the faults.
        faults: Whether there are faults.
        svg: The SVG file to draw the output to; None for none.
        language: The language of the output, `en` or `fa`.
    """

    messages: int | None
    batch_size: int
    concurrency: int
    seed: int
    faults: bool
    svg: Path | None
    language: str

    @property
    def say(self) -> Words:
        """The words of the language."""
        return words_of(self.language)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo.

    Args:
        argv: The arguments; those of the process if None.

    Returns:
        The exit code: 0 if the gateway's ledger agrees with the client's report, 1 if it does not, 2 if a dependency is
        missing or the picture cannot be written, 130 if interrupted.
    """
    options = _read_options(argv)
    try:
        for name in ("rich", "uvicorn"):
            import_module(name)
    except ImportError as error:
        command = "python -m pip install 'wikipayam_async[demo]'"
        print(options.say("the demo needs {name}: {command}", name=error.name, command=command), file=sys.stderr)
        return _CANNOT_RUN
    for stream in (sys.stdout, sys.stderr):
        _replace_unencodable(stream)
    try:
        return _run_demo(options)
    except KeyboardInterrupt:
        print(options.say("interrupted"), file=sys.stderr)
        return _INTERRUPTED


def _run_demo(options: DemoOptions) -> int:
    logging.getLogger("wikipayam_async").addHandler(logging.NullHandler())  # the report counts what would be logged
    # rich is in an extra that the package itself does not need.
    from rich.console import Console  # noqa: PLC0415 - an extra

    from wikipayam_async.demo.picture import URL, draw  # noqa: PLC0415 - needs the extra
    from wikipayam_async.demo.progress import Display  # noqa: PLC0415 - needs the extra
    from wikipayam_async.demo.report import Findings, print_report  # noqa: PLC0415 - needs the extra

    say = options.say
    receivers = read_receivers()
    messages = write_messages(receivers, options.messages or len(receivers))
    emulator = _emulator(options, len(messages))
    console = _narrow(Console(highlight=False))
    display = Display(_narrow(Console(stderr=True, highlight=False)), say=say)
    with serve(emulator) as served:
        console.print(_introduction(served.url, options, messages), markup=False)
        send = partial(run, batch_size=options.batch_size, concurrency=options.concurrency, say=say)
        report = anyio.run(send, served.url, messages, display.stage)
    audit = compare(
        inputs=len(messages),
        results=report.bulk.results,
        ledger=emulator.ledger,
        balance_before=report.balance_before,
        balance_after=report.balance_after,
    )
    findings = Findings(run=report, faults=count_faults(emulator.faults.log), audit=audit)
    print_report(console, findings, say)
    if options.svg is not None:
        try:
            draw(options.svg, _introduction(URL, options, messages), findings, say)
        except OSError as error:
            print(say("the picture cannot be written: {error}", error=error), file=sys.stderr)
            return _DISAGREES if audit.disagreements else _CANNOT_RUN
    return _DISAGREES if audit.disagreements else _AGREES


def _replace_unencodable(stream: TextIO) -> None:
    """Replace characters that a stream cannot encode: not every terminal encodes Persian."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")


def _narrow(console: Console) -> Console:
    console.width = min(console.width, _MAX_WIDTH)
    return console


def _emulator(options: DemoOptions, messages: int) -> Emulator:
    delivery = DeliveryRules(
        script=waiting_then(DELIVERED, after=DELIVERED_AFTER),
        failing=waiting_then(FAILED, after=FAILED_AFTER),
        failing_fraction=0.04,
    )
    emulator = Emulator(seed=options.seed, delivery=delivery)
    emulator.account.balance = max(DEFAULT_BALANCE, messages * _MAX_PARTS * DEFAULT_PRICE)
    arm(emulator, -(-messages // options.batch_size), options.seed, faults=options.faults)
    return emulator


def _introduction(url: str, options: DemoOptions, messages: Sequence[SmsMessage]) -> str:
    say, first = options.say, messages[0]
    limits = say(
        "{size} messages per request, {concurrency} requests in flight",
        size=options.batch_size,
        concurrency=options.concurrency,
    )
    faults = say("with faults (seed {seed})", seed=options.seed) if options.faults else say("without faults")
    lines = (
        say("{count:,} messages to an emulated gateway at {url}", count=len(messages), url=url),
        say("{limits}, {faults}", limits=limits, faults=faults),
        "",
        say("The first message, to {receiver}:", receiver=say.kept(mask_number(first.receiver))),
        f"{first.message}\n",
    )
    return "\n".join(lines)


def _read_options(argv: Sequence[str] | None) -> DemoOptions:
    parser = argparse.ArgumentParser(
        prog="python -m wikipayam_async.demo",
        description="Run a bulk send against an emulated gateway with faults, and compare the client's report with the "
        "gateway's ledger. The exit code is 0 only if they agree.",
    )
    parser.add_argument(
        "--messages", type=_count, help="number of messages; receivers are cut or repeated (default: all)"
    )
    parser.add_argument(
        "--concurrency", type=_count, default=8, help="maximum requests in flight (default: %(default)s)"
    )
    parser.add_argument("--batch-size", type=_count, default=20, help="messages per request (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the faults (default: %(default)s)")
    parser.add_argument("--no-faults", dest="faults", action="store_false", help="run without faults")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="also draw the output to an SVG file")
    parser.add_argument("--language", choices=("en", "fa"), default="en", help="language (default: %(default)s)")
    return DemoOptions(**vars(parser.parse_args(argv)))


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("expected at least 1")
    return count


if __name__ == "__main__":
    sys.exit(main())

"""Serves an emulator from the command line: ``python -m wikipayam_async.emulator``."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from wikipayam_async.emulator.faults.latency import Latency, parse_latency
from wikipayam_async.emulator.faults.parse import parse_fault
from wikipayam_async.emulator.server.run import DEFAULT_PORT, ServeOptions, Terminal, run

T = TypeVar("T")

_HIGHEST_PORT = 65_535


def main(argv: Sequence[str] | None = None, terminal: Terminal | None = None) -> int:
    """Serve an emulator until Ctrl-C.

    Args:
        argv: The arguments; by default the command line's.
        terminal: Where it speaks; by default standard output and standard error.

    Returns:
        The exit code: 0 after an interruption, 1 if the state could not be saved, 2 if the emulator could not begin.
    """
    return run(_read_options(argv), terminal)


def _read_options(argv: Sequence[str] | None) -> ServeOptions:
    parser = argparse.ArgumentParser(prog="python -m wikipayam_async.emulator", description="Emulate the SMS gateway.")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default: %(default)s)")
    parser.add_argument(
        "--port",
        type=_told(_port),
        default=DEFAULT_PORT,
        help="on which port; 0 takes a free one (default: %(default)s)",
    )
    parser.add_argument(
        "--latency",
        type=_told(parse_latency),
        default=Latency(0),
        help="how long every answer takes: 0.05, 20ms, 50ms-200ms",
    )
    parser.add_argument(
        "--fault",
        dest="faults",
        type=_told(parse_fault),
        action="append",
        default=[],
        metavar="WHAT@HOW-OFTEN@WHERE",
        help="what goes wrong, any number of times: 502:after@5%%, reset@every10@/sms/send, 429:retry=2@first3",
    )
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep balance, ledger and inbox in a file")
    parser.add_argument("--seed", type=int, default=0, help="decides what chance does (default: %(default)s)")
    parser.add_argument("--log", action="store_true", help="show every request: method, path, status, milliseconds")
    given = vars(parser.parse_args(argv))
    return ServeOptions(**{**given, "faults": tuple(given["faults"])})


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port <= _HIGHEST_PORT:
        raise ValueError(f"expected a number from 0 to {_HIGHEST_PORT}")
    return port


def _told(read: Callable[[str], T]) -> Callable[[str], T]:
    """Let argparse say what is wrong with a value, where it would only say that something is."""

    def told(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return told


if __name__ == "__main__":
    sys.exit(main())

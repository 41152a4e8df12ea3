"""Serves an emulator from the command line: `python -m wikipayam_async.emulator`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from wikipayam_async.emulator.faults.latency import Latency, parse_latency
from wikipayam_async.emulator.faults.parse import parse_fault
from wikipayam_async.emulator.gateway.state import DEFAULT_BALANCE
from wikipayam_async.emulator.server.run import DEFAULT_PORT, ServeOptions, Terminal, run

T = TypeVar("T")

_HIGHEST_PORT = 65_535


def main(argv: Sequence[str] | None = None, terminal: Terminal | None = None) -> int:
    """Serve an emulator until Ctrl-C.

    Args:
        argv: The arguments; by default those of the command line.
        terminal: Where it writes; by default standard output and standard error.

    Returns:
        The exit code: 0 after an interruption, 1 if the state could not be saved, 2 if the emulator could not start.
    """
    return run(_read_options(argv), terminal)


def _read_options(argv: Sequence[str] | None) -> ServeOptions:
    parser = argparse.ArgumentParser(prog="python -m wikipayam_async.emulator", description="Emulate the SMS gateway.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port",
        type=_with_message(_port),
        default=DEFAULT_PORT,
        help="the port to listen on; 0 chooses a free one (default: %(default)s)",
    )
    parser.add_argument(
        "--latency",
        type=_with_message(parse_latency),
        default=Latency(0),
        help="the response time of every request: 0.05, 20ms, 50ms-200ms",
    )
    parser.add_argument(
        "--fault",
        dest="faults",
        type=_with_message(parse_fault),
        action="append",
        default=[],
        metavar="WHAT@HOW-OFTEN@WHERE",
        help="a fault; may be repeated: 502:after@5%%, reset@every10@/sms/send, 429:retry=2@first3",
    )
    parser.add_argument(
        "--balance",
        type=int,
        default=DEFAULT_BALANCE,
        help="the opening balance in IRR (default: %(default)s)",
    )
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep balance, ledger and inbox in a file")
    parser.add_argument("--seed", type=int, default=0, help="the seed of everything random (default: %(default)s)")
    parser.add_argument("--log", action="store_true", help="log every request: method, path, status, milliseconds")
    options = vars(parser.parse_args(argv))
    return ServeOptions(**{**options, "faults": tuple(options["faults"])})


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port <= _HIGHEST_PORT:
        raise ValueError(f"expected a number from 0 to {_HIGHEST_PORT}")
    return port


def _with_message(read: Callable[[str], T]) -> Callable[[str], T]:
    """Make argparse show the message of a `ValueError`, which it would drop."""

    def parse(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parse


if __name__ == "__main__":
    sys.exit(main())

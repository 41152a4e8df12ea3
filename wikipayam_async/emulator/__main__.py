"""Serves an emulator from the command line: ``python -m wikipayam_async.emulator``."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence

from wikipayam_async.emulator.emulator import Emulator
from wikipayam_async.emulator.server import serve
from wikipayam_async.emulator.state import DEFAULT_LINES, DEFAULT_TOKEN


def wait_for_ever() -> None:
    """Wait until Ctrl-C."""
    while True:
        # Not an event: on Windows only sleeping lets Ctrl-C through.
        time.sleep(3600)


def main(argv: Sequence[str] | None = None, *, wait: Callable[[], None] = wait_for_ever) -> None:
    """Serve an emulator, print where and with which token, and wait for Ctrl-C.

    Args:
        argv: The arguments; by default the command line's.
        wait: Returns, or is interrupted, when it is time to stop.
    """
    parser = argparse.ArgumentParser(prog="python -m wikipayam_async.emulator", description="Emulate the SMS gateway.")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=8026, help="on which port; 0 takes a free one (default: %(default)s)"
    )
    options = parser.parse_args(argv)
    with serve(Emulator(), host=options.host, port=options.port) as served:
        sys.stdout.write(f"url:   {served.url}\ntoken: {DEFAULT_TOKEN}\nlines: {' '.join(DEFAULT_LINES)}\n")
        sys.stdout.flush()
        try:
            wait()
        except KeyboardInterrupt:
            sys.stdout.write("\n")


if __name__ == "__main__":
    main()

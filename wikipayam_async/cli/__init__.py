"""The command line `wikipayam`, part of the extra `cli`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]

_CANNOT_RUN = 2
_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: The arguments after the program name; those of the process if None.

    Returns:
        The exit code: 0 all accepted, 1 some rejected, 2 usage error, 3 some outcomes unknown, 4 token missing or refused,
        5 gateway or network failure, 130 interrupted.
    """
    try:
        return _run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:  # while modules were imported; a command tells of its own interruption
        sys.stderr.write("interrupted\n")
        return _INTERRUPTED


def _run(argv: Sequence[str]) -> int:
    try:
        import cyclopts  # noqa: F401, PLC0415 - an extra
    except ImportError:
        sys.stderr.write("the command line needs an extra: python -m pip install 'wikipayam_async[cli]'\n")
        return _CANNOT_RUN
    from wikipayam_async.cli.app import run  # noqa: PLC0415 - needs the extra

    return run(argv)

"""Questions to the human before something that cannot be undone."""

from __future__ import annotations

import sys
from typing import TextIO

from wikipayam_async.cli.output import Output
from wikipayam_async.errors import InvalidInputError

__all__ = ["confirm"]

_YES = {"y", "yes", "ب", "بله", "آره", "آری"}


def confirm(question: str, out: Output, *, instead: str, stdin: TextIO | None = None) -> bool:
    """Ask a question whose answer is yes or no; anything but a yes is a no.

    Args:
        question: What will happen, as in `Delete 3 messages`.
        out: Where to ask.
        instead: The option that answers for who cannot be asked, as in `--yes`.
        stdin: Where the answer comes from; the process's own if None.

    Raises:
        InvalidInputError: Nobody can be asked.
    """
    source = stdin or sys.stdin
    if source is None or not source.isatty():
        raise InvalidInputError("confirmation", rule=f"nobody to ask here; agree with {instead}", got="no terminal")
    out.warn(f"{question}? [y/N]")
    return source.readline().strip().casefold() in _YES

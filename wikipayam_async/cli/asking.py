"""What comes from stdin: answers to a question before something that cannot be undone, and texts.

It is read before the event loop runs: there, Ctrl-C would not end the waiting.
"""

from __future__ import annotations

import sys
from typing import TextIO

from wikipayam_async.cli.output import Output
from wikipayam_async.errors import InvalidInputError

__all__ = ["confirm", "read_text"]

_STDIN = "-"
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
    try:
        return source.readline().strip().casefold() in _YES
    except UnicodeDecodeError:
        return False


def read_text(given: str) -> str:
    """Return an argument, or if it is `-` what stdin holds, without the line end that ends it.

    Args:
        given: The argument.

    Raises:
        InvalidInputError: There is no stdin, or it holds no text.
    """
    if given != _STDIN:
        return given
    if sys.stdin is None:
        raise InvalidInputError("stdin", rule="expected a text", got="nothing to read from")
    try:
        return sys.stdin.read().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise InvalidInputError(
            "stdin", rule="expected a text in the encoding of the locale", got="other bytes"
        ) from None

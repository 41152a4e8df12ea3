"""Reads answers and texts from stdin.

Call these functions before the event loop runs: inside it, Ctrl-C would not interrupt the read.
"""

from __future__ import annotations

import signal
import sys
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from wikipayam_async.cli.output import Output
from wikipayam_async.errors import InvalidInputError

__all__ = ["confirm", "read_line", "read_text"]

_STDIN = "-"
_YES = {"y", "yes", "ب", "بله", "بلی", "آره", "اره", "آری", "باشه", "غ"}
"""The last one is the key for Y on a Persian keyboard."""
_ARABIC_KEYBOARD = str.maketrans("يى", "یی")


def confirm(question: str, out: Output, *, instead: str, stdin: TextIO | None = None) -> bool:
    """Ask a yes/no question; any answer but yes counts as no.

    Args:
        question: What will happen, as in `Delete 3 messages`.
        out: The output.
        instead: The option that confirms without a terminal, as in `--yes`.
        stdin: The input; that of the process if None.

    Raises:
        InvalidInputError: stdin is not a terminal.
    """
    source = stdin or sys.stdin
    if source is None or not source.isatty():
        raise InvalidInputError("confirmation", rule=f"expected a terminal, or {instead}", got="no terminal")
    out.warn(f"{question}? [y/N]")
    try:
        with _ended_by_sigterm():
            return _plain(source.readline()) in _YES
    except UnicodeDecodeError:
        return False


def _plain(answer: str) -> str:
    """Return an answer without marks of direction and half-spaces, which keyboards and terminals add."""
    seen = (one for one in answer.translate(_ARABIC_KEYBOARD) if unicodedata.category(one) != "Cf")
    return "".join(seen).strip().casefold()


def read_line(question: str, out: Output, *, stdin: TextIO | None = None) -> str | None:
    """Ask for a line; return it without the spaces around it. None if there is no more input.

    Args:
        question: What to type.
        out: The output.
        stdin: The input; that of the process if None.
    """
    source = stdin or sys.stdin
    out.warn(f"{question}:")
    try:
        with _ended_by_sigterm():
            line = "" if source is None else source.readline()
    except UnicodeDecodeError:
        return "?"
    return line.strip() if line else None


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end a question as Ctrl-C does, so that the command ends with its exit code and leaves nothing behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def read_text(argument: str) -> str:
    """Return an argument, or the contents of stdin without the final line end if the argument is `-`.

    Args:
        argument: The argument.

    Raises:
        InvalidInputError: There is no stdin, or its bytes are not valid text.
    """
    if argument != _STDIN:
        return argument
    if sys.stdin is None:
        raise InvalidInputError("stdin", rule="expected a text", got="no stdin")
    try:
        return sys.stdin.read().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise InvalidInputError(
            "stdin", rule="expected a text in the encoding of the locale", got="other bytes"
        ) from None

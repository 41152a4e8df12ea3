"""Streams that break: a closed pipe or terminal does not end a command."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import TextIO

__all__ = ["TextStream", "redirect_to_null", "use_utf8"]


class TextStream:
    """A text stream that drops its output once it is closed, so that a closed terminal does not end a command.

    Args:
        stream: The underlying stream, if any.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.is_lost = stream is None
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # not every terminal encodes Persian

    @property
    def encoding(self) -> str:
        """The encoding of the stream; rich chooses its box characters by it."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Return whether the stream is an open terminal."""
        return self._stream is not None and not self.is_lost and self._stream.isatty()

    def write(self, text: str, /) -> int:
        """Write the text, unless the stream is closed."""
        self._try(lambda stream: stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        self._try(lambda stream: stream.flush())

    def _try(self, do: Callable[[TextIO], object]) -> None:
        if self._stream is None or self.is_lost:
            return
        try:
            do(self._stream)
        except OSError:
            self.is_lost = True
            redirect_to_null(self._stream)


def use_utf8(stream: TextIO | None) -> None:
    """Let a stream that encodes text encode it in UTF-8.

    Args:
        stream: The stream, if any.
    """
    if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != "utf-8":
        stream.reconfigure(encoding="utf-8")  # the encoding of JSON


def redirect_to_null(stream: TextIO) -> None:
    """Redirect a broken stream to the null device, so that Python's flush at exit does not fail.

    Args:
        stream: The stream.
    """
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)

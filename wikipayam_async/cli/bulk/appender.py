"""Writing at the end of a file so that no half of anything stays."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["Appender", "open_to_append", "sync_directory"]


class Appender:
    """Writes at the end of a file: all of it or nothing.

    Args:
        number: The file's descriptor.
        size: How many bytes of it count.
    """

    def __init__(self, number: int, size: int) -> None:
        self._number = number
        self._size = size
        self._broken: OSError | None = None

    def append(self, content: bytes, *, durable: bool) -> None:
        """Write, and if asked for wait until it is on the disk.

        Args:
            content: What to write.
            durable: Whether to wait.

        Raises:
            OSError: It could not be written; the file is as it was before, or nothing is ever written to it again.
        """
        if self._broken is not None:
            raise self._broken
        try:
            self.write(self._number, content)
            if durable:
                os.fsync(self._number)
        except OSError as error:
            self._take_back(error)
            raise
        self._size += len(content)

    def write(self, number: int, content: bytes) -> None:
        """Write all of the content; tests put a full disk in its place.

        Args:
            number: The file's descriptor.
            content: What to write.
        """
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(number, rest) :]

    def close(self) -> None:
        """Close the file."""
        os.close(self._number)

    def _take_back(self, error: OSError) -> None:
        try:
            os.ftruncate(self._number, self._size)
        except OSError:
            self._broken = error  # half a line stands at the end, where it is tolerated, but not in the middle


def open_to_append(path: Path, how: int = 0) -> int:
    """Return the descriptor of a file that is written at its end, and that nobody else may read.

    Args:
        path: The file.
        how: Further flags, as `os.O_CREAT`.
    """
    return os.open(path, os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0) | how, 0o600)


def sync_directory(path: Path) -> None:
    """See to it that a new file is found again after the power failed.

    Args:
        path: The directory that it is in.
    """
    with suppress(PermissionError):  # Windows opens no directories
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)

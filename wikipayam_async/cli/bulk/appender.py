"""Appends to a file without leaving partial writes."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["Appender", "open_to_append", "sync_directory"]


class Appender:
    """Appends to a file, all or nothing.

    Args:
        number: The file descriptor.
        size: The number of valid bytes in the file.
    """

    def __init__(self, number: int, size: int) -> None:
        self._number = number
        self._size = size
        self._broken: OSError | None = None

    def append(self, content: bytes, *, durable: bool) -> None:
        """Append the content.

        Args:
            content: What to append.
            durable: Whether to wait until it is on the disk.

        Raises:
            OSError: It could not be written. The file is unchanged; if it cannot be restored, every later call fails.
        """
        if self._broken is not None:
            raise self._broken
        try:
            self.write(self._number, content)
            if durable:
                os.fsync(self._number)
        except OSError as error:
            self._restore(error)
            raise
        self._size += len(content)

    def write(self, number: int, content: bytes) -> None:
        """Write all of the content; tests override it to simulate a full disk.

        Args:
            number: The file descriptor.
            content: What to write.
        """
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(number, rest) :]

    def close(self) -> None:
        """Close the file."""
        os.close(self._number)

    def _restore(self, error: OSError) -> None:
        try:
            os.ftruncate(self._number, self._size)
        except OSError:
            self._broken = error  # readers tolerate a partial record at the end, but not in the middle


def open_to_append(path: Path, flags: int = 0) -> int:
    """Open a file for appending, readable by its owner only, and return its descriptor.

    Args:
        path: The file.
        flags: More flags, as `os.O_CREAT`.
    """
    return os.open(path, os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0) | flags, 0o600)


def sync_directory(path: Path) -> None:
    """Make the directory entry of a new file durable.

    Args:
        path: The directory.
    """
    with suppress(PermissionError):  # Windows cannot open directories
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)

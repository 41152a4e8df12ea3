"""The lock that makes one process the writer of a journal. The operating system releases it when the process ends."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["FileLock", "lock_functions"]


def lock_functions(system: str = os.name) -> tuple[Any, Any]:
    """Return the functions that lock and unlock a file descriptor; the first raises `OSError` if it is locked.

    Args:
        system: `os.name`.
    """
    if system == "nt":
        windows = import_module("msvcrt")
        return (
            lambda number: windows.locking(number, windows.LK_NBLCK, 1),
            lambda number: windows.locking(number, windows.LK_UNLCK, 1),
        )
    posix = import_module("fcntl")
    return (
        lambda number: posix.flock(number, posix.LOCK_EX | posix.LOCK_NB),
        lambda number: posix.flock(number, posix.LOCK_UN),
    )


class FileLock:
    """An exclusive lock on a file of its own, which exists only while it is held.

    It is not on the database: closing any descriptor of a database makes a process lose SQLite's own locks on it.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number: int | None = None
        self._lock, self._unlock = lock_functions()

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._number is not None

    def acquire(self) -> bool:
        """Take the lock; return False if another process, or another object of this one, holds it.

        Raises:
            OSError: The file cannot be created.
        """
        while self._number is None:
            number = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                self._lock(number)
            except OSError:
                os.close(number)
                return False
            if self._is_current(number):
                self._number = number
                with suppress(OSError):  # the holder's name is for messages alone, and the disk may be full
                    os.truncate(number, 0)
                    os.write(number, str(os.getpid()).encode())
            else:
                os.close(number)  # its last holder removed it between the two calls
        return True

    def release(self) -> None:
        """Give the lock back and remove its file."""
        if self._number is not None:
            number, self._number = self._number, None
            removed = self._remove()  # while it is locked: afterwards it may be another's
            self._unlock(number)
            os.close(number)
            if not removed:
                self._remove()  # Windows removes no file that is open, and so none that is another's

    def owner(self) -> str:
        """Return the process id of the holder as it wrote it; empty if it is not known."""
        try:
            return self._path.read_text("ascii").strip()
        except (OSError, ValueError):
            return ""

    def is_held_elsewhere(self) -> bool:
        """Return whether another process or object holds the lock."""
        if self._number is not None or not self._path.exists():
            return False
        if not self.acquire():
            return True
        self.release()
        return False

    def _remove(self) -> bool:
        """Remove the file; return False if it could not be removed."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            return False
        return True

    def _is_current(self, number: int) -> bool:
        try:
            return os.path.samestat(os.fstat(number), self._path.stat())
        except FileNotFoundError:
            return False

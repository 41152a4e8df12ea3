"""Turns among the processes that write to one file.

SQLite up to 3.51.2 can lose a committed transaction when two connections write and checkpoint at the same moment
(sqlite.org/wal.html): whoever holds the turn is alone.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from wikipayam_async.sqlite.lock import lock_functions

__all__ = ["ProcessTurn"]

_PAUSE, _LONGEST_PAUSE = 0.0005, 0.01
_LONGEST_WAIT = 10.0


class ProcessTurn:
    """A lock among threads and processes, by a file that stays. The system releases it when its process ends.

    It is for one process: a forked one needs its own object, or both would hold one lock.

    Args:
        path: The file of the lock; not the database, on which closing any descriptor would end SQLite's own locks.
        longest_wait: Seconds to wait for the turn.
        sleep: Waits.

    Raises:
        OSError: The file cannot be made.
    """

    def __init__(
        self, path: Path, longest_wait: float = _LONGEST_WAIT, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._number = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._threads = threading.Lock()
        self._lock, self._unlock = lock_functions()
        self._longest_wait = longest_wait
        self._sleep = sleep

    def __enter__(self) -> Self:
        """Wait for the turn.

        Raises:
            TimeoutError: It did not come in time.
        """
        self._threads.acquire()
        try:
            self._wait()
        except BaseException:
            self._threads.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._unlock(self._number)
        self._threads.release()

    def close(self) -> None:
        """Close the file, once nobody has or awaits the turn."""
        with self._threads:
            os.close(self._number)

    def _wait(self) -> None:
        waited, pause = 0.0, _PAUSE
        while True:
            try:
                self._lock(self._number)
            except OSError:
                if waited >= self._longest_wait:
                    raise TimeoutError("another process has kept the file locked for too long") from None
            else:
                return
            self._sleep(pause)
            waited, pause = waited + pause, min(pause * 2, _LONGEST_PAUSE)

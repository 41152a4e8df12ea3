"""Generated track ids."""

from __future__ import annotations

import itertools
import os
import secrets

__all__ = ["TrackIds"]


class TrackIds:
    """Generates track ids that no other run, process or machine generates: a random prefix and a number.

    Threads may share it.
    """

    __slots__ = ("_series",)

    def __init__(self) -> None:
        self._series = (0, "", itertools.count(1))

    def next(self) -> str:
        """Return the next track id."""
        process, prefix, numbers = self._series
        if process != os.getpid():  # the first id, or the first one in a forked process
            # One assignment: another thread finds either all of it or nothing.
            self._series = process, prefix, numbers = os.getpid(), "w" + secrets.token_hex(6), itertools.count(1)
        return f"{prefix}-{next(numbers)}"

    def take(self, count: int) -> list[str]:
        """Return `count` track ids, which share one number and add an index to it, as in `…-7.42`."""
        stem = self.next()
        return [stem + suffix for suffix in (_SUFFIXES[:count] if count <= len(_SUFFIXES) else _suffixes(count))]


def _suffixes(count: int) -> list[str]:
    return [f".{index}" for index in range(count)]


_SUFFIXES = _suffixes(1000)

"""Generated track ids."""

from __future__ import annotations

import os
import secrets

__all__ = ["TrackIds"]


class TrackIds:
    """Generates track ids that no other run, process or machine generates: a random prefix and a number."""

    __slots__ = ("_count", "_prefix", "_process")

    def __init__(self) -> None:
        self._prefix = ""
        self._count = 0
        self._process = 0

    def next(self) -> str:
        """Return the next track id."""
        process = os.getpid()
        if process != self._process:  # the first id, or the first one in a forked process
            self._process, self._prefix, self._count = process, "w" + secrets.token_hex(6), 0
        self._count += 1
        return f"{self._prefix}-{self._count}"

    def take(self, count: int) -> list[str]:
        """Return `count` track ids, which share one number and add an index to it, as in `…-7.42`."""
        stem = self.next()
        return [stem + suffix for suffix in (_SUFFIXES[:count] if count <= len(_SUFFIXES) else _suffixes(count))]


def _suffixes(count: int) -> list[str]:
    return [f".{index}" for index in range(count)]


_SUFFIXES = _suffixes(1000)

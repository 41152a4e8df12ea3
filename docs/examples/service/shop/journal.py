"""A journal of every notice and announcement, one line of JSON each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from wikipayam_async import SendResult

__all__ = ["Journal"]


class Journal:
    """Lines of a track id and a status: `posted`, and later the outcome of the message.

    A line is a short write to a file, which does not block the event loop noticeably. After a crash, look up in the
    gateway's panel the notices that were posted and have no outcome.
    """

    def __init__(self) -> None:
        self._file: TextIO | None = None

    @contextmanager
    def opened(self, path: Path | None) -> Iterator[None]:
        """Append to a file within a `with` block. None writes nothing."""
        if path is None:
            yield
            return
        with path.open("a", encoding="utf-8", buffering=1) as file:
            self._file = file
            yield
        self._file = None

    def posted(self, track_id: str) -> None:
        """Record that a notice was posted."""
        self._write({"track_id": track_id, "status": "posted"})

    def outcome(self, result: SendResult) -> None:
        """Record the outcome of a message."""
        self._write({"track_id": result.track_id, "status": result.status.value, "id": result.id})

    def _write(self, line: dict[str, str | None]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(line) + "\n")

"""What became of each notice and announcement, one line of JSON each: for whoever has to know it afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from wikipayam_async import SendResult

__all__ = ["Journal"]


class Journal:
    """Lines with a track id and what happened: `posted`, and later one of the four outcomes of a message.

    A line is a short write to a file, which the event loop can bear. After a crash, what was posted and has no second
    line is what has to be looked up in the gateway's panel.
    """

    def __init__(self) -> None:
        self._file: TextIO | None = None

    @contextmanager
    def opened(self, path: Path | None) -> Iterator[None]:
        """Write to the end of a file for the length of a block; nowhere, if there is none."""
        if path is None:
            yield
            return
        with path.open("a", encoding="utf-8", buffering=1) as file:
            self._file = file
            yield
        self._file = None

    def posted(self, track_id: str) -> None:
        """Note that a notice was promised."""
        self._write({"track_id": track_id, "what": "posted"})

    def outcome(self, result: SendResult) -> None:
        """Note what became of a message."""
        self._write({"track_id": result.track_id, "what": result.status.value, "id": result.id})

    def _write(self, line: dict[str, str | None]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(line) + "\n")

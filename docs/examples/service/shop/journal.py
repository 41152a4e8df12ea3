"""A journal of every notice and announcement, one line of JSON each."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import TypeAlias

from wikipayam_async import SendResult

__all__ = ["Journal"]

logger = logging.getLogger("shop")

Line: TypeAlias = dict[str, str | None]


class Journal:
    """Lines of a track id and a status: `posted` before a message is posted, and later its outcome.

    A line is one short write to a file, which does not block the event loop noticeably, and survives the process, but
    not a power failure. After a crash, look up in the gateway's panel the messages that were posted and have no outcome.

    If the disk is full, `posted` raises, so that nothing more is sent. Outcomes of what was sent before are logged, kept
    in memory, and written as soon as there is room.
    """

    def __init__(self) -> None:
        self._file: FileIO | None = None
        self._unwritten: list[Line] = []
        self._failing = False

    @contextmanager
    def opened(self, path: Path | None) -> Iterator[None]:
        """Append to a file within a `with` block. None writes nothing."""
        if path is None:
            yield
            return
        with FileIO(path, "a") as file:  # unbuffered: a line is in the file, or its write raises
            self._file = file
            try:
                yield
            finally:
                self.try_again()
                self._file = None

    @property
    def healthy(self) -> bool:
        """Whether the last write succeeded, and every outcome is in the file."""
        return not self._failing

    def posted(self, track_id: str) -> None:
        """Record that a message is about to be posted.

        Raises:
            OSError: It cannot be recorded. Do not post the message.
        """
        self._append({"track_id": track_id, "status": "posted"})

    def withdrawn(self, track_id: str) -> None:
        """Record that a message was not posted after all."""
        self._append_later({"track_id": track_id, "status": "withdrawn", "id": None})

    def outcome(self, result: SendResult) -> None:
        """Record the outcome of a message."""
        track_id = result.track_id or result.message.track_id
        self._append_later({"track_id": track_id, "status": result.status.value, "id": result.id})

    def try_again(self) -> None:
        """After a failure, write what is missing, or an empty line, to find out whether there is room again."""
        if self._failing:
            with contextlib.suppress(OSError):
                self._append()

    def _append_later(self, line: Line) -> None:
        """Append a line; if it cannot be written, log it and keep it."""
        try:
            self._append(line)
        except OSError as error:
            self._unwritten.append(line)
            logger.error("the journal cannot be written (%s): %s", type(error).__name__, json.dumps(line))

    def _append(self, *lines: Line) -> None:
        """Append the lines that are missing and then these, or nothing."""
        if self._file is None:
            return
        self._failing = True
        data = "".join(json.dumps(line) + "\n" for line in [*self._unwritten, *lines]) or "\n"
        _write_whole(self._file, data.encode())
        self._unwritten.clear()
        self._failing = False


def _write_whole(file: FileIO, data: bytes) -> None:
    """Append data, or nothing: half a line would spoil the next one."""
    end = file.seek(0, os.SEEK_END)
    written = 0
    try:
        written = file.write(data)
    finally:
        if written < len(data):
            with contextlib.suppress(OSError):
                file.truncate(end)
    if written < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

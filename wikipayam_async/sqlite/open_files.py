"""Whether the files of an open database are still those that have its names."""

from __future__ import annotations

import errno
import os
from pathlib import Path

__all__ = ["OpenFiles", "identity"]


class OpenFiles:
    """The files of an open database, and the lock beside them.

    A process goes on writing to a file that somebody removed or replaced, and what it writes is lost when it ends; another
    process finds an older file under the name, or none, and sends again. Without the same lock, or the same index of the
    write-ahead log (`-shm`), two processes do not see each other. That happens also in a process that was forked from one
    which had the database open: SQLite takes the locks of that one for its own, so the other removes the log when it closes.

    Args:
        path: The database, which is open.
        lock: The file of its lock, which is open.
    """

    def __init__(self, path: Path, lock: Path) -> None:
        beside = (path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm"))
        self._known = {one: identity(one) for one in (*beside, lock)}

    def check(self) -> None:
        """Check that each name is still that of the same file.

        Raises:
            OSError: One was removed or replaced.
        """
        for path, known in self._known.items():
            if known is None or identity(path) != known:
                raise OSError(
                    errno.ESTALE,
                    f"{path.name} was removed or replaced while it was in use. Put it back and start again: with an older "
                    "file, or with none, what was sent would be sent twice",
                )


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from any other; None if the file does not exist.

    Args:
        path: The file.
    """
    try:
        found = os.stat(path)  # noqa: PTH116 - called before each transaction
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino

"""Writes files that hold numbers and texts: whole or not at all, and readable only by their owner."""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import IO

__all__ = ["replaced"]

_UNFINISHED = ".part"
_STALE_SECONDS = 7 * 24 * 3600.0
"""Seconds without a write after which an unfinished file is that of a process that was killed."""


@contextmanager
def replaced(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that gets its name once the block has ended without an error; an older one stays until then.

    Only its owner can read it. What killed processes left of the same file for a week is removed.

    Args:
        path: The file.

    Raises:
        OSError: The file cannot be written, or what has its name is no file.
    """
    if path.exists() and not path.is_file():  # a device would be replaced for the whole machine
        raise OSError(errno.EINVAL, "it is a directory, a device or a pipe")
    _remove_stale(path)
    number, unfinished = mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_UNFINISHED)
    try:
        with open(number, "wb") as file:  # noqa: PTH123 - it is open already
            yield file
            file.flush()
            os.fsync(number)
        Path(unfinished).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(unfinished).unlink()
        raise


def _remove_stale(path: Path) -> None:
    """Remove the temporary files of killed processes that wrote this file: they hold numbers and texts.

    A recently written one may belong to a running process, perhaps on another machine, so it is kept.
    """
    name = re.compile(re.escape(f".{path.name}.") + "[a-z0-9_]{8}" + re.escape(_UNFINISHED))
    for one in path.parent.iterdir():
        with suppress(OSError):  # another process removed it, or it belongs to another user
            if name.fullmatch(one.name) and time.time() - one.lstat().st_mtime > _STALE_SECONDS:
                one.unlink()

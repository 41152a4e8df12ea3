"""Writes files that hold numbers and texts: whole or not at all, and readable only by their owner."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import IO

from wikipayam_async.errors import InvalidInputError

__all__ = ["replacing"]

_UNFINISHED = ".part"
_STALE_SECONDS = 7 * 24 * 3600.0
"""Seconds without a write after which an unfinished file is that of a process that was killed."""


@contextmanager
def replacing(path: Path, field: str) -> Iterator[IO[str]]:
    """Open a file for writing that gets its name once the block has ended without an error; an older one stays until then.

    What killed processes left of the same file for a week is removed.

    Args:
        path: The file.
        field: The name of the argument, for errors.

    Raises:
        InvalidInputError: The file cannot be written, or what has its name is no file.
    """
    if path.exists() and not path.is_file():  # a device would be replaced for the whole machine
        rule = "expected a file that can be written: it is a directory, a device or a pipe"
        raise InvalidInputError(field, rule=rule, got=str(path))
    try:
        _remove_stale(path)
        number, unfinished = mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_UNFINISHED)
        try:
            with open(number, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - it is open already
                yield file
                file.flush()
                os.fsync(number)
            Path(unfinished).replace(path)
        finally:
            Path(unfinished).unlink(missing_ok=True)
    except OSError as error:
        rule = f"expected a file that can be written: {error.strerror}"
        raise InvalidInputError(field, rule=rule, got=str(path)) from None


def _remove_stale(path: Path) -> None:
    """Remove the temporary files of killed processes that wrote this file: they hold numbers and texts.

    A recently written one may belong to a running process, perhaps on another machine, so it is kept.
    """
    name = re.compile(re.escape(f".{path.name}.") + "[a-z0-9_]{8}" + re.escape(_UNFINISHED))
    for one in path.parent.iterdir():
        with suppress(OSError):  # another process removed it, or it belongs to another user
            if name.fullmatch(one.name) and time.time() - one.lstat().st_mtime > _STALE_SECONDS:
                one.unlink()

"""Writes a file that the caller named: the errors name it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.whole_files import replaced

__all__ = ["replacing"]


@contextmanager
def replacing(path: Path, field: str) -> Iterator[IO[str]]:
    """Open a file for writing that gets its name once the block has ended without an error; an older one stays until then.

    Only its owner can read it. What killed processes left of the same file for a week is removed.

    Args:
        path: The file.
        field: The name of the argument, for errors.

    Raises:
        InvalidInputError: The file cannot be written, or what has its name is no file.
    """
    try:
        with replaced(path) as binary:
            text = io.TextIOWrapper(binary, encoding="utf-8", newline="")
            yield text
            text.detach()
    except OSError as error:
        rule = f"expected a file that can be written: {error.strerror}"
        raise InvalidInputError(field, rule=rule, got=str(path)) from None

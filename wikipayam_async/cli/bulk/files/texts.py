"""Text files: their encoding and their lines."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from wikipayam_async.cli.bulk.errors import InputFileError

__all__ = ["lines_of"]

_MAX_LINE_LENGTH = 1_000_000
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SHARE_OF_NULS = 0.1
"""UTF-16 has as many, as digits, delimiters and line ends take two bytes."""


def lines_of(path: Path, source: io.BufferedReader[Any], encoding: str | None) -> Iterator[str]:
    """Yield the lines of a file, with their ends, without its byte order mark.

    Args:
        path: The file, for error texts.
        source: The open file.
        encoding: Its encoding; None to detect UTF-8 and UTF-16.

    Raises:
        InputFileError: The encoding is unknown. While the lines are read: bytes are not valid in it, or a line is too long.
    """
    if encoding is not None:
        try:
            b"a".decode(encoding, "replace")
        except (LookupError, ValueError):  # also for Python's encodings of bytes to bytes, and of names with NUL
            raise InputFileError(f"--encoding: unknown encoding {encoding}") from None
    return _lines(path, source, encoding)


def _lines(path: Path, source: io.BufferedReader[Any], encoding: str | None) -> Iterator[str]:
    text = io.TextIOWrapper(source, encoding=encoding or _detect(source.peek()), newline="")
    number = 0
    try:
        for number, line in enumerate(iter(partial(text.readline, _MAX_LINE_LENGTH + 1), ""), start=1):
            if len(line) > _MAX_LINE_LENGTH:
                raise InputFileError(f"{path}: line {number} has more than {_MAX_LINE_LENGTH:,} characters")
            yield line.removeprefix("\ufeff") if number == 1 else line
    except UnicodeError:  # UTF-16 without a byte order mark raises no UnicodeDecodeError
        raise InputFileError(
            f"{path}: bytes near line {number + 1} are not valid {encoding or 'UTF-8'}; "
            "pass the encoding of the file, as in --encoding cp1256 (older Persian Windows) or --encoding utf-16"
        ) from None
    finally:
        with suppress(ValueError):  # it is closed already
            text.detach()  # the file is its opener's to close


def _detect(head: bytes) -> str:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if head.count(0) > len(head) * _SHARE_OF_NULS:
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    return "utf-8"

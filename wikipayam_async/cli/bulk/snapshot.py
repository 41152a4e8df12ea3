"""Reads a file more than once, and checks that it has not changed."""

from __future__ import annotations

import hashlib
import io
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

from attrs import frozen

from wikipayam_async.cli.bulk.errors import InputFileError, os_error_text

__all__ = ["CheckedFile", "FileSnapshot", "open_checked", "take_snapshot"]

_BLOCK_BYTES = 1 << 18


@frozen
class FileSnapshot:
    """The digests of a file at its first reading.

    Attributes:
        digest: The SHA-256 of the file.
        blocks: The digest of each block.
    """

    digest: str
    blocks: tuple[bytes, ...]


class CheckedFile(io.RawIOBase):
    """A file, read in blocks. Each block is compared with the first reading before any of it is returned.

    Reading raises `InputFileError` if the file has changed or cannot be read.

    Args:
        path: The path, for error texts.
        file: The open file; closed together with this one.
        before: The snapshot of the first reading; None if this is the first.
    """

    def __init__(self, path: Path, file: BinaryIO, before: FileSnapshot | None = None) -> None:
        super().__init__()
        self._path = path
        self._before = before
        self._whole = hashlib.sha256()
        self._blocks: list[bytes] = []
        self._rest = memoryview(b"")
        self._file = file

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read some bytes; 0 at the end."""
        if not self._rest:
            self._rest = memoryview(self._next_block())
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def finish(self) -> FileSnapshot:
        """Read the rest, and return the snapshot."""
        while self._next_block():
            pass
        return FileSnapshot(self._whole.hexdigest(), tuple(self._blocks))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def _next_block(self) -> bytes:
        try:
            block = self._file.read(_BLOCK_BYTES)
        except OSError as error:
            raise InputFileError(os_error_text(self._path, "read", error)) from None
        place = len(self._blocks)
        if not block:
            if self._before is not None and place < len(self._before.blocks):
                raise self._changed()
            return block
        digest = hashlib.blake2b(block, digest_size=16).digest()
        if self._before is not None and self._before.blocks[place : place + 1] != (digest,):
            raise self._changed()
        self._blocks.append(digest)
        self._whole.update(block)
        return block

    def _changed(self) -> InputFileError:
        return InputFileError(f"{self._path}: changed after it was checked; nothing from the changed part was sent")


def open_checked(path: Path, before: FileSnapshot | None = None) -> CheckedFile:
    """Open a file that is read more than once.

    Args:
        path: The file.
        before: The snapshot of the first reading; None if this is the first.

    Raises:
        InputFileError: The file cannot be read.
    """
    if path.exists() and not path.is_file():
        raise InputFileError(f"{path}: is not a regular file (it is read more than once)")
    try:
        return CheckedFile(path, path.open("rb"), before)
    except OSError as error:
        raise InputFileError(os_error_text(path, "read", error)) from None


def take_snapshot(path: Path) -> FileSnapshot:
    """Read a file for the first time, and return its snapshot.

    Args:
        path: The file.

    Raises:
        InputFileError: The file cannot be read.
    """
    with closing(open_checked(path)) as file:
        return file.finish()

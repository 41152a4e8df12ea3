"""A file that is read more than once, and must be the same each time."""

from __future__ import annotations

import hashlib
import io
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

from attrs import frozen

from wikipayam_async.cli.bulk.refusals import InputFileError, cannot

__all__ = ["CheckedFile", "Snapshot", "open_checked", "take_snapshot"]

_BLOCK_BYTES = 1 << 18


@frozen
class Snapshot:
    """What a file held when it was read the first time.

    Attributes:
        digest: The SHA-256 of all of it.
        blocks: A digest of each block.
    """

    digest: str
    blocks: tuple[bytes, ...]


class CheckedFile(io.RawIOBase):
    """A file, read in blocks. Nothing of a block is given out before it was compared with the first reading.

    Reading it raises `InputFileError` where it is not the same as before, or cannot be read.

    Args:
        path: Its name, for the errors.
        file: The file itself; it is closed with this.
        before: The first reading; None if this is it.
    """

    def __init__(self, path: Path, file: BinaryIO, before: Snapshot | None = None) -> None:
        super().__init__()
        self._path = path
        self._before = before
        self._whole = hashlib.sha256()
        self._blocks: list[bytes] = []
        self._rest = memoryview(b"")
        self._file = file

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read some bytes; 0 at the end."""
        if not self._rest:
            self._rest = memoryview(self._next_block())
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def finish(self) -> Snapshot:
        """Read what is left, and return what the file held."""
        while self._next_block():
            pass
        return Snapshot(self._whole.hexdigest(), tuple(self._blocks))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def _next_block(self) -> bytes:
        try:
            block = self._file.read(_BLOCK_BYTES)
        except OSError as error:
            raise InputFileError(cannot(self._path, "read", error)) from None
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
        return InputFileError(f"{self._path}: has changed since it was checked; nothing of the changed part was sent")


def open_checked(path: Path, before: Snapshot | None = None) -> CheckedFile:
    """Open a file that is read more than once.

    Args:
        path: The file.
        before: The first reading; None if this is it.

    Raises:
        InputFileError: It cannot be read.
    """
    if path.exists() and not path.is_file():
        raise InputFileError(f"{path}: is no file (it is read more than once)")
    try:
        return CheckedFile(path, path.open("rb"), before)
    except OSError as error:
        raise InputFileError(cannot(path, "read", error)) from None


def take_snapshot(path: Path) -> Snapshot:
    """Read a file for the first time.

    Args:
        path: The file.

    Raises:
        InputFileError: It cannot be read.
    """
    with closing(open_checked(path)) as file:
        return file.finish()

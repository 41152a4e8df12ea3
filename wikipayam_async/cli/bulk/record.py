"""The lines of a results file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

import msgspec

from wikipayam_async.cli.bulk.refusals import ResultsFileError
from wikipayam_async.outcomes import SendStatus

__all__ = [
    "FORMAT",
    "HELD_BACK",
    "Claimed",
    "Header",
    "Line",
    "RowLine",
    "RunLine",
    "encode",
    "scan",
]

FORMAT = 1
HELD_BACK = frozenset({"duplicate", "opted_out", "opt_out_unknown"})
"""The reasons of rows that were held back on our side, as they should be."""
_LAST_ROW = 1_000_000_000


class Header(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="header"):
    """The first line.

    Attributes:
        format: The version of the format.
        version: The version of the package.
        started: When, in ISO 8601.
        input: The name of the file with the messages.
        fingerprint: Digests of everything that decides what is sent, by what people call it.
        opt_out: Whether there was a list of people who want no messages.
        own_track_ids: Whether the references come from a column of the file.
        run: The name of the first run, with which its references begin.
    """

    format: int
    version: str
    started: str
    input: str
    fingerprint: dict[str, str]
    opt_out: bool
    own_track_ids: bool
    run: str


class RunLine(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="run"):
    """A further run began.

    Attributes:
        run: Its name.
        version: The version of the package.
        started: When, in ISO 8601.
        opt_out: Whether there was a list of people who want no messages.
    """

    run: str
    version: str
    started: str
    opt_out: bool


class Claimed(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="claimed"):
    """Rows that may leave from now on. It is on the disk before the first of them can.

    Attributes:
        run: The run.
        rows: The first and the last row of each unbroken range.
    """

    run: str
    rows: list[tuple[int, int]]


class RowLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="line", tag="row"):
    """What became of a row.

    Attributes:
        row: Its number in the file.
        status: Its outcome.
        track_id: The reference that it was sent with.
        id: The gateway's id, if it was accepted.
        receiver: The receiver, masked.
        reason: Why it was not accepted; one of `HELD_BACK` if it was held back on our side.
    """

    row: int
    status: SendStatus
    track_id: str | None = None
    id: str | None = None
    receiver: str | None = None
    reason: str | None = None


Line: TypeAlias = Header | RunLine | Claimed | RowLine

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Header | RunLine | Claimed | RowLine)


def encode(lines: Iterable[Line]) -> bytes:
    """Return lines as they stand in the file.

    Args:
        lines: The lines.
    """
    return b"".join(_ENCODER.encode(line) + b"\n" for line in lines)


def scan(path: Path, file: BinaryIO) -> Iterator[tuple[int, int, Line]]:
    """Yield every line with the bytes where it begins and ends.

    A last line without its end is left out if it cannot be read: the process was killed while it wrote it, and nothing
    that it says had happened yet.

    Args:
        path: The file's name, for the errors.
        file: The file, at its beginning.

    Raises:
        ResultsFileError: Any other line cannot be read, or the file is none of ours.
    """
    start = 0
    for number, content in enumerate(file, start=1):
        end = start + len(content)
        try:
            line = _DECODER.decode(content)
        except (msgspec.DecodeError, RecursionError):
            if not content.endswith(b"\n") and number > 1:
                return
            raise ResultsFileError(_unreadable(path, number)) from None
        _check(path, number, line)
        yield start, end, line
        start = end
    if start == 0:
        raise ResultsFileError(_unreadable(path, 1))


def _check(path: Path, number: int, line: Line) -> None:
    good = isinstance(line, Header) is (number == 1)
    if isinstance(line, Header) and line.format != FORMAT:
        raise ResultsFileError(f"{path}: was written by another version ({line.version}); use that one")
    if isinstance(line, Claimed):
        good = good and all(1 <= first <= last <= _LAST_ROW for first, last in line.rows)
    if isinstance(line, RowLine):
        good = good and 1 <= line.row <= _LAST_ROW
    if not good:
        raise ResultsFileError(_unreadable(path, number))


def _unreadable(path: Path, number: int) -> str:
    if number == 1:
        return f"{path}: does not begin as a results file does; if it is ours and was broken off there, nothing was sent with it"
    return f"{path}: line {number} cannot be read, so that nobody can say what was sent; nothing is sent now"

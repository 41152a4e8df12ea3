"""The records of a results file, one per line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

import msgspec

from wikipayam_async.cli.bulk.errors import ResultsFileError
from wikipayam_async.outcomes import SendStatus

__all__ = [
    "FORMAT",
    "HELD_BACK",
    "ClaimRecord",
    "Header",
    "Record",
    "RowRecord",
    "RunRecord",
    "encode",
    "scan",
]

FORMAT = 1
HELD_BACK = frozenset({"duplicate", "opted_out", "opt_out_unknown"})
"""The reasons of rows that were held back locally, which is no failure."""
_MAX_ROW = 1_000_000_000


class Header(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="header"):
    """The first record.

    Attributes:
        format: The version of the format.
        version: The version of the package.
        started: When the run started, in ISO 8601.
        input: The name of the input file.
        fingerprint: Digests of everything that decides what is sent, by the names that error texts use.
        opt_out: Whether the run had an opt-out list.
        own_track_ids: Whether the track ids come from a column of the file.
        run: The name of the first run, with which its track ids begin.
    """

    format: int
    version: str
    started: str
    input: str
    fingerprint: dict[str, str]
    opt_out: bool
    own_track_ids: bool
    run: str


class RunRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="run"):
    """The start of a resumed run.

    Attributes:
        run: The name of the run.
        version: The version of the package.
        started: When the run started, in ISO 8601.
        opt_out: Whether the run had an opt-out list.
    """

    run: str
    version: str
    started: str
    opt_out: bool


class ClaimRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="claimed"):
    """Rows that may be sent from now on. The record is on the disk before the first of them is sent.

    Attributes:
        run: The name of the run.
        rows: The first and the last row of each range of consecutive rows.
    """

    run: str
    rows: list[tuple[int, int]]


class RowRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="line", tag="row"):
    """The outcome of a row.

    Attributes:
        row: The row number in the file.
        status: The outcome.
        track_id: The track id it was sent with.
        id: The gateway's id, if it was accepted.
        receiver: The receiver, masked.
        reason: Why it was not accepted; one of `HELD_BACK` if it was held back.
    """

    row: int
    status: SendStatus
    track_id: str | None = None
    id: str | None = None
    receiver: str | None = None
    reason: str | None = None


Record: TypeAlias = Header | RunRecord | ClaimRecord | RowRecord

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Header | RunRecord | ClaimRecord | RowRecord)


def encode(records: Iterable[Record]) -> bytes:
    """Return the bytes of records.

    Args:
        records: The records.
    """
    return b"".join(_ENCODER.encode(record) + b"\n" for record in records)


def scan(path: Path, file: BinaryIO) -> Iterator[tuple[int, int, Record]]:
    """Yield every record with the offsets of its start and end.

    An unreadable last line without a line end is skipped: the process was killed while writing it, before anything it
    records had happened.

    Args:
        path: The path, for error texts.
        file: The file, at its beginning.

    Raises:
        ResultsFileError: Any other line cannot be read, or the file is not a results file.
    """
    start = 0
    for number, content in enumerate(file, start=1):
        end = start + len(content)
        try:
            record = _DECODER.decode(content)
        except (msgspec.DecodeError, RecursionError):
            if not content.endswith(b"\n") and number > 1:
                return
            raise ResultsFileError(_unreadable(path, number)) from None
        _check(path, number, record)
        yield start, end, record
        start = end
    if start == 0:
        raise ResultsFileError(_unreadable(path, 1))


def _check(path: Path, number: int, record: Record) -> None:
    valid = isinstance(record, Header) is (number == 1)
    if isinstance(record, Header) and record.format != FORMAT:
        raise ResultsFileError(f"{path}: was written by version {record.version}; use that version")
    if isinstance(record, ClaimRecord):
        valid = valid and all(1 <= first <= last <= _MAX_ROW for first, last in record.rows)
    if isinstance(record, RowRecord):
        valid = valid and 1 <= record.row <= _MAX_ROW
    if not valid:
        raise ResultsFileError(_unreadable(path, number))


def _unreadable(path: Path, number: int) -> str:
    if number == 1:
        return f"{path}: is not a results file; if a run was interrupted while creating it, that run sent nothing"
    return f"{path}: line {number} cannot be read, so it is unknown which rows were sent; nothing is sent now"

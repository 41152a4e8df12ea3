"""Received messages as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import Literal, TypeAlias

from wikipayam_async.cli.output import Output, plain
from wikipayam_async.cli.spreadsheet import harmless
from wikipayam_async.core.converter import encode_json
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.services.receives.models import Receive

__all__ = ["Format", "export_to"]

Format: TypeAlias = Literal["csv", "jsonl"]

_COLUMNS = ("id", "sender", "receiver", "received_at", "message")
_BOM = "\ufeff"


async def export_to(path: Path | None, form: Format, messages: AsyncIterator[Receive], out: Output) -> int:
    """Write messages as they come; a file takes its name only once it is complete.

    Args:
        path: The file; None for stdout.
        form: CSV with a byte order mark, as spreadsheets want it, or JSON Lines.
        messages: The messages.
        out: Where stdout is.

    Returns:
        How many there were.

    Raises:
        InvalidInputError: The file cannot be written.
    """
    number = 0
    with _writing(path, out) as write:
        if form == "csv":
            write((_BOM if path else "") + _line(_COLUMNS))
        async for message in messages:
            number += 1
            write(_line(_cells(message)) if form == "csv" else encode_json(plain(message)).decode() + "\n")
    return number


@contextmanager
def _writing(path: Path | None, out: Output) -> Iterator[Callable[[str], object]]:
    if path is None:
        yield out.data
        return
    try:
        number, unfinished = mkstemp(dir=path.parent, prefix=f"{path.name}.", suffix=".part")  # which is nobody else's
        try:
            with open(number, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - it is open already
                yield file.write
            Path(unfinished).replace(path)
        finally:
            Path(unfinished).unlink(missing_ok=True)
    except OSError as error:
        raise InvalidInputError("file", rule=f"cannot be written: {error.strerror}", got=str(path)) from None


def _cells(message: Receive) -> list[str]:
    # A sender is a number, or a name that its owner chose; what begins with + is a number.
    sender, text = message.sender or "", message.message or ""
    if not sender.startswith("+"):
        sender = harmless(sender)
    return [message.id, sender, message.receiver or "", str(message.received_at or ""), harmless(text)]


def _line(cells: tuple[str, ...] | list[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()

"""Writes received messages to a file."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

from wikipayam_async.cli.output import Output, plain
from wikipayam_async.core.converter import encode_json
from wikipayam_async.files import replacing
from wikipayam_async.services.receives.models import ReceivedMessage
from wikipayam_async.spreadsheet import escape_formula

__all__ = ["Format", "cells_of", "export_to"]

Format: TypeAlias = Literal["csv", "jsonl"]

_COLUMNS = ("id", "sender", "receiver", "received_at", "message")
_BOM = "\ufeff"


async def export_to(path: Path | None, format_: Format, messages: AsyncIterator[ReceivedMessage], out: Output) -> int:
    """Write messages as they arrive; a file gets its name only once it is complete.

    Args:
        path: The file; None for stdout.
        format_: CSV, with a byte order mark for spreadsheets if it is a file, or JSON Lines.
        messages: The messages.
        out: The output, for stdout.

    Returns:
        The number of messages.

    Raises:
        InvalidInputError: The file cannot be written.
    """
    count = 0
    with _writing(path, out) as write:
        if format_ == "csv":
            write((_BOM if path else "") + _csv_line(_COLUMNS))
        async for message in messages:
            count += 1
            write(
                _csv_line(_escaped_cells(message)) if format_ == "csv" else encode_json(plain(message)).decode() + "\n"
            )
    return count


@contextmanager
def _writing(path: Path | None, out: Output) -> Iterator[Callable[[str], object]]:
    if path is None:
        yield out.data
        return
    with replacing(path, "file") as file:
        yield file.write


def cells_of(message: ReceivedMessage) -> list[str]:
    """Return the cells of a message in a table: its id, sender, receiver, time and text.

    Args:
        message: The message.
    """
    values = (message.id, message.sender, message.receiver, message.received_at, message.message)
    return [str(value or "") for value in values]


def _escaped_cells(message: ReceivedMessage) -> list[str]:
    id_, sender, receiver, received_at, text = cells_of(message)
    # A sender that begins with + is a number; any other may be a name that its owner chose.
    if not sender.startswith("+"):
        sender = escape_formula(sender)
    return [id_, sender, receiver, received_at, escape_formula(text)]


def _csv_line(cells: tuple[str, ...] | list[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()

"""The messages of a template's rows: an iterator of them, which a bulk send reads in columns."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from wikipayam_async.messages.columns import ColumnReader, MessageColumn
from wikipayam_async.messages.models import SmsMessage

__all__ = ["RenderedRow", "TemplateMessages"]

RenderedRow: TypeAlias = tuple[str, str, str | None]
"""The receiver, the text and the track id of a row."""


class TemplateMessages(ColumnReader, Iterator[SmsMessage]):
    """The messages of rows, read as they are needed.

    Args:
        rows: The rendered rows.
        sender: The line of all messages; None for the client's.
    """

    __slots__ = ("_rows", "_sender")

    def __init__(self, rows: Iterator[RenderedRow], sender: str | None) -> None:
        self._rows = rows
        self._sender = sender

    def __next__(self) -> SmsMessage:
        receiver, text, track_id = next(self._rows)
        return SmsMessage(receiver, text, sender=self._sender, track_id=track_id)

    @property
    def items(self) -> Iterator[RenderedRow]:
        """The rendered rows."""
        return self._rows

    def column_of(self, items: Sequence[RenderedRow]) -> MessageColumn:
        """Return the messages of some rows."""
        track_ids = [track_id for _, _, track_id in items]
        return MessageColumn(
            [receiver for receiver, _, _ in items],
            [text for _, text, _ in items],
            sender=self._sender,
            track_ids=None if None in track_ids else track_ids,
        )

    def with_texts(self, change: Callable[[str], str]) -> TemplateMessages:
        """Return the same messages with changed texts."""
        return TemplateMessages(map(functools.partial(_changed, change), self._rows), self._sender)


def _changed(change: Callable[[str], str], row: RenderedRow) -> RenderedRow:
    receiver, text, track_id = row
    return receiver, change(text), track_id

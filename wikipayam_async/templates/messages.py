"""The messages of a template's rows: an iterator of them, which a bulk send reads in columns."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, count, takewhile
from operator import itemgetter
from typing import TypeAlias

from wikipayam_async.messages.columns import ColumnReader, MessageColumn
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.templates.rows import Row, RowErrorHandler, each_row

__all__ = ["RenderRow", "RenderRows", "RenderedRow", "TemplateMessages", "rendered_rows"]

RenderedRow: TypeAlias = tuple[str, str, str | None]
"""The receiver, the text and the track id of a row."""

RenderRow: TypeAlias = Callable[[Row], RenderedRow]
"""Renders one row; raises `InvalidInputError` if it is invalid."""

RenderRows: TypeAlias = Callable[[Sequence[Row]], Iterator[RenderedRow] | None]
"""Renders some rows together; None if one of them may be invalid, or needs more than its text put in."""

_TOGETHER = 100


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


def rendered_rows(
    rows: Iterable[Row], render_row: RenderRow, render_rows: RenderRows, on_error: RowErrorHandler | None
) -> Iterator[RenderedRow]:
    """Return the rendered rows, rendered as they are read.

    Of a list many are rendered together, in a sixth of the time. Of any other iterable each is read when it is needed.

    Args:
        rows: The rows.
        render_row: Renders one row.
        render_rows: Renders some rows of a list.
        on_error: Called with the error of an invalid row, which is then skipped. If None, the error is raised.
    """
    # No local of a generator holds a rendered row, which an error of the next one would carry in its traceback.
    if not isinstance(rows, list):
        return map(itemgetter(1), each_row(rows, render_row, on_error))
    starts = takewhile(lambda start: start < len(rows), count(0, _TOGETHER))
    return chain.from_iterable(map(functools.partial(_rendered, rows, render_row, render_rows, on_error), starts))


def _rendered(
    rows: list[Row], render_row: RenderRow, render_rows: RenderRows, on_error: RowErrorHandler | None, start: int
) -> Iterator[RenderedRow]:
    some = rows[start : start + _TOGETHER]
    together = render_rows(some)
    return together if together is not None else map(itemgetter(1), each_row(some, render_row, on_error, first=start))


def _changed(change: Callable[[str], str], row: RenderedRow) -> RenderedRow:
    receiver, text, track_id = row
    return receiver, change(text), track_id

"""The messages of a bulk send, read as numbers or rows and made columns of."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any

from wikipayam_async.bulk.columns import GrowingResults, ResultColumns
from wikipayam_async.bulk.results import SendResult
from wikipayam_async.bulk.screening import Screen
from wikipayam_async.bulk.source import Prepare, Source
from wikipayam_async.messages.columns import ColumnReader
from wikipayam_async.messages.models import SmsMessage

__all__ = ["ColumnSource"]


class ColumnSource(Source):
    """Reads the items of a `ColumnReader`, a chunk at a time, as `Source` reads messages. No message is made of them.

    Args:
        reader: The items, and what makes a column of them.
        prepare: Checks a column.
        batch_size: The maximum number of messages per chunk.
        screen: Decides which messages are held back; None holds back none.
    """

    def __init__(self, reader: ColumnReader, prepare: Prepare, batch_size: int, screen: Screen | None = None) -> None:
        super().__init__(reader.items, prepare, batch_size, screen)
        self._column_of = reader.column_of
        self._unchecked: list[Any]

    async def _take(self, count: int) -> None:
        # No local is an item, a number in full: an exception of the iterable would carry it in its traceback.
        add = self._unchecked.append
        if self._asynchronous is None:
            deque(map(add, islice(self._plain, count)), maxlen=0)
            return
        while len(self._unchecked) < count:
            add(await anext(self._asynchronous))

    def _messages(self) -> Sequence[SmsMessage]:
        return self._column_of(self._unchecked)

    def _growing(self, results: list[SendResult]) -> GrowingResults:
        return ResultColumns(results)

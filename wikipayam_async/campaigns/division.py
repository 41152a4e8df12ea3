"""The division of a plan into chunks. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from wikipayam_async.bulk.chunker import MAX_BODY_BYTES
from wikipayam_async.campaigns.journal import ChunkRow
from wikipayam_async.core.converter import encode_json
from wikipayam_async.messages.payload import SmsPayload
from wikipayam_async.messages.payload_columns import PayloadColumn

__all__ = ["Division", "groups_of"]

_OVERHEAD_BYTES = 500
"""More than a message takes in a body beside its text."""
_BYTES_PER_CHARACTER = 6
"""The most that a character takes in JSON."""
_WIDEST = 100
"""Requeued messages share a chunk up to this multiple of its size apart, since a chunk is read as a range."""


class Division:
    """Numbers the chunks: consecutive messages, at most `batch_size`, in a body that web servers accept."""

    def __init__(self, batch_size: int) -> None:
        self._size = batch_size
        self._largest = MAX_BODY_BYTES // batch_size
        self._open: list[int] = []
        self._bytes = 0
        self.count = 0

    def assign(self, indexes: Sequence[int], payloads: Sequence[SmsPayload]) -> tuple[list[int], list[ChunkRow]]:
        """Return the number of each message's chunk, and the chunks that are complete."""
        texts = payloads.texts if isinstance(payloads, PayloadColumn) else [payload.text for payload in payloads]
        longest = max(map(len, texts), default=0)
        if not self._bytes and longest * _BYTES_PER_CHARACTER + _OVERHEAD_BYTES <= self._largest:
            return self._assign_short(indexes)
        numbers: list[int] = []
        complete: list[ChunkRow] = []
        self._bytes = self._bytes or len(self._open) * self._largest
        for index, payload in zip(indexes, payloads, strict=True):
            size = len(encode_json(payload)) + 1
            if self._open and (len(self._open) == self._size or self._bytes + size > MAX_BODY_BYTES):
                complete.append(self._close())
            self._open.append(index)
            self._bytes += size
            numbers.append(self.count)
        return numbers, complete

    def _assign_short(self, indexes: Sequence[int]) -> tuple[list[int], list[ChunkRow]]:
        """Do the same for messages so short that no chunk of them is too large."""
        numbers: list[int] = []
        complete: list[ChunkRow] = []
        start = 0
        while start < len(indexes):
            taken = indexes[start : start + self._size - len(self._open)]
            self._open += taken
            numbers += [self.count] * len(taken)
            start += len(taken)
            if len(self._open) == self._size:
                complete.append(self._close())
        return numbers, complete

    def finish(self) -> list[ChunkRow]:
        """Return the last chunk, if there is one."""
        return [self._close()] if self._open else []

    def _close(self) -> ChunkRow:
        row = (self.count, self._open[0], self._open[-1], len(self._open))
        self.count += 1
        self._open = []
        self._bytes = 0
        return row


def groups_of(indexes: Sequence[int], size: int) -> list[list[int]]:
    """Divide the indexes of requeued messages into chunks that are neither too long nor too wide."""
    groups: list[list[int]] = []
    for index in indexes:
        if groups and len(groups[-1]) < size and index - groups[-1][0] < size * _WIDEST:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups

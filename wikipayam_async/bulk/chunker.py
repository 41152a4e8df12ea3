"""How messages are put together into requests. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import field, frozen

from wikipayam_async.messages import Prepared, SmsMessage

__all__ = ["DEFAULT_BATCH_SIZE", "MAX_BODY_BYTES", "Chunk", "Chunker", "Item"]

DEFAULT_BATCH_SIZE = 100
MAX_BODY_BYTES = 1_000_000
"""What web servers take by default is a megabyte (nginx) or more."""


@frozen
class Item:
    """A message on its way, with its place in the input."""

    index: int
    prepared: Prepared[SmsMessage]


@frozen
class Chunk:
    """The messages of one request.

    Attributes:
        items: The messages.
        size: Bytes of the request's body.
    """

    items: tuple[Item, ...] = field(repr=False)
    size: int

    @property
    def prepared(self) -> list[Prepared[SmsMessage]]:
        """The messages, ready for the wire."""
        return [item.prepared for item in self.items]

    def without(self, indexes: frozenset[int]) -> Chunk | None:
        """Return the chunk without the items at the given places; None if nothing is left."""
        return chunk_of([item for place, item in enumerate(self.items) if place not in indexes])

    def cut(self, most: int) -> Iterator[Chunk]:
        """Yield the chunk in pieces of at most so many items."""
        for start in range(0, len(self.items), most):
            yield _put_together(self.items[start : start + most])


def chunk_of(items: Sequence[Item]) -> Chunk | None:
    """Put items together; None if there are none."""
    return _put_together(items) if items else None


def _put_together(items: Sequence[Item]) -> Chunk:
    return Chunk(tuple(items), 1 + sum(len(item.prepared.body) + 1 for item in items))


class Chunker:
    """Gathers messages until a request is full: by count, and by bytes of the body.

    Args:
        batch_size: The most messages of a request.
        max_bytes: The most bytes of a request's body. A single message larger than that goes alone.
    """

    __slots__ = ("_batch_size", "_items", "_max_bytes", "_size")

    def __init__(self, batch_size: int, max_bytes: int = MAX_BODY_BYTES) -> None:
        self._batch_size = batch_size
        self._max_bytes = max_bytes
        self._items: list[Item] = []
        self._size = 1

    def add(self, item: Item) -> Chunk | None:
        """Take a message; return a chunk if that filled one."""
        cost = len(item.prepared.body) + 1
        full = None
        if self._items and self._size + cost > self._max_bytes:
            full = self.flush()
        self._items.append(item)
        self._size += cost
        if full is None and len(self._items) >= self._batch_size:
            return self.flush()
        return full

    def flush(self) -> Chunk | None:
        """Return what is gathered as a chunk; None if nothing is."""
        if not self._items:
            return None
        chunk = Chunk(tuple(self._items), self._size)
        self._items = []
        self._size = 1
        return chunk

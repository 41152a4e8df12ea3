"""Divide messages into requests. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from wikipayam_async.core.converter import encode_json
from wikipayam_async.messages.columns import picked
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.messages.payload import Batch, Payload
from wikipayam_async.messages.payload_columns import batch_of
from wikipayam_async.structs import Model

__all__ = ["MAX_BODY_BYTES", "Chunk", "chunks_of"]

MAX_BODY_BYTES = 1_000_000
"""Web servers accept at least a megabyte by default (nginx)."""


class Chunk(Model, frozen=True):
    """The messages of one request, with their indexes in the input.

    Attributes:
        indexes: The index of each message in the input.
        batch: The messages.
    """

    indexes: Sequence[int]
    batch: Batch[SmsMessage]
    _hidden = frozenset({"indexes"})

    def __len__(self) -> int:
        return len(self.indexes)

    def without(self, positions: frozenset[int]) -> Chunk | None:
        """Return the chunk without the messages at these positions; None if nothing is left."""
        rest = [position for position in range(len(self)) if position not in positions]
        return self.pick(rest) if rest else None

    def cut(self, size: int) -> Iterator[Chunk]:
        """Yield the chunk in pieces of at most `size` messages."""
        for start in range(0, len(self), size):
            yield self.pick(range(start, min(start + size, len(self))))

    def pick(self, positions: Iterable[int]) -> Chunk:
        """Return a chunk of the messages at these positions."""
        wanted = list(positions)
        batch = batch_of(picked(self.batch.messages, wanted), picked(self.batch.payloads, wanted))
        return Chunk([self.indexes[position] for position in wanted], batch)


def chunks_of(
    indexes: Sequence[int],
    messages: Sequence[SmsMessage],
    payloads: Sequence[Payload],
    max_bytes: int = MAX_BODY_BYTES,
) -> list[Chunk]:
    """Return messages as one chunk, or as several if one body would be too large.

    Args:
        indexes: The index of each message in the input.
        messages: The messages; an empty sequence returns no chunk.
        payloads: Their payloads.
        max_bytes: The maximum size of a request's body. A single message that is larger gets a chunk of its own.
    """
    if not messages:
        return []
    whole = Chunk(indexes, batch_of(messages, payloads))
    if len(whole.batch.body) <= max_bytes:
        return [whole]
    return [whole.pick(positions) for positions in _split(payloads, max_bytes)]


def _split(payloads: Iterable[Payload], max_bytes: int) -> Iterator[list[int]]:
    """Yield the positions of the payloads of each body."""
    positions: list[int] = []
    size = 1
    for position, payload in enumerate(payloads):
        cost = len(encode_json(payload)) + 1
        if positions and size + cost > max_bytes:
            yield positions
            positions, size = [], 1
        positions.append(position)
        size += cost
    yield positions

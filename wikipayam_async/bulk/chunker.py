"""How messages are put together into requests. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from attrs import field, frozen

from wikipayam_async.core.converter import encode_json
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.messages.payload import Batch, Payload

__all__ = ["DEFAULT_BATCH_SIZE", "MAX_BODY_BYTES", "Chunk", "chunks_of"]

DEFAULT_BATCH_SIZE = 100
MAX_BODY_BYTES = 1_000_000
"""What web servers take by default is a megabyte (nginx) or more."""


@frozen
class Chunk:
    """The messages of one request, with their places in the input.

    Attributes:
        indexes: Their places.
        batch: The messages.
    """

    indexes: Sequence[int] = field(repr=False)
    batch: Batch[SmsMessage]

    def __len__(self) -> int:
        return len(self.indexes)

    def without(self, places: frozenset[int]) -> Chunk | None:
        """Return the chunk without the messages at the given places in it; None if nothing is left."""
        left = [place for place in range(len(self)) if place not in places]
        return self.pick(left) if left else None

    def cut(self, most: int) -> Iterator[Chunk]:
        """Yield the chunk in pieces of at most so many messages."""
        for start in range(0, len(self), most):
            yield self.pick(range(start, min(start + most, len(self))))

    def pick(self, places: Iterable[int]) -> Chunk:
        """Return a chunk of the messages at the given places in this one."""
        messages, payloads = self.batch.messages, self.batch.payloads
        picked = list(places)
        batch = Batch([messages[place] for place in picked], [payloads[place] for place in picked])
        return Chunk([self.indexes[place] for place in picked], batch)


def chunks_of(
    indexes: Sequence[int],
    messages: Sequence[SmsMessage],
    payloads: Sequence[Payload],
    max_bytes: int = MAX_BODY_BYTES,
) -> list[Chunk]:
    """Put messages together: into one request, or into several if its body were too large.

    Args:
        indexes: Their places in the input.
        messages: The messages; none at all make no chunk.
        payloads: How they are sent.
        max_bytes: The most bytes of a request's body. A single message larger than that goes alone.
    """
    if not messages:
        return []
    whole = Chunk(indexes, Batch(messages, payloads))
    if len(whole.batch.body) <= max_bytes:
        return [whole]
    return [whole.pick(places) for places in _fill(payloads, max_bytes)]


def _fill(payloads: Iterable[Payload], max_bytes: int) -> Iterator[list[int]]:
    """Yield the places of what fits into one body each."""
    places: list[int] = []
    size = 1
    for place, payload in enumerate(payloads):
        cost = len(encode_json(payload)) + 1
        if places and size + cost > max_bytes:
            yield places
            places, size = [], 1
        places.append(place)
        size += cost
    yield places

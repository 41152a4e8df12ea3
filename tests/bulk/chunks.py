"""Chunks for the tests of what sends them."""

import msgspec

from wikipayam_async import SmsMessage
from wikipayam_async.bulk.chunker import Chunk
from wikipayam_async.messages.payload import Batch, SmsPayload

__all__ = ["chunk"]


def chunk(*indexes: int) -> Chunk:
    """Make a chunk of messages with these indexes."""
    messages = [SmsMessage("09123456789", f"m{index}") for index in indexes]
    payloads = [SmsPayload("1", "09123456789", f"m{index}", msgspec.UNSET, f"T{index}") for index in indexes]
    return Chunk(indexes, Batch.of(messages, payloads))

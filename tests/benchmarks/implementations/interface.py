"""The interface of the implementations: send one message, or many."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Literal, TypeAlias, TypeVar

from attrs import frozen

from tests.benchmarks.job import Job

__all__ = ["BATCH", "LANES", "Backend", "Bulk", "Implementation", "Single", "chunks", "tls_context", "warm_up_messages"]

T = TypeVar("T")

Backend: TypeAlias = Literal["asyncio", "trio"]
Single: TypeAlias = Callable[[int], Awaitable[object]]
"""Sends the message of this number, and decodes the response into an object."""
Bulk: TypeAlias = Callable[[int], Awaitable[int]]
"""Sends the first n messages, decodes the responses into objects, and returns the number of accepted messages."""

BATCH = 100
LANES = 8


@frozen
class Implementation:
    """An implementation to measure.

    Attributes:
        name: The name in the tables.
        backend: The event loop.
        single: Builds the messages and opens the client for single sends.
        bulk: Builds the messages and opens the client for bulk sends.
    """

    name: str
    backend: Backend
    single: Callable[[Job], AbstractAsyncContextManager[Single]] | None = None
    bulk: Callable[[Job], AbstractAsyncContextManager[Bulk]] | None = None


def tls_context(job: Job) -> ssl.SSLContext:
    """Return the TLS context, which is the same for all implementations."""
    return ssl.create_default_context(cafile=job.authority or None)


def warm_up_messages(job: Job) -> int:
    """Return the number of messages of a bulk send that are sent before the measurement."""
    return min(job.messages, 2 * LANES * BATCH)


def chunks(messages: list[T], count: int) -> Iterator[list[T]]:
    """Yield the first `count` messages in batches."""
    for start in range(0, count, BATCH):
        yield messages[start : min(start + BATCH, count)]

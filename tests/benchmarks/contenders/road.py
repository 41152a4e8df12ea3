"""What every contender hands over: a way to send one message, or all of them."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Literal, TypeAlias, TypeVar

from attrs import frozen

from tests.benchmarks.job import Job

__all__ = ["BATCH", "LANES", "Backend", "Bulk", "Contender", "Single", "chunks", "tls_context"]

T = TypeVar("T")

Backend: TypeAlias = Literal["asyncio", "trio"]
Single: TypeAlias = Callable[[int], Awaitable[object]]
"""Sends the message of a number, and reads the answer into an object."""
Bulk: TypeAlias = Callable[[int], Awaitable[int]]
"""Sends the first so many messages, reads the answers into objects, and returns how many were accepted."""

BATCH = 100
LANES = 8


@frozen
class Contender:
    """Who is measured.

    Attributes:
        name: As the tables call it.
        backend: The event loop it runs on.
        single: Opens it for single sends; the messages are built before it hands over.
        bulk: Opens it for bulk sends, likewise.
    """

    name: str
    backend: Backend
    single: Callable[[Job], AbstractAsyncContextManager[Single]] | None = None
    bulk: Callable[[Job], AbstractAsyncContextManager[Bulk]] | None = None


def tls_context(job: Job) -> ssl.SSLContext:
    """Return the one kind of TLS context that every contender gets."""
    return ssl.create_default_context(cafile=job.authority or None)


def chunks(messages: list[T], count: int) -> Iterator[list[T]]:
    """Yield the first so many messages in batches."""
    for start in range(0, count, BATCH):
        yield messages[start : min(start + BATCH, count)]

"""The interface of the implementations: send one message, or many."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal, TypeAlias, TypeVar

from attrs import frozen

from tests.benchmarks import payload
from tests.benchmarks.job import Job

__all__ = [
    "BATCH",
    "LANES",
    "Backend",
    "Bulk",
    "Implementation",
    "Single",
    "build_rows",
    "chunks",
    "share_out",
    "supply",
    "tls_context",
    "warm_up_messages",
]

T = TypeVar("T")
P = TypeVar("P")

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
    return min(job.messages, 2 * LANES * job.batch)


def supply(job: Job, build: Callable[[Sequence[payload.Values]], list[T]]) -> Callable[[int], list[T]]:
    """Return what gives the first n messages: built now, or at each call if the job wants them built inside."""
    values = payload.values(job.messages)
    if job.built == "inside":
        return lambda count: build(values[:count])
    messages = build(values)
    return lambda count: messages[:count]


def build_rows(values: Sequence[payload.Values]) -> list[dict[str, str]]:
    """Build messages as JSON objects, as code without classes does."""
    return [
        {"sender": payload.SENDER, "receiver": receiver, "message": text, "track_id": track_id}
        for receiver, text, track_id in values
    ]


def chunks(messages: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield messages in batches."""
    for start in range(0, len(messages), size):
        yield messages[start : start + size]


async def share_out(job: Job, parts: Iterable[P], send: Callable[[P], Awaitable[Sequence[object]]]) -> int:
    """Send parts from eight workers, hold all results as code that returns them does, and return their number.

    A part that fails is left out if the job's gateway fails some.
    """
    todo, results = iter(parts), list[object]()

    async def work() -> None:
        for part in todo:
            try:
                results.extend(await send(part))
            except Exception:
                if not job.failing:
                    raise

    await asyncio.gather(*(work() for _ in range(LANES)))
    return len(results)

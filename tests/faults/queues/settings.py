"""What the workers of the experiment with queues share, and how the experiment talks to a queue."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol

from wikipayam_async import SAFE_TO_RETRY, AsyncWikipayam, RetryPolicy
from wikipayam_async.idempotency import IdempotencyStore, IdempotencyStoreError, InFlightError

__all__ = ["CONCURRENCY", "RECEIVER", "TEXT", "TIMEOUT", "TRY_AGAIN", "Queue", "client_of", "key_of", "url_of_broker"]

CONCURRENCY = 4
"""The tasks that a worker runs at once."""
TIMEOUT = 2.0
RECEIVER, TEXT = "09123456789", "Your order is ready"
TRY_AGAIN = (*SAFE_TO_RETRY, InFlightError, IdempotencyStoreError)


class Queue(Protocol):
    """A queue, from outside of its workers."""

    async def enqueue(self, orders: Sequence[str]) -> None:
        """Enqueue a task for each order."""
        ...

    async def redeliver(self) -> None:
        """Deliver again what dead workers had begun, which happens by itself only after a while."""
        ...

    async def is_empty(self) -> bool:
        """Return whether every task has ended."""
        ...

    def store(self) -> IdempotencyStore:
        """Return the store of the workers' keys."""
        ...


def url_of_broker() -> str:
    """Return the URL of the server of the queue, which keeps the keys, too."""
    return os.environ["BROKER_URL"]


def key_of(order: str) -> str:
    """Return the key of the only message of an order."""
    return f"{order}:ready"


def client_of(store: IdempotencyStore) -> AsyncWikipayam:
    """Return a client for the gateway of the environment."""
    return AsyncWikipayam(idempotency=store, timeout=TIMEOUT, retry=RetryPolicy(max_attempts=1))

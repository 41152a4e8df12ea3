"""Idempotency keys: a message that was sent under a key is not sent again, whoever calls again, and from which process."""

from typing import TYPE_CHECKING

from wikipayam_async.idempotency.errors import IdempotencyConflictError, IdempotencyStoreError, InFlightError
from wikipayam_async.idempotency.memory import MemoryIdempotencyStore
from wikipayam_async.idempotency.store import Claim, IdempotencyRecord, IdempotencyStore, Settlement
from wikipayam_async.publish import publish

if TYPE_CHECKING:
    from wikipayam_async.idempotency.sqlite import SQLiteIdempotencyStore

__all__ = [
    "Claim",
    "IdempotencyConflictError",
    "IdempotencyRecord",
    "IdempotencyStore",
    "IdempotencyStoreError",
    "InFlightError",
    "MemoryIdempotencyStore",
    "SQLiteIdempotencyStore",
    "Settlement",
]

publish(__name__, [name for name in __all__ if name in globals()], globals())


def __getattr__(name: str) -> object:
    """Import the store in SQLite on first use: some builds of Python lack SQLite."""
    if name == "SQLiteIdempotencyStore":
        from wikipayam_async.idempotency.sqlite import SQLiteIdempotencyStore  # noqa: PLC0415

        return SQLiteIdempotencyStore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Idempotency keys: a message that was sent under a key is not sent again, whoever calls again, and from which process."""

from wikipayam_async.idempotency.errors import IdempotencyConflictError, IdempotencyStoreError, InFlightError
from wikipayam_async.idempotency.memory import MemoryIdempotencyStore
from wikipayam_async.idempotency.store import Claim, IdempotencyRecord, IdempotencyStore, Settlement
from wikipayam_async.publish import publish

__all__ = [
    "Claim",
    "IdempotencyConflictError",
    "IdempotencyRecord",
    "IdempotencyStore",
    "IdempotencyStoreError",
    "InFlightError",
    "MemoryIdempotencyStore",
    "Settlement",
]

publish(__name__, __all__, globals())

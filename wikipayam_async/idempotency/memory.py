"""A store of idempotency keys in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import attrs

from wikipayam_async.idempotency.settings import check_keep_for, check_key, check_secret
from wikipayam_async.idempotency.store import KEEP_FOR, Claim, IdempotencyRecord, Settlement

__all__ = ["MemoryIdempotencyStore"]


@attrs.frozen
class _Entry:
    record: IdempotencyRecord
    lease_end: float
    expires: float


class MemoryIdempotencyStore:
    """Idempotency keys in memory, for tests and for programs of one process. They are lost when the process ends.

    Args:
        keep_for: How long a key is kept, counted from the outcome of its message.
        secret: The key of the digests of receiver and text; None for none.
        clock: Returns the time in seconds.

    Raises:
        ConfigurationError: An argument is invalid.
    """

    def __init__(
        self,
        *,
        keep_for: timedelta = KEEP_FOR,
        secret: str | bytes | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keep_for = check_keep_for(keep_for)
        self._secret = check_secret(secret)
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._guard = threading.Lock()

    @property
    def keep_for(self) -> timedelta:
        """How long a key is kept."""
        return self._keep_for

    @property
    def secret(self) -> bytes:
        """The key of the digests; empty for none."""
        return self._secret.reveal()

    async def claim(self, claim: Claim) -> IdempotencyRecord | None:
        """Take a key; return the record that stands in the way, if there is one."""
        with self._guard:
            now = self._clock()
            found = self._find(claim.key, now)
            if found is not None and not found.yields_to(claim):
                return found
            expires = now + claim.lease + claim.keep
            record = IdempotencyRecord(
                key=claim.key,
                kind=claim.kind,
                digest=claim.digest,
                claim_id=claim.claim_id,
                owner=claim.owner,
                track_id=claim.track_id,
                status=None,
                outcome="",
                lease_left=claim.lease,
                claimed_at=datetime.fromtimestamp(now, UTC),
                expires_at=datetime.fromtimestamp(expires, UTC),
            )
            self._entries[claim.key] = _Entry(record, now + claim.lease, expires)
            return None

    async def settle(self, settlement: Settlement) -> bool:
        """Write an outcome, if the key still has this claim_id."""
        with self._guard:
            now = self._clock()
            entry = self._entries.get(settlement.key)
            if entry is None or entry.record.claim_id != settlement.claim_id:
                return False
            expires = now + settlement.keep
            record = attrs.evolve(
                entry.record,
                status=settlement.status,
                outcome=settlement.outcome,
                expires_at=datetime.fromtimestamp(expires, UTC),
            )
            self._entries[settlement.key] = _Entry(record, entry.lease_end, expires)
            return True

    async def read(self, key: str) -> IdempotencyRecord | None:
        """Return the record of a key."""
        check_key(key)
        with self._guard:
            return self._find(key, self._clock())

    async def forget(self, key: str) -> bool:
        """Remove a key."""
        check_key(key)
        with self._guard:
            return self._entries.pop(key, None) is not None

    async def purge(self) -> int:
        """Remove the keys that have expired."""
        with self._guard:
            now = self._clock()
            expired = [key for key, entry in self._entries.items() if entry.expires <= now]
            for key in expired:
                del self._entries[key]
            return len(expired)

    async def aclose(self) -> None:
        """Do nothing: the keys stay."""

    def _find(self, key: str, now: float) -> IdempotencyRecord | None:
        entry = self._entries.get(key)
        if entry is None or entry.expires <= now:
            return None
        return attrs.evolve(entry.record, lease_left=entry.lease_end - now)

    def __repr__(self) -> str:
        return f"MemoryIdempotencyStore({len(self._entries)} keys)"

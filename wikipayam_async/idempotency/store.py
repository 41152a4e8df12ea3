"""What a store of idempotency keys does: a claim before a request leaves, then the outcome."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar, runtime_checkable

from attrs import field, frozen

from wikipayam_async.idempotency.errors import IdempotencyStoreError
from wikipayam_async.outcomes import SendStatus

__all__ = ["KEEP_FOR", "Claim", "IdempotencyRecord", "IdempotencyStore", "Settlement", "checked_record"]

P = ParamSpec("P")
T = TypeVar("T")

KEEP_FOR = timedelta(days=7)
"""How long a key is kept by default, counted from the outcome of its message."""


@frozen(kw_only=True)
class Claim:
    """What a call writes before its request leaves.

    Attributes:
        key: The caller's key.
        kind: The kind of message: `sms`, `otp`, `voice` or `holoo`.
        digest: The keyed digest of receiver and text.
        claim_id: A random word, the same for all attempts of one call and different in every other call.
        owner: The process that makes the call; see `wikipayam_async.idempotency.process`.
        track_id: The track id that the message is sent with; None where the service has none.
        lease: Seconds within which the call has an outcome, if its process lives.
        keep: Seconds after the outcome for which the key is kept.
    """

    key: str
    kind: str
    digest: str = field(repr=False)
    claim_id: str = field(repr=False)
    owner: str
    track_id: str | None
    lease: float
    keep: float


@frozen(kw_only=True)
class Settlement:
    """The outcome of a claimed message.

    Attributes:
        key: The key.
        claim_id: That of the claim.
        status: The outcome. `NOT_ATTEMPTED` lets the next call with this key send.
        outcome: The result or the error as JSON, without receiver and text; empty while it is unknown.
        keep: Seconds for which the key is kept from now on.
    """

    key: str
    claim_id: str = field(repr=False)
    status: SendStatus
    outcome: str = field(default="", repr=False)
    keep: float


@frozen(kw_only=True)
class IdempotencyRecord:
    """What a store knows of a key.

    Attributes:
        key: The key.
        kind: The kind of message: `sms`, `otp`, `voice` or `holoo`.
        digest: The keyed digest of receiver and text.
        claim_id: That of the last claim.
        owner: The process that made the last claim.
        track_id: The track id of the message; None where the service has none.
        status: The outcome; None until it is known.
        outcome: The result or the error as JSON; empty while it is unknown.
        lease_left: Seconds until the call should have an outcome, by the clock of the store; below 0 if that is past.
        claimed_at: The time of the last claim, in UTC.
        expires_at: The time at which the key is forgotten, in UTC.
    """

    key: str
    kind: str
    digest: str = field(repr=False)
    claim_id: str = field(repr=False)
    owner: str
    track_id: str | None
    status: SendStatus | None
    outcome: str = field(repr=False)
    lease_left: float
    claimed_at: datetime
    expires_at: datetime

    def yields_to(self, claim: Claim) -> bool:
        """Return whether a claim may replace this record: its own without an outcome, or one that was not attempted.

        A claim that arrives late, after the outcome of its own message, changes nothing.
        """
        if self.claim_id == claim.claim_id and self.status is None:
            return True
        return self.status is SendStatus.NOT_ATTEMPTED and (self.kind, self.digest) == (claim.kind, claim.digest)


@runtime_checkable
class IdempotencyStore(Protocol):
    """Keeps idempotency keys. `wikipayam_async.idempotency.contract` tests an implementation.

    Every change is durable when the call that makes it returns, as far as the store promises durability at all. A store
    raises `IdempotencyStoreError` when it cannot be read or written, within seconds. It works in any event loop, in
    several threads, and in every process that shares its data.
    """

    @property
    def keep_for(self) -> timedelta:
        """How long a key is kept, counted from the outcome of its message."""
        ...

    @property
    def secret(self) -> bytes:
        """The key of the digests; empty for none. It has to stay the same for as long as keys are kept."""
        ...

    async def claim(self, claim: Claim) -> IdempotencyRecord | None:
        """Take a key, in one step that no other claim can come between.

        The key is taken if there is no record of it, if the record has expired, and if it yields to the claim
        (`IdempotencyRecord.yields_to`). Its lease begins now, and it expires `lease + keep` seconds from now. A record
        without an outcome never yields to another claim, however old its lease is.

        Returns:
            None if the key was taken; otherwise the record that stays as it is.
        """
        ...

    async def settle(self, settlement: Settlement) -> bool:
        """Write the outcome, if the key still has this `claim_id`; it expires `keep` seconds from now.

        Returns:
            Whether it was written. Writing the same outcome twice does no harm.
        """
        ...

    async def read(self, key: str) -> IdempotencyRecord | None:
        """Return the record of a key; None if the key is unknown or its record has expired.

        The stores of the package refuse what cannot be a key: those have 1 to 255 visible ASCII characters.
        """
        ...

    async def forget(self, key: str) -> bool:
        """Remove a key, so that its message may be sent; return whether it was there."""
        ...

    async def purge(self) -> int:
        """Remove the keys that have expired; return their number."""
        ...

    async def aclose(self) -> None:
        """Close what is open. A later call opens it again."""
        ...


def checked_record(read: Callable[P, T]) -> Callable[P, T]:
    """Let a function of a store that makes records raise one of our errors if it cannot read what is kept.

    Args:
        read: The function.
    """

    @wraps(read)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return read(*args, **kwargs)
        except (ValueError, KeyError, TypeError) as error:
            failure = IdempotencyStoreError(
                f"this version of the package cannot read what is kept under the key ({type(error).__name__}): it is "
                "damaged, or a newer version wrote it; nothing was sent"
            )
        raise failure

    return checked

"""What the parts of the contract share: records, quotas, and comparisons that say what was expected."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import evolve

from wikipayam_async.outcomes import SendStatus
from wikipayam_async.verification.errors import LimitScope
from wikipayam_async.verification.store import (
    ChallengeRecord,
    CheckAttempt,
    CheckOutcome,
    Quota,
    Refusal,
    SendIntent,
    SendOutcome,
    VerificationStore,
    WrongTryWait,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = [
    "DAY",
    "LONG_AFTER",
    "RIVALS",
    "Check",
    "OpenStore",
    "enter",
    "expect",
    "expect_refusal",
    "intent_of",
    "new_quota",
    "new_record",
    "open_two",
    "outcome_of",
    "record_at",
    "start",
]

OpenStore: TypeAlias = Callable[[], VerificationStore]
"""Returns a new store object on the same data, as another process would open it."""

Check: TypeAlias = Callable[[OpenStore], Awaitable[None]]
"""One part of the contract. It uses challenges of its own."""

RIVALS = 20
"""The number of concurrent calls."""
DAY = 86400.0
LONG_AFTER = 1000 * DAY
"""Seconds after which nothing that other parts have left is in the way."""
_TOLERANCE = 0.002
"""Seconds by which a time may be rounded."""


def expect(what: str, actual: object, expected: object) -> None:
    """Compare a value with what the contract says.

    Raises:
        AssertionError: They differ.
    """
    if actual != expected:
        raise AssertionError(f"{what}: expected {expected!r}, got {actual!r}")


def expect_refusal(what: str, actual: object, scope: LimitScope, retry_after: float) -> None:
    """Compare a refusal with what the contract says; its seconds may be rounded.

    Raises:
        AssertionError: They differ.
    """
    if (
        not isinstance(actual, Refusal)
        or actual.scope is not scope
        or abs(actual.retry_after - retry_after) > _TOLERANCE
    ):
        raise AssertionError(f"{what}: expected a refusal by {scope} for {retry_after} s, got {actual!r}")


def new_record(**changes: Any) -> ChallengeRecord:
    """Return the record of a new challenge, which starts now."""
    now = round(time.time(), 3)
    record = ChallengeRecord(
        id=secrets.token_hex(16),
        receiver=f"0912{secrets.randbelow(10**7):07}",
        purpose="login",
        key_id="k1",
        created_at=now,
        expires_at=now + 120,
        forget_at=now + 720,
        max_tries=5,
        resend_at=now + 30,
    )
    return evolve(record, **changes)


def record_at(now: float, **changes: Any) -> ChallengeRecord:
    """Return a record of a challenge that starts at a time."""
    times = {"created_at": now, "expires_at": now + 120, "forget_at": now + 720, "resend_at": now + 30}
    return new_record(**(times | changes))


def new_quota(limit: int = 2, period: float = 60.0, scope: LimitScope = LimitScope.IP) -> Quota:
    """Return a quota on a new counter."""
    return Quota(key=f"contract/{secrets.token_hex(8)}/{period:g}", scope=scope, limit=limit, period=period)


@asynccontextmanager
async def open_two(make: OpenStore) -> AsyncIterator[tuple[VerificationStore, VerificationStore]]:
    """Open two store objects on the same data, and close them."""
    stores = make(), make()
    try:
        yield stores
    finally:
        for store in stores:
            await store.aclose()


async def start(
    store: VerificationStore,
    record: ChallengeRecord,
    *quotas: Quota,
    now: float | None = None,
    waits: Sequence[WrongTryWait] = (),
) -> Refusal | None:
    """Start a challenge at its own time, unless another is given."""
    at = record.created_at if now is None else now
    return await store.start(record, quotas=quotas, waits=waits, now=at)


async def enter(
    store: VerificationStore, record: ChallengeRecord, *, right: bool, now: float | None = None, purpose: str = "login"
) -> CheckOutcome:
    """Enter a code a second after the start, unless another time is given."""
    attempt = CheckAttempt(id=record.id, purpose=purpose, right=right, forget_wrong_after=DAY)
    return await store.check(attempt, now=record.created_at + 1 if now is None else now)


def outcome_of(record: ChallengeRecord, **changes: Any) -> SendOutcome:
    """Return the outcome of the last send of a record: accepted, with a fall-back after 30 seconds."""
    outcome = SendOutcome(
        id=record.id,
        sends=record.sends,
        send_status=SendStatus.ACCEPTED,
        message_id="65f0c0ffee",
        resend_at=record.resend_at,
        fallback_at=record.created_at + 30,
    )
    return evolve(outcome, **changes)


def intent_of(record: ChallengeRecord, *quotas: Quota) -> SendIntent:
    """Return the intent to send the code of a record by the second channel."""
    return SendIntent(id=record.id, sends=record.sends, channel=1, resend_at=record.created_at + 60, quotas=quotas)

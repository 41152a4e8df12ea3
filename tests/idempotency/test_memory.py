"""The store in memory; what it does is in the contract."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from wikipayam_async.idempotency import Claim, IdempotencyRecord, MemoryIdempotencyStore, Settlement
from wikipayam_async.outcomes import SendStatus

pytestmark = pytest.mark.anyio


async def test_times_are_those_of_the_clock() -> None:
    """A claim expires after its lease and the time for which keys are kept, an outcome after that time."""
    now = 1_000_000.0
    store = MemoryIdempotencyStore(keep_for=timedelta(hours=1), secret="s" * 16, clock=lambda: now)
    claim = Claim(
        key="k",
        kind="sms",
        digest="d",
        claim_id="c",
        owner="o",
        track_id=None,
        lease=15.0,
        keep=store.keep_for.total_seconds(),
    )
    assert await store.claim(claim) is None
    record = await store.read("k")
    assert record is not None
    assert (record.claimed_at, record.expires_at) == (
        datetime.fromtimestamp(1_000_000, UTC),
        datetime.fromtimestamp(1_003_615, UTC),
    )
    now += 20
    record = await store.read("k")
    assert record is not None
    assert record.lease_left == -5
    await store.settle(Settlement(key="k", claim_id="c", status=SendStatus.ACCEPTED, keep=60))
    now += 59
    assert await store.purge() == 0
    now += 1
    assert await store.read("k") is None
    assert await store.purge() == 1
    assert repr(store) == "MemoryIdempotencyStore(0 keys)"
    assert store.secret == b"s" * 16


async def test_a_record_holds_its_claim_and_its_outcome() -> None:
    """Whoever claims the key next gets it, until it is forgotten."""
    store = MemoryIdempotencyStore(keep_for=timedelta(hours=1), clock=lambda: 1_000_000.0)
    claim = Claim(
        key="k", kind="sms", digest="d", claim_id="c", owner="o", track_id="t", lease=15.0, keep=3600.0
    )  # fmt: skip
    at = datetime.fromtimestamp(1_000_000, UTC)
    claimed = IdempotencyRecord(
        key="k",
        kind="sms",
        digest="d",
        claim_id="c",
        owner="o",
        track_id="t",
        status=None,
        outcome="",
        lease_left=15.0,
        claimed_at=at,
        expires_at=at + timedelta(seconds=3615),
    )
    assert await store.claim(claim) is None
    assert await store.claim(evolve(claim, claim_id="other")) == claimed
    assert await store.claim(claim) is None
    other = Settlement(key="k", claim_id="other", status=SendStatus.ACCEPTED, keep=60)
    assert (await store.settle(other), await store.settle(evolve(other, key="l"))) == (False, False)
    assert await store.settle(evolve(other, claim_id="c", outcome="{}")) is True
    settled = evolve(claimed, status=SendStatus.ACCEPTED, outcome="{}", expires_at=at + timedelta(seconds=60))
    assert await store.read("k") == settled
    assert await store.claim(evolve(claim, claim_id="other")) == settled
    assert [await store.forget("k"), await store.forget("k"), await store.read("k")] == [True, False, None]

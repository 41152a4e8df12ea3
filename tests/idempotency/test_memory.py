"""The store in memory; what it does is in the contract."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from wikipayam_async.idempotency import Claim, MemoryIdempotencyStore, Settlement
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

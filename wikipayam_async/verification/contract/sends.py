"""Messages: who sends, what is written of them, and what is due."""

from __future__ import annotations

import time
from collections.abc import Sequence

import anyio
from attrs import evolve

from wikipayam_async.outcomes import SendStatus
from wikipayam_async.verification.contract.support import (
    LONG_AFTER,
    RIVALS,
    Check,
    OpenStore,
    enter,
    expect,
    expect_refusal,
    intent_of,
    new_quota,
    new_record,
    open_two,
    outcome_of,
    record_at,
    start,
)
from wikipayam_async.verification.errors import LimitScope

__all__ = ["SENDS"]


async def of_concurrent_sends_one_begins(make: OpenStore) -> None:
    """Whoever has read the same record; the others are told to send nothing, and count nowhere."""
    record, quota = new_record(), new_quota(limit=2)
    now = record.created_at
    results: list[object] = []
    async with open_two(make) as stores:
        await start(stores[0], record)
        await stores[0].end_send(outcome_of(record), now=now)

        async def rival(number: int) -> None:
            results.append(await stores[number % 2].begin_send(intent_of(record, quota), now=now + 1))

        async with anyio.create_task_group() as group:
            for number in range(RIVALS):
                group.start_soon(rival, number)
        begun = evolve(record, channel=1, sends=2, resend_at=now + 60)
        expect("begun", [one for one in results if one is not None], [begun])
        expect("find", await stores[1].find(record.id, now=now), begun)
        expect("room for one more", await start(stores[1], new_record(), quota, now=now + 1), None)
        refused = intent_of(begun, quota)
        expect_refusal("no room", await stores[0].begin_send(refused, now=now + 11), LimitScope.IP, 50)
        expect("unchanged", await stores[1].find(record.id, now=now), begun)


async def only_the_last_send_writes_its_outcome(make: OpenStore) -> None:
    """That of an earlier one, which was slow, is not written."""
    record = new_record()
    now = record.created_at
    async with open_two(make) as (store, other):
        await start(store, record)
        expect("first", await store.end_send(outcome_of(record, resend_at=now + 7), now=now), expected=True)
        written = evolve(
            record, send_status=SendStatus.ACCEPTED, message_id="65f0c0ffee", resend_at=now + 7, fallback_at=now + 30
        )
        expect("find", await other.find(record.id, now=now), written)
        begun = await other.begin_send(intent_of(record), now=now)
        expect("late", await store.end_send(outcome_of(record), now=now), expected=False)
        expect("find", await store.find(record.id, now=now), begun)
        second = outcome_of(
            evolve(record, sends=2), send_status=SendStatus.REJECTED, message_id=None, fallback_at=None, resend_at=now
        )
        expect("second", await store.end_send(second, now=now), expected=True)
        written = evolve(record, channel=1, sends=2, send_status=SendStatus.REJECTED, resend_at=now)
        expect("find", await other.find(record.id, now=now), written)


async def a_closed_challenge_has_no_fallback(make: OpenStore) -> None:
    """An outcome that arrives after the right code is written without it."""
    record = new_record()
    now = record.created_at
    async with open_two(make) as (store, _):
        await start(store, record)
        await enter(store, record, right=True)
        expect("end_send", await store.end_send(outcome_of(record), now=now), expected=True)
        found = await store.find(record.id, now=now)
        expect("fallback_at", found and (found.fallback_at, found.message_id), (None, "65f0c0ffee"))


async def what_is_due_is_claimed_once(make: OpenStore) -> None:
    """Oldest first, up to the limit; again when the lease is over, unless it has ended."""
    base = time.time() + LONG_AFTER  # later than whatever else is due
    records = [record_at(base, expires_at=base + 500) for _ in range(RIVALS)]
    async with open_two(make) as stores:
        store = stores[0]
        await store.claim_due(now=base, limit=10_000, lease=LONG_AFTER)
        for number, record in enumerate(records):
            await start(store, record)
            await store.end_send(outcome_of(record, fallback_at=base + number), now=base)
        expect("none is due", await store.claim_due(now=base - 1, limit=10, lease=60), [])
        first = await store.claim_due(now=base + 100, limit=3, lease=60)
        expect("oldest", [one.id for one in first], [one.id for one in records[:3]])
        expect("lease", [one.fallback_at for one in first], [base + 160] * 3)
        claimed: list[str] = []

        async def rival(number: int) -> None:
            found = await stores[number % 2].claim_due(now=base + 100, limit=4, lease=60)
            claimed.extend(one.id for one in found)

        async with anyio.create_task_group() as group:
            for number in range(RIVALS):
                group.start_soon(rival, number)
        expect("claimed", sorted(claimed), sorted(one.id for one in records[3:]))
        expect("leased", await store.claim_due(now=base + 159, limit=100, lease=60), [])
        await store.end_send(outcome_of(records[0], fallback_at=None), now=base + 159)
        await enter(store, records[1], right=True, now=base + 159)
        again = await stores[1].claim_due(now=base + 160, limit=100, lease=LONG_AFTER)
        expect("again", {one.id for one in again}, {one.id for one in records[2:]})
        for record in records:
            await store.cancel(record.id, now=base + 160)


async def what_is_closed_is_not_claimed(make: OpenStore) -> None:
    """An expired one is left out, and not due again."""
    base = time.time() + LONG_AFTER
    record = record_at(base, expires_at=base + 40)
    async with open_two(make) as (store, _):
        await store.claim_due(now=base, limit=10_000, lease=LONG_AFTER)
        await start(store, record)
        await store.end_send(outcome_of(record, fallback_at=base + 30), now=base)
        expect("claim_due", await store.claim_due(now=base + 40, limit=10, lease=60), [])
        found = await store.find(record.id, now=base + 40)
        expect("fallback_at", found and (found.id, found.fallback_at), (record.id, None))


SENDS: Sequence[Check] = (
    of_concurrent_sends_one_begins,
    only_the_last_send_writes_its_outcome,
    a_closed_challenge_has_no_fallback,
    what_is_due_is_claimed_once,
    what_is_closed_is_not_claimed,
)
"""The parts about them."""

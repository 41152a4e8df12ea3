"""Counters and waits: what a store refuses, and for how long."""

from __future__ import annotations

import time
from collections.abc import Sequence

import anyio

from wikipayam_async.verification.contract.support import (
    DAY,
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
    record_at,
    start,
)
from wikipayam_async.verification.errors import LimitScope
from wikipayam_async.verification.models import CheckStatus
from wikipayam_async.verification.store import (
    CheckOutcome,
    Refusal,
    WrongTryWait,
)

__all__ = ["COUNTERS"]


async def a_full_counter_refuses(make: OpenStore) -> None:
    """Until its period is over; a refusal counts nowhere and creates nothing."""
    record, full, other = new_record(), new_quota(limit=2, scope=LimitScope.ACCOUNT), new_quota(limit=3)
    now = record.created_at
    async with open_two(make) as (store, second):
        expect("first", await start(store, record, full), None)
        expect("second", await start(second, new_record(), full, now=now + 10), None)
        refused = new_record()
        expect_refusal("third", await start(store, refused, other, full, now=now + 20), LimitScope.ACCOUNT, 40)
        expect("the refused", await store.find(refused.id, now=now + 20), None)
        for number in range(3):
            expect(f"other counter, {number}", await start(store, new_record(), other, now=now + 20), None)
        expect_refusal("just before", await start(store, new_record(), full, now=now + 59), LimitScope.ACCOUNT, 1)
        expect("after the period", await start(store, new_record(), full, now=now + 60), None)
        expect("second of the new period", await start(store, new_record(), full, now=now + 61), None)
        expect_refusal("its end", await start(store, new_record(), full, now=now + 62), LimitScope.ACCOUNT, 58)


async def the_longest_refusal_is_reported(make: OpenStore) -> None:
    """Of several counters without room; of equal ones the first."""
    record = new_record()
    now = record.created_at
    short, long = new_quota(1, 60.0), new_quota(1, 3600.0, LimitScope.RECEIVER)
    same = new_quota(1, 3600.0, LimitScope.PREFIX)
    async with open_two(make) as (store, _):
        await start(store, record, short, long, same)
        again = await start(store, new_record(), short, long, same, now=now + 10)
        expect_refusal("start", again, LimitScope.RECEIVER, 3590)
        expect_refusal(
            "begin_send",
            await store.begin_send(intent_of(record, same, long, short), now=now + 10),
            LimitScope.PREFIX,
            3590,
        )


async def a_counter_from_the_future_begins_now(make: OpenStore) -> None:
    """After a clock was set back, nobody waits for longer than a period, and the number stays."""
    record, quota = new_record(), new_quota(limit=1)
    now = record.created_at
    async with open_two(make) as (store, _):
        await start(store, record, quota, now=now + 5000)
        expect_refusal("set back", await start(store, new_record(), quota, now=now), LimitScope.IP, 60)
        expect_refusal("later", await start(store, new_record(), quota, now=now + 59), LimitScope.IP, 1)
        expect("after a period", await start(store, new_record(), quota, now=now + 60), None)


async def concurrent_starts_share_a_counter(make: OpenStore) -> None:
    """No more are created than it has room for."""
    quota, now = new_quota(limit=5), time.time()
    results: list[Refusal | None] = []
    async with open_two(make) as stores:

        async def rival(number: int) -> None:
            results.append(await start(stores[number % 2], new_record(), quota, now=now))

        async with anyio.create_task_group() as group:
            for number in range(RIVALS):
                group.start_soon(rival, number)
    expect("created", results.count(None), 5)


async def wrong_codes_count_across_challenges(make: OpenStore) -> None:
    """By receiver and purpose, with growing waits, from the last of them; others do not wait."""
    waits = (WrongTryWait(tries=2, seconds=60), WrongTryWait(tries=3, seconds=600))
    first = new_record()
    now, receiver = first.created_at, first.receiver
    second = new_record(receiver=receiver, created_at=now)
    async with open_two(make) as (store, other):
        await start(store, first, waits=waits)
        await start(store, second, waits=waits)
        expect("one", (await enter(store, first, right=False, now=now + 1)).wrong_in_a_row, 1)
        expect("below", await start(other, new_record(receiver=receiver), waits=waits, now=now + 1), None)
        expect("two", (await enter(other, second, right=False, now=now + 2)).wrong_in_a_row, 2)
        refused = await start(other, new_record(receiver=receiver), waits=waits, now=now + 10)
        expect_refusal("two", refused, LimitScope.PURPOSE, 52)
        expect(
            "another purpose",
            await start(store, new_record(receiver=receiver, purpose="pay"), waits=waits, now=now + 10),
            None,
        )
        expect("another receiver", await start(store, new_record(), waits=waits, now=now + 10), None)
        expect("later", await start(store, new_record(receiver=receiver), waits=waits, now=now + 62), None)
        expect("three", (await enter(store, second, right=False, now=now + 70)).wrong_in_a_row, 3)
        refused = await start(store, new_record(receiver=receiver), waits=waits, now=now + 70)
        expect_refusal("three", refused, LimitScope.PURPOSE, 600)
        refused = await start(store, new_record(receiver=receiver), waits=waits, now=now - 500)
        expect_refusal("set back", refused, LimitScope.PURPOSE, 600)


async def wrong_codes_are_forgotten(make: OpenStore) -> None:
    """After a right one, and after their time."""
    waits = (WrongTryWait(tries=1, seconds=2 * DAY),)
    async with open_two(make) as (store, other):
        record = new_record()
        now = record.created_at
        await start(store, record)
        await enter(store, record, right=False)
        refused = await start(other, new_record(receiver=record.receiver), waits=waits, now=now + DAY)
        expect("before", isinstance(refused, Refusal), expected=True)
        later = now + 1 + DAY
        late = record_at(later, receiver=record.receiver)
        expect("after a day", await start(other, late, waits=waits), None)
        expect("a new count", (await enter(other, late, right=False)).wrong_in_a_row, 1)
        refused = await start(store, record_at(later, receiver=record.receiver), waits=waits)
        expect("it counts", isinstance(refused, Refusal), expected=True)
        expect("right", await enter(other, late, right=True), CheckOutcome(status=CheckStatus.OK, wrong=1))
        last = record_at(later, receiver=record.receiver)
        expect("after a right one", await start(store, last, waits=waits), None)


COUNTERS: Sequence[Check] = (
    a_full_counter_refuses,
    the_longest_refusal_is_reported,
    a_counter_from_the_future_begins_now,
    concurrent_starts_share_a_counter,
    wrong_codes_count_across_challenges,
    wrong_codes_are_forgotten,
)
"""The parts about them."""

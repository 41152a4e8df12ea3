"""Entered codes: which are accepted, counted and refused."""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from wikipayam_async.verification.contract.support import (
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
    start,
)
from wikipayam_async.verification.errors import LimitScope
from wikipayam_async.verification.models import CheckStatus
from wikipayam_async.verification.store import (
    CLOCK_TOLERANCE,
    ChallengeState,
    CheckOutcome,
)

__all__ = ["CODES"]


async def a_right_code_is_accepted_once(make: OpenStore) -> None:
    """Of many concurrent checks one is OK; no later one is."""
    record, statuses = new_record(), list[CheckStatus]()
    async with open_two(make) as stores:
        await start(stores[0], record)
        await stores[0].end_send(outcome_of(record), now=record.created_at)

        async def rival(number: int) -> None:
            statuses.append((await enter(stores[number % 2], record, right=True)).status)

        async with anyio.create_task_group() as group:
            for number in range(RIVALS):
                group.start_soon(rival, number)
        expect("statuses", sorted(statuses), sorted([CheckStatus.OK] + [CheckStatus.USED] * (RIVALS - 1)))
        expect("a wrong code", (await enter(stores[1], record, right=False)).status, CheckStatus.USED)
        found = await stores[1].find(record.id, now=record.created_at)
        expect("state", found and (found.state, found.wrong, found.fallback_at), (ChallengeState.USED, 0, None))


async def wrong_codes_lock_a_challenge(make: OpenStore) -> None:
    """The last one is still answered with WRONG; then the right one is not accepted either."""
    record = new_record(max_tries=2)
    async with open_two(make) as (store, other):
        await start(store, record)
        await store.end_send(outcome_of(record), now=record.created_at)
        first = CheckOutcome(status=CheckStatus.WRONG, wrong=1, wrong_in_a_row=1)
        expect("first", await enter(store, record, right=False), first)
        found = await other.find(record.id, now=record.created_at)
        expect("fallback_at", found and found.fallback_at, record.created_at + 30)
        second = CheckOutcome(status=CheckStatus.WRONG, wrong=2, wrong_in_a_row=2)
        expect("second", await enter(other, record, right=False), second)
        locked = await enter(store, record, right=True)
        expect("right", (locked.status, locked.wrong), (CheckStatus.LOCKED, 2))
        expect("wrong", (await enter(store, record, right=False)).status, CheckStatus.LOCKED)
        expect("begin_send", await store.begin_send(intent_of(record), now=record.created_at), None)
        found = await other.find(record.id, now=record.created_at)
        expect("the locked", found and (found.state, found.wrong, found.fallback_at), (ChallengeState.OPEN, 2, None))


async def concurrent_wrong_codes_are_all_counted(make: OpenStore) -> None:
    """No more are looked at than the challenge takes."""
    record, statuses = new_record(), list[CheckStatus]()
    async with open_two(make) as stores:
        await start(stores[0], record)

        async def rival(number: int) -> None:
            statuses.append((await enter(stores[number % 2], record, right=False)).status)

        async with anyio.create_task_group() as group:
            for number in range(RIVALS):
                group.start_soon(rival, number)
    expect("WRONG", statuses.count(CheckStatus.WRONG), 5)
    expect("LOCKED", statuses.count(CheckStatus.LOCKED), RIVALS - 5)


async def wrong_codes_of_others_close_no_challenge(make: OpenStore) -> None:
    """Not even for the same receiver and purpose, nor does another start."""
    victim = new_record()
    async with open_two(make) as (store, other):
        await start(store, victim)
        for _ in range(4):
            strange = new_record(receiver=victim.receiver)
            await start(other, strange)
            for _ in range(5):
                await enter(other, strange, right=False)
        expect("victim", (await enter(store, victim, right=True)).status, CheckStatus.OK)


async def a_code_is_bound_to_its_purpose(make: OpenStore) -> None:
    """For another one there is no such challenge, and nothing is counted."""
    record = new_record()
    async with open_two(make) as (store, other):
        await start(store, record)
        for right in (True, False):
            found = await enter(other, record, right=right, purpose="pay")
            expect("another purpose", found, CheckOutcome(status=CheckStatus.NOT_FOUND))
        expect("find", await store.find(record.id, now=record.created_at), record)


async def a_challenge_expires(make: OpenStore) -> None:
    """At its time, and if it is from the future; a used one stays used."""
    record, used = new_record(), new_record()
    now = record.created_at
    async with open_two(make) as (store, _):
        for one in (record, used):
            await start(store, one)
        expect("in time", (await enter(store, used, right=True, now=used.expires_at - 0.01)).status, CheckStatus.OK)
        for at in (record.expires_at, record.expires_at + 60, now - CLOCK_TOLERANCE - 1):
            expect("late", (await enter(store, record, right=True, now=at)).status, CheckStatus.EXPIRED)
            expect("late, wrong", (await enter(store, record, right=False, now=at)).wrong, 0)
            expect("begin_send", await store.begin_send(intent_of(record), now=at), None)
        expect("used", (await enter(store, used, right=True, now=used.expires_at)).status, CheckStatus.USED)
        early = await enter(store, record, right=True, now=now - CLOCK_TOLERANCE + 1)
        expect("a clock that is late", early.status, CheckStatus.OK)


async def a_challenge_is_cancelled(make: OpenStore) -> None:
    """Its code is not accepted any more; what was counted for it may be given back once."""
    record, quota, empty = new_record(), new_quota(limit=1), new_quota(limit=1)
    now = record.created_at
    async with open_two(make) as (store, other):
        await start(store, record, quota)
        await store.end_send(outcome_of(record), now=now)
        refunds = [quota.key, empty.key]
        expect("cancel", await other.cancel(record.id, now=now, refunds=refunds), expected=True)
        expect("again", await store.cancel(record.id, now=now, refunds=refunds), expected=False)
        expect("check", (await enter(store, record, right=True)).status, CheckStatus.EXPIRED)
        found = await store.find(record.id, now=now)
        expect("state", found and (found.state, found.fallback_at), (ChallengeState.CANCELED, None))
        expect("given back", await start(store, new_record(), quota, empty, now=now), None)
        expect_refusal("once", await start(store, new_record(), quota, now=now), LimitScope.IP, 60)
        kept = new_record()
        await start(store, kept, empty, now=now + 60)
        await store.cancel(kept.id, now=now + 60)
        expect_refusal("kept", await start(store, new_record(), empty, now=now + 60), LimitScope.IP, 60)


CODES: Sequence[Check] = (
    a_right_code_is_accepted_once,
    wrong_codes_lock_a_challenge,
    concurrent_wrong_codes_are_all_counted,
    wrong_codes_of_others_close_no_challenge,
    a_code_is_bound_to_its_purpose,
    a_challenge_expires,
    a_challenge_is_cancelled,
)
"""The parts about them."""

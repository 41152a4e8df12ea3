"""Challenges: kept, seen by others, forgotten; and a store that is used roughly."""

from __future__ import annotations

import time
from collections.abc import Sequence

import anyio

from wikipayam_async.verification.contract.support import (
    DAY,
    Check,
    OpenStore,
    enter,
    expect,
    intent_of,
    new_record,
    open_two,
    outcome_of,
    start,
)
from wikipayam_async.verification.models import CheckStatus
from wikipayam_async.verification.store import (
    CheckOutcome,
)

__all__ = ["RECORDS"]

_STORM = 50


async def an_unknown_challenge_is_not_found(make: OpenStore) -> None:
    """There is nothing to find, to send, to check and to cancel."""
    record = new_record()
    now = record.created_at
    async with open_two(make) as (store, _):
        expect("find", await store.find(record.id, now=now), None)
        expect("begin_send", await store.begin_send(intent_of(record), now=now), None)
        expect("end_send", await store.end_send(outcome_of(record), now=now), expected=False)
        expect("check", await enter(store, record, right=True), CheckOutcome(status=CheckStatus.NOT_FOUND))
        expect("cancel", await store.cancel(record.id, now=now), expected=False)


async def a_challenge_is_seen_by_others(make: OpenStore) -> None:
    """With all its fields, those that may be None included."""
    async with open_two(make) as (store, other):
        for record in (
            new_record(),
            new_record(
                receiver="+971501234567", purpose="a.b:c_d-1", ip="2001:db8::1", max_tries=1, channel=2, sends=3
            ),
        ):
            expect("start", await start(store, record), None)
            expect("find", await other.find(record.id, now=record.created_at), record)


async def a_challenge_is_forgotten(make: OpenStore) -> None:
    """At `forget_at` it counts as not found."""
    record, lasting = new_record(), new_record(forget_at=time.time() + DAY)
    async with open_two(make) as (store, other):
        for one in (record, lasting):
            await start(store, one)
        await store.purge(now=record.forget_at - 1)
        found = await store.find(record.id, now=record.forget_at - 1)
        expect("before", found, record)
        expect("at", await other.find(record.id, now=record.forget_at), None)
        late = await enter(other, record, right=True, now=record.forget_at)
        expect("check", late.status, CheckStatus.NOT_FOUND)
        await store.purge(now=record.forget_at)
        expect("the other", await other.find(lasting.id, now=record.forget_at), lasting)


async def a_closed_store_is_opened_again(make: OpenStore) -> None:
    """The challenges are there after `aclose`, which may be called twice."""
    record = new_record()
    async with open_two(make) as (store, _):
        await start(store, record)
        await store.aclose()
        await store.aclose()
        expect("find", await store.find(record.id, now=record.created_at), record)


async def a_storm_of_cancellations_does_no_harm(make: OpenStore) -> None:
    """Calls that are cancelled at whatever point leave the store usable, and no code is accepted twice."""
    record, ok = new_record(), list[CheckStatus]()
    async with open_two(make) as (store, _):
        await start(store, record)

        async def rival(number: int) -> None:
            with anyio.move_on_after(0.0002 * (number % 10)):
                other = new_record()
                await start(store, other)
                await enter(store, other, right=False)
                ok.append((await enter(store, record, right=True)).status)

        for _ in range(3):
            async with anyio.create_task_group() as group:
                for number in range(_STORM):
                    group.start_soon(rival, number)
        with anyio.fail_after(10):
            for _ in range(_STORM):
                expect("find", (await store.find(record.id, now=record.created_at)) is not None, expected=True)
            ok.append((await enter(store, record, right=True)).status)
        expect("accepted at most once", ok.count(CheckStatus.OK) <= 1, expected=True)


RECORDS: Sequence[Check] = (
    an_unknown_challenge_is_not_found,
    a_challenge_is_seen_by_others,
    a_challenge_is_forgotten,
    a_closed_store_is_opened_again,
    a_storm_of_cancellations_does_no_harm,
)
"""The parts about them."""

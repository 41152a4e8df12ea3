"""What every store of challenges must do. Test an implementation of your own with it, in any test framework.

With pytest::

    @pytest.mark.anyio
    @pytest.mark.parametrize("check", STORE_CONTRACT, ids=lambda check: check.__name__)
    async def test_my_store(check):
        await check(lambda: MyStore(url))

A check raises `AssertionError` with what it expected and what it got. Checks use challenges and counters of their own, but
take every challenge that is due, so run them on data that nobody else uses.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
from attrs import evolve

from wikipayam_async.outcomes import SendStatus
from wikipayam_async.verification.errors import LimitScope
from wikipayam_async.verification.models import CheckStatus
from wikipayam_async.verification.store import (
    CLOCK_TOLERANCE,
    ChallengeRecord,
    ChallengeState,
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

__all__ = ["STORE_CONTRACT", "Check", "OpenStore"]

OpenStore: TypeAlias = Callable[[], VerificationStore]
"""Returns a new store object on the same data, as another process would open it."""

Check: TypeAlias = Callable[[OpenStore], Awaitable[None]]
"""One part of the contract. It uses challenges of its own."""

_RIVALS = 20
_STORM = 50
_DAY = 86400.0
_LONG = 1000 * _DAY
_TOLERANCE = 0.002
"""Seconds by which a time may be rounded."""


def _expect(what: str, actual: object, expected: object) -> None:
    if actual != expected:
        raise AssertionError(f"{what}: expected {expected!r}, got {actual!r}")


def _expect_refusal(what: str, actual: object, scope: LimitScope, retry_after: float) -> None:
    if (
        not isinstance(actual, Refusal)
        or actual.scope is not scope
        or abs(actual.retry_after - retry_after) > _TOLERANCE
    ):
        raise AssertionError(f"{what}: expected a refusal by {scope} for {retry_after} s, got {actual!r}")


def _new(**changes: Any) -> ChallengeRecord:
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


def _at(now: float, **changes: Any) -> ChallengeRecord:
    """Return a record of a challenge that starts at a time."""
    times = {"created_at": now, "expires_at": now + 120, "forget_at": now + 720, "resend_at": now + 30}
    return _new(**(times | changes))


def _quota(limit: int = 2, period: float = 60.0, scope: LimitScope = LimitScope.IP) -> Quota:
    return Quota(key=f"contract/{secrets.token_hex(8)}/{period:g}", scope=scope, limit=limit, period=period)


@asynccontextmanager
async def _stores(make: OpenStore) -> AsyncIterator[tuple[VerificationStore, VerificationStore]]:
    stores = make(), make()
    yield stores
    for store in stores:
        await store.aclose()


async def _start(
    store: VerificationStore,
    record: ChallengeRecord,
    *quotas: Quota,
    now: float | None = None,
    waits: Sequence[WrongTryWait] = (),
) -> Refusal | None:
    at = record.created_at if now is None else now
    return await store.start(record, quotas=quotas, waits=waits, now=at)


async def _try(
    store: VerificationStore, record: ChallengeRecord, *, right: bool, now: float | None = None, purpose: str = "login"
) -> CheckOutcome:
    attempt = CheckAttempt(id=record.id, purpose=purpose, right=right, forget_wrong_after=_DAY)
    return await store.check(attempt, now=record.created_at + 1 if now is None else now)


def _outcome(record: ChallengeRecord, **changes: Any) -> SendOutcome:
    outcome = SendOutcome(
        id=record.id,
        sends=record.sends,
        send_status=SendStatus.ACCEPTED,
        message_id="65f0c0ffee",
        resend_at=record.resend_at,
        fallback_at=record.created_at + 30,
    )
    return evolve(outcome, **changes)


def _intent(record: ChallengeRecord, *quotas: Quota) -> SendIntent:
    return SendIntent(id=record.id, sends=record.sends, channel=1, resend_at=record.created_at + 60, quotas=quotas)


async def an_unknown_challenge_is_not_found(make: OpenStore) -> None:
    """There is nothing to find, to send, to check and to cancel."""
    record = _new()
    now = record.created_at
    async with _stores(make) as (store, _):
        _expect("find", await store.find(record.id, now=now), None)
        _expect("begin_send", await store.begin_send(_intent(record), now=now), None)
        _expect("end_send", await store.end_send(_outcome(record), now=now), expected=False)
        _expect("check", await _try(store, record, right=True), CheckOutcome(status=CheckStatus.NOT_FOUND))
        _expect("cancel", await store.cancel(record.id, now=now), expected=False)


async def a_challenge_is_seen_by_others(make: OpenStore) -> None:
    """With all its fields, those that may be None included."""
    async with _stores(make) as (store, other):
        for record in (
            _new(),
            _new(receiver="+971501234567", purpose="a.b:c_d-1", ip="2001:db8::1", max_tries=1, channel=2, sends=3),
        ):
            _expect("start", await _start(store, record), None)
            _expect("find", await other.find(record.id, now=record.created_at), record)


async def a_full_counter_refuses(make: OpenStore) -> None:
    """Until its period is over; a refusal counts nowhere and creates nothing."""
    record, full, other = _new(), _quota(limit=2, scope=LimitScope.ACCOUNT), _quota(limit=3)
    now = record.created_at
    async with _stores(make) as (store, second):
        _expect("first", await _start(store, record, full), None)
        _expect("second", await _start(second, _new(), full, now=now + 10), None)
        refused = _new()
        _expect_refusal("third", await _start(store, refused, other, full, now=now + 20), LimitScope.ACCOUNT, 40)
        _expect("the refused", await store.find(refused.id, now=now + 20), None)
        for number in range(3):
            _expect(f"other counter, {number}", await _start(store, _new(), other, now=now + 20), None)
        _expect_refusal("just before", await _start(store, _new(), full, now=now + 59), LimitScope.ACCOUNT, 1)
        _expect("after the period", await _start(store, _new(), full, now=now + 60), None)
        _expect("second of the new period", await _start(store, _new(), full, now=now + 61), None)
        _expect_refusal("its end", await _start(store, _new(), full, now=now + 62), LimitScope.ACCOUNT, 58)


async def the_longest_refusal_is_reported(make: OpenStore) -> None:
    """Of several counters without room; of equal ones the first."""
    record = _new()
    now = record.created_at
    short, long = _quota(1, 60.0), _quota(1, 3600.0, LimitScope.RECEIVER)
    same = _quota(1, 3600.0, LimitScope.PREFIX)
    async with _stores(make) as (store, _):
        await _start(store, record, short, long, same)
        again = await _start(store, _new(), short, long, same, now=now + 10)
        _expect_refusal("start", again, LimitScope.RECEIVER, 3590)
        _expect_refusal(
            "begin_send",
            await store.begin_send(_intent(record, same, long, short), now=now + 10),
            LimitScope.PREFIX,
            3590,
        )


async def a_counter_from_the_future_begins_now(make: OpenStore) -> None:
    """After a clock was set back, nobody waits for longer than a period, and the number stays."""
    record, quota = _new(), _quota(limit=1)
    now = record.created_at
    async with _stores(make) as (store, _):
        await _start(store, record, quota, now=now + 5000)
        _expect_refusal("set back", await _start(store, _new(), quota, now=now), LimitScope.IP, 60)
        _expect_refusal("later", await _start(store, _new(), quota, now=now + 59), LimitScope.IP, 1)
        _expect("after a period", await _start(store, _new(), quota, now=now + 60), None)


async def concurrent_starts_share_a_counter(make: OpenStore) -> None:
    """No more are created than it has room for."""
    quota, now = _quota(limit=5), time.time()
    results: list[Refusal | None] = []
    async with _stores(make) as stores:

        async def rival(number: int) -> None:
            results.append(await _start(stores[number % 2], _new(), quota, now=now))

        async with anyio.create_task_group() as group:
            for number in range(_RIVALS):
                group.start_soon(rival, number)
    _expect("created", results.count(None), 5)


async def a_right_code_is_accepted_once(make: OpenStore) -> None:
    """Of many concurrent checks one is OK; no later one is."""
    record, statuses = _new(), list[CheckStatus]()
    async with _stores(make) as stores:
        await _start(stores[0], record)
        await stores[0].end_send(_outcome(record), now=record.created_at)

        async def rival(number: int) -> None:
            statuses.append((await _try(stores[number % 2], record, right=True)).status)

        async with anyio.create_task_group() as group:
            for number in range(_RIVALS):
                group.start_soon(rival, number)
        _expect("statuses", sorted(statuses), sorted([CheckStatus.OK] + [CheckStatus.USED] * (_RIVALS - 1)))
        _expect("a wrong code", (await _try(stores[1], record, right=False)).status, CheckStatus.USED)
        found = await stores[1].find(record.id, now=record.created_at)
        _expect("state", found and (found.state, found.wrong, found.fallback_at), (ChallengeState.USED, 0, None))


async def wrong_codes_lock_a_challenge(make: OpenStore) -> None:
    """The last one is still answered with WRONG; then the right one is not accepted either."""
    record = _new(max_tries=2)
    async with _stores(make) as (store, other):
        await _start(store, record)
        await store.end_send(_outcome(record), now=record.created_at)
        first = CheckOutcome(status=CheckStatus.WRONG, wrong=1, wrong_in_a_row=1)
        _expect("first", await _try(store, record, right=False), first)
        found = await other.find(record.id, now=record.created_at)
        _expect("fallback_at", found and found.fallback_at, record.created_at + 30)
        second = CheckOutcome(status=CheckStatus.WRONG, wrong=2, wrong_in_a_row=2)
        _expect("second", await _try(other, record, right=False), second)
        locked = await _try(store, record, right=True)
        _expect("right", (locked.status, locked.wrong), (CheckStatus.LOCKED, 2))
        _expect("wrong", (await _try(store, record, right=False)).status, CheckStatus.LOCKED)
        _expect("begin_send", await store.begin_send(_intent(record), now=record.created_at), None)
        found = await other.find(record.id, now=record.created_at)
        _expect("the locked", found and (found.state, found.wrong, found.fallback_at), (ChallengeState.OPEN, 2, None))


async def concurrent_wrong_codes_are_all_counted(make: OpenStore) -> None:
    """No more are looked at than the challenge takes."""
    record, statuses = _new(), list[CheckStatus]()
    async with _stores(make) as stores:
        await _start(stores[0], record)

        async def rival(number: int) -> None:
            statuses.append((await _try(stores[number % 2], record, right=False)).status)

        async with anyio.create_task_group() as group:
            for number in range(_RIVALS):
                group.start_soon(rival, number)
    _expect("WRONG", statuses.count(CheckStatus.WRONG), 5)
    _expect("LOCKED", statuses.count(CheckStatus.LOCKED), _RIVALS - 5)


async def wrong_codes_count_across_challenges(make: OpenStore) -> None:
    """By receiver and purpose, with growing waits, from the last of them; others do not wait."""
    waits = (WrongTryWait(tries=2, seconds=60), WrongTryWait(tries=3, seconds=600))
    first = _new()
    now, receiver = first.created_at, first.receiver
    second = _new(receiver=receiver, created_at=now)
    async with _stores(make) as (store, other):
        await _start(store, first, waits=waits)
        await _start(store, second, waits=waits)
        _expect("one", (await _try(store, first, right=False, now=now + 1)).wrong_in_a_row, 1)
        _expect("below", await _start(other, _new(receiver=receiver), waits=waits, now=now + 1), None)
        _expect("two", (await _try(other, second, right=False, now=now + 2)).wrong_in_a_row, 2)
        refused = await _start(other, _new(receiver=receiver), waits=waits, now=now + 10)
        _expect_refusal("two", refused, LimitScope.PURPOSE, 52)
        _expect(
            "another purpose",
            await _start(store, _new(receiver=receiver, purpose="pay"), waits=waits, now=now + 10),
            None,
        )
        _expect("another receiver", await _start(store, _new(), waits=waits, now=now + 10), None)
        _expect("later", await _start(store, _new(receiver=receiver), waits=waits, now=now + 62), None)
        _expect("three", (await _try(store, second, right=False, now=now + 70)).wrong_in_a_row, 3)
        refused = await _start(store, _new(receiver=receiver), waits=waits, now=now + 70)
        _expect_refusal("three", refused, LimitScope.PURPOSE, 600)
        refused = await _start(store, _new(receiver=receiver), waits=waits, now=now - 500)
        _expect_refusal("set back", refused, LimitScope.PURPOSE, 600)


async def wrong_codes_are_forgotten(make: OpenStore) -> None:
    """After a right one, and after their time."""
    waits = (WrongTryWait(tries=1, seconds=2 * _DAY),)
    async with _stores(make) as (store, other):
        record = _new()
        now = record.created_at
        await _start(store, record)
        await _try(store, record, right=False)
        refused = await _start(other, _new(receiver=record.receiver), waits=waits, now=now + _DAY)
        _expect("before", isinstance(refused, Refusal), expected=True)
        later = now + 1 + _DAY
        late = _at(later, receiver=record.receiver)
        _expect("after a day", await _start(other, late, waits=waits), None)
        _expect("a new count", (await _try(other, late, right=False)).wrong_in_a_row, 1)
        refused = await _start(store, _at(later, receiver=record.receiver), waits=waits)
        _expect("it counts", isinstance(refused, Refusal), expected=True)
        _expect("right", await _try(other, late, right=True), CheckOutcome(status=CheckStatus.OK, wrong=1))
        last = _at(later, receiver=record.receiver)
        _expect("after a right one", await _start(store, last, waits=waits), None)


async def wrong_codes_of_others_close_no_challenge(make: OpenStore) -> None:
    """Not even for the same receiver and purpose, nor does another start."""
    victim = _new()
    async with _stores(make) as (store, other):
        await _start(store, victim)
        for _ in range(4):
            strange = _new(receiver=victim.receiver)
            await _start(other, strange)
            for _ in range(5):
                await _try(other, strange, right=False)
        _expect("victim", (await _try(store, victim, right=True)).status, CheckStatus.OK)


async def a_code_is_bound_to_its_purpose(make: OpenStore) -> None:
    """For another one there is no such challenge, and nothing is counted."""
    record = _new()
    async with _stores(make) as (store, other):
        await _start(store, record)
        for right in (True, False):
            found = await _try(other, record, right=right, purpose="pay")
            _expect("another purpose", found, CheckOutcome(status=CheckStatus.NOT_FOUND))
        _expect("find", await store.find(record.id, now=record.created_at), record)


async def a_challenge_expires(make: OpenStore) -> None:
    """At its time, and if it is from the future; a used one stays used."""
    record, used = _new(), _new()
    now = record.created_at
    async with _stores(make) as (store, _):
        for one in (record, used):
            await _start(store, one)
        _expect("in time", (await _try(store, used, right=True, now=used.expires_at - 0.01)).status, CheckStatus.OK)
        for at in (record.expires_at, record.expires_at + 60, now - CLOCK_TOLERANCE - 1):
            _expect("late", (await _try(store, record, right=True, now=at)).status, CheckStatus.EXPIRED)
            _expect("late, wrong", (await _try(store, record, right=False, now=at)).wrong, 0)
            _expect("begin_send", await store.begin_send(_intent(record), now=at), None)
        _expect("used", (await _try(store, used, right=True, now=used.expires_at)).status, CheckStatus.USED)
        early = await _try(store, record, right=True, now=now - CLOCK_TOLERANCE + 1)
        _expect("a clock that is late", early.status, CheckStatus.OK)


async def a_challenge_is_forgotten(make: OpenStore) -> None:
    """At `forget_at` it counts as not found."""
    record, lasting = _new(), _new(forget_at=time.time() + _DAY)
    async with _stores(make) as (store, other):
        for one in (record, lasting):
            await _start(store, one)
        await store.purge(now=record.forget_at - 1)
        found = await store.find(record.id, now=record.forget_at - 1)
        _expect("before", found, record)
        _expect("at", await other.find(record.id, now=record.forget_at), None)
        late = await _try(other, record, right=True, now=record.forget_at)
        _expect("check", late.status, CheckStatus.NOT_FOUND)
        await store.purge(now=record.forget_at)
        _expect("the other", await other.find(lasting.id, now=record.forget_at), lasting)


async def of_concurrent_sends_one_begins(make: OpenStore) -> None:
    """Whoever has read the same record; the others are told to send nothing, and count nowhere."""
    record, quota = _new(), _quota(limit=2)
    now = record.created_at
    results: list[object] = []
    async with _stores(make) as stores:
        await _start(stores[0], record)
        await stores[0].end_send(_outcome(record), now=now)

        async def rival(number: int) -> None:
            results.append(await stores[number % 2].begin_send(_intent(record, quota), now=now + 1))

        async with anyio.create_task_group() as group:
            for number in range(_RIVALS):
                group.start_soon(rival, number)
        begun = evolve(record, channel=1, sends=2, resend_at=now + 60)
        _expect("begun", [one for one in results if one is not None], [begun])
        _expect("find", await stores[1].find(record.id, now=now), begun)
        _expect("room for one more", await _start(stores[1], _new(), quota, now=now + 1), None)
        refused = _intent(begun, quota)
        _expect_refusal("no room", await stores[0].begin_send(refused, now=now + 11), LimitScope.IP, 50)
        _expect("unchanged", await stores[1].find(record.id, now=now), begun)


async def only_the_last_send_writes_its_outcome(make: OpenStore) -> None:
    """That of an earlier one, which was slow, is not written."""
    record = _new()
    now = record.created_at
    async with _stores(make) as (store, other):
        await _start(store, record)
        _expect("first", await store.end_send(_outcome(record, resend_at=now + 7), now=now), expected=True)
        written = evolve(
            record, send_status=SendStatus.ACCEPTED, message_id="65f0c0ffee", resend_at=now + 7, fallback_at=now + 30
        )
        _expect("find", await other.find(record.id, now=now), written)
        begun = await other.begin_send(_intent(record), now=now)
        _expect("late", await store.end_send(_outcome(record), now=now), expected=False)
        _expect("find", await store.find(record.id, now=now), begun)
        second = _outcome(
            evolve(record, sends=2), send_status=SendStatus.REJECTED, message_id=None, fallback_at=None, resend_at=now
        )
        _expect("second", await store.end_send(second, now=now), expected=True)
        written = evolve(record, channel=1, sends=2, send_status=SendStatus.REJECTED, resend_at=now)
        _expect("find", await other.find(record.id, now=now), written)


async def a_closed_challenge_has_no_fallback(make: OpenStore) -> None:
    """An outcome that arrives after the right code is written without it."""
    record = _new()
    now = record.created_at
    async with _stores(make) as (store, _):
        await _start(store, record)
        await _try(store, record, right=True)
        _expect("end_send", await store.end_send(_outcome(record), now=now), expected=True)
        found = await store.find(record.id, now=now)
        _expect("fallback_at", found and (found.fallback_at, found.message_id), (None, "65f0c0ffee"))


async def a_challenge_is_cancelled(make: OpenStore) -> None:
    """Its code is not accepted any more; what was counted for it may be given back once."""
    record, quota, empty = _new(), _quota(limit=1), _quota(limit=1)
    now = record.created_at
    async with _stores(make) as (store, other):
        await _start(store, record, quota)
        await store.end_send(_outcome(record), now=now)
        refunds = [quota.key, empty.key]
        _expect("cancel", await other.cancel(record.id, now=now, refunds=refunds), expected=True)
        _expect("again", await store.cancel(record.id, now=now, refunds=refunds), expected=False)
        _expect("check", (await _try(store, record, right=True)).status, CheckStatus.EXPIRED)
        found = await store.find(record.id, now=now)
        _expect("state", found and (found.state, found.fallback_at), (ChallengeState.CANCELED, None))
        _expect("given back", await _start(store, _new(), quota, empty, now=now), None)
        _expect_refusal("once", await _start(store, _new(), quota, now=now), LimitScope.IP, 60)
        kept = _new()
        await _start(store, kept, empty, now=now + 60)
        await store.cancel(kept.id, now=now + 60)
        _expect_refusal("kept", await _start(store, _new(), empty, now=now + 60), LimitScope.IP, 60)


async def what_is_due_is_claimed_once(make: OpenStore) -> None:
    """Oldest first, up to the limit; again when the lease is over, unless it has ended."""
    base = time.time() + _LONG  # later than whatever else is due
    records = [_at(base, expires_at=base + 500) for _ in range(_RIVALS)]
    async with _stores(make) as stores:
        store = stores[0]
        await store.claim_due(now=base, limit=10_000, lease=_LONG)
        for number, record in enumerate(records):
            await _start(store, record)
            await store.end_send(_outcome(record, fallback_at=base + number), now=base)
        _expect("none is due", await store.claim_due(now=base - 1, limit=10, lease=60), [])
        first = await store.claim_due(now=base + 100, limit=3, lease=60)
        _expect("oldest", [one.id for one in first], [one.id for one in records[:3]])
        _expect("lease", [one.fallback_at for one in first], [base + 160] * 3)
        claimed: list[str] = []

        async def rival(number: int) -> None:
            found = await stores[number % 2].claim_due(now=base + 100, limit=4, lease=60)
            claimed.extend(one.id for one in found)

        async with anyio.create_task_group() as group:
            for number in range(_RIVALS):
                group.start_soon(rival, number)
        _expect("claimed", sorted(claimed), sorted(one.id for one in records[3:]))
        _expect("leased", await store.claim_due(now=base + 159, limit=100, lease=60), [])
        await store.end_send(_outcome(records[0], fallback_at=None), now=base + 159)
        await _try(store, records[1], right=True, now=base + 159)
        again = await stores[1].claim_due(now=base + 160, limit=100, lease=_LONG)
        _expect("again", {one.id for one in again}, {one.id for one in records[2:]})
        for record in records:
            await store.cancel(record.id, now=base + 160)


async def what_is_closed_is_not_claimed(make: OpenStore) -> None:
    """An expired one is left out, and not due again."""
    base = time.time() + _LONG
    record = _at(base, expires_at=base + 40)
    async with _stores(make) as (store, _):
        await store.claim_due(now=base, limit=10_000, lease=_LONG)
        await _start(store, record)
        await store.end_send(_outcome(record, fallback_at=base + 30), now=base)
        _expect("claim_due", await store.claim_due(now=base + 40, limit=10, lease=60), [])
        found = await store.find(record.id, now=base + 40)
        _expect("fallback_at", found and (found.id, found.fallback_at), (record.id, None))


async def a_closed_store_is_opened_again(make: OpenStore) -> None:
    """The challenges are there after `aclose`, which may be called twice."""
    record = _new()
    async with _stores(make) as (store, _):
        await _start(store, record)
        await store.aclose()
        await store.aclose()
        _expect("find", await store.find(record.id, now=record.created_at), record)


async def a_storm_of_cancellations_does_no_harm(make: OpenStore) -> None:
    """Calls that are cancelled at whatever point leave the store usable, and no code is accepted twice."""
    record, ok = _new(), list[CheckStatus]()
    async with _stores(make) as (store, _):
        await _start(store, record)

        async def rival(number: int) -> None:
            with anyio.move_on_after(0.0002 * (number % 10)):
                other = _new()
                await _start(store, other)
                await _try(store, other, right=False)
                ok.append((await _try(store, record, right=True)).status)

        for _ in range(3):
            async with anyio.create_task_group() as group:
                for number in range(_STORM):
                    group.start_soon(rival, number)
        with anyio.fail_after(10):
            for _ in range(_STORM):
                _expect("find", (await store.find(record.id, now=record.created_at)) is not None, expected=True)
            ok.append((await _try(store, record, right=True)).status)
        _expect("accepted at most once", ok.count(CheckStatus.OK) <= 1, expected=True)


STORE_CONTRACT: Sequence[Check] = (
    an_unknown_challenge_is_not_found,
    a_challenge_is_seen_by_others,
    a_full_counter_refuses,
    the_longest_refusal_is_reported,
    a_counter_from_the_future_begins_now,
    concurrent_starts_share_a_counter,
    a_right_code_is_accepted_once,
    wrong_codes_lock_a_challenge,
    concurrent_wrong_codes_are_all_counted,
    wrong_codes_count_across_challenges,
    wrong_codes_are_forgotten,
    wrong_codes_of_others_close_no_challenge,
    a_code_is_bound_to_its_purpose,
    a_challenge_expires,
    a_challenge_is_forgotten,
    of_concurrent_sends_one_begins,
    only_the_last_send_writes_its_outcome,
    a_closed_challenge_has_no_fallback,
    a_challenge_is_cancelled,
    what_is_due_is_claimed_once,
    what_is_closed_is_not_claimed,
    a_closed_store_is_opened_again,
    a_storm_of_cancellations_does_no_harm,
)
"""The parts of the contract."""

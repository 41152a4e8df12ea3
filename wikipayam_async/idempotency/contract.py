"""What every store of idempotency keys must do. Test an implementation of your own with it, in any test framework.

With pytest::

    @pytest.mark.anyio
    @pytest.mark.parametrize("check", STORE_CONTRACT, ids=lambda check: check.__name__)
    async def test_my_store(check):
        await check(lambda: MyStore(url))

A check raises `AssertionError` with what it expected and what it got.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import anyio
from attrs import evolve

from wikipayam_async.idempotency.store import Claim, IdempotencyRecord, IdempotencyStore, Settlement
from wikipayam_async.outcomes import SendStatus

__all__ = ["STORE_CONTRACT", "Check", "OpenStore"]

OpenStore: TypeAlias = Callable[[], IdempotencyStore]
"""Returns a new store object on the same data, as another process would open it."""

Check: TypeAlias = Callable[[OpenStore], Awaitable[None]]
"""One part of the contract. It uses keys of its own."""

_KEEP = 3600.0
_LEASE = 30.0
_TOLERANCE = 5.0
_RIVALS = 20


def _expect(what: str, actual: object, expected: object) -> None:
    if actual != expected:
        raise AssertionError(f"{what}: expected {expected!r}, got {actual!r}")


def example_claim(claim_id: str = "first") -> Claim:
    """Return a claim of a key of its own."""
    return Claim(
        key=f"contract:{secrets.token_hex(8)}",
        kind="sms",
        digest="d" * 64,
        claim_id=claim_id,
        owner="machine/1/2",
        track_id="t-1",
        lease=_LEASE,
        keep=_KEEP,
    )


def _settled(claim: Claim, status: SendStatus, outcome: str = "", keep: float = _KEEP) -> Settlement:
    return Settlement(key=claim.key, claim_id=claim.claim_id, status=status, outcome=outcome, keep=keep)


def _facts(record: IdempotencyRecord | None) -> tuple[object, ...] | None:
    if record is None:
        return None
    return (record.key, record.kind, record.digest, record.claim_id, record.owner, record.track_id, record.status)


def _facts_of(claim: Claim, status: SendStatus | None = None) -> tuple[object, ...]:
    return (claim.key, claim.kind, claim.digest, claim.claim_id, claim.owner, claim.track_id, status)


async def an_unknown_key_has_no_record(make: OpenStore) -> None:
    """There is nothing to read, to settle and to forget."""
    store, claim = make(), example_claim()
    _expect("read", await store.read(claim.key), None)
    _expect("settle", await store.settle(_settled(claim, SendStatus.ACCEPTED)), expected=False)
    _expect("forget", await store.forget(claim.key), expected=False)
    await store.aclose()


async def a_claim_is_seen_by_others(make: OpenStore) -> None:
    """With all its fields, without an outcome, and with the rest of its lease."""
    store, other, claim = make(), make(), example_claim()
    _expect("claim", await store.claim(claim), None)
    record = await other.read(claim.key)
    _expect("record", _facts(record), _facts_of(claim))
    if record is None or not _LEASE - _TOLERANCE < record.lease_left <= _LEASE:
        raise AssertionError(f"lease_left: expected just below {_LEASE}, got {record!r}")
    kept = (record.expires_at - record.claimed_at).total_seconds()
    if not abs(kept - _LEASE - _KEEP) < _TOLERANCE:
        raise AssertionError(f"expires_at: expected lease and keep after claimed_at, got {kept} s")
    await store.aclose()
    await other.aclose()


async def a_claimed_key_is_taken(make: OpenStore) -> None:
    """Another call is told who has it, and changes nothing, however old the lease is."""
    store, other, claim = make(), make(), evolve(example_claim(), lease=0.001)
    await store.claim(claim)
    await anyio.sleep(0.01)
    found = await other.claim(evolve(claim, claim_id="second", lease=_LEASE))
    _expect("found", _facts(found), _facts_of(claim))
    _expect("lease is over", found is not None and found.lease_left <= 0, expected=True)
    _expect("record", _facts(await store.read(claim.key)), _facts_of(claim))
    await store.aclose()
    await other.aclose()


async def of_concurrent_claims_one_wins(make: OpenStore) -> None:
    """Whoever is first; all others are told who."""
    stores, claim = [make(), make()], example_claim()
    found: list[IdempotencyRecord | None] = []

    async def rival(number: int) -> None:
        found.append(await stores[number % 2].claim(evolve(claim, claim_id=f"rival-{number}")))

    async with anyio.create_task_group() as group:
        for number in range(_RIVALS):
            group.start_soon(rival, number)
    _expect("winners", found.count(None), 1)
    winner = await stores[0].read(claim.key)
    tokens = {record.claim_id for record in found if record is not None}
    _expect("told", tokens, {winner.claim_id if winner else None})
    for store in stores:
        await store.aclose()


async def a_call_renews_its_own_claim(make: OpenStore) -> None:
    """Before a second attempt: the lease begins again, and an outcome is gone."""
    store, claim = make(), evolve(example_claim(), lease=1.0)
    await store.claim(claim)
    await store.settle(_settled(claim, SendStatus.NOT_ATTEMPTED))
    _expect("claim", await store.claim(evolve(claim, lease=_LEASE)), None)
    record = await store.read(claim.key)
    _expect("record", _facts(record), _facts_of(claim))
    _expect("longer lease", record is not None and record.lease_left > 1.0, expected=True)
    await store.aclose()


async def a_claim_that_arrives_late_changes_no_outcome(make: OpenStore) -> None:
    """As when the network kept it, and the call that made it has claimed the key again since, and has its outcome."""
    store = make()
    for status in (SendStatus.ACCEPTED, SendStatus.REJECTED, SendStatus.UNKNOWN):
        claim = example_claim()
        await store.claim(claim)
        await store.settle(_settled(claim, status, "{}"))
        _expect("found", _facts(await store.claim(claim)), _facts_of(claim, status))
        record = await store.read(claim.key)
        _expect("outcome", record.outcome if record else None, "{}")
    await store.aclose()


async def an_outcome_is_kept(make: OpenStore) -> None:
    """Others read it; a claim gets it, and does not replace it."""
    store, other = make(), make()
    for status in (SendStatus.ACCEPTED, SendStatus.REJECTED, SendStatus.UNKNOWN):
        claim, outcome = example_claim(), f'{{"id":"{status} ن \\" \U0001f600"}}'
        await store.claim(claim)
        _expect("settle", await store.settle(_settled(claim, status, outcome)), expected=True)
        _expect("settle again", await store.settle(_settled(claim, status, outcome)), expected=True)
        found = await other.claim(evolve(claim, claim_id="second"))
        _expect("found", _facts(found), _facts_of(claim, status))
        record = await other.read(claim.key)
        _expect("record", _facts(record), _facts_of(claim, status))
        _expect("outcome", record.outcome if record else None, outcome)
    await store.aclose()
    await other.aclose()


async def what_was_not_attempted_is_claimed_again(make: OpenStore) -> None:
    """By a call with the same message; another message does not get the key."""
    store, claim = make(), example_claim()
    await store.claim(claim)
    await store.settle(_settled(claim, SendStatus.NOT_ATTEMPTED))
    for other in (evolve(claim, claim_id="second", digest="e" * 64), evolve(claim, claim_id="second", kind="otp")):
        _expect("another", _facts(await store.claim(other)), _facts_of(claim, SendStatus.NOT_ATTEMPTED))
    second = evolve(claim, claim_id="second", track_id=None, owner="machine/3/4")
    _expect("claim", await store.claim(second), None)
    _expect("record", _facts(await store.read(claim.key)), _facts_of(second))
    await store.aclose()


async def only_the_claimant_settles(make: OpenStore) -> None:
    """A late outcome of a call whose claim was replaced is not written."""
    store, claim = make(), example_claim()
    second = evolve(claim, claim_id="second")
    await store.claim(claim)
    await store.settle(_settled(claim, SendStatus.NOT_ATTEMPTED))
    await store.claim(second)
    _expect("settle", await store.settle(_settled(claim, SendStatus.ACCEPTED, "{}")), expected=False)
    _expect("record", _facts(await store.read(claim.key)), _facts_of(second))
    await store.aclose()


async def a_track_id_may_be_missing(make: OpenStore) -> None:
    """The endpoint of Holoo has none."""
    store, claim = make(), evolve(example_claim(), track_id=None)
    await store.claim(claim)
    _expect("record", _facts(await store.read(claim.key)), _facts_of(claim))
    await store.aclose()


async def a_key_expires(make: OpenStore) -> None:
    """After its time it is unknown, may be claimed for any message, and is removed by `purge`."""
    store, claim = make(), example_claim()
    lasting = example_claim()
    await store.claim(lasting)
    await store.claim(claim)
    await store.settle(_settled(claim, SendStatus.ACCEPTED, "{}", keep=0.05))
    await anyio.sleep(0.2)
    _expect("read", await store.read(claim.key), None)
    second = evolve(claim, claim_id="second", digest="e" * 64)
    _expect("claim", await store.claim(second), None)
    await store.settle(_settled(second, SendStatus.ACCEPTED, "{}", keep=0.05))
    await anyio.sleep(0.2)
    await store.purge()
    _expect("read", await store.read(claim.key), None)
    _expect("another key", _facts(await store.read(lasting.key)), _facts_of(lasting))
    await store.aclose()


async def a_key_is_forgotten(make: OpenStore) -> None:
    """As an operator decides it; the message may then be sent."""
    store, claim = make(), example_claim()
    await store.claim(claim)
    await store.settle(_settled(claim, SendStatus.UNKNOWN))
    _expect("forget", await store.forget(claim.key), expected=True)
    _expect("read", await store.read(claim.key), None)
    _expect("claim", await store.claim(evolve(claim, claim_id="second", digest="e" * 64)), None)
    await store.aclose()


async def a_closed_store_is_opened_again(make: OpenStore) -> None:
    """The keys are there after `aclose`, which may be called twice."""
    store, claim = make(), example_claim()
    await store.claim(claim)
    await store.aclose()
    await store.aclose()
    _expect("record", _facts(await store.read(claim.key)), _facts_of(claim))
    await store.aclose()


STORE_CONTRACT: Sequence[Check] = (
    an_unknown_key_has_no_record,
    a_claim_is_seen_by_others,
    a_claimed_key_is_taken,
    of_concurrent_claims_one_wins,
    a_call_renews_its_own_claim,
    a_claim_that_arrives_late_changes_no_outcome,
    an_outcome_is_kept,
    what_was_not_attempted_is_claimed_again,
    only_the_claimant_settles,
    a_track_id_may_be_missing,
    a_key_expires,
    a_key_is_forgotten,
    a_closed_store_is_opened_again,
)
"""The parts of the contract."""

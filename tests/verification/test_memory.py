from __future__ import annotations

import pytest
from attrs import evolve

from tests.verification.stage import VICTIM, Stage
from tests.verification.test_store import RECORD
from wikipayam_async import InvalidInputError, SendStatus
from wikipayam_async.verification import (
    CheckAttempt,
    LimitScope,
    MemoryStore,
    Quota,
    SendOutcome,
    VerificationStoreError,
)

pytestmark = pytest.mark.anyio


async def test_a_full_store_is_closed() -> None:
    """It says so, sends nothing, and still checks the codes that were sent; expired ones make room."""
    stage = Stage()
    store = MemoryStore(max_challenges=2)
    verifier = stage.verifier(store)
    first = await verifier.start("09120000001", purpose="login")
    await verifier.start("09120000002", purpose="login")
    with pytest.raises(VerificationStoreError, match="it keeps 2 challenges; nothing was sent"):
        await verifier.start(VICTIM, purpose="login")
    assert stage.kinds() == []
    assert await verifier.check(first.id, stage.code("09120000001"), purpose="login")
    stage.clock.advance(720)
    await verifier.start(VICTIM, purpose="login")
    assert repr(store) == "MemoryStore(1 challenges, 15 counters)"


async def test_counters_are_bounded_too() -> None:
    """A message whose counters have no room is not sent, resends included."""
    stage = Stage()
    verifier = stage.verifier(MemoryStore(max_counters=8))
    challenge = await verifier.start(VICTIM, purpose="login")
    with pytest.raises(VerificationStoreError, match="it keeps 8 counters"):
        await verifier.start(VICTIM, purpose="pay")
    stage.clock.advance(30)
    with pytest.raises(VerificationStoreError, match="it keeps 8 counters"):
        await verifier.resend(challenge.id, ip="203.0.113.7")
    assert stage.kinds() == ["otp"]


async def test_what_is_forgotten_takes_no_memory() -> None:
    """Challenges, counters and the times of fall-backs go, also where nobody claims."""
    store = MemoryStore()
    quota = Quota(key="k", scope=LimitScope.IP, limit=9, period=60.0)
    outcome = SendOutcome(
        id=RECORD.id,
        sends=1,
        send_status=SendStatus.ACCEPTED,
        message_id="1",
        resend_at=0.0,
        fallback_at=RECORD.created_at + 30,
    )
    await store.start(RECORD, quotas=[quota], waits=(), now=RECORD.created_at)
    await store.end_send(outcome, now=RECORD.created_at)
    attempt = CheckAttempt(id=RECORD.id, purpose="login", right=False, forget_wrong_after=10.0)
    for second in (0, 5):
        await store.check(attempt, now=RECORD.created_at + second)
    assert await store.purge(now=RECORD.created_at + 12) == 0
    assert repr(store) == "MemoryStore(1 challenges, 2 counters)"
    assert await store.purge(now=RECORD.forget_at) == 1
    assert repr(store) == "MemoryStore(0 challenges, 0 counters)"
    await store.purge(now=RECORD.forget_at)
    assert store._due == store._forget_records == store._forget_counters == []


async def test_a_moved_fallback_is_claimed_once() -> None:
    """The time that it had before is not due any more."""
    store = MemoryStore()
    record = evolve(RECORD, fallback_at=1010.0)
    await store.start(record, quotas=[], waits=(), now=1000.0)
    outcome = SendOutcome(
        id=record.id, sends=1, send_status=SendStatus.ACCEPTED, message_id="1", resend_at=0.0, fallback_at=1020.0
    )
    await store.end_send(outcome, now=1000.0)
    assert await store.claim_due(now=1015.0, limit=10, lease=60.0) == []
    assert len(await store.claim_due(now=1020.0, limit=10, lease=60.0)) == 1


@pytest.mark.parametrize("options", [{"max_challenges": 0}, {"max_counters": 0}])
def test_a_store_has_room(options: dict[str, int]) -> None:
    """For at least one."""
    with pytest.raises(InvalidInputError):
        MemoryStore(**options)

"""The contract of stores: every store of the package keeps it, and it notices stores that do not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from attrs import evolve

from wikipayam_async.verification import (
    ChallengeRecord,
    CheckAttempt,
    CheckOutcome,
    MemoryStore,
    Quota,
    Refusal,
    SendIntent,
    SendOutcome,
    WrongTryWait,
)
from wikipayam_async.verification.contract import STORE_CONTRACT, Check

pytestmark = pytest.mark.anyio

every_part = pytest.mark.parametrize("check", STORE_CONTRACT, ids=lambda check: check.__name__)


@every_part
async def test_the_memory_store_keeps_the_contract(check: Check) -> None:
    """Every object of the test is the same store: memory is not shared."""
    store = MemoryStore()
    await check(lambda: store)


class Broken(MemoryStore):
    """A store with a fault."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    async def start(
        self, record: ChallengeRecord, *, quotas: Sequence[Quota], waits: Sequence[WrongTryWait], now: float
    ) -> Refusal | None:
        """Ignore a limit."""
        waits = () if self.fault == "ignores waits" else waits
        quotas = () if self.fault == "ignores quotas" else quotas
        refusal = await super().start(record, quotas=quotas, waits=waits, now=now)
        if self.fault == "is imprecise" and refusal is not None:
            return evolve(refusal, retry_after=refusal.retry_after + 1)
        return refusal

    async def begin_send(self, intent: SendIntent, *, now: float) -> ChallengeRecord | Refusal | None:
        """Let everybody send."""
        record = await self.find(intent.id, now=now)
        if self.fault == "lets all send" and record is not None:
            intent = evolve(intent, sends=record.sends)
        return await super().begin_send(intent, now=now)

    async def end_send(self, outcome: SendOutcome, *, now: float) -> bool:
        """Lose the outcome."""
        return self.fault == "loses outcomes" or await super().end_send(outcome, now=now)

    async def check(self, attempt: CheckAttempt, *, now: float) -> CheckOutcome:
        """Accept more than it should."""
        record = await self.find(attempt.id, now=now)
        if record is not None and self.fault == "ignores purposes":
            attempt = evolve(attempt, purpose=record.purpose)
        if record is not None and self.fault == "never expires":
            now = record.created_at
        return await super().check(attempt, now=now)

    async def claim_due(self, *, now: float, limit: int, lease: float) -> Sequence[ChallengeRecord]:
        """Give one to several."""
        return await super().claim_due(now=now, limit=limit, lease=0 if self.fault == "has no lease" else lease)


FAULTS = [
    "ignores waits",
    "ignores quotas",
    "is imprecise",
    "lets all send",
    "loses outcomes",
    "ignores purposes",
    "never expires",
    "has no lease",
]


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_contract_notices_a_fault(fault: str) -> None:
    """A store with a fault fails some part of it."""
    failed = 0
    for check in STORE_CONTRACT:
        store = Broken(fault)
        try:
            await check(lambda store=store: store)  # type: ignore[misc]
        except AssertionError:
            failed += 1
    assert failed > 0

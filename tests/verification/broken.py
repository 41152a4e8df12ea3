"""Stores with faults, which the contract has to notice."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from wikipayam_async.verification import (
    ChallengeRecord,
    CheckAttempt,
    CheckOutcome,
    CheckStatus,
    MemoryStore,
    Quota,
    Refusal,
    SendIntent,
    SendOutcome,
    WrongTryWait,
)
from wikipayam_async.verification.contract import Check

__all__ = ["BrokenStore", "noticed"]


class BrokenStore(MemoryStore):
    """A store with a fault.

    Args:
        fault: What is wrong with it.
    """

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    async def start(
        self, record: ChallengeRecord, *, quotas: Sequence[Quota], waits: Sequence[WrongTryWait], now: float
    ) -> Refusal | None:
        """Ignore a limit, or a field."""
        waits = () if self.fault == "ignores waits" else waits
        quotas = () if self.fault == "ignores quotas" else quotas
        record = evolve(record, ip=None) if self.fault == "drops addresses" else record
        refusal = await super().start(record, quotas=quotas, waits=waits, now=now)
        if refusal is None:
            return None
        if self.fault == "counts refusals":
            self._count(quotas, now)
        return evolve(refusal, retry_after=refusal.retry_after + 1) if self.fault == "is imprecise" else refusal

    async def find(self, id: str, *, now: float) -> ChallengeRecord | None:  # noqa: A002 - as in the store
        """Find what is forgotten."""
        return await super().find(id, now=0 if self.fault == "forgets nothing" else now)

    async def begin_send(self, intent: SendIntent, *, now: float) -> ChallengeRecord | Refusal | None:
        """Let everybody send, or without counting."""
        record = await super().find(intent.id, now=now)
        if self.fault == "lets all send" and record is not None:
            intent = evolve(intent, sends=record.sends)
        if self.fault == "counts no messages":
            intent = evolve(intent, quotas=())
        return await super().begin_send(intent, now=now)

    async def end_send(self, outcome: SendOutcome, *, now: float) -> bool:
        """Lose the outcome, or write a late one."""
        record = await super().find(outcome.id, now=now)
        if self.fault == "takes late outcomes" and record is not None:
            outcome = evolve(outcome, sends=record.sends)
        return self.fault == "loses outcomes" or await super().end_send(outcome, now=now)

    async def check(self, attempt: CheckAttempt, *, now: float) -> CheckOutcome:
        """Accept more than it should."""
        record = await super().find(attempt.id, now=now)
        if record is None:
            return await super().check(attempt, now=now)
        if self.fault == "ignores purposes":
            attempt = evolve(attempt, purpose=record.purpose)
        if self.fault == "never expires":
            now = record.created_at
        if self.fault == "never locks":
            self._save(evolve(record, wrong=0))
        outcome = await super().check(attempt, now=now)
        if self.fault == "accepts twice" and attempt.right and outcome.status is CheckStatus.USED:
            return evolve(outcome, status=CheckStatus.OK)
        return outcome

    async def cancel(self, id: str, *, now: float, refunds: Sequence[str] = ()) -> bool:  # noqa: A002 - as in the store
        """Give nothing back."""
        return await super().cancel(id, now=now, refunds=() if self.fault == "gives nothing back" else refunds)

    async def claim_due(self, *, now: float, limit: int, lease: float) -> Sequence[ChallengeRecord]:
        """Give one to several, or too many."""
        lease = 0 if self.fault == "has no lease" else lease
        return await super().claim_due(now=now, limit=1000 if self.fault == "has no limit" else limit, lease=lease)


async def noticed(fault: str, checks: Sequence[Check]) -> list[str]:
    """Return the names of the parts that a store with a fault does not keep."""
    failed = []
    for check in checks:
        store = BrokenStore(fault)
        try:
            await check(lambda store=store: store)  # type: ignore[misc]
        except AssertionError:
            failed.append(check.__name__)
    return failed

"""A store of challenges in memory."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterable, Sequence

from attrs import define, evolve

from wikipayam_async.checks import check_number
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.verification.errors import LimitScope, VerificationStoreError
from wikipayam_async.verification.models import CheckStatus
from wikipayam_async.verification.store import (
    ChallengeRecord,
    ChallengeState,
    CheckAttempt,
    CheckOutcome,
    Quota,
    Refusal,
    SendIntent,
    SendOutcome,
    WrongTryWait,
)

__all__ = ["MemoryStore"]


@define
class _Counter:
    """Events since a time; forgotten at `until`."""

    count: int
    since: float
    until: float


class MemoryStore:
    """Challenges and counters in memory, for one process. They are lost when it ends, the limits too.

    Several processes, as uvicorn's `--workers` starts them, need a store that they share. It may be used by several event
    loops and threads.

    Its size is bounded. When it is full of challenges or counters that are not forgotten yet, it refuses new challenges
    and messages with `VerificationStoreError`; codes that were sent can be entered all the same.

    Args:
        max_challenges: How many challenges it keeps; each takes about 2.3 kB with its counters, for some 12 minutes.
        max_counters: How many counters of limits it keeps. A challenge needs up to eleven of its own, for a day at most.

    Raises:
        InvalidInputError: An argument is invalid.
    """

    def __init__(self, *, max_challenges: int = 100_000, max_counters: int = 1_000_000) -> None:
        self._max_challenges = check_number(max_challenges, field="max_challenges", minimum=1)
        self._max_counters = check_number(max_counters, field="max_counters", minimum=1)
        self._records: dict[str, ChallengeRecord] = {}
        self._counters: dict[str, _Counter] = {}
        self._forget_records: list[tuple[float, str]] = []
        self._forget_counters: list[tuple[float, str]] = []
        self._due: list[tuple[float, str]] = []
        self._guard = threading.Lock()

    async def start(
        self, record: ChallengeRecord, *, quotas: Sequence[Quota], waits: Sequence[WrongTryWait], now: float
    ) -> Refusal | None:
        """Create a challenge, if every limit allows it."""
        with self._guard:
            refusal = self._wait_of(record, waits, now) or self._full(quotas, now)
            if refusal is not None:
                return refusal
            self._make_room(quotas, now, challenges=1)
            self._count(quotas, now)
            self._save(record)
            heapq.heappush(self._forget_records, (record.forget_at, record.id))
            return None

    async def find(self, id: str, *, now: float) -> ChallengeRecord | None:  # noqa: A002 - a challenge's field
        """Return a challenge."""
        with self._guard:
            return self._find(id, now)

    async def begin_send(self, intent: SendIntent, *, now: float) -> ChallengeRecord | Refusal | None:
        """Record that the code is about to be sent again."""
        with self._guard:
            record = self._find(intent.id, now)
            if record is None or record.status_at(now) is not None or record.sends != intent.sends:
                return None
            refusal = self._full(intent.quotas, now)
            if refusal is not None:
                return refusal
            self._make_room(intent.quotas, now)
            self._count(intent.quotas, now)
            return self._save(
                evolve(
                    record,
                    channel=intent.channel,
                    resend_at=intent.resend_at,
                    sends=record.sends + 1,
                    send_status=SendStatus.UNKNOWN,
                    message_id=None,
                    fallback_at=None,
                )
            )

    async def end_send(self, outcome: SendOutcome, *, now: float) -> bool:
        """Write the outcome of a send."""
        with self._guard:
            record = self._find(outcome.id, now)
            if record is None or record.sends != outcome.sends:
                return False
            self._save(
                evolve(
                    record,
                    send_status=outcome.send_status,
                    message_id=outcome.message_id,
                    resend_at=outcome.resend_at,
                    fallback_at=outcome.fallback_at if record.status_at(now) is None else None,
                )
            )
            return True

    async def check(self, attempt: CheckAttempt, *, now: float) -> CheckOutcome:
        """Count an entered code, and use up the challenge if it is right."""
        with self._guard:
            record = self._find(attempt.id, now)
            if record is None or record.purpose != attempt.purpose:
                return CheckOutcome(status=CheckStatus.NOT_FOUND)
            closed = record.status_at(now)
            key = _wrong_key(record)
            if closed is not None:
                wrong = self._live(key, now)
                return CheckOutcome(status=closed, wrong=record.wrong, wrong_in_a_row=wrong.count if wrong else 0)
            if attempt.right:
                self._counters.pop(key, None)
                self._save(evolve(record, state=ChallengeState.USED, fallback_at=None))
                return CheckOutcome(status=CheckStatus.OK, wrong=record.wrong)
            wrong = self._live(key, now) or _Counter(0, now, now)
            changed = _Counter(wrong.count + 1, now, now + attempt.forget_wrong_after)
            self._set_counter(key, changed)
            tried = record.wrong + 1
            due = record.fallback_at if tried < record.max_tries else None
            self._save(evolve(record, wrong=tried, fallback_at=due))
            return CheckOutcome(status=CheckStatus.WRONG, wrong=tried, wrong_in_a_row=changed.count)

    async def cancel(self, id: str, *, now: float, refunds: Sequence[str] = ()) -> bool:  # noqa: A002 - as above
        """Close an open challenge."""
        with self._guard:
            record = self._find(id, now)
            if record is None or record.state is not ChallengeState.OPEN:
                return False
            self._save(evolve(record, state=ChallengeState.CANCELED, fallback_at=None))
            for key in refunds:
                counter = self._live(key, now)
                if counter is not None and counter.count:
                    counter.count -= 1
            return True

    async def claim_due(self, *, now: float, limit: int, lease: float) -> Sequence[ChallengeRecord]:
        """Take the challenges whose next channel is due."""
        claimed: list[ChallengeRecord] = []
        with self._guard:
            while self._due and self._due[0][0] <= now and len(claimed) < limit:
                due, id_ = heapq.heappop(self._due)
                record = self._find(id_, now)
                if record is None or self._is_stale(due, id_):
                    continue
                closed = record.status_at(now) is not None
                record = self._save(evolve(record, fallback_at=None if closed else now + lease))
                if not closed:
                    claimed.append(record)
        return claimed

    async def purge(self, *, now: float) -> int:
        """Remove what is forgotten."""
        with self._guard:
            before = len(self._records)
            self._purge(now)
            return before - len(self._records)

    async def aclose(self) -> None:
        """Do nothing: the challenges stay."""

    def _find(self, id_: str, now: float) -> ChallengeRecord | None:
        record = self._records.get(id_)
        return None if record is None or now >= record.forget_at else record

    def _save(self, record: ChallengeRecord) -> ChallengeRecord:
        before = self._records.get(record.id)
        self._records[record.id] = record
        if record.fallback_at is not None and (before is None or before.fallback_at != record.fallback_at):
            heapq.heappush(self._due, (record.fallback_at, record.id))
        return record

    def _wait_of(self, record: ChallengeRecord, waits: Sequence[WrongTryWait], now: float) -> Refusal | None:
        wrong = self._live(_wrong_key(record), now)
        if wrong is None:
            return None
        seconds = max((wait.seconds for wait in waits if wait.tries <= wrong.count), default=0.0)
        left = min(wrong.since, now) + seconds - now
        return Refusal(scope=LimitScope.PURPOSE, retry_after=left) if left > 0 else None

    def _full(self, quotas: Sequence[Quota], now: float) -> Refusal | None:
        """Return the refusal of the quota that has no room for the longest time; None if all have room."""
        refusals = [
            Refusal(scope=quota.scope, retry_after=counter.since + quota.period - now)
            for quota in quotas
            if (counter := self._live(quota.key, now)) is not None and counter.count >= quota.limit
        ]
        return max(refusals, key=lambda refusal: refusal.retry_after, default=None)

    def _count(self, quotas: Iterable[Quota], now: float) -> None:
        for quota in quotas:
            counter = self._live(quota.key, now)
            if counter is not None:
                counter.count += 1
            else:
                self._set_counter(quota.key, _Counter(1, now, now + quota.period))

    def _live(self, key: str, now: float) -> _Counter | None:
        """Return a counter whose period is not over. One from the future begins now, with the same number."""
        counter = self._counters.get(key)
        if counter is None or now >= counter.until:
            return None
        if now < counter.since:
            counter.until -= counter.since - now
            counter.since = now
        return counter

    def _set_counter(self, key: str, counter: _Counter) -> None:
        self._counters[key] = counter
        heapq.heappush(self._forget_counters, (counter.until, key))

    def _make_room(self, quotas: Sequence[Quota], now: float, *, challenges: int = 0) -> None:
        self._purge(now)
        new = sum(quota.key not in self._counters for quota in quotas)
        for kept, added, most, name in (
            (self._records, challenges, self._max_challenges, "challenges"),
            (self._counters, new, self._max_counters, "counters"),
        ):
            if added and len(kept) + added > most:
                raise VerificationStoreError(
                    f"the memory store is full: it keeps {most} {name}; nothing was sent. "
                    f"Raise max_{name}, or lower the limits of the verifier"
                )

    def _purge(self, now: float) -> None:
        """Remove what is forgotten. Every entry is looked at once, so the cost of a call is small on average."""
        while self._due and self._is_stale(*self._due[0]):
            heapq.heappop(self._due)  # nobody may be claiming
        while self._forget_records and self._forget_records[0][0] <= now:
            self._records.pop(heapq.heappop(self._forget_records)[1], None)
        while self._forget_counters and self._forget_counters[0][0] <= now:
            key = heapq.heappop(self._forget_counters)[1]
            counter = self._counters.get(key)
            if counter is not None and now >= counter.until:
                del self._counters[key]

    def _is_stale(self, due: float, id_: str) -> bool:
        record = self._records.get(id_)
        return record is None or record.fallback_at != due

    def __repr__(self) -> str:
        return f"MemoryStore({len(self._records)} challenges, {len(self._counters)} counters)"


def _wrong_key(record: ChallengeRecord) -> str:
    return f"wrong/{record.purpose}/{record.receiver}"

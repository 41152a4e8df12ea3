"""A journal in memory, for tests and for campaigns that need not outlive their process."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from anyio.lowlevel import checkpoint
from attrs import define, evolve, field

from wikipayam_async.campaigns.causes import IN_FLIGHT, INTERRUPTED
from wikipayam_async.campaigns.errors import JournalBusyError, JournalError
from wikipayam_async.campaigns.journal import (
    Counts,
    DeliveryRow,
    MessageRow,
    PlanBlock,
    Resolution,
    StopRequest,
    StoredChunk,
    StoredMessage,
    StoredOutcome,
)
from wikipayam_async.campaigns.models import NO_COLUMNS, AuditEntry, CampaignResult, Decision
from wikipayam_async.outcomes import SendStatus

__all__ = ["MemoryJournal", "MemoryStore"]

_INTERRUPTED_TEXT = "the process ended while the message was in flight"


@define
class _Chunk:
    members: list[int]
    state: str = "pending"
    claim: str | None = None


@define
class MemoryStore:
    """What several `MemoryJournal`s of one campaign share, as several processes share a file."""

    facts: dict[str, str] = field(factory=dict)
    finished: bool = False
    rows: list[MessageRow] = field(factory=list)
    digests: list[bytes] = field(factory=list)
    chunks: dict[int, _Chunk] = field(factory=dict)
    outcomes: dict[int, StoredOutcome] = field(factory=dict)
    deliveries: dict[int, DeliveryRow] = field(factory=dict)
    decisions: list[AuditEntry] = field(factory=list)
    opted_out: dict[str, None] = field(factory=dict)
    asked: set[StopRequest] = field(factory=set)
    writer: object = None


class MemoryJournal:
    """A journal in memory. It passes the same contract as the others, and loses everything with its process.

    Args:
        name: The name of the campaign, for errors, logs and metrics.
        store: The store of another `MemoryJournal`, to open the same campaign again.
    """

    def __init__(self, name: str = "memory", *, store: MemoryStore | None = None) -> None:
        self._name = name
        self.store = store or MemoryStore()

    @property
    def name(self) -> str:
        """The name of the campaign."""
        return self._name

    async def aclose(self) -> None:
        """Release the lock."""
        await checkpoint()
        if self.store.writer is self:
            self.store.writer = None

    async def lock(self) -> None:
        """Become the writer."""
        await checkpoint()
        if self.store.writer not in {None, self}:
            raise JournalBusyError(
                f"{self._name}: another Campaign has this journal open for writing; nothing was sent"
            )
        if self.store.writer is None:
            self.store.asked.discard(StopRequest.PAUSE)
        self.store.writer = self

    async def in_use(self) -> bool:
        """Return whether there is a writer."""
        await checkpoint()
        return self.store.writer is not None

    async def read_facts(self) -> Mapping[str, str]:
        """Return the facts of a finished plan."""
        await checkpoint()
        return dict(self.store.facts) if self.store.finished else {}

    async def write_facts(self, facts: Mapping[str, str]) -> None:
        """Add or replace facts."""
        await self._write()
        self.store.facts.update(facts)

    async def begin_plan(self) -> None:
        """Forget an unfinished plan."""
        await self._write()
        self._clear()

    async def add(self, blocks: Sequence[PlanBlock]) -> None:
        """Add blocks to the plan."""
        store = await self._write()
        for block in blocks:
            store.digests.append(block.digest)
            store.rows += block.messages
            store.outcomes.update((outcome.index, outcome) for outcome in block.held_back)
        members: dict[int, list[int]] = {}
        for row in (row for block in blocks for row in block.messages):
            if row[1] is not None:
                members.setdefault(row[1], []).append(row[0])
        for no, indexes in members.items():
            store.chunks.setdefault(no, _Chunk([])).members.extend(indexes)

    async def finish_plan(self, facts: Mapping[str, str]) -> None:
        """Complete the plan."""
        store = await self._write()
        store.facts.update(facts)
        store.finished = True

    async def discard_plan(self) -> None:
        """Remove an unfinished plan."""
        await self._write()
        self._clear()

    async def read_digests(self, first: int, limit: int) -> Sequence[bytes]:
        """Return digests of blocks."""
        await checkpoint()
        return self.store.digests[first : first + limit]

    async def read_rows(self, first: int, limit: int) -> Sequence[MessageRow]:
        """Return messages."""
        await checkpoint()
        return self.store.rows[first : first + limit]

    async def pending(self, after: int, limit: int) -> Sequence[StoredChunk]:
        """Return pending chunks."""
        await checkpoint()
        numbers = sorted(no for no, chunk in self.store.chunks.items() if no > after and chunk.state == "pending")
        return [StoredChunk(no, self._messages(no)) for no in numbers[:limit]]

    async def claim(self, no: int, token: str) -> bool:
        """Claim a chunk."""
        store = await self._write()
        chunk = store.chunks[no]
        if chunk.state != "pending":
            return False
        chunk.state, chunk.claim = "sending", token
        return True

    async def settle(self, no: int, token: str, outcomes: Sequence[StoredOutcome]) -> bool:
        """Record the outcomes of a claimed chunk."""
        store = await self._write()
        chunk = store.chunks[no]
        if chunk.claim != token:
            return False
        late = chunk.state == "done"
        chunk.state = "done"
        unattempted: list[int] = []
        for outcome in outcomes:
            if late and self._is_decided(no, outcome):
                self._note_late(outcome)
            elif outcome.status is SendStatus.NOT_ATTEMPTED:
                store.outcomes.pop(outcome.index, None)
                unattempted.append(outcome.index)
            else:
                store.outcomes[outcome.index] = outcome
        if unattempted:
            self._put_back(chunk, unattempted)
        return True

    async def split(self, no: int, count: int) -> bool:
        """Divide a pending chunk."""
        store = await self._write()
        chunk = store.chunks[no]
        if chunk.state != "pending":
            return False
        store.chunks[self._next_no()] = _Chunk(chunk.members[count:])
        del chunk.members[count:]
        return True

    async def recover(self) -> int:
        """Make unknown what is sending."""
        store = await self._write()
        count = 0
        for chunk in store.chunks.values():
            if chunk.state == "sending":
                chunk.state = "done"
                for index in chunk.members:
                    store.outcomes[index] = StoredOutcome(
                        index, store.rows[index][5], SendStatus.UNKNOWN, None, INTERRUPTED, _INTERRUPTED_TEXT
                    )
                count += len(chunk.members)
        return count

    async def counts(self) -> Counts:
        """Return the number of messages in each state."""
        await checkpoint()
        states: Counter[str] = Counter()
        for chunk in self.store.chunks.values():
            states[chunk.state] += len(chunk.members)
        by_status = Counter(outcome.status for outcome in self.store.outcomes.values())
        return Counts(
            states["pending"],
            states["sending"],
            by_status[SendStatus.ACCEPTED],
            by_status[SendStatus.REJECTED],
            by_status[SendStatus.UNKNOWN],
        )

    async def results(self, after: int, limit: int, status: SendStatus | None = None) -> Sequence[CampaignResult]:
        """Return what is known of messages."""
        await checkpoint()
        sending = {index for chunk in self.store.chunks.values() if chunk.state == "sending" for index in chunk.members}
        found: list[CampaignResult] = []
        for row in self.store.rows[after + 1 :]:
            result = self._result(row, in_flight=row[0] in sending)
            if status is None or result.status is status:
                found.append(result)
                if len(found) == limit:
                    break
        return found

    async def resolve(self, resolution: Resolution) -> Sequence[str]:
        """Apply an operator's decision."""
        store = await self._write()
        wanted = set(resolution.track_ids)
        by_track_id: dict[str, list[int]] = {}
        for row in store.rows:
            if row[5] in wanted:
                by_track_id.setdefault(str(row[5]), []).append(row[0])
        allowed = {SendStatus.UNKNOWN}
        if resolution.decision is Decision.REQUEUED:
            allowed.add(SendStatus.REJECTED)
        refused = [
            track_id
            for track_id in resolution.track_ids
            if not any(self._status_of(index) in allowed for index in by_track_id.get(track_id, ()))
        ]
        if refused:
            return refused
        requeued: list[int] = []
        new_ids: Sequence[str | None] = resolution.new_track_ids or [None] * len(resolution.track_ids)
        for track_id, new_id in zip(resolution.track_ids, new_ids, strict=True):
            members = [index for index in by_track_id[track_id] if self._status_of(index) in allowed]
            for number, index in enumerate(members):
                fresh = new_id if new_id is None or not number else f"{new_id}.{number}"
                self._decide(index, resolution, track_id, fresh)
                if fresh is not None:
                    requeued.append(index)
        requeued.sort()
        for start in range(0, len(requeued), resolution.batch_size):
            store.chunks[self._next_no()] = _Chunk(requeued[start : start + resolution.batch_size])
        return []

    async def audit(self, after: int, limit: int) -> Sequence[AuditEntry]:
        """Return decisions."""
        await checkpoint()
        return self.store.decisions[after : after + limit]

    async def undelivered(self, after: int, limit: int) -> Sequence[tuple[int, str]]:
        """Return accepted messages without a final delivery."""
        await checkpoint()
        waiting = [
            (index, outcome.id)
            for index, outcome in sorted(self.store.outcomes.items())
            if index > after and outcome.id is not None and not self._is_final(index)
        ]
        return waiting[:limit]

    async def record_deliveries(self, rows: Sequence[DeliveryRow]) -> None:
        """Record delivery statuses."""
        store = await self._write()
        store.deliveries.update((row[0], row) for row in rows)

    async def delivery_counts(self) -> tuple[Mapping[str, int], int]:
        """Return the number of messages by delivery status, and of those without a final one."""
        await checkpoint()
        counts = Counter(row[1] for row in self.store.deliveries.values())
        with_id = [index for index, outcome in self.store.outcomes.items() if outcome.id is not None]
        return dict(counts), sum(not self._is_final(index) for index in with_id)

    async def opt_outs(self) -> Sequence[str]:
        """Return the numbers that opted out."""
        await checkpoint()
        return list(self.store.opted_out)

    async def add_opt_outs(self, numbers: Sequence[str]) -> None:
        """Add numbers that opted out."""
        store = await self._write()
        store.opted_out.update(dict.fromkeys(numbers))

    async def request(self, stop: StopRequest) -> bool:
        """Ask the writer to stop."""
        await checkpoint()
        if self.store.writer in {None, self}:
            return False
        self.store.asked.add(stop)
        return True

    async def requested(self) -> StopRequest | None:
        """Return what was asked of the writer."""
        await checkpoint()
        return next((stop for stop in (StopRequest.CANCEL, StopRequest.PAUSE) if stop in self.store.asked), None)

    async def clear_request(self) -> None:
        """Forget what was asked."""
        store = await self._write()
        store.asked.clear()

    async def purge(self) -> None:
        """Remove the campaign."""
        await self._write()
        self._clear()

    async def _write(self) -> MemoryStore:
        await checkpoint()
        if self.store.writer is not self:
            raise JournalError(f"{self._name}: the journal is not open for writing")
        return self.store

    def _clear(self) -> None:
        self.store.__init__(writer=self)  # type: ignore[misc]  # journals share this object

    def _messages(self, no: int) -> list[StoredMessage]:
        rows = [self.store.rows[index] for index in self.store.chunks[no].members]
        return [StoredMessage(row[0], row[2], row[3], row[4], str(row[5])) for row in rows]

    def _next_no(self) -> int:
        return max(self.store.chunks) + 1

    def _put_back(self, chunk: _Chunk, indexes: list[int]) -> None:
        if len(indexes) == len(chunk.members):
            chunk.state, chunk.claim = "pending", None
            return
        chunk.members = [index for index in chunk.members if index not in set(indexes)]
        self.store.chunks[self._next_no()] = _Chunk(indexes)

    def _is_decided(self, no: int, outcome: StoredOutcome) -> bool:
        moved = outcome.index not in self.store.chunks[no].members
        return moved or any(
            one.index == outcome.index and one.track_id == outcome.track_id and one.decision is Decision.ACCEPTED
            for one in self.store.decisions
        )

    def _note_late(self, outcome: StoredOutcome) -> None:
        last = [one for one in self.store.decisions if one.index == outcome.index][-1]
        note = f"{outcome.status.value} {outcome.id or outcome.reason or ''}".strip()
        self.store.decisions.append(
            AuditEntry(outcome.index, Decision.LATE_ANSWER, note, outcome.track_id, None, None, last.at)
        )

    def _status_of(self, index: int) -> SendStatus | None:
        outcome = self.store.outcomes.get(index)
        return None if outcome is None else outcome.status

    def _decide(self, index: int, resolution: Resolution, track_id: str, new_id: str | None) -> None:
        store = self.store
        store.decisions.append(
            AuditEntry(
                index, resolution.decision, resolution.note, track_id, new_id, self._status_of(index), resolution.at
            )
        )
        if new_id is None:
            store.outcomes[index] = StoredOutcome(index, track_id, SendStatus.ACCEPTED)
            return
        del store.outcomes[index]
        row = store.rows[index]
        store.rows[index] = (*row[:5], new_id, *row[6:])
        for chunk in store.chunks.values():
            if index in chunk.members:
                chunk.members.remove(index)

    def _is_final(self, index: int) -> bool:
        delivery = self.store.deliveries.get(index)
        return delivery is not None and delivery[2]

    def _result(self, row: MessageRow, *, in_flight: bool) -> CampaignResult:
        index, _, receiver, text, sender, track_id, number, columns = row
        outcome = self.store.outcomes.get(index)
        delivery = self.store.deliveries.get(index)
        result = CampaignResult(
            index,
            receiver,
            SendStatus.UNKNOWN if in_flight else SendStatus.NOT_ATTEMPTED,
            track_id=track_id,
            delivery=None if delivery is None else delivery[1],
            reason=IN_FLIGHT if in_flight else None,
            message=text,
            sender=sender,
            row=number,
            columns=NO_COLUMNS if columns is None else json.loads(columns),
        )
        if outcome is None:
            return result
        return evolve(result, status=outcome.status, id=outcome.id, error=outcome.error, reason=outcome.reason)

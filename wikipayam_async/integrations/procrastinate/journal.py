"""A journal in a database of PostgreSQL."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import anyio

from wikipayam_async.campaigns.errors import JournalBusyError, JournalError
from wikipayam_async.campaigns.journal import (
    Counts,
    DeliveryRow,
    MessageRow,
    PlanBlock,
    Resolution,
    StopRequest,
    StoredChunk,
    StoredOutcome,
)
from wikipayam_async.campaigns.models import AuditEntry, CampaignResult
from wikipayam_async.campaigns.shared import Claim, ClaimStatus, RunState, Turn
from wikipayam_async.checks import check_number
from wikipayam_async.core.limits import RateLimit
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.integrations.connections import check_url
from wikipayam_async.integrations.procrastinate import planning, reading, resolving, running, sending
from wikipayam_async.integrations.procrastinate.database import (
    PATIENCE,
    STALLED_AFTER,
    Database,
    check_seconds,
)
from wikipayam_async.integrations.procrastinate.engine import defer_chunks
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.redact.masks import shape_of

__all__ = ["PostgresJournal"]

P = ParamSpec("P")
T = TypeVar("T")

_NAME = re.compile(r"[^\W_](?:[\w.-]{0,98}[\w])?")
_NO = False
_NO_RUN = RunState(0, active=False, queue=None, terms="", sends=False)


class PostgresJournal:
    """A journal in a database of PostgreSQL, for campaigns that several processes on any machines send.

    A database holds any number of campaigns. The tables are in a schema of their own, `wikipayam`, and are made when the
    database has none. Times are those of the database's clock. Statements run in threads, so the journal works on asyncio
    and on trio. Whoever may read the database may read numbers and texts.

    Args:
        url: The database, such as `postgresql://user:password@host/sms`.
        name: The name of the campaign.
        stalled_after: Seconds without a heartbeat after which a process counts as dead. What it had in flight becomes
            unknown then. The same for all processes.
        patience: Seconds for which statements are tried again while the database is away, once this object writes the
            campaign: a plan or a run goes on when the database is back.
        max_connections: The maximum number of connections of this object, beside one for heartbeats.

    Raises:
        InvalidInputError: An argument is invalid.
    """

    def __init__(
        self,
        url: str,
        name: str,
        *,
        stalled_after: float = STALLED_AFTER,
        patience: float = PATIENCE,
        max_connections: int = 4,
    ) -> None:
        stalled_after, patience = check_seconds(stalled_after, "stalled_after"), check_seconds(patience, "patience")
        check_number(max_connections, field="max_connections", minimum=1)
        database = Database(check_url(url), stalled_after, patience, max_connections)
        del url
        self._set_up(database, name, owned=True)

    @classmethod
    def on(cls, database: Database, name: str) -> Self:
        """Return the journal of a campaign on a database that others use too, and that somebody else closes."""
        journal = cls.__new__(cls)
        journal._set_up(database, name, owned=False)  # noqa: SLF001 - its own class
        return journal

    def _set_up(self, database: Database, name: str, *, owned: bool) -> None:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            rule = "expected the name of a campaign: letters, digits, and . _ - between them, 100 at most"
            raise InvalidInputError("name", rule=rule, got=shape_of(name))
        self._database = database
        self._name = name
        self._owned = owned
        self._campaign: int | None = None
        self._writes = False
        self._planning = False
        self._blocks = 0

    @property
    def name(self) -> str:
        """The name of the campaign."""
        return self._name

    @property
    def database(self) -> Database:
        """The database."""
        return self._database

    async def aclose(self) -> None:
        """End this writer, and close the connections. A plan that was not finished is removed."""
        with anyio.CancelScope(shield=True):
            try:
                await self.discard_plan()
            finally:
                self._writes = False
                if self._owned:
                    await self._database.aclose()

    async def lock(self) -> None:
        """Become a writer, which shows a heartbeat from now on."""
        if self._writes:
            return
        await self._database.enter(self._name, self._name)
        presence = self._worker()
        stalled_after = self._database.stalled_after

        def work(connection: Any) -> int:
            campaign = planning.make_campaign(connection, self._name)
            if not running.is_used(connection, campaign, self._name, stalled_after, but=presence):
                connection.execute(
                    "UPDATE wikipayam.campaign SET request = NULL WHERE id = %s AND request = 'pause'", (campaign,)
                )
            return campaign

        self._campaign = await self._database.run(work, self._name)
        self._writes = True

    async def in_use(self) -> bool:
        """Return whether any process writes the campaign, or workers send it."""
        return await self._read(running.is_used, _NO, self._name, self._database.stalled_after)

    async def is_begun(self) -> bool:
        """Return whether there is a campaign, or what is left of one whose plan was cut off."""
        return await self._read(lambda *_: True, _NO)

    async def read_facts(self) -> Mapping[str, str]:
        """Return the facts of a finished plan."""
        return await self._read(planning.read_facts, {})

    async def write_facts(self, facts: Mapping[str, str]) -> None:
        """Add or replace facts."""
        await self._write(planning.write_facts, facts)

    async def begin_plan(self) -> None:
        """Forget an unfinished plan, unless somebody else makes it now."""
        worker, stalled_after = self._worker(), self._database.stalled_after
        if not await self._write(planning.begin, worker, stalled_after):
            raise JournalBusyError(f"{self._name}: another process plans this campaign, or has planned it meanwhile")
        self._planning, self._blocks = True, 0

    async def add(self, blocks: Sequence[PlanBlock]) -> None:
        """Add blocks to the plan."""
        await self._write(planning.add_blocks, self._blocks, blocks)
        self._blocks += len(blocks)

    async def finish_plan(self, facts: Mapping[str, str]) -> None:
        """Complete the plan."""
        await self._write(planning.finish, facts)
        self._planning = False

    async def discard_plan(self) -> None:
        """Remove an unfinished plan of this process."""
        if self._planning:
            self._planning = False
            await self._remove(patient=False)

    async def read_digests(self, first: int, limit: int) -> Sequence[bytes]:
        """Return digests of blocks."""
        return await self._read(planning.read_digests, [], first, limit)

    async def read_rows(self, first: int, limit: int) -> Sequence[MessageRow]:
        """Return messages."""
        return await self._read(planning.read_rows, [], first, limit)

    async def pending(self, after: int, limit: int) -> Sequence[StoredChunk]:
        """Return pending chunks."""
        return await self._read(reading.read_pending, [], after, limit)

    async def chunk(self, no: int) -> StoredChunk | None:
        """Return a pending chunk."""
        return await self._read(reading.read_chunk, None, no)

    async def claim(self, no: int, token: str) -> bool:
        """Claim a chunk, whether or not there is a run."""
        return await self._write(running.claim, no, token, self._worker(), patient=True)

    async def claim_in_run(self, no: int, token: str, *, run: int, count: int, cost: int, limit: int | None) -> Claim:
        """Claim a chunk within a run."""
        started = time.monotonic()
        terms = running.Claimant(token, self._worker(), run, count, cost, limit)
        answer = await self._write(running.claim_in_run, no, terms, patient=True)
        late = time.monotonic() - started
        if answer.status is ClaimStatus.CLAIMED and late > self._database.stalled_after / 2:
            # Others may take this process for dead by now, and an operator may have decided about the chunk.
            raise JournalError(f"{self._name}: the claim of chunk {no} took {late:.0f} s; it is not sent")
        return answer

    async def settle(self, no: int, token: str, outcomes: Sequence[StoredOutcome]) -> bool:
        """Record the outcomes of a claimed chunk."""
        return await self._write(sending.settle, no, token, outcomes, patient=True)

    async def split(self, no: int, count: int) -> bool:
        """Divide a pending chunk."""
        return await self._write(sending.split, no, count)

    async def recover(self) -> int:
        """Make unknown what is sending and whose owner shows no heartbeat."""
        total = 0
        while count := await self._write(sending.recover, self._database.stalled_after):
            total += count
        return total

    async def counts(self) -> Counts:
        """Return the number of messages in each state."""
        return await self._read(reading.read_counts, Counts())

    async def results(self, after: int, limit: int, status: SendStatus | None = None) -> Sequence[CampaignResult]:
        """Return what is known of messages."""
        return await self._read(reading.read_results, [], after, limit, status)

    async def resolve(self, resolution: Resolution) -> Sequence[str]:
        """Apply an operator's decision."""
        return await self._write(resolving.resolve, resolution, repeat=False)

    async def audit(self, after: int, limit: int) -> Sequence[AuditEntry]:
        """Return decisions."""
        return await self._read(reading.read_audit, [], after, limit)

    async def undelivered(self, after: int, limit: int) -> Sequence[tuple[int, str]]:
        """Return accepted messages without a final delivery."""
        return await self._read(reading.read_undelivered, [], after, limit)

    async def record_deliveries(self, rows: Sequence[DeliveryRow]) -> None:
        """Record delivery statuses."""
        await self._write(reading.record_deliveries, rows)

    async def delivery_counts(self) -> tuple[Mapping[str, int], int]:
        """Return the number of messages by delivery status, and of those without a final one."""
        return await self._read(reading.read_delivery_counts, ({}, 0))

    async def opt_outs(self) -> Sequence[str]:
        """Return the numbers that opted out."""
        return await self._read(reading.read_opt_outs, [])

    async def add_opt_outs(self, numbers: Sequence[str]) -> None:
        """Add numbers that opted out."""
        await self._write(reading.add_opt_outs, numbers)

    async def request(self, stop: StopRequest) -> bool:
        """Stop the run in all its processes; without one, ask the process that writes the campaign to stop."""
        name, stalled_after = self._name, self._database.stalled_after
        own = self._database.presence
        but = 0 if own is None else own.id

        def work(connection: Any) -> bool:
            campaign = planning.find_campaign(connection, name)
            return campaign is not None and running.request(connection, campaign, name, stalled_after, stop, but)

        return await self._database.run(work, name)

    async def requested(self) -> StopRequest | None:
        """Return what was asked of the writers."""
        found = await self._read(running.read_request, None)
        return None if found is None else StopRequest(found)

    async def clear_request(self) -> None:
        """Forget what was asked."""
        await self._read(running.clear_request, None)

    async def purge(self) -> None:
        """Delete the campaign with everything that it holds. The database overwrites it when it vacuums."""
        stalled_after, own = self._database.stalled_after, self._worker()
        if await self._write(running.is_used, self._name, stalled_after, own):
            raise JournalBusyError(f"{self._name}: other processes send or write this campaign; pause it first")
        await self._remove(patient=self._owned)

    async def start_run(self, terms: str, *, after: int, queue: str | None, priority: int, spent: int) -> bool:
        """Make a run active, unless another one was started meanwhile; this process sends it if workers do not."""

        def work(connection: Any, campaign: int) -> bool:
            started = running.start_run(connection, campaign, after, terms, queue, priority, spent)
            presence = self._database.presence
            if started and queue is None and presence is not None:
                presence.sends = True
                presence.write_row(connection)
            return started

        return await self._write(work, repeat=False)

    async def join_run(self) -> None:
        """Note that this process sends messages of the run."""
        await self._show(sends=True)

    async def leave_run(self) -> None:
        """Note that this process sends none of it any more."""
        await self._show(sends=False)

    async def run_state(self) -> RunState:
        """Return the state of the run."""
        return await self._read(running.read_run, _NO_RUN, self._name, self._database.stalled_after)

    async def stop_run(self, number: int | None, stop: StopRequest, reason: str) -> bool:
        """Stop the run in all its processes."""
        return await self._write(running.stop_run, number, stop, reason, patient=True)

    async def complete_run(self) -> bool:
        """End the run if nothing is left of it."""
        return await self._write(running.complete_run)

    async def show(self, waiting: str) -> None:
        """Note what an active run waits for; nothing if it goes on."""
        await self._write(running.show, waiting)

    async def is_sent(self) -> bool:
        """Return whether the run is active, and somebody sends it."""
        return await self._read(running.is_sent, _NO, self._name, self._database.stalled_after)

    async def turn(self, account: str, rate: RateLimit | None, messages: int) -> Turn:
        """Ask for leave to send a request."""
        return await self._write(running.take_turn, account, rate, messages, patient=True)

    async def release(self, rials: int, *, run: int) -> None:
        """Give back what a run reserved and did not spend."""
        await self._write(running.release, rials, run, repeat=False)

    async def enqueue(self) -> int:
        """Give jobs to the workers for pending chunks that have none."""
        return await self._write(defer_chunks, repeat=False)

    def count_sent(self, messages: int) -> None:
        """Count messages for the table of workers."""
        if self._database.presence is not None:
            self._database.presence.count(messages)

    async def _show(self, *, sends: bool) -> None:
        presence = await self._database.enter(self._name, self._name)
        presence.sends = sends or presence.campaign is None
        await self._write(presence.write_row)

    async def _remove(self, *, patient: bool) -> None:
        await self._write(planning.remove, patient=patient)
        self._campaign, self._writes = None, False
        if self._owned:
            await self._database.leave()

    def _worker(self) -> int:
        if self._database.presence is None:
            raise JournalError(f"{self._name}: the journal is not open for writing")
        return self._database.presence.id

    async def _read(
        self, call: Callable[Concatenate[Any, int, P], T], nothing: T, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do something with the campaign, if there is one."""

        def work(connection: Any) -> T:
            campaign = self._campaign or planning.find_campaign(connection, self._name)
            return nothing if campaign is None else call(connection, campaign, *args, **kwargs)

        return await self._database.run(work, self._name, transaction=False, patient=self._owned and self._writes)

    async def _write(
        self, call: Callable[..., T], *args: object, repeat: bool = True, patient: bool | None = None
    ) -> T:
        """Do something with the campaign that this object writes.

        A worker has many campaigns, so that its journals are patient only with what must not be lost.
        """
        campaign = self._campaign
        if not self._writes or campaign is None:
            raise JournalError(f"{self._name}: the journal is not open for writing")
        return await self._database.run(
            lambda connection: call(connection, campaign, *args),
            self._name,
            repeat=repeat,
            patient=self._owned if patient is None else patient,
        )

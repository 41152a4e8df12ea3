"""What a worker does with a job, and what it looks after between jobs."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import anyio
from attrs import evolve, field, frozen
from procrastinate.manager import JobManager

from wikipayam_async.campaigns.errors import CampaignError, JournalError
from wikipayam_async.campaigns.facts import account_difference, client_differences, read_facts
from wikipayam_async.campaigns.optouts import OptOuts
from wikipayam_async.campaigns.shared import queue_of
from wikipayam_async.campaigns.shared_sender import ChunkEnd, SentChunk, SharedSender
from wikipayam_async.campaigns.sharing import account_of
from wikipayam_async.campaigns.terms import RunTerms
from wikipayam_async.client import AsyncWikipayam
from wikipayam_async.integrations.procrastinate.database import Database
from wikipayam_async.integrations.procrastinate.engine import TASK, TOP_UP
from wikipayam_async.integrations.procrastinate.journal import PostgresJournal

__all__ = ["ChunkWork"]

logger = logging.getLogger("wikipayam_async")

_UNREACHED_DELAYS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between attempts of a worker whose gateway cannot be reached."""


@frozen
class _Queued:
    """A campaign that is queued for workers of this queue."""

    id: int
    name: str
    terms: str = field(repr=False)
    now: datetime


class ChunkWork:
    """Sends the chunks that jobs name, for the campaigns of one account and line.

    Args:
        client: The client.
        database: The database; somebody else closes it.
        name: The name of the worker.
        sleep: Sleeps for seconds; it may return earlier once `stopped` returns True.
        stopped: Returns whether this process is to stop.

    Attributes:
        waiting: The number of messages that wait in the campaigns of this queue, as of the last sweep.
        healthy: Whether the last sweep succeeded and the gateway was reached.
    """

    def __init__(
        self,
        client: AsyncWikipayam,
        database: Database,
        name: str,
        *,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._client = client
        self._database = database
        self._name = name
        self._sleep = sleep
        self._stopped = stopped
        self._senders: dict[int, SharedSender] = {}
        self._unfinished: list[SharedSender] = []
        self._turns = anyio.Lock()
        self._opening = anyio.Lock()
        self._unreached = 0
        self._swept = False
        self.waiting = 0
        self._account: int | None = None
        self._queue: str | None = None

    @property
    def healthy(self) -> bool:
        """Whether the last sweep succeeded and the gateway was reached."""
        return self._swept and not self._unreached

    async def queue(self) -> str:
        """Return the queue of the client's account and line, and show from now on that this worker lives.

        Raises:
            APIStatusError: The gateway refused the balance request, for example because the token is wrong.
            APIConnectionError: The gateway could not be reached.
            JournalError: The database cannot be used.
        """
        async with self._opening:
            if self._queue is None:
                self._account = await account_of(self._client)
                await self._database.enter(None, self._name)
                self._queue = queue_of(self._account, self._client.sender, self._client.api_prefix)
        return self._queue

    async def send(self, campaign: int, no: int) -> None:
        """Send a chunk, if it is pending and may be sent now; otherwise a later job does."""
        try:
            await self.queue()
            sent = await self._send(campaign, no)
        except JournalError as error:
            logger.warning("chunk %d was not sent, or its outcome was not written: %s", no, error)
            return
        except CampaignError as error:
            logger.error("chunk %d is not sent by this worker: %s", no, error)
            return
        if sent is not None:
            await self._note(campaign, no, sent)

    async def _send(self, campaign: int, no: int) -> SentChunk | None:
        """Send a chunk in the run that is active now."""
        for _ in range(2):  # a sender of an earlier run finds that it is over
            sender = await self._sender(campaign)
            if sender is None:
                return None
            try:
                sent = await sender.send(no)
            except JournalError:
                self._set_aside(campaign, sender)
                raise
            if sent.end is not ChunkEnd.STOPPED or sent.error is not None:
                return sent
            self._set_aside(campaign, sender)
        await self.finish()
        return None

    def _set_aside(self, campaign: int, sender: SharedSender) -> None:
        """Let the next chunk have a new sender; sweeps write what this one could not write."""
        if self._senders.get(campaign) is sender:
            del self._senders[campaign]
        if sender not in self._unfinished:
            self._unfinished.append(sender)

    async def finish(self) -> None:
        """Write the outcomes that could not be written before, and take back claims under which nothing was sent."""
        for sender in [*self._unfinished]:
            with suppress(JournalError):
                await sender.take_back()
            if not sender.has_rest:
                self._unfinished.remove(sender)

    async def _sender(self, campaign: int) -> SharedSender | None:
        sender = self._senders.get(campaign)
        if sender is None:
            sender = await self._make_sender(campaign)
            if sender is not None:
                sender = self._senders.setdefault(campaign, sender)
        return sender

    async def _make_sender(self, campaign: int) -> SharedSender | None:
        """Return a sender for a campaign's run; None if none is active.

        Raises:
            PlanChangedError: The client's account, line or prefix is not that of the plan.
        """
        name = await self._database.run(lambda connection: _name_of(connection, campaign), self._name)
        if name is None:
            return None
        journal = PostgresJournal.on(self._database, name)
        state = await journal.run_state()
        facts = read_facts(name, await journal.read_facts())
        if not state.active or facts is None:
            return None
        client_differences(facts, evolve(facts.options, line=self._client.sender), self._client.api_prefix)
        account_difference(facts, self._account)
        await journal.lock()
        return SharedSender(
            journal,
            self._client,
            facts,
            RunTerms.load(state.terms),
            state.number,
            OptOuts(await journal.opt_outs(), None),
            turns=self._turns,
            sleep=self._sleep,
            stopped=self._stopped,
        )

    async def _note(self, campaign: int, no: int, sent: SentChunk) -> None:
        if sent.end is ChunkEnd.UNREACHED:
            delay = _UNREACHED_DELAYS[min(self._unreached, len(_UNREACHED_DELAYS) - 1)]
            self._unreached += 1
            await self._show(f"the gateway cannot be reached: {type(sent.error).__name__}")
            logger.warning("worker %s: the gateway cannot be reached; the next attempt is in %g s", self._name, delay)
            await self._sleep(delay)
        elif sent.end is ChunkEnd.SENT:
            self._unreached = 0
            await self._show(None)
        sender = self._senders.get(campaign)
        if sender is not None and no % TOP_UP == 0:
            try:
                await sender.journal.enqueue()
            except JournalError as error:
                logger.warning("worker %s: the next jobs were not queued: %s", self._name, error)

    async def _show(self, note: str | None) -> None:
        (await self._database.enter(None, self._name)).note = note

    async def sweep(self, jobs: JobManager) -> None:
        """Take over what dead workers left: their jobs go back to the queue, what they had in flight becomes unknown.

        Nothing is judged by heartbeats before this worker's own have been written for longer than the stall limit.

        Raises:
            JournalError: The database cannot be used.
            ConnectorException: As above, from procrastinate.
        """
        self._swept = False
        queue, presence = await self.queue(), self._database.presence
        await self.finish()
        steady = presence is not None and presence.steady
        for campaign in await self._database.run(lambda connection: _queued(connection, queue), self._name):
            await self._look_after(campaign, steady=steady)
        if steady:
            stalled = await jobs.get_stalled_jobs(
                queue=queue, task_name=TASK, seconds_since_heartbeat=self._database.stalled_after
            )
            for job in stalled:
                logger.warning("worker %s: job %s of a dead worker goes back to the queue", self._name, job.id)
                await jobs.retry_job(job)
        self.waiting = await self._database.run(lambda connection: _waiting(connection, queue), self._name)
        self._swept = True

    async def _look_after(self, campaign: _Queued, *, steady: bool) -> None:
        journal = PostgresJournal.on(self._database, campaign.name)
        await journal.lock()
        if steady and (unknown := await journal.recover()):
            logger.warning(
                "campaign %s: %d messages of a dead process are unknown now; look them up before you requeue them",
                campaign.name,
                unknown,
            )
        if await journal.complete_run():
            logger.info("campaign %s: completed", campaign.name)
            return
        hours = RunTerms.load(campaign.terms).sending_hours
        waiting = ""
        if hours is not None and not hours.is_open(campaign.now):
            waiting = f"waiting for the sending hours, until {hours.next_opening(campaign.now):%Y-%m-%d %H:%M %Z}"
        else:
            await journal.enqueue()
        facts = await journal.read_facts()
        if facts.get("status") == "running" and facts.get("reason") != waiting:
            await journal.show(waiting)


def _name_of(connection: Any, campaign: int) -> str | None:
    row = connection.execute("SELECT name FROM wikipayam.campaign WHERE id = %s", (campaign,)).fetchone()
    return None if row is None else row[0]


def _queued(connection: Any, queue: str) -> Sequence[_Queued]:
    rows = connection.execute(
        "SELECT id, name, terms, clock_timestamp() FROM wikipayam.campaign WHERE active AND queue = %s ORDER BY id",
        (queue,),
    )
    return [_Queued(*row) for row in rows]


def _waiting(connection: Any, queue: str) -> int:
    row = connection.execute(
        "SELECT coalesce(sum(c.count), 0) FROM wikipayam.campaign p JOIN wikipayam.chunk c ON c.campaign = p.id "
        "WHERE p.active AND p.queue = %s AND c.state = 'pending'",
        (queue,),
    ).fetchone()
    return int(row[0])

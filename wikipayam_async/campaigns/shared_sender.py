"""Sends single chunks of a campaign that several processes send at once."""

from __future__ import annotations

import enum
import logging
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import anyio
from attrs import field, frozen

from wikipayam_async.bulk.hooks import OutgoingMessage
from wikipayam_async.bulk.options import BulkOptions
from wikipayam_async.bulk.results import SendResult
from wikipayam_async.bulk.source import SourceChunk
from wikipayam_async.campaigns.errors import CampaignError, JournalError
from wikipayam_async.campaigns.facts import CampaignFacts
from wikipayam_async.campaigns.journal import StopRequest, StoredChunk, StoredOutcome
from wikipayam_async.campaigns.optouts import OptOuts
from wikipayam_async.campaigns.rules import LIMIT_REACHED, Spending
from wikipayam_async.campaigns.shared import Claim, ClaimStatus, SharedJournal
from wikipayam_async.campaigns.source import Flight, outgoing_chunk
from wikipayam_async.campaigns.terms import RunTerms
from wikipayam_async.campaigns.writer import OutcomeWriter, stored_outcome
from wikipayam_async.client import AsyncWikipayam
from wikipayam_async.errors import APIConnectionError, SuppressedError, WikipayamError
from wikipayam_async.outcomes import SendStatus

__all__ = ["ChunkEnd", "SentChunk", "SharedSender"]

logger = logging.getLogger("wikipayam_async")

_NEXT_LOOK = 0.25
"""Seconds until money that is reserved for requests in flight is looked for again."""


class ChunkEnd(enum.Enum):
    """How the sending of a chunk ended."""

    SENT = enum.auto()
    """Its outcomes are recorded."""
    TAKEN = enum.auto()
    """Another process has it, or it is no longer what it was."""
    STOPPED = enum.auto()
    """The run was stopped, here or elsewhere."""
    CLOSED = enum.auto()
    """It is not the time to send."""
    UNREACHED = enum.auto()
    """The gateway could not be reached; it is pending as before."""


@frozen
class SentChunk:
    """The result of sending one chunk.

    Attributes:
        end: How it ended.
        counts: The number of messages by outcome.
        opening: When sending is allowed again, if it is not the time to send.
        error: The error of the gateway that ended it.
    """

    end: ChunkEnd
    counts: Counter[SendStatus] = field(factory=Counter)
    opening: datetime | None = None
    error: WikipayamError | None = None


class _NotNowError(CampaignError):
    """The chunk is not sent now, and not because of its messages."""

    def __init__(self, end: ChunkEnd, opening: datetime | None = None, claim: Claim | None = None) -> None:
        super().__init__(f"not sent now: {end.name.lower()}")
        self.end = end
        self.opening = opening
        self.claim = claim


class SharedSender:
    """Sends chunks of one run, any number at once.

    Args:
        journal: The journal.
        client: The client.
        facts: The facts of the campaign.
        terms: What all processes of the run obey.
        run: The number of the run.
        opt_outs: Holds messages back.
        turns: A lock that all senders of this process and account share: one of them waits for the rate at a time.
        sleep: Sleeps for seconds; it may return earlier once `stopped` returns True.
        stopped: Returns whether this process is to stop.

    Attributes:
        attempted: The number of messages that were attempted, by outcome.
    """

    def __init__(
        self,
        journal: SharedJournal,
        client: AsyncWikipayam,
        facts: CampaignFacts,
        terms: RunTerms,
        run: int,
        opt_outs: OptOuts,
        *,
        turns: anyio.Lock,
        sleep: Callable[[float], Awaitable[None]],
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self.journal = journal
        self.client = client
        self.facts = facts
        self.terms = terms
        self.run = run
        self.opt_outs = opt_outs
        self.turns = turns
        self.sleep = sleep
        self.stopped = stopped
        self.writer = OutcomeWriter(journal, sleep)
        self.attempted: Counter[SendStatus] = Counter()
        self._spending = None if terms.spending_limit is None else Spending(terms.spending_limit)
        self._doubtful: list[tuple[Flight, Sequence[StoredOutcome]]] = []

    async def send(self, no: int, chunk: StoredChunk | None = None) -> SentChunk:
        """Send a chunk, if it is pending and may be sent now.

        Args:
            no: Its number.
            chunk: The chunk, if it was read a moment ago.

        Raises:
            JournalError: The journal cannot be used. What the gateway answered is recorded, or is in the log.
        """
        await self.take_back()
        chunk = chunk or await self.journal.chunk(no)
        while chunk is not None:
            most = self.terms.batch_size
            if most is not None and len(chunk.messages) > most:
                chunk = await self._divide(chunk, most)
                continue
            attempt = _Attempt(self, chunk)
            sent = await attempt.run()
            claim = attempt.over_the_limit
            if claim is None:
                return sent
            chunk = await self._afford(chunk, claim)
        return SentChunk(ChunkEnd.TAKEN)

    @property
    def has_rest(self) -> bool:
        """Whether `take_back` has something to do."""
        return self.writer.has_rest or bool(self._doubtful)

    async def take_back(self) -> None:
        """Take back claims whose commit was not confirmed, and under which nothing was sent; write what is unwritten."""
        await self.writer.write_rest()
        rest, self._doubtful = self._doubtful, []
        try:
            while rest:
                flight, outcomes = rest[-1]
                await self.journal.settle(flight.no, flight.token or "", outcomes)
                rest.pop()
        finally:
            self._doubtful += rest

    async def doubt(self, flight: Flight, outcomes: Sequence[StoredOutcome]) -> None:
        """Take back a claim that may have been made; nothing was sent under it."""
        self._doubtful.append((flight, outcomes))
        with suppress(JournalError):
            await self.take_back()

    def costs_of(self, chunk: StoredChunk) -> list[int]:
        """Return the cost of each message, in rials; 0 without a spending limit."""
        return [self._cost_of(message.text, message.sender, message.receiver) for message in chunk.messages]

    def spent_on(self, results: Sequence[SendResult]) -> int:
        """Return the cost of the messages that were or may have been accepted, in rials; 0 without a spending limit."""
        charged = [one.message for one in results if one.status in {SendStatus.ACCEPTED, SendStatus.UNKNOWN}]
        return sum(self._cost_of(one.message or "", one.sender, one.receiver) for one in charged)

    def _cost_of(self, text: str, sender: str | None, receiver: str) -> int:
        if self._spending is None:
            return 0
        return self._spending.cost_of(text, sender or self.facts.options.line, receiver)

    async def _divide(self, chunk: StoredChunk, count: int) -> StoredChunk | None:
        """Leave the first messages in a chunk; the others become a chunk of their own."""
        if await self.journal.split(chunk.no, count):
            return await self.journal.chunk(chunk.no)
        return None

    async def _afford(self, chunk: StoredChunk, claim: Claim) -> StoredChunk | None:
        """Return what the spending limit allows of a chunk; wait while requests in flight may turn out to cost nothing.

        None if nothing is left; then the campaign is paused for all.
        """
        limit = self.terms.spending_limit
        left = max(0, (0 if limit is None else limit.rials) - claim.spent)
        rest, count = left, 0
        for cost in self.costs_of(chunk):
            rest -= cost
            if rest < 0:
                break
            count += 1
        if count:
            return await self._divide(chunk, count)
        if claim.sending:
            await self.sleep(_NEXT_LOOK)
            return await self.journal.chunk(chunk.no)
        reason = f"{LIMIT_REACHED}: {claim.spent:,} rials are spent, {left:,} are left"
        await self.journal.stop_run(self.run, StopRequest.PAUSE, reason)
        return None


class _Attempt:
    """One attempt to send a chunk: the hooks of its bulk send."""

    def __init__(self, sender: SharedSender, chunk: StoredChunk) -> None:
        self._sender = sender
        self._chunk = chunk
        self._flight: Flight
        self._refusal: _NotNowError | None = None
        self._failure: JournalError | None = None
        self._error: WikipayamError | None = None
        self._counts: Counter[SendStatus] = Counter()
        self._cost = sum(sender.costs_of(chunk))

    @property
    def over_the_limit(self) -> Claim | None:
        """The answer to the claim, if the chunk costs more than is left."""
        return None if self._refusal is None else self._refusal.claim

    async def run(self) -> SentChunk:
        """Send it."""
        sender = self._sender
        outgoing = await outgoing_chunk(0, self._chunk, sender.facts.options, sender.opt_outs)
        self._flight = Flight(self._chunk, 0 if outgoing.chunk is None else len(outgoing.chunk), self._cost)
        bulk = BulkOptions(
            batch_size=max(1, len(self._chunk.messages)),
            concurrency=1,
            stop_on_error=sender.terms.stop_on_error,
            before_send=self._before_send,
            withdraw=self._withdraw,
            after_send=self._after_send,
            wait_turn=self._wait_turn,
        )
        async with sender.client.sms.bulk_with(_One(outgoing), bulk, timeout=sender.terms.timeout) as run:
            while await run.take() is not None:
                pass
        if self._failure is not None:
            raise self._failure
        if self._refusal is not None:
            return SentChunk(self._refusal.end, self._counts, self._refusal.opening)
        return await self._end(run.stopped_by)

    async def _end(self, error: WikipayamError | None) -> SentChunk:
        if error is not None and not isinstance(error, APIConnectionError):
            await self._sender.journal.stop_run(self._sender.run, StopRequest.PAUSE, str(error))
            return SentChunk(ChunkEnd.STOPPED, self._counts, error=error)
        if self._counts[SendStatus.NOT_ATTEMPTED] and isinstance(self._error, APIConnectionError):
            return SentChunk(ChunkEnd.UNREACHED, self._counts, error=self._error)
        return SentChunk(ChunkEnd.SENT, self._counts)

    async def _wait_turn(self, batch: Sequence[OutgoingMessage]) -> None:
        """Wait for the rate of the account and for nothing else: what is not for now is left to a later attempt."""
        sender = self._sender
        try:
            async with sender.turns:
                self._check_stop()
                turn = await sender.journal.turn(str(sender.facts.account or ""), sender.terms.rate_limit, len(batch))
                if not turn.active:
                    raise self._refuse(_NotNowError(ChunkEnd.STOPPED))
                self._check_hours(turn.at + timedelta(seconds=turn.delay))
                if turn.delay:
                    await sender.sleep(turn.delay)
                    self._check_stop()
        except JournalError as error:
            self._failure = error
            raise
        self._at, self._since = turn.at + timedelta(seconds=turn.delay), anyio.current_time()

    def _check_stop(self) -> None:
        if self._sender.stopped():
            raise self._refuse(_NotNowError(ChunkEnd.STOPPED))

    def _check_hours(self, at: datetime) -> None:
        hours = self._sender.terms.sending_hours
        if hours is not None and not hours.is_open(at):
            raise self._refuse(_NotNowError(ChunkEnd.CLOSED, hours.next_opening(at)))

    def _refuse(self, refusal: _NotNowError) -> _NotNowError:
        self._refusal = refusal
        return refusal

    async def _before_send(self, _: Sequence[OutgoingMessage]) -> None:
        """Commit the intent. Called after every wait, once, also for a chunk that is sent in pieces."""
        self._check_hours(self._at + timedelta(seconds=anyio.current_time() - self._since))
        await self._claim()

    async def _claim(self) -> None:
        sender, flight = self._sender, self._flight
        flight.token = secrets.token_hex(8)
        limit = sender.terms.spending_limit
        try:
            claim = await sender.journal.claim_in_run(
                flight.no,
                flight.token,
                run=sender.run,
                count=flight.count,
                cost=self._cost,
                limit=None if limit is None else limit.rials,
            )
        except JournalError as error:
            self._failure = error
            raise
        if claim.status is ClaimStatus.CLAIMED:
            flight.claimed = True
            return
        flight.token = None
        ends = {ClaimStatus.STOPPED: ChunkEnd.STOPPED}
        over = claim if claim.status is ClaimStatus.LIMIT else None
        raise self._refuse(_NotNowError(ends.get(claim.status, ChunkEnd.TAKEN), claim=over))

    async def _withdraw(self, _: Sequence[OutgoingMessage]) -> None:
        """Take the intent back before another wait of the whole chunk."""
        flight = self._flight
        await self._sender.journal.settle(flight.no, flight.token or "", self._nothing())
        flight.token, flight.claimed = None, False
        await self._release(0)

    def _nothing(self) -> list[StoredOutcome]:
        return [StoredOutcome(one.index, one.track_id, SendStatus.NOT_ATTEMPTED) for one in self._chunk.messages]

    async def _after_send(self, results: Sequence[SendResult]) -> None:
        """Commit the outcomes. Never cancelled."""
        flight, sender = self._flight, self._sender
        outcomes = list(map(stored_outcome, results))
        self._counts = Counter(outcome.status for outcome in outcomes)
        self._error = next((one.error for one in results if one.status is SendStatus.NOT_ATTEMPTED), None)
        if flight.token is None:
            if self._counts[SendStatus.NOT_ATTEMPTED]:
                return  # it is pending as before; what an opt-out held back of it is held back again
            await self._claim_held_back()
        if not flight.claimed:
            if flight.token is not None:
                await sender.doubt(flight, self._nothing())
            return
        try:
            await sender.writer.write(flight, results)
        except JournalError as error:
            self._failure = error
            raise
        held_back = sum(isinstance(result.error, SuppressedError) for result in results)
        sender.attempted.update(self._counts)
        sender.attempted[SendStatus.REJECTED] -= held_back
        sender.journal.count_sent(flight.count - self._counts[SendStatus.NOT_ATTEMPTED])
        await self._release(sender.spent_on(results))

    async def _claim_held_back(self) -> None:
        """Claim a chunk of which every message is held back; another process may have been faster."""
        with suppress(_NotNowError):
            await self._claim()

    async def _release(self, spent: int) -> None:
        if self._cost > spent:
            with suppress(JournalError):  # then the limit is reached a little earlier
                await self._sender.journal.release(self._cost - spent, run=self._sender.run)


class _One:
    """A source of one chunk."""

    def __init__(self, chunk: SourceChunk) -> None:
        self._chunk: SourceChunk | None = chunk

    async def pull(self, stopped_by: WikipayamError | None = None) -> SourceChunk | None:  # noqa: ARG002 - of the protocol
        """Return the chunk; then None."""
        chunk, self._chunk = self._chunk, None
        return chunk

    def remains(self) -> SourceChunk | None:
        """Return None: what was not sent is pending in the journal."""
        return None

    async def aclose(self) -> None:
        """Do nothing."""

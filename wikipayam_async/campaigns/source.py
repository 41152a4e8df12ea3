"""The pending messages of a journal as the chunks of a bulk send."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence

import anyio
from attrs import define, evolve

from wikipayam_async.bulk.chunker import Chunk
from wikipayam_async.bulk.results import SendResult
from wikipayam_async.bulk.source import SourceChunk
from wikipayam_async.campaigns.journal import Journal, StoredChunk, StoredMessage
from wikipayam_async.campaigns.optouts import OptOuts
from wikipayam_async.campaigns.planner import PlanOptions
from wikipayam_async.campaigns.rules import LIMIT_REACHED, Spending
from wikipayam_async.errors import InvalidInputError, WikipayamError
from wikipayam_async.messages.columns import MessageColumn, picked
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.messages.payload_columns import batch_of, prepare_messages
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.outcomes import SendStatus

__all__ = ["Flight", "JournalSource", "outgoing_chunk"]


@define(eq=False)
class Flight:
    """A chunk between the journal and its outcomes.

    Attributes:
        chunk: The chunk as it is in the journal.
        sent: The number of its messages that no opt-out holds back.
        cost: What was reserved of the spending limit.
        token: The token of the claim, once it was made or tried.
        claimed: Whether the claim is known to have been made.
    """

    chunk: StoredChunk
    sent: int
    cost: int = 0
    token: str | None = None
    claimed: bool = False

    @property
    def no(self) -> int:
        """Its number in the journal."""
        return self.chunk.no

    @property
    def count(self) -> int:
        """The number of its messages."""
        return len(self.chunk.messages)


class JournalSource:
    """Reads the pending chunks of a journal, in the order of their numbers; the `ChunkSource` of a campaign's run.

    Args:
        journal: The journal.
        options: The options of the plan.
        opt_outs: Holds messages back.
        spending: The spending limit, if there is one.
        wait: Awaited before a chunk is read: for the sending hours.
        read_ahead: The number of chunks to read at once.
        most: The maximum number of messages per request; larger chunks are divided. None means as planned.

    Attributes:
        flights: The chunks that were handed out and have no outcomes yet, by the index of each of their messages.
        settled: Replaced by a new event and set, whenever a flight ends.
        exhausted: Why the source ended before its end; None if it did not.
    """

    def __init__(
        self,
        journal: Journal,
        options: PlanOptions,
        opt_outs: OptOuts,
        spending: Spending | None,
        wait: Callable[[], Awaitable[object]],
        read_ahead: int,
        most: int | None = None,
    ) -> None:
        self._journal = journal
        self._options = options
        self._opt_outs = opt_outs
        self._spending = spending
        self._wait = wait
        self._read_ahead = read_ahead
        self._most = most
        self._ready: deque[StoredChunk] = deque()
        self._after = -1
        self._pulls = 0
        self.flights: dict[int, Flight] = {}
        self.settled = anyio.Event()
        self.exhausted: str | None = None

    async def pull(self, stopped_by: WikipayamError | None = None) -> SourceChunk | None:
        """Return the next chunk; None at the end, or if the run was stopped: what is left stays pending."""
        if stopped_by is not None or self.exhausted is not None:
            return None
        await self._wait()
        chunk = await self._next()
        if chunk is None:
            return None
        if self._most is not None and len(chunk.messages) > self._most:
            chunk = await self._divide(chunk, self._most)
        cost = 0
        if self._spending is not None:
            chunk, cost = await self._afford(self._spending, chunk)
            if chunk is None:
                return None
        number, self._pulls = self._pulls, self._pulls + 1
        outgoing = await outgoing_chunk(number, chunk, self._options, self._opt_outs)
        flight = Flight(chunk, 0 if outgoing.chunk is None else len(outgoing.chunk), cost)
        self.flights.update((message.index, flight) for message in chunk.messages)
        return outgoing

    def remains(self) -> SourceChunk | None:
        """Return None: what was not pulled is pending in the journal."""
        return None

    async def aclose(self) -> None:
        """Do nothing: the journal is its campaign's."""

    def end_flight(self, indexes: Iterable[int]) -> Flight:
        """Remove and return the flight of a chunk, given the indexes of its messages."""
        flights = [self.flights.pop(index) for index in indexes]
        self.settled.set()
        self.settled = anyio.Event()
        return flights[0]

    async def _next(self) -> StoredChunk | None:
        while not self._ready:
            found = await self._journal.pending(self._after, self._read_ahead)
            if not found:
                return None
            self._after = found[-1].no
            self._ready.extend(chunk for chunk in found if chunk.messages)
        return self._ready.popleft()

    async def _divide(self, chunk: StoredChunk, count: int) -> StoredChunk:
        """Leave the first messages in a chunk; the others become a chunk that is read later."""
        await self._journal.split(chunk.no, count)
        return evolve(chunk, messages=chunk.messages[:count])

    async def _afford(self, spending: Spending, chunk: StoredChunk) -> tuple[StoredChunk | None, int]:
        """Return what the limit allows of a chunk, and its cost; wait while messages in flight may turn out free."""
        line = self._options.line
        costs = [spending.cost_of(message.text, message.sender or line, message.receiver) for message in chunk.messages]
        while not (count := spending.fitting(costs)) and spending.in_flight:
            await self.settled.wait()
        if not count:
            self.exhausted = f"{LIMIT_REACHED}: {spending.spent:,} rials are spent, {spending.left:,} are left"
            return None, 0
        if count < len(costs):
            chunk = await self._divide(chunk, count)
        cost = sum(costs[:count])
        spending.reserve(cost)
        return chunk, cost


async def outgoing_chunk(number: int, chunk: StoredChunk, options: PlanOptions, opt_outs: OptOuts) -> SourceChunk:
    """Return a stored chunk as a bulk send takes it, without the messages that are held back.

    Args:
        number: The number of the chunk in the bulk send.
        chunk: The chunk.
        options: The options of the plan.
        opt_outs: Holds messages back.
    """
    messages = _messages_of(chunk.messages)
    payloads, refused = prepare_messages(
        messages, sender=options.line, track_ids=_NO_IDS, normalize=False, validate=options.validate
    )
    sent = [position for position in range(len(messages)) if position not in refused]
    if opt_outs.active:
        kept: list[int] = []
        for at, (position, payload) in enumerate(zip(sent, payloads, strict=True)):
            verdict = await opt_outs.check(payload.receiver, payload.text)
            if verdict is None:
                kept.append(at)
            else:
                refused[position] = verdict
        if len(kept) < len(sent):
            sent, payloads = [sent[at] for at in kept], picked(payloads, kept)
    indexes = [message.index for message in chunk.messages]
    outgoing = None
    if sent:
        taken = messages if len(sent) == len(messages) else picked(messages, sent)
        outgoing = Chunk([indexes[position] for position in sent], batch_of(taken, payloads))
    results = [_held_back(indexes[position], messages[position], refused[position]) for position in sorted(refused)]
    return SourceChunk(number, outgoing, results)


def _messages_of(stored: Sequence[StoredMessage]) -> Sequence[SmsMessage]:
    """Return stored messages as a bulk send takes them: as a column, if they are from one line."""
    senders = {message.sender for message in stored}
    if len(senders) != 1:
        return [SmsMessage(one.receiver, one.text, sender=one.sender, track_id=one.track_id) for one in stored]
    texts = [message.text for message in stored]
    return MessageColumn(
        [message.receiver for message in stored],
        texts,
        is_one_text=len(set(texts)) == 1,
        sender=senders.pop(),
        track_ids=[message.track_id for message in stored],
    )


_NO_IDS = TrackIds()
"""Every message of a journal has a track id."""


def _held_back(index: int, message: SmsMessage, error: Exception) -> SendResult:
    invalid = InvalidInputError("message", rule="expected what was planned", got=f"a {type(error).__name__}")
    known = error if isinstance(error, WikipayamError) else invalid
    return SendResult(index, message, SendStatus.REJECTED, error=known, track_id=message.track_id)

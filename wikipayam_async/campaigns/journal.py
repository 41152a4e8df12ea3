"""What keeps a campaign: the protocol of a journal, and the rows that go in and out of it.

A journal is only a table: what a campaign does, and in which order, is decided in `campaign.py`, `planner.py` and
`runner.py`. What makes a campaign crash-safe is in two methods: `claim`, which moves a chunk from pending to sending by
compare-and-set and is durable when it returns, and `settle`, which replaces the claim with outcomes.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

from attrs import field, frozen

from wikipayam_async.campaigns.models import AuditEntry, CampaignResult, CampaignStatus, Decision
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.redact.masks import mask_number, mask_text

__all__ = [
    "ChunkRow",
    "Counts",
    "DeliveryRow",
    "Journal",
    "MessageRow",
    "PlanBlock",
    "Resolution",
    "StopRequest",
    "StoredChunk",
    "StoredMessage",
    "StoredOutcome",
    "settled_counts",
]

MessageRow: TypeAlias = tuple[int, int | None, str, str, str | None, str | None, int | None, str | None]
"""A planned message: index, chunk (None if it is held back), receiver, text, line, track id, row, columns (JSON).

A tuple, and not a class, because planning makes one for each of millions of messages.
"""

ChunkRow: TypeAlias = tuple[int, int, int, int]
"""A planned chunk: number, first index, last index, count. Other chunks' messages may lie between the two indexes."""

DeliveryRow: TypeAlias = tuple[int, str, bool, str]
"""A delivery: the message's index, the status, whether it is final, and when it was read (ISO 8601)."""


class StopRequest(enum.StrEnum):
    """What was asked of a campaign that runs."""

    PAUSE = "pause"
    CANCEL = "cancel"

    @property
    def status(self) -> CampaignStatus:
        """The status of a campaign that has done what was asked."""
        return CampaignStatus.CANCELED if self is StopRequest.CANCEL else CampaignStatus.PAUSED


@frozen
class StoredOutcome:
    """The outcome of one message.

    Attributes:
        index: The index of the message.
        track_id: The track id that it was sent with.
        status: The outcome.
        id: The gateway's id, if it was accepted.
        reason: The cause in one word; None if it was accepted.
        error: The text of the error.
    """

    index: int
    track_id: str | None
    status: SendStatus
    id: str | None = None
    reason: str | None = None
    error: str | None = None


@frozen
class PlanBlock:
    """A block of consecutive planned messages.

    Attributes:
        digest: The digest of the block's input.
        messages: Its messages.
        chunks: The chunks that end in the block.
        held_back: The outcomes of the messages that are never sent.
    """

    digest: bytes
    messages: Sequence[MessageRow] = field(repr=False)
    chunks: Sequence[ChunkRow]
    held_back: Sequence[StoredOutcome] = ()


@frozen
class StoredMessage:
    """A message that is to be sent.

    Attributes:
        index: Its index in the plan.
        receiver: The receiver as it is sent.
        text: The text.
        sender: The line; None for the plan's.
        track_id: The track id.
    """

    index: int
    receiver: str = field(repr=mask_number)
    text: str = field(repr=mask_text)
    sender: str | None
    track_id: str


@frozen
class StoredChunk:
    """A pending chunk.

    Attributes:
        no: Its number.
        messages: Its messages, by index.
    """

    no: int
    messages: Sequence[StoredMessage] = field(repr=False)


@frozen
class Counts:
    """The number of messages in each state.

    Attributes:
        pending: Not attempted yet.
        sending: In a request whose outcome is not recorded yet.
        accepted: Accepted by the gateway.
        rejected: Refused, by the gateway or by the client's checks.
        unknown: Possibly accepted: never sent again by itself.
    """

    pending: int = 0
    sending: int = 0
    accepted: int = 0
    rejected: int = 0
    unknown: int = 0


@frozen
class Resolution:
    """What an operator decides about messages whose outcome is unknown or rejected.

    Attributes:
        decision: `ACCEPTED` or `REQUEUED`.
        track_ids: The track ids of the messages.
        new_track_ids: The track ids that requeued messages are sent with, in the same order; empty for `ACCEPTED`.
        note: Why.
        at: When, in UTC.
        batch_size: The maximum size of the chunks that requeued messages are put into.
    """

    decision: Decision
    track_ids: Sequence[str]
    new_track_ids: Sequence[str]
    note: str
    at: datetime
    batch_size: int


class Journal(Protocol):
    """Keeps one campaign. Every change is durable when its method returns.

    `wikipayam_async.campaigns.contract` tests an implementation of your own. Methods raise `JournalError` if the journal
    cannot be read or written. A write needs `lock` before.
    """

    @property
    def name(self) -> str:
        """The name of the campaign, for errors, logs and metrics."""
        ...

    async def aclose(self) -> None:
        """Close the journal, and release the lock."""
        ...

    async def lock(self) -> None:
        """Become a writer; do nothing if this object is one.

        A pause that was asked of an earlier writer is forgotten; a cancellation is not. What is asked from now on is kept
        until `clear_request`.

        Raises:
            JournalBusyError: The journal has one writer at a time, and another holds it.
        """
        ...

    async def in_use(self) -> bool:
        """Return whether any process is a writer now."""
        ...

    async def read_facts(self) -> Mapping[str, str]:
        """Return what is known of the campaign by name; empty until `finish_plan`."""
        ...

    async def write_facts(self, facts: Mapping[str, str]) -> None:
        """Add facts, or replace them."""
        ...

    async def begin_plan(self) -> None:
        """Begin a plan; forget one that was not finished."""
        ...

    async def add(self, blocks: Sequence[PlanBlock]) -> None:
        """Add blocks of messages to the plan."""
        ...

    async def finish_plan(self, facts: Mapping[str, str]) -> None:
        """Complete the plan, which does not change from then on."""
        ...

    async def discard_plan(self) -> None:
        """Remove a plan that was not finished, and leave nothing behind."""
        ...

    async def read_digests(self, first: int, limit: int) -> Sequence[bytes]:
        """Return the digests of blocks from a number on."""
        ...

    async def read_rows(self, first: int, limit: int) -> Sequence[MessageRow]:
        """Return messages from an index on."""
        ...

    async def pending(self, after: int, limit: int) -> Sequence[StoredChunk]:
        """Return the next pending chunks after a number, in the order of their numbers."""
        ...

    async def claim(self, no: int, token: str) -> bool:
        """Move a chunk from pending to sending under a token; return False if it is not pending.

        When it returns True, no other call has returned True for this chunk, and a crash leaves it sending.
        """
        ...

    async def settle(self, no: int, token: str, outcomes: Sequence[StoredOutcome]) -> bool:
        """Record the outcomes of all messages of a claimed chunk; return False if the claim is not the token's.

        Messages that were not attempted are pending again, in a chunk of their own. Outcomes that arrive after
        `recover` has made the messages unknown replace that, unless an operator has decided meanwhile: then they are
        entered in the audit as a late answer.
        """
        ...

    async def split(self, no: int, count: int) -> bool:
        """Leave the first messages in a pending chunk and put the others into a new one; return False if not pending."""
        ...

    async def recover(self) -> int:
        """Make unknown what is sending and whose owner has ended; return the number of messages."""
        ...

    async def counts(self) -> Counts:
        """Return the number of messages in each state."""
        ...

    async def results(self, after: int, limit: int, status: SendStatus | None = None) -> Sequence[CampaignResult]:
        """Return what is known of messages, by index, after an index; only those with a status if one is given."""
        ...

    async def resolve(self, resolution: Resolution) -> Sequence[str]:
        """Apply an operator's decision to all messages, or to none.

        Returns:
            The track ids to which it cannot be applied: no message has them, or its outcome is neither unknown nor, to
            be requeued, rejected. If there are any, nothing was changed.
        """
        ...

    async def audit(self, after: int, limit: int) -> Sequence[AuditEntry]:
        """Return decisions in the order in which they were made, after the first `after`."""
        ...

    async def undelivered(self, after: int, limit: int) -> Sequence[tuple[int, str]]:
        """Return the index and the id of accepted messages without a final delivery, after an index."""
        ...

    async def record_deliveries(self, rows: Sequence[DeliveryRow]) -> None:
        """Record delivery statuses; the last one of a message counts."""
        ...

    async def delivery_counts(self) -> tuple[Mapping[str, int], int]:
        """Return the number of messages by delivery status, and of those with an id and without a final status."""
        ...

    async def opt_outs(self) -> Sequence[str]:
        """Return the numbers that opted out, `09…`."""
        ...

    async def add_opt_outs(self, numbers: Sequence[str]) -> None:
        """Add numbers that opted out. None is ever removed."""
        ...

    async def request(self, stop: StopRequest) -> bool:
        """Ask the campaign to stop, from any process.

        Returns:
            Whether a writer will see it; if False, no process runs the campaign, and the request is not kept.
        """
        ...

    async def requested(self) -> StopRequest | None:
        """Return what was asked of the writer; a cancellation outweighs a pause."""
        ...

    async def clear_request(self) -> None:
        """Forget what was asked."""
        ...

    async def purge(self) -> None:
        """Remove the campaign and everything it holds, so that nothing can be recovered."""
        ...


def settled_counts(outcomes: Sequence[StoredOutcome]) -> Mapping[SendStatus, int]:
    """Return the number of outcomes of each status."""
    counts = dict.fromkeys(SendStatus, 0)
    for outcome in outcomes:
        counts[outcome.status] += 1
    return counts

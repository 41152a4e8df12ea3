"""A journal that several processes write to at once: what they need beyond one writer's."""

from __future__ import annotations

import enum
import hashlib
from datetime import datetime
from typing import Protocol, runtime_checkable

from attrs import field, frozen

from wikipayam_async.campaigns.journal import Journal, StopRequest, StoredChunk
from wikipayam_async.core.limits import RateLimit

__all__ = ["Claim", "ClaimStatus", "RunState", "SharedJournal", "Turn", "queue_of"]


@frozen
class RunState:
    """The run of a campaign that several processes may work on.

    Attributes:
        number: Its number; every start of a run has a new one.
        active: Whether messages may be sent.
        queue: The queue of the workers that send it; None if workers do not.
        terms: What all its processes obey, as text.
        sends: Whether a process that shows a heartbeat sends it beside the workers.
        priority: Its priority among the campaigns that workers send.
    """

    number: int
    active: bool
    queue: str | None
    terms: str = field(repr=False)
    sends: bool
    priority: int = 0


@frozen
class Turn:
    """Leave to send a request.

    Attributes:
        active: Whether the run goes on; if not, no leave was given.
        at: The time of day by the clock that all processes share.
        delay: Seconds to wait, for the rate.
    """

    active: bool
    at: datetime
    delay: float


class ClaimStatus(enum.Enum):
    """The answer to a claim within a run."""

    CLAIMED = enum.auto()
    """The chunk is the claimant's."""
    TAKEN = enum.auto()
    """It is not pending any more, or is not what it was when it was read."""
    STOPPED = enum.auto()
    """The run was stopped."""
    LIMIT = enum.auto()
    """It costs more than is left of the spending limit."""


@frozen
class Claim:
    """The answer to a claim within a run.

    Attributes:
        status: What it is.
        spent: The rials that the campaign has spent or reserved, if there is a spending limit.
        sending: Whether requests are in flight, which may turn out to cost nothing.
    """

    status: ClaimStatus
    spent: int = 0
    sending: bool = False


@runtime_checkable
class SharedJournal(Journal, Protocol):
    """A journal with any number of writers, in any number of processes.

    `lock` never refuses: it notes that this process writes, and shows a heartbeat from then on.
    """

    async def start_run(self, terms: str, *, after: int, queue: str | None, priority: int, spent: int) -> bool:
        """Make a run active under new terms; return False if another one was started meanwhile.

        Args:
            terms: What all its processes obey.
            after: The number of the run before it.
            queue: The queue of the workers that send it; None if this process sends it.
            priority: Campaigns with a higher priority go first.
            spent: The rials that the campaign has spent.
        """
        ...

    async def join_run(self) -> None:
        """Note that this process sends messages of the run, until `leave_run`."""
        ...

    async def leave_run(self) -> None:
        """Note that this process sends none of it any more."""
        ...

    async def run_state(self) -> RunState:
        """Return the state of the run."""
        ...

    async def stop_run(self, number: int | None, stop: StopRequest, reason: str) -> bool:
        """Stop the run in all its processes: no claim succeeds any more. Return whether it was active.

        Args:
            number: The number of the run; None for any.
            stop: Whether it is paused or canceled.
            reason: Why.
        """
        ...

    async def show(self, waiting: str) -> None:
        """Note what an active run waits for; nothing if it goes on."""
        ...

    async def complete_run(self) -> bool:
        """End the run if nothing is pending or in flight; return whether it has ended."""
        ...

    async def is_sent(self) -> bool:
        """Return whether the run is active, and a process or the workers send it."""
        ...

    async def chunk(self, no: int) -> StoredChunk | None:
        """Return a pending chunk; None if it is not pending."""
        ...

    async def turn(self, account: str, rate: RateLimit | None, messages: int) -> Turn:
        """Ask for leave to send a request, and use up the account's allowance for it.

        Args:
            account: The account, which all its campaigns share.
            rate: The maximum rate.
            messages: The number of messages of the request.
        """
        ...

    async def claim_in_run(self, no: int, token: str, *, run: int, count: int, cost: int, limit: int | None) -> Claim:
        """Claim a chunk, if the run is active and the chunk still has this number of messages.

        Args:
            no: The number of the chunk.
            token: The token of the claim.
            run: The number of the run.
            count: The number of messages that the chunk had when it was read.
            cost: What it costs, in rials.
            limit: The most that the campaign may cost; None for no limit.
        """
        ...

    async def release(self, rials: int, *, run: int) -> None:
        """Give back what a run reserved of the spending limit and did not spend; nothing once another one has begun.

        A later run counts what was in flight at its start by its own tariff, which may be a lower one.
        """
        ...

    async def enqueue(self) -> int:
        """Give jobs to the workers for pending chunks that have none, up to a limit; return their number."""
        ...

    def count_sent(self, messages: int) -> None:
        """Count messages that this process has sent, for the table of workers."""
        ...


def queue_of(account: int | None, line: str | None, prefix: str) -> str:
    """Return the queue of the workers of an account and a line: no other worker gets their jobs.

    Args:
        account: The account's `user_id`; None if the gateway did not say.
        line: The line of the client.
        prefix: Its API prefix.
    """
    digest = hashlib.sha256(repr((account, line, prefix)).encode()).hexdigest()
    return f"wikipayam-{digest[:16]}"

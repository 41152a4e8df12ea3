"""The automatic fall-back: one task for all challenges whose message was not delivered in time."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import anyio

from wikipayam_async.errors import WikipayamError
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.verification.errors import VerificationStoreError
from wikipayam_async.verification.guard import StoreGuard
from wikipayam_async.verification.sending import CodeSender, subject_of
from wikipayam_async.verification.settings import VerifierSettings
from wikipayam_async.verification.store import ChallengeRecord, SendOutcome

if TYPE_CHECKING:
    from wikipayam_async.client import AsyncWikipayam

__all__ = ["Fallback"]

logger = logging.getLogger("wikipayam_async")

_BATCH = 100
"""The number of challenges in one step: as many as a request for delivery statuses may have ids."""
_LEASE = 15.0
"""Seconds for which a step has its challenges. If the process dies, another takes them after that."""
_CONCURRENCY = 20
_MAX_PAUSE = 30.0


class Fallback:
    """Uses the next channel where no delivery is confirmed in time.

    Any number of processes may run it on one store: each challenge is claimed by one, and `begin_send` lets one send.

    Args:
        client: The client.
        store: The store.
        sender: Sends codes.
        settings: The settings of the verifier.
        clock: Returns the time in seconds.
        sleep: Sleeps.
    """

    def __init__(
        self,
        client: AsyncWikipayam,
        store: StoreGuard,
        sender: CodeSender,
        settings: VerifierSettings,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._client = client
        self._guard = store
        self._sender = sender
        self._settings = settings
        self._clock = clock
        self._sleep = sleep

    async def run(self, poll_interval: float) -> None:
        """Look for due challenges until cancelled. While the store is down, look less and less often."""
        pause = poll_interval
        while True:
            try:
                found = await self.step()
            except VerificationStoreError as error:
                logger.warning("verification: no fall-back for now: %s", error)
                pause = min(max(pause, poll_interval) * 2, max(_MAX_PAUSE, poll_interval))
            else:
                pause = 0.0 if found == _BATCH else poll_interval
            await self._sleep(pause)

    async def step(self) -> int:
        """Take the challenges that are due, and use the next channel for those that were not delivered.

        Returns:
            The number taken.

        Raises:
            VerificationStoreError: The store cannot be read.
        """
        claim = self._guard.store.claim_due(now=self._clock(), limit=_BATCH, lease=_LEASE)
        due = await self._guard(claim)
        if due:
            delivered = await self._delivered(due)
            places = anyio.Semaphore(_CONCURRENCY)
            async with anyio.create_task_group() as group:
                for record in due:
                    group.start_soon(self._handle, record, record.message_id in delivered, places)
        return len(due)

    async def _handle(self, record: ChallengeRecord, delivered: bool, places: anyio.Semaphore) -> None:  # noqa: FBT001 - `start_soon` takes no keywords
        async with places:
            if not (delivered or self._sender.knows(record)):
                return  # it is another process's, which takes it when the lease is over
            try:
                if not delivered and self._sender.can_send(record):
                    subject = subject_of(record, self._settings.destinations)
                    await self._sender.send_again(record, subject, automatic=True)
                # Changes nothing after a message: that was counted, and its outcome says when another channel is due.
                await self._end(record)
            except VerificationStoreError as error:  # it is due again when its lease is over
                logger.warning("verification: no fall-back for a challenge for now: %s", error)

    async def _end(self, record: ChallengeRecord) -> None:
        """Write that no channel is due any more, unless a later message was begun."""
        outcome = SendOutcome(
            id=record.id,
            sends=record.sends,
            send_status=record.send_status,
            message_id=record.message_id,
            resend_at=record.resend_at,
            fallback_at=None,
        )
        await self._guard(self._guard.store.end_send(outcome, now=self._clock()))

    async def _delivered(self, records: Sequence[ChallengeRecord]) -> set[str | None]:
        """Return the ids of the delivered messages. What cannot be looked up counts as not delivered."""
        ids = [
            record.message_id
            for record in records
            if record.message_id is not None
            and record.send_status is SendStatus.ACCEPTED
            and self._reports_delivery(record)
        ]
        if not ids:
            return set()
        try:
            report = await self._client.sms.delivery_status(ids)
        except WikipayamError as error:
            logger.warning("verification: delivery statuses are not available: %s", type(error).__name__)
            return set()
        return {one.id for one in report.delivered}

    def _reports_delivery(self, record: ChallengeRecord) -> bool:
        channels = self._settings.channels[record.channel : record.channel + 1]  # a process may have fewer
        return any(channel.reports_delivery for channel in channels)

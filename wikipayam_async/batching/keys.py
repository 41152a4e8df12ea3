"""The idempotency keys of messages that share requests: claimed together before a request leaves."""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeAlias

import anyio

from wikipayam_async.batching.queue import PendingMessage
from wikipayam_async.errors import WikipayamError
from wikipayam_async.idempotency.errors import IdempotencyStoreError
from wikipayam_async.idempotency.guard import IdempotencyGuard, KeyTakenError
from wikipayam_async.idempotency.keyed import KeyedMessage
from wikipayam_async.idempotency.messages import keyed_sms
from wikipayam_async.idempotency.settings import check_key, require_store
from wikipayam_async.idempotency.store import IdempotencyRecord
from wikipayam_async.messages.models import SentMessage, SmsMessage
from wikipayam_async.messages.payload import SmsPayload
from wikipayam_async.outcomes import MessageOutcome, SendStatus

__all__ = ["BatchKeys", "KeysTakenError", "Obstacle", "make_keyed", "report_abandoned"]

logger = logging.getLogger("wikipayam_async")

Obstacle: TypeAlias = IdempotencyRecord | IdempotencyStoreError
"""What keeps a message out of a request: the record of its key, or the failure of the store."""


class KeysTakenError(Exception):
    """The keys of some messages cannot be claimed, so the request goes without them. It never reaches a caller.

    Attributes:
        taken: What is in the way of each of them.
    """

    def __init__(self, taken: dict[PendingMessage, Obstacle]) -> None:
        super().__init__(f"{len(taken)} idempotency keys cannot be claimed")
        self.taken = taken


class BatchKeys:
    """Claims the keys of the messages of a request, and writes their outcomes.

    Args:
        guard: The guard of the client.
    """

    def __init__(self, guard: IdempotencyGuard) -> None:
        self._guard = guard

    async def claim(self, messages: Sequence[PendingMessage]) -> None:
        """Claim the keys of messages, all at once.

        Raises:
            KeysTakenError: Some cannot be claimed; those of the others are claimed.
        """
        taken: dict[PendingMessage, Obstacle] = {}

        async def claim(pending: PendingMessage) -> None:
            if pending.keyed is not None:
                try:
                    await self._guard.claim(pending.keyed)
                except KeyTakenError as error:
                    taken[pending] = error.record
                except IdempotencyStoreError as error:
                    taken[pending] = error

        await _together([functools.partial(claim, pending) for pending in messages])
        if taken:
            raise KeysTakenError(taken)

    async def release(self, messages: Sequence[PendingMessage]) -> None:
        """Write that messages were not attempted, before a wait."""

        async def release(pending: PendingMessage) -> None:
            if pending.keyed is not None:
                await self._guard.settle(pending.keyed, None, None, _outcome_of(pending, SendStatus.NOT_ATTEMPTED))

        await _together([functools.partial(release, pending) for pending in messages])

    async def settle(self, outcomes: Sequence[tuple[PendingMessage, SentMessage | WikipayamError, SendStatus]]) -> None:
        """Write the outcomes of the messages that have keys."""

        async def settle(pending: PendingMessage, outcome: SentMessage | WikipayamError, status: SendStatus) -> None:
            if pending.keyed is not None:
                error = outcome if isinstance(outcome, WikipayamError) else None
                result = None if error is not None else outcome
                await self._guard.settle(pending.keyed, result, error, _outcome_of(pending, status))

        await _together([functools.partial(settle, *one) for one in outcomes if one[0].keyed is not None])

    async def answer(self, pending: PendingMessage, attempt: Callable[[], Awaitable[SentMessage]]) -> SentMessage:
        """Return the result of a message whose key was taken."""
        if pending.keyed is None:
            return await attempt()
        return await self._guard.run(pending.keyed, attempt)


def make_keyed(key: str | None, message: SmsMessage, payload: SmsPayload, *, has_store: bool) -> KeyedMessage | None:
    """Return a message under its key; None for None.

    Raises:
        InvalidInputError: The key is invalid.
        ConfigurationError: The client has no store.
    """
    if key is None:
        return None
    name = check_key(key)
    if not has_store:
        require_store(None)
    return keyed_sms(name, message, payload)


async def _together(works: Sequence[Callable[[], Coroutine[Any, Any, None]]]) -> None:
    """Await functions at the same time, so that a store writes them together."""
    if len(works) == 1:
        await works[0]()
    elif works:
        async with anyio.create_task_group() as group:
            for work in works:
                group.start_soon(work)


def _outcome_of(pending: PendingMessage, status: SendStatus) -> MessageOutcome:
    return MessageOutcome(pending.payload.track_id, status)


def report_abandoned(pending: PendingMessage, outcome: SentMessage | WikipayamError, status: SendStatus) -> None:
    """Write the outcome of a message whose task did not wait for it to the log, at WARNING, if it may have been sent."""
    if status is not SendStatus.NOT_ATTEMPTED:
        id_ = outcome.id if isinstance(outcome, SentMessage) else None
        fields = {
            "wikipayam_event": "interrupted",
            "wikipayam_operation": "sms.send",
            "wikipayam_outcomes": [{"track_id": pending.payload.track_id, "status": status.value, "id": id_}],
        }
        logger.warning(
            "sms.send: the task that waited for this message had ended: %s (track id %s, gateway id %s)",
            status.value,
            pending.payload.track_id,
            id_,
            extra=fields,
        )

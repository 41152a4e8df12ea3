"""Send the messages of a batcher or an outbox in common requests, with an outcome for each."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from wikipayam_async.batching.health import HealthRecord
from wikipayam_async.batching.queue import BatchSize, PendingMessage
from wikipayam_async.bulk.chunker import chunks_of
from wikipayam_async.bulk.options import BulkOptions
from wikipayam_async.bulk.results import SendResult
from wikipayam_async.bulk.sender import ChunkSender
from wikipayam_async.core.operation import Observer
from wikipayam_async.errors import (
    ClosedError,
    ConfigurationError,
    PayloadTooLargeError,
    UnknownOutcomeError,
    WikipayamError,
    copy_error,
)
from wikipayam_async.messages.models import SentMessage, SmsMessage
from wikipayam_async.messages.payload import Batch
from wikipayam_async.outcomes import SendStatus

__all__ = ["BatchSender", "Send", "not_sent"]

Send: TypeAlias = Callable[[Batch[SmsMessage], Observer], Awaitable[Sequence[SentMessage | None]]]
"""Sends messages as one request and returns the answer to each; None for a message that the answer does not mention."""

_ONE_BATCH = BulkOptions(concurrency=1)


class BatchSender:
    """Sends batches of messages, and gives each message its own outcome.

    Args:
        send: Sends messages as one request.
        size: The maximum number of messages per request, which is adapted to the gateway's answers.
        owner: `batcher` or `outbox`, for errors.
        longest_wait: The longest delay, in seconds, that the pipeline waits when the gateway asks for one.

    Attributes:
        in_flight: The messages in flight.
        unsent: The results of the messages that were cancelled before they began to leave.
        health: The record of all outcomes.
    """

    def __init__(self, send: Send, size: BatchSize, owner: str, longest_wait: float) -> None:
        self._send = send
        self._size = size
        self._owner = owner
        self._longest_wait = longest_wait
        self.in_flight: dict[PendingMessage, None] = {}
        self.unsent: list[SendResult] = []
        self.health = HealthRecord()

    async def send(self, batch: Sequence[PendingMessage]) -> None:
        """Send messages and set the outcome of each, also if this is cancelled."""
        self.in_flight.update(dict.fromkeys(batch))
        results: list[SendResult] = []
        answers: dict[int, SentMessage] = {}
        failure: Exception | None = None
        try:
            await self._send_chunks(batch, results, answers)
        except Exception as error:  # noqa: BLE001 - the outcome of the messages that it affects; the others go on
            failure = error
        finally:
            by_position = {result.index: result for result in results}
            for position, pending in enumerate(batch):
                del self.in_flight[pending]
                result = by_position.get(position) or _not_attempted(position, pending, None)
                answer = answers.get(id(pending.payload))
                outcome = self._outcome(pending, result, answer, failure)
                self.health.note(outcome)
                pending.finish(outcome, result.status)

    async def _send_chunks(
        self, batch: Sequence[PendingMessage], results: list[SendResult], answers: dict[int, SentMessage]
    ) -> None:
        """Send messages; append their results, and collect the answers to those that are accepted."""
        # One sender per batch: an error that stops a run, such as a wrong token, must not stop later batches.
        sender = ChunkSender(functools.partial(self._send_request, answers), _ONE_BATCH, self._longest_wait)
        messages, payloads = [pending.message for pending in batch], [pending.payload for pending in batch]
        for chunk in chunks_of(range(len(batch)), messages, payloads):
            await sender.send(chunk, results)

    async def _send_request(
        self, answers: dict[int, SentMessage], batch: Batch[SmsMessage], observer: Observer
    ) -> Sequence[str | None]:
        try:
            sent = await self._send(batch, observer)
        except PayloadTooLargeError:
            self._size.refused(len(batch.payloads))
            raise
        self._size.accepted(len(batch.payloads))
        # By the identity of the payload: several messages may have the same track id.
        answers.update((id(payload), one) for payload, one in zip(batch.payloads, sent, strict=True) if one is not None)
        return [None if one is None else one.id for one in sent]

    def _outcome(
        self, pending: PendingMessage, result: SendResult, answer: SentMessage | None, failure: Exception | None
    ) -> SentMessage | WikipayamError:
        if result.status is SendStatus.ACCEPTED:
            # Of a cancelled request only the ids are known.
            return answer or SentMessage(result.id or "", track_id=result.track_id)
        error = _own_error(result, failure, self._owner)
        if result.error is None and failure is None and result.status is SendStatus.NOT_ATTEMPTED:
            self.note_unsent(pending, error)
        return error

    def note_unsent(self, pending: PendingMessage, error: WikipayamError) -> None:
        """Add the result of a message that was cancelled before it began to leave."""
        self.unsent.append(_not_attempted(len(self.unsent), pending, copy_error(error)))


def _not_attempted(index: int, pending: PendingMessage, error: WikipayamError | None) -> SendResult:
    return SendResult(index, pending.message, SendStatus.NOT_ATTEMPTED, error=error, track_id=pending.payload.track_id)


def _own_error(result: SendResult, failure: Exception | None, owner: str) -> WikipayamError:
    """Return an error for one message alone: each is raised in a task of its own."""
    error = result.error
    if isinstance(error, UnknownOutcomeError):
        own: WikipayamError = UnknownOutcomeError(
            "sms.send: it is not known whether the gateway accepted this message. Do not resend blindly: look up the "
            f"track id in the panel first ({result.track_id})",
            messages=[result.message],
            track_ids=[result.track_id],
            phase=error.phase,
            attempts=error.attempts,
        )
        own.__cause__ = copy_error(error.__cause__)
        return own
    if error is not None:
        return copy_error(error)
    if result.status is SendStatus.REJECTED:
        refused = WikipayamError(f"sms.send: the gateway refused this message while the {owner} was being closed")
        refused.send_status = SendStatus.REJECTED
        return refused
    return not_sent(failure, owner)


def not_sent(failure: Exception | None, owner: str) -> WikipayamError:
    """Return the error of a message that was not sent, because the client failed or its `owner` was closed first."""
    if failure is None:
        return ClosedError(f"sms.send: not sent, because the {owner} was closed first; sending it again is safe")
    error = ConfigurationError(
        f"sms.send: not sent, because the client failed with {type(failure).__name__}; sending it again is safe"
    )
    error.__cause__ = failure
    return error

"""Send the messages of a batcher or an outbox in common requests, with an outcome for each."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias

import anyio

from wikipayam_async.batching.health import HealthRecord
from wikipayam_async.batching.keys import BatchKeys, KeysTakenError, Obstacle, report_abandoned
from wikipayam_async.batching.queue import BatchSize, PendingMessage
from wikipayam_async.bulk.chunker import Chunk, chunks_of
from wikipayam_async.bulk.options import BulkOptions
from wikipayam_async.bulk.results import SendResult
from wikipayam_async.bulk.sender import ChunkSender
from wikipayam_async.core.operation import BeforeAttempt, Observer
from wikipayam_async.errors import (
    ClosedError,
    ConfigurationError,
    PayloadTooLargeError,
    UnknownOutcomeError,
    WikipayamError,
    copy_error,
)
from wikipayam_async.idempotency.guard import KeyTakenError
from wikipayam_async.messages.models import SentMessage, SmsMessage
from wikipayam_async.messages.payload import Batch
from wikipayam_async.outcomes import LOOK_FIRST, SendStatus

__all__ = ["BatchSender", "Send", "not_sent"]


class Send(Protocol):
    """Sends messages as one request."""

    def __call__(
        self,
        batch: Batch[SmsMessage],
        observer: Observer,
        before_attempt: BeforeAttempt | None = None,
        before_wait: BeforeAttempt | None = None,
        /,
    ) -> Awaitable[Sequence[SentMessage | None]]:
        """Return the answer to each message; None for a message that the answer does not mention."""
        ...


Finish: TypeAlias = Callable[[PendingMessage, SentMessage | WikipayamError, SendStatus], None]

_ONE_BATCH = BulkOptions(concurrency=1)


class BatchSender:
    """Sends batches of messages, and gives each message its own outcome.

    Args:
        send: Sends messages as one request.
        size: The maximum number of messages per request, which is adapted to the gateway's answers.
        owner: `batcher` or `outbox`, for errors.
        longest_wait: The longest delay, in seconds, that the pipeline waits when the gateway asks for one.
        keys: Claims the idempotency keys of messages; None if the client has no store.

    Attributes:
        in_flight: The messages in flight.
        unsent: The results of the messages that were cancelled before they began to leave.
        health: The record of all outcomes.
    """

    def __init__(
        self, send: Send, size: BatchSize, owner: str, longest_wait: float, keys: BatchKeys | None = None
    ) -> None:
        self._send = send
        self._size = size
        self._owner = owner
        self._longest_wait = longest_wait
        self._keys = keys
        self.in_flight: dict[PendingMessage, None] = {}
        self.unsent: list[SendResult] = []
        self.health = HealthRecord()

    async def send(self, batch: Sequence[PendingMessage]) -> None:
        """Send messages and set the outcome of each, also if this is cancelled."""
        self.in_flight.update(dict.fromkeys(batch))
        taken: dict[PendingMessage, Obstacle] = {}
        try:
            await self._send_batch(batch, taken, self._finish)
        finally:
            # Messages whose keys are taken: their outcomes are those of other calls.
            await self._resolve_all(taken)

    def _finish(self, pending: PendingMessage, outcome: SentMessage | WikipayamError, status: SendStatus) -> None:
        self.health.note(outcome)
        if pending.abandoned:
            report_abandoned(pending, outcome, status)
        pending.finish(outcome, status)
        del self.in_flight[pending]  # at the end: a message that is not in flight and has no outcome has not left

    async def _send_batch(
        self, batch: Sequence[PendingMessage], taken: dict[PendingMessage, Obstacle], finish: Finish
    ) -> None:
        """Send messages, and pass on the outcome of each, except for those that are added to `taken`."""
        results: list[SendResult] = []
        answers: dict[int, SentMessage] = {}
        failure: Exception | None = None
        try:
            await self._send_chunks(batch, results, answers, taken)
        except Exception as error:  # noqa: BLE001 - the outcome of the messages that it affects; the others go on
            failure = error
        finally:
            by_position = {result.index: result for result in results}
            outcomes: list[tuple[PendingMessage, SentMessage | WikipayamError, SendStatus]] = []
            for position, pending in enumerate(batch):
                if pending in taken:
                    continue
                result = by_position.get(position) or _not_attempted(position, pending, None)
                answer = answers.get(id(pending.payload))
                outcomes.append((pending, self._outcome(pending, result, answer, failure), result.status))
            try:
                if self._keys is not None:
                    await self._keys.settle(outcomes)
            finally:
                for one in outcomes:
                    finish(*one)

    async def _send_chunks(
        self,
        batch: Sequence[PendingMessage],
        results: list[SendResult],
        answers: dict[int, SentMessage],
        taken: dict[PendingMessage, Obstacle],
    ) -> None:
        """Send messages; append their results, and collect the answers to those that are accepted."""
        # One sender per batch: an error that stops a run, such as a wrong token, must not stop later batches.
        send = functools.partial(self._send_request, answers, {id(pending.payload): pending for pending in batch})
        sender = ChunkSender(send, _ONE_BATCH, self._longest_wait)
        messages, payloads = [pending.message for pending in batch], [pending.payload for pending in batch]
        for chunk in chunks_of(range(len(batch)), messages, payloads):
            rest: Chunk | None = chunk
            while rest is not None:
                sending, rest = rest, None
                try:
                    await sender.send(sending, results)
                except KeysTakenError as error:
                    taken.update(error.taken)
                    rest = self._without_taken(sending, results, {batch.index(pending) for pending in error.taken})

    @staticmethod
    def _without_taken(chunk: Chunk, results: list[SendResult], taken: set[int]) -> Chunk | None:
        """Return what is still to be sent of a chunk, and remove the results of what was not."""
        undone = {one.index for one in results if one.status is SendStatus.NOT_ATTEMPTED and one.error is None}
        results[:] = [one for one in results if one.index not in undone]
        left = [position for position, index in enumerate(chunk.indexes) if index in undone - taken]
        return chunk.pick(left) if left else None

    async def _send_request(
        self,
        answers: dict[int, SentMessage],
        pending: dict[int, PendingMessage],
        batch: Batch[SmsMessage],
        observer: Observer,
        *_hooks: BeforeAttempt | None,
    ) -> Sequence[str | None]:
        keyed = [] if self._keys is None else [one for p in batch.payloads if (one := pending[id(p)]).keyed is not None]
        hooks: tuple[BeforeAttempt, ...] = ()
        if self._keys is not None and keyed:
            hooks = (functools.partial(self._keys.claim, keyed), functools.partial(self._keys.release, keyed))
        try:
            sent = await self._send(batch, observer, *hooks)
        except PayloadTooLargeError:
            self._size.refused(len(batch.payloads))
            raise
        self._size.accepted(len(batch.payloads))
        # By the identity of the payload: several messages may have the same track id.
        answers.update((id(payload), one) for payload, one in zip(batch.payloads, sent, strict=True) if one is not None)
        return [None if one is None else one.id for one in sent]

    async def _resolve_all(self, taken: dict[PendingMessage, Obstacle]) -> None:
        if not taken:
            return
        try:
            async with anyio.create_task_group() as group:
                for pending, obstacle in taken.items():
                    group.start_soon(self._resolve, pending, obstacle)
        finally:
            for pending in [one for one in taken if one in self.in_flight]:
                error = not_sent(None, self._owner)
                self.note_unsent(pending, error)
                self._finish(pending, error, SendStatus.NOT_ATTEMPTED)

    async def _resolve(self, pending: PendingMessage, obstacle: Obstacle) -> None:
        """Give a message the outcome of the call that has its key, or send it if that call did not."""
        outcome: SentMessage | WikipayamError
        status = SendStatus.NOT_ATTEMPTED
        if self._keys is None or isinstance(obstacle, WikipayamError):
            outcome = obstacle if isinstance(obstacle, WikipayamError) else not_sent(None, self._owner)
        else:
            try:
                outcome = await self._keys.answer(pending, functools.partial(self._send_alone, pending))
                status = SendStatus.ACCEPTED
            except WikipayamError as error:
                outcome, status = error, error.send_status or SendStatus.UNKNOWN
            except Exception as failure:  # noqa: BLE001 - what the store raises is the outcome of this message alone
                outcome = not_sent(failure, self._owner)
        self._finish(pending, outcome, status)

    async def _send_alone(self, pending: PendingMessage) -> SentMessage:
        taken: dict[PendingMessage, Obstacle] = {}
        finished: list[tuple[SentMessage | WikipayamError, SendStatus]] = []
        try:
            await self._send_batch([pending], taken, lambda _, outcome, status: finished.append((outcome, status)))
        except BaseException:
            for outcome, status in finished:  # of a request that had left when this was cancelled
                self._finish(pending, outcome, status)
            raise
        for obstacle in taken.values():
            raise obstacle if isinstance(obstacle, WikipayamError) else KeyTakenError(obstacle)
        ((answer, _),) = finished
        if isinstance(answer, WikipayamError):
            raise answer
        return answer

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
            "sms.send: it is not known whether the gateway accepted this message. Do not resend blindly: "
            f"{LOOK_FIRST} ({result.track_id})",
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

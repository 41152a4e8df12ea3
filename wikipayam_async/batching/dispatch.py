"""One request for the messages of many tasks: sent together, told apart."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias, TypeVar

from wikipayam_async.batching.queue import BatchSize, PendingMessage
from wikipayam_async.bulk.chunker import chunks_of
from wikipayam_async.bulk.results import SendResult
from wikipayam_async.bulk.sender import ChunkSender
from wikipayam_async.core.operation import Observer
from wikipayam_async.errors import ConfigurationError, PayloadTooLargeError, UnknownOutcomeError, WikipayamError
from wikipayam_async.messages.models import SentMessage, SmsMessage
from wikipayam_async.messages.payload import Batch
from wikipayam_async.outcomes import SendStatus

__all__ = ["Send", "Dispatcher", "not_sent"]

E = TypeVar("E", bound=BaseException | None)

Send: TypeAlias = Callable[[Batch[SmsMessage], Observer], Awaitable[Sequence[SentMessage | None]]]
"""Sends messages as one request and returns what was told of each, None where that is nothing."""


class Dispatcher:
    """Carries the messages of many tasks in common requests, and tells each task what became of its own.

    Args:
        send: Sends messages as one request.
        size: How many messages a request may hold; told what the gateway says to that.
        longest_pause: The longest pause, in seconds, that the pipeline waits out when the gateway asks for one.

    Attributes:
        in_flight: Whose messages are in flight.
        unsent: The messages that were cut off before they began to leave.
    """

    def __init__(self, send: Send, size: BatchSize, longest_pause: float) -> None:
        self._send = send
        self._size = size
        self._longest_pause = longest_pause
        self.in_flight: dict[PendingMessage, None] = {}
        self.unsent: list[SmsMessage] = []

    async def carry(self, batch: Sequence[PendingMessage]) -> None:
        """Bring messages to their outcomes, also if this is cancelled."""
        self.in_flight.update(dict.fromkeys(batch))
        results: list[SendResult] = []
        answers: dict[int, SentMessage] = {}
        trouble: Exception | None = None
        try:
            await self._settle(batch, results, answers)
        except Exception as error:  # noqa: BLE001 - told to those whose messages it costs; the others go on
            trouble = error
        finally:
            told = {result.index: result for result in results}
            for place, waiter in enumerate(batch):
                del self.in_flight[waiter]
                result = told.get(place) or SendResult(place, waiter.message, SendStatus.NOT_ATTEMPTED)
                waiter.settle(self._outcome(result, answers.get(id(waiter.payload)), trouble))

    async def _settle(
        self, batch: Sequence[PendingMessage], results: list[SendResult], answers: dict[int, SentMessage]
    ) -> None:
        """Bring messages to their results, and keep what the gateway says of those that it takes."""
        # A sender for each batch: what stops a run, as a wrong token does, must not stop all that comes after.
        sender = ChunkSender(
            functools.partial(self._request, answers),
            concurrency=1,
            longest_pause=self._longest_pause,
            stop_on_failure=False,
        )
        messages, payloads = [waiter.message for waiter in batch], [waiter.payload for waiter in batch]
        for chunk in chunks_of(range(len(batch)), messages, payloads):
            await sender.settle(chunk, results)

    async def _request(
        self, answers: dict[int, SentMessage], batch: Batch[SmsMessage], observer: Observer
    ) -> Sequence[str | None]:
        try:
            told = await self._send(batch, observer)
        except PayloadTooLargeError:
            self._size.refused(len(batch.payloads))
            raise
        self._size.accepted(len(batch.payloads))
        # By the object that was sent: a track id may stand in several messages.
        answers.update(
            (id(payload), sent) for payload, sent in zip(batch.payloads, told, strict=True) if sent is not None
        )
        return [None if sent is None else sent.id for sent in told]

    def _outcome(
        self, result: SendResult, answer: SentMessage | None, trouble: Exception | None
    ) -> SentMessage | WikipayamError:
        if result.status is SendStatus.ACCEPTED:
            # Of a request that was cut off, all that is known of the answer is the ids.
            return answer or SentMessage(result.id or "", track_id=result.track_id)
        if result.error is None and trouble is None and result.status is SendStatus.NOT_ATTEMPTED:
            self.unsent.append(result.message)
        return _own_error(result, trouble)


def _own_error(result: SendResult, trouble: Exception | None) -> WikipayamError:
    """Return the error of one message: its own instance, since each is raised in a task of its own."""
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
        own.__cause__ = _twin(error.__cause__)
        return own
    if error is not None:
        return _twin(error)
    if result.status is SendStatus.REJECTED:
        return WikipayamError("sms.send: the gateway refused this message while the batcher was being closed")
    return not_sent(trouble)


def not_sent(trouble: Exception | None) -> ConfigurationError:
    """Return the error of a message that never began to leave, because of some trouble of ours or at the end."""
    reason = f"the client failed with {type(trouble).__name__}" if trouble else "the batcher was closed before its turn"
    error = ConfigurationError(f"sms.send: not sent, because {reason}; sending it again is safe")
    error.__cause__ = trouble
    return error


def _twin(error: E) -> E:
    """Return another instance of one of our errors, causes included; anything else as it is."""
    if not isinstance(error, WikipayamError):
        return error
    twin = type(error).__new__(type(error), *error.args)
    twin.__dict__.update(error.__dict__)
    twin.__cause__ = _twin(error.__cause__)
    return twin

"""The outbox: messages are taken at once, sent in batches in the background, and drained at the end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import ClassVar, Self, TypeAlias, overload

import anyio

from wikipayam_async.batching.dispatch import Dispatcher, Prepare
from wikipayam_async.batching.health import SendingHealth
from wikipayam_async.batching.keys import BatchKeys, make_keyed
from wikipayam_async.batching.queue import Batching, PostedMessage
from wikipayam_async.batching.sender import Send
from wikipayam_async.bulk.results import SendResult
from wikipayam_async.checks import check_seconds, is_async
from wikipayam_async.errors import (
    AuthenticationError,
    ClosedError,
    ConfigurationError,
    InsufficientBalanceError,
    NotFoundError,
    OutboxFullError,
    PermissionDeniedError,
    UnknownOutcomeError,
    WikipayamError,
)
from wikipayam_async.idempotency.guard import IdempotencyGuard
from wikipayam_async.messages.models import SentMessage, SmsMessage, as_message
from wikipayam_async.misuse import AsyncOnly
from wikipayam_async.outcomes import LOOK_FIRST, SendStatus
from wikipayam_async.publish import publish_in_package

__all__ = ["OnOutcome", "Outbox"]

OnOutcome: TypeAlias = Callable[[SendResult], None]
"""Called with the result of one message; a plain function that returns at once."""

logger = logging.getLogger("wikipayam_async")

_SHORTEST_RETRY = 1.0
_LONGEST_RETRY = 60.0
_FOR_THE_OPERATOR = (
    AuthenticationError,
    ConfigurationError,
    InsufficientBalanceError,
    NotFoundError,
    PermissionDeniedError,
)
"""Errors that somebody has to mend; every later message fails, too."""


class Outbox(AsyncOnly):
    """Takes messages without waiting, sends them in common requests, and reports the outcome of each.

    An async context manager, made by `client.sms.outbox()` for one event loop, and entered once. `post` returns at once;
    the outcome is passed to `on_outcome` and logged. Every posted message has exactly one outcome.

    Leaving the block takes no more messages and sends the queued ones, for at most `drain_timeout` seconds, also if an
    exception or a cancellation leaves it. Messages that are not sent by then are in `unsent`, and reported as
    `NOT_ATTEMPTED`; requests in flight are finished within the client's `timeout`.

    Messages are held in memory: queued messages are lost if the process is killed.
    """

    _usage: ClassVar[str] = "an outbox is entered with async with: async with client.sms.outbox() as outbox: ..."

    def __init__(
        self,
        send: Send,
        prepare: Prepare,
        batching: Batching,
        *,
        longest_wait: float,
        drain_timeout: float,
        on_outcome: OnOutcome | None,
        guard: IdempotencyGuard | None = None,
    ) -> None:
        check_seconds("drain_timeout", drain_timeout)
        if on_outcome is not None and (not callable(on_outcome) or is_async(on_outcome)):
            raise ConfigurationError(
                "on_outcome: expected a plain function that returns at once; "
                "from an async service pass results on with `send_nowait` of a memory stream or `put_nowait` of a queue"
            )
        # A server that shuts down cancels the task that entered the outbox: that must not stop the workers.
        self._dispatcher = Dispatcher(
            send,
            batching,
            owner="outbox",
            longest_wait=longest_wait,
            shielded=True,
            keys=None if guard is None else BatchKeys(guard),
        )
        self._has_store = guard is not None
        self._prepare = prepare
        self._batching = batching
        self._drain_timeout = drain_timeout
        self._on_outcome = on_outcome
        self._entered = False
        self._posts = 0
        self._pending: dict[PostedMessage, None] = {}
        self._counts = dict.fromkeys(SendStatus, 0)
        self._unsent: list[SendResult] = []

    @property
    def waiting(self) -> int:
        """The number of queued messages."""
        return len(self._dispatcher.queue)

    @property
    def in_flight(self) -> int:
        """The number of messages in requests in flight."""
        return len(self._dispatcher.in_flight)

    @property
    def healthy(self) -> bool:
        """Whether the outbox takes messages and its last request did not fail for a reason that concerns others too."""
        return self.health.healthy

    @property
    def health(self) -> SendingHealth:
        """The outbox's current health. It is read from any thread, and makes no request."""
        return self._dispatcher.health

    @property
    def counts(self) -> Mapping[SendStatus, int]:
        """The number of messages of each outcome so far."""
        return MappingProxyType(dict(self._counts))

    @property
    def unsent(self) -> list[SendResult]:
        """The results of the messages that were not sent when the outbox closed, in order of posting. Posting again is safe."""
        return sorted(self._unsent, key=lambda result: result.index)

    async def __aenter__(self) -> Self:
        if self._entered:
            raise ClosedError("an outbox is entered once: call outbox() again for another")
        self._entered = True
        await self._dispatcher.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with anyio.CancelScope(shield=True):
                await self._dispatcher.aclose(self._drain_timeout)
        except BaseException as interruption:  # a second `Task.cancel`, which no scope of anyio shields from
            await self._dispatcher.__aexit__(type(interruption), interruption, None)
            raise
        else:
            await self._dispatcher.__aexit__(None, None, None)
        finally:
            self._finish_the_rest()

    @overload
    def post(
        self,
        message: SmsMessage,
        /,
        *,
        normalize: bool = ...,
        validate: bool = ...,
        idempotency_key: str | None = ...,
    ) -> str: ...

    @overload
    def post(
        self,
        receiver: str,
        message: str,
        *,
        sender: str | None = ...,
        track_id: str | None = ...,
        normalize: bool = ...,
        validate: bool = ...,
        idempotency_key: str | None = ...,
    ) -> str: ...

    def post(
        self,
        receiver: str | SmsMessage,
        message: str | None = None,
        *,
        sender: str | None = None,
        track_id: str | None = None,
        normalize: bool = True,
        validate: bool = True,
        idempotency_key: str | None = None,
    ) -> str:
        """Queue one SMS, to be sent in a request with others (`POST /sms/send`), and return at once.

        Call it from any task of the event loop; from a worker thread use
        `anyio.from_thread.run_sync(outbox.post, receiver, message)`.

        Args:
            receiver: The mobile number, in any common format; or an `SmsMessage`, with its own text,
                line and track id.
            message: The text, sent unchanged.
            sender: The line; the client's default line if None.
            track_id: Your reference; generated if None.
            normalize: Send a mobile number in the form `09…`; if False, send the given spelling.
            validate: Require an Iranian mobile number; if False, accept any receiver.
            idempotency_key: A name for this message, such as `order-42:shipped`. If a message with the
                same key was sent before, nothing is sent, and its outcome is reported again. It needs the
                client's `idempotency`. 1 to 255 visible ASCII characters, without personal data.

        Returns:
            The track id, with which the outcome is reported.

        Raises:
            InvalidInputError: An argument breaks a rule; nothing was posted.
            ConfigurationError: No sender is set; nothing was posted.
            ClosedError: The outbox is closed, was not entered, or belongs to another event loop; nothing was posted.
            OutboxFullError: `max_waiting` messages are queued; nothing was posted.
        """
        try:
            sms = as_message(receiver, message, sender, track_id)
        finally:
            del receiver, message  # a traceback with locals shows the message masked
        if not self._entered:
            raise ClosedError("enter the outbox first: async with client.sms.outbox() as outbox")
        self._dispatcher.check_loop("sms.outbox: not posted")
        payload = self._prepare(sms, normalize=normalize, validate=validate)
        keyed = make_keyed(idempotency_key, sms, payload, has_store=self._has_store)
        if not self._dispatcher.is_open:
            raise ClosedError("sms.outbox: not posted, because the outbox is closed")
        now = anyio.current_time()
        if len(self._dispatcher.queue) >= self._batching.max_waiting:
            raise self._full(now)
        due = now + self._batching.due_after
        posted = PostedMessage(sms, payload, due, number=self._posts, posted=now, keyed=keyed, on_finish=self._report)
        self._posts += 1
        self._pending[posted] = None
        self._dispatcher.add(posted)
        return payload.track_id

    async def flush(self) -> None:
        """Send all queued messages without lingering, and wait for their outcomes and for those of all in flight.

        Messages that are posted meanwhile are not waited for.

        Raises:
            ClosedError: The outbox belongs to another event loop.
        """
        await self._dispatcher.flush()

    async def aclose(self, timeout: float | None = None) -> list[SendResult]:
        """Take no more messages, send the queued ones, and wait for every outcome.

        Args:
            timeout: Seconds after which messages that have not begun to leave are not sent; `drain_timeout` if None.
                Requests in flight are finished within the client's `timeout`.

        Returns:
            The results of the messages that were not sent: `unsent`.

        Raises:
            InvalidInputError: `timeout` is invalid.
            ClosedError: The outbox belongs to another event loop.
        """
        await self._dispatcher.aclose(self._drain_timeout if timeout is None else timeout)
        return self.unsent

    def __repr__(self) -> str:
        return f"<Outbox {self._batching}, {self.waiting} waiting, {self.in_flight} in flight>"

    def _full(self, now: float) -> OutboxFullError:
        """Return the error of a full outbox. Its `retry_after` is the time that the oldest message has waited."""
        waited = now - next(iter(self._pending)).posted
        return OutboxFullError(
            f"sms.outbox: not posted, because {self.waiting:,} messages are already waiting; try again later",
            retry_after=min(max(waited, _SHORTEST_RETRY), _LONGEST_RETRY),
        )

    def _report(self, posted: PostedMessage, outcome: SentMessage | WikipayamError, status: SendStatus) -> None:
        """Count and log the outcome of a message, and pass it to the callback."""
        self._pending.pop(posted)
        result = SendResult(
            posted.number,
            posted.message,
            status,
            id=outcome.id if isinstance(outcome, SentMessage) else None,
            error=outcome if isinstance(outcome, WikipayamError) else None,
            track_id=posted.payload.track_id,
        )
        self._counts[status] += 1
        if status is SendStatus.NOT_ATTEMPTED and not self._dispatcher.is_open:
            self._unsent.append(result)
        _log(result)
        if self._on_outcome is None:
            return
        try:
            self._on_outcome(result)
        except Exception as error:  # noqa: BLE001 - a fault of the callback must not change the outcomes of other messages
            logger.error("on_outcome raised %s; the outbox goes on", type(error).__name__)

    def _finish_the_rest(self) -> None:
        """Report the messages of a request whose worker ended while it reported the others."""
        for posted in list(self._pending):
            track_id = posted.payload.track_id
            error = UnknownOutcomeError(
                "sms.outbox: the program ended before it was known whether the gateway accepted this message. Do not "
                f"resend blindly: {LOOK_FIRST} ({track_id})",
                messages=[posted.message],
                track_ids=[track_id],
            )
            posted.finish(error, SendStatus.UNKNOWN)


def _log(result: SendResult) -> None:
    level = logging.INFO if result.status is SendStatus.ACCEPTED else logging.WARNING
    level = logging.ERROR if isinstance(result.error, _FOR_THE_OPERATOR) else level
    if logger.isEnabledFor(level):
        error = None if result.error is None else type(result.error).__name__
        fields = {
            "wikipayam_track_id": result.track_id,
            "wikipayam_status": result.status.value,
            "wikipayam_error": error,
        }
        reason = "" if error is None else f" ({error}: {result.error})"
        logger.log(level, "sms.outbox %s: %s%s", result.track_id, result.status.value, reason, extra=fields)


publish_in_package(["Outbox"], globals())

"""Micro-batching: messages of many tasks, sent in few requests."""

from __future__ import annotations

from types import TracebackType
from typing import ClassVar, Self, overload

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from wikipayam_async.batching.dispatch import Dispatcher, Prepare
from wikipayam_async.batching.health import SendingHealth
from wikipayam_async.batching.keys import BatchKeys, make_keyed
from wikipayam_async.batching.queue import Batching, PendingMessage
from wikipayam_async.batching.sender import Send
from wikipayam_async.bulk.interruption import attach_outcomes
from wikipayam_async.bulk.results import SendResult
from wikipayam_async.errors import ClosedError, WikipayamError
from wikipayam_async.idempotency.guard import IdempotencyGuard
from wikipayam_async.messages.models import SentMessage, SmsMessage, as_message
from wikipayam_async.misuse import AsyncOnly
from wikipayam_async.outcomes import MessageOutcome, SendStatus
from wikipayam_async.publish import publish_in_package

__all__ = ["Batcher"]


class Batcher(AsyncOnly):
    """Sends single messages of many tasks in few requests. An async context manager.

    A batch is sent as soon as it is full, or when its oldest message has waited for `linger` seconds. While
    `concurrency` requests are in flight, messages are queued, so that batches grow with the load. Every `send` has its
    own outcome, independent of the other messages in its request.

    Leaving the block sends all queued messages and waits for every outcome. If an exception or a cancellation leaves
    it, messages that have not begun to leave are not sent; requests in flight are finished first, within their
    time-out.

    Made by `client.sms.batcher()`, for one event loop, and entered once. Its methods raise `ClosedError` in another event
    loop; from a worker thread, use `anyio.from_thread.run(batcher.send, receiver, message)`.
    """

    _usage: ClassVar[str] = "a batcher is entered with async with: async with client.sms.batcher() as batcher: ..."

    def __init__(
        self,
        send: Send,
        prepare: Prepare,
        batching: Batching,
        *,
        longest_wait: float,
        guard: IdempotencyGuard | None = None,
    ) -> None:
        keys = None if guard is None else BatchKeys(guard)
        self._dispatcher = Dispatcher(send, batching, owner="batcher", longest_wait=longest_wait, keys=keys)
        self._has_store = guard is not None
        self._prepare = prepare
        self._batching = batching
        self._entered = False

    @property
    def waiting(self) -> int:
        """The number of queued messages, without those that `max_waiting` holds back."""
        return len(self._dispatcher.queue)

    @property
    def in_flight(self) -> int:
        """The number of messages in requests in flight."""
        return len(self._dispatcher.in_flight)

    @property
    def healthy(self) -> bool:
        """Whether the batcher takes messages and its last request did not fail for a reason that concerns others too."""
        return self.health.healthy

    @property
    def health(self) -> SendingHealth:
        """The batcher's current health. It is read from any thread, and makes no request."""
        return self._dispatcher.health

    @property
    def unsent(self) -> list[SendResult]:
        """The results of the messages that were not sent because the batcher closed. Sending them again is safe.

        The `index` is the position in this list, which has no particular order.
        """
        return list(self._dispatcher.unsent)

    async def __aenter__(self) -> Self:
        if self._entered:
            raise ClosedError("a batcher is entered once: call batcher() again for another")
        self._entered = True
        await self._dispatcher.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._dispatcher.__aexit__(kind, error, trace)

    @overload
    async def send(
        self,
        message: SmsMessage,
        /,
        *,
        normalize: bool = ...,
        validate: bool = ...,
        idempotency_key: str | None = ...,
    ) -> SentMessage: ...

    @overload
    async def send(
        self,
        receiver: str,
        message: str,
        *,
        sender: str | None = ...,
        track_id: str | None = ...,
        normalize: bool = ...,
        validate: bool = ...,
        idempotency_key: str | None = ...,
    ) -> SentMessage: ...

    async def send(
        self,
        receiver: str | SmsMessage,
        message: str | None = None,
        *,
        sender: str | None = None,
        track_id: str | None = None,
        normalize: bool = True,
        validate: bool = True,
        idempotency_key: str | None = None,
    ) -> SentMessage:
        """Send one SMS in a request with messages of other tasks, and wait for its outcome (`POST /sms/send`).

        If this is cancelled while the message waits, the message is not sent. If its request is in flight, this ends
        at once, the message is sent, and its outcome is logged at WARNING and passed to the client's `on_event`, by its
        track id. The cancellation carries what is known at that moment (`report_from`).

        Args:
            receiver: The mobile number, in any common format; or an `SmsMessage`, with its own text,
                line and track id.
            message: The text, sent unchanged.
            sender: The line; the client's default line if None.
            track_id: Your reference; generated if None.
            normalize: Send a mobile number in the form `09…`; if False, send the given spelling.
            validate: Require an Iranian mobile number; if False, accept any receiver.
            idempotency_key: A name for this message, such as `order-42:shipped`. A call with the same key sends nothing if
                the message was sent before; it needs the client's `idempotency`. 1 to 255 visible ASCII characters,
                without personal data.

        Raises:
            InvalidInputError: An argument breaks a rule; nothing was sent.
            IdempotencyConflictError: The key was used for another message; nothing was sent.
            InFlightError: Another call with the key is in progress; nothing was sent.
            ConfigurationError: No sender is set; nothing was sent.
            ClosedError: The batcher is closed, was not entered, or belongs to another event loop; nothing was sent.
            UnknownOutcomeError: It may or may not have been accepted. Do not resend it blindly.
            APIStatusError: The gateway refused it.
            APIConnectionError: It did not reach the gateway.
        """
        try:
            sms = as_message(receiver, message, sender, track_id)
        finally:
            del receiver, message  # a traceback with locals shows the message masked
        self._dispatcher.check_loop("sms.send: not sent")
        due = anyio.current_time() + self._batching.due_after
        payload = self._prepare(sms, normalize=normalize, validate=validate)
        keyed = make_keyed(idempotency_key, sms, payload, has_store=self._has_store)
        pending = PendingMessage(sms, payload, due, keyed=keyed)
        if not self._dispatcher.is_open:
            if not self._entered:
                raise ClosedError("enter the batcher first: async with client.sms.batcher() as batcher")
            raise ClosedError("sms.send: not sent, because the batcher is closed")
        await checkpoint_if_cancelled()  # or a full batch could leave before the cancellation arrives
        self._dispatcher.add(pending)
        try:
            return await pending.outcome()
        except WikipayamError:
            raise
        except BaseException as error:
            self._abandon(pending, error)
            raise

    def _abandon(self, pending: PendingMessage, error: BaseException) -> None:
        """Withdraw the message of a task that ends, and make what ends it carry what is known."""
        self._dispatcher.withdraw(pending)
        in_flight = pending in self._dispatcher.in_flight
        pending.abandoned = in_flight
        status = SendStatus.UNKNOWN if in_flight else SendStatus.NOT_ATTEMPTED
        outcome = pending.known_outcome or MessageOutcome(pending.payload.track_id, status)
        attach_outcomes(error, "sms.send", [pending.message], [outcome], log=not in_flight)

    async def flush(self) -> None:
        """Send all queued messages without lingering, and wait for their outcomes and for those of all in flight.

        Messages that are added meanwhile are not waited for.

        Raises:
            ClosedError: The batcher belongs to another event loop.
        """
        await self._dispatcher.flush()

    async def aclose(self, timeout: float | None = None) -> list[SendResult]:
        """Take no more messages, send the queued ones, and wait for every outcome.

        Args:
            timeout: Seconds after which messages that have not begun to leave are not sent; their `send` raises
                `ClosedError`. Requests in flight are finished within their own time-out. None means no limit.

        Returns:
            The results of the messages that were not sent in time: `unsent`.

        Raises:
            InvalidInputError: `timeout` is invalid.
            ClosedError: The batcher belongs to another event loop.
        """
        await self._dispatcher.aclose(timeout)
        return self.unsent

    def __repr__(self) -> str:
        return f"<Batcher {self._batching}, {self.waiting} waiting, {self.in_flight} in flight>"


publish_in_package(["Batcher"], globals())

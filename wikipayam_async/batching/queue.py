"""Messages that wait to be sent, and the limits of a request."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import anyio
from attrs import Attribute, field, frozen

from wikipayam_async.bulk.options import DEFAULT_BATCH_SIZE, DEFAULT_CONCURRENCY
from wikipayam_async.checks import argument_at_least_one, check_seconds
from wikipayam_async.errors import WikipayamError
from wikipayam_async.idempotency.keyed import KeyedMessage
from wikipayam_async.messages.models import SentMessage, SmsMessage
from wikipayam_async.messages.payload import SmsPayload
from wikipayam_async.outcomes import MessageOutcome, SendStatus

__all__ = ["BatchSize", "Batching", "PendingMessage", "PendingQueue", "PostedMessage"]

_TIMER_DELAY = 0.001


def _seconds(_: object, attribute: Attribute[Any], value: object) -> None:
    check_seconds(attribute.name, value)


@frozen(kw_only=True)
class Batching:
    """The options of a batcher or an outbox.

    Attributes:
        batch_size: The maximum number of messages per request.
        linger: The maximum time, in seconds, that a message waits for others. 0 waits for one tick of the event loop:
            messages of tasks that are ready join.
        concurrency: The number of requests in flight at once.
        max_waiting: The maximum number of messages that wait to be sent.

    Raises:
        InvalidInputError: A value is out of bounds.
    """

    batch_size: int = field(default=DEFAULT_BATCH_SIZE, validator=argument_at_least_one)
    linger: float = field(default=0.005, validator=_seconds)
    concurrency: int = field(default=DEFAULT_CONCURRENCY, validator=argument_at_least_one)
    max_waiting: int = field(default=10_000, validator=argument_at_least_one)

    @property
    def due_after(self) -> float:
        """Seconds after which a message is due: less than `linger`, because timers fire up to a millisecond late."""
        return self.linger - min(_TIMER_DELAY, self.linger / 4)


class PendingMessage:
    """A message without an outcome, and the event that its task waits for.

    Args:
        message: The message.
        payload: Its payload.
        due: The event loop's time at which it should be sent.
        keyed: The message under its idempotency key; None for none.

    Attributes:
        done: Set when the message has an outcome or was withdrawn.
        abandoned: Whether the task that waited for the outcome has ended.
        known_outcome: The outcome with its ids; None until it is known.
    """

    __slots__ = ("_outcome", "abandoned", "done", "due", "keyed", "known_outcome", "message", "payload")

    def __init__(
        self, message: SmsMessage, payload: SmsPayload, due: float, *, keyed: KeyedMessage | None = None
    ) -> None:
        self.message = message
        self.payload = payload
        self.due = due
        self.keyed = keyed
        self.abandoned = False
        self.known_outcome: MessageOutcome | None = None
        self.done = anyio.Event()
        self._outcome: SentMessage | WikipayamError

    def finish(self, outcome: SentMessage | WikipayamError, status: SendStatus, /) -> None:
        """Set the outcome of the message."""
        self._outcome = outcome
        id_ = outcome.id if isinstance(outcome, SentMessage) else None
        self.known_outcome = MessageOutcome(self.payload.track_id, status, id_)
        self.done.set()

    async def outcome(self) -> SentMessage:
        """Wait for the outcome of the message; return it or raise it."""
        await self.done.wait()
        outcome = self._outcome
        del self._outcome
        try:
            if isinstance(outcome, SentMessage):
                return outcome
            raise outcome
        finally:
            del outcome  # the error refers to this frame, which must not refer to the error


class PostedMessage(PendingMessage):
    """A message of an outbox: no task waits for its outcome, which is passed to a callback.

    Args:
        message: The message.
        payload: Its payload.
        due: The event loop's time at which it should be sent.
        number: The number of the post, counted from 0.
        posted: The event loop's time of the post.
        keyed: The message under its idempotency key; None for none.
        on_finish: Called with the outcome and its status.
    """

    __slots__ = ("_on_finish", "number", "posted")

    def __init__(
        self,
        message: SmsMessage,
        payload: SmsPayload,
        due: float,
        *,
        number: int,
        posted: float,
        keyed: KeyedMessage | None = None,
        on_finish: Callable[[PostedMessage, SentMessage | WikipayamError, SendStatus], None],
    ) -> None:
        super().__init__(message, payload, due, keyed=keyed)
        self.number = number
        self.posted = posted
        self._on_finish = on_finish

    def finish(self, outcome: SentMessage | WikipayamError, status: SendStatus, /) -> None:
        """Set the outcome of the message."""
        self.done.set()
        self._on_finish(self, outcome, status)


class BatchSize:
    """The maximum number of messages per request: halved after a 413, then increased by one per full request.

    It grows again because a batcher lives long, and one large message must not keep its requests small for ever.

    Attributes:
        limit: The current maximum.
    """

    __slots__ = ("_ceiling", "limit")

    def __init__(self, ceiling: int) -> None:
        self._ceiling = ceiling
        self.limit = ceiling

    def refused(self, count: int) -> None:
        """Record that a request of `count` messages was too large."""
        if count > 1:
            self.limit = min(self.limit, count // 2)

    def accepted(self, count: int) -> None:
        """Record that a request of `count` messages was not too large."""
        if self.limit <= count:
            self.limit = min(self.limit + 1, self._ceiling)


class PendingQueue:
    """Messages in order of arrival. Those that exceed `max_waiting` are blocked until others are removed.

    Args:
        max_waiting: The maximum number of messages that wait to be sent.
        size: The maximum number of messages per request.
    """

    __slots__ = ("_blocked", "_max_waiting", "_size", "_waiting")

    def __init__(self, max_waiting: int, size: BatchSize) -> None:
        self._max_waiting = max_waiting
        self._size = size
        self._waiting: OrderedDict[PendingMessage, None] = OrderedDict()
        self._blocked: OrderedDict[PendingMessage, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def messages(self) -> list[PendingMessage]:
        """All messages, the blocked ones included."""
        return [*self._waiting, *self._blocked]

    @property
    def is_full(self) -> bool:
        """Whether the messages fill a request, or no more can be added."""
        return len(self._waiting) >= min(self._size.limit, self._max_waiting)

    @property
    def due(self) -> float:
        """The time at which the next request should be sent: -inf (now) if it is full, inf if no message waits."""
        if self.is_full:
            return -math.inf
        return next(iter(self._waiting)).due if self._waiting else math.inf

    def add(self, pending: PendingMessage) -> None:
        """Add a message."""
        queue = self._waiting if len(self._waiting) < self._max_waiting else self._blocked
        queue[pending] = None

    def remove(self, pending: PendingMessage) -> None:
        """Remove a message, if it is in the queue."""
        if pending in self._waiting:
            del self._waiting[pending]
            self._unblock()
        else:
            self._blocked.pop(pending, None)

    def take(self) -> list[PendingMessage]:
        """Remove and return the messages of the next request."""
        taken: list[PendingMessage] = []
        while self._waiting and len(taken) < self._size.limit:
            taken.append(self._waiting.popitem(last=False)[0])
            self._unblock()
        return taken

    def _unblock(self) -> None:
        if self._blocked:
            self._waiting[self._blocked.popitem(last=False)[0]] = None

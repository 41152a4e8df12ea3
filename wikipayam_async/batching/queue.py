"""Messages that wait for a request to leave in: their line, how large a request may be, and how each is told its outcome."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

import anyio
from attrs import Attribute, field, frozen

from wikipayam_async.bulk.chunker import DEFAULT_BATCH_SIZE
from wikipayam_async.checks import argument_at_least_one, check_seconds
from wikipayam_async.errors import WikipayamError
from wikipayam_async.messages.models import SentMessage, SmsMessage
from wikipayam_async.messages.payload import SmsPayload

__all__ = ["BatchSize", "Batching", "PendingQueue", "PendingMessage"]

_LATE = 0.001


def _seconds(_: object, attribute: Attribute[Any], value: object) -> None:
    check_seconds(attribute.name, value)


@frozen(kw_only=True)
class Batching:
    """How a batcher goes about its work.

    Attributes:
        max_size: The most messages of a request.
        linger: The most seconds that a message waits for others to join it. 0 is the same tick of the event loop:
            whatever else is ready joins.
        concurrency: How many requests are in flight at once.
        max_waiting: How many messages may wait; those that come then wait for room.

    Raises:
        InvalidInputError: A value is out of its bounds.
    """

    max_size: int = field(default=DEFAULT_BATCH_SIZE, validator=argument_at_least_one)
    linger: float = field(default=0.005, validator=_seconds)
    concurrency: int = field(default=8, validator=argument_at_least_one)
    max_waiting: int = field(default=10_000, validator=argument_at_least_one)

    @property
    def patience(self) -> float:
        """Seconds after which a message is to leave, so that it has not waited longer than `linger` when it does.

        An event loop's timers go off up to a millisecond late, and then it is another task's turn first.
        """
        return self.linger - min(_LATE, self.linger / 4)


class PendingMessage:
    """A message, and the task that waits for what becomes of it.

    Args:
        message: The message.
        payload: As it is sent.
        due: When it is to leave at the latest, by the event loop's clock.

    Attributes:
        done: Set when the message has its outcome, or nobody wants to know any more.
    """

    __slots__ = ("_outcome", "done", "due", "message", "payload")

    def __init__(self, message: SmsMessage, payload: SmsPayload, due: float) -> None:
        self.message = message
        self.payload = payload
        self.due = due
        self.done = anyio.Event()
        self._outcome: SentMessage | WikipayamError

    def settle(self, outcome: SentMessage | WikipayamError) -> None:
        """Tell what became of the message."""
        self._outcome = outcome
        self.done.set()

    async def outcome(self) -> SentMessage:
        """Wait until it is known what became of the message; return that or raise it."""
        await self.done.wait()
        outcome = self._outcome
        del self._outcome
        try:
            if isinstance(outcome, SentMessage):
                return outcome
            raise outcome
        finally:
            del outcome  # the error holds this frame, which must not hold the error


class BatchSize:
    """How many messages a request may hold: halved when the gateway calls one too large, then grown again step by step.

    A batcher lives long, and one message of many megabytes is no reason to send single messages ever after.

    Attributes:
        most: The most messages of a request.
    """

    __slots__ = ("_ceiling", "most")

    def __init__(self, ceiling: int) -> None:
        self._ceiling = ceiling
        self.most = ceiling

    def refused(self, count: int) -> None:
        """Take note of a request that was too large."""
        if count > 1:
            self.most = min(self.most, count // 2)

    def accepted(self, count: int) -> None:
        """Take note of a request that was not."""
        if self.most <= count:
            self.most = min(self.most + 1, self._ceiling)


class PendingQueue:
    """Messages in the order of their coming. So many may wait to leave, and those after them wait for room.

    Args:
        places: How many messages may wait to leave.
        size: How many of them a request may hold.
    """

    __slots__ = ("_outside", "_places", "_size", "_waiting")

    def __init__(self, places: int, size: BatchSize) -> None:
        self._places = places
        self._size = size
        self._waiting: OrderedDict[PendingMessage, None] = OrderedDict()
        self._outside: OrderedDict[PendingMessage, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def everyone(self) -> list[PendingMessage]:
        """All who wait, those who wait for room included."""
        return [*self._waiting, *self._outside]

    @property
    def is_full(self) -> bool:
        """Whether there are enough for a request, or no more can come in."""
        return len(self._waiting) >= min(self._size.most, self._places)

    @property
    def due(self) -> float:
        """When the next request is to leave: at once if it is full, never if nobody waits."""
        if self.is_full:
            return -math.inf
        return next(iter(self._waiting)).due if self._waiting else math.inf

    def join(self, waiter: PendingMessage) -> None:
        """Let a message wait."""
        line = self._waiting if len(self._waiting) < self._places else self._outside
        line[waiter] = None

    def leave(self, waiter: PendingMessage) -> None:
        """Take a message out, if it is still there."""
        if waiter in self._waiting:
            del self._waiting[waiter]
            self._let_in()
        else:
            self._outside.pop(waiter, None)

    def take(self) -> list[PendingMessage]:
        """Take out the messages of the next request."""
        taken: list[PendingMessage] = []
        while self._waiting and len(taken) < self._size.most:
            taken.append(self._waiting.popitem(last=False)[0])
            self._let_in()
        return taken

    def _let_in(self) -> None:
        if self._outside:
            self._waiting[self._outside.popitem(last=False)[0]] = None

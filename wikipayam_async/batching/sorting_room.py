"""Where posted messages wait: a batcher that nobody waits for, and that no cancellation from outside cuts off."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import anyio

from wikipayam_async.batching.batcher import Batcher, Prepare
from wikipayam_async.batching.dispatch import Dispatcher, Send
from wikipayam_async.batching.queue import Batching, BatchSize, PendingMessage, PendingQueue
from wikipayam_async.bulk.results import SendResult
from wikipayam_async.errors import WikipayamError
from wikipayam_async.messages.models import SentMessage, SmsMessage
from wikipayam_async.messages.payload import SmsPayload
from wikipayam_async.outcomes import SendStatus

__all__ = ["PostedMessage", "SortingRoom"]


class PostedMessage(PendingMessage):
    """A message that was posted. No task waits for its outcome; it is told to the outbox.

    Args:
        message: The message.
        payload: As it is sent.
        due: When it is to leave at the latest, by the event loop's clock.
        number: The number of the post.
        posted: When that was, by the event loop's clock.
        told: Called with the outcome.
    """

    __slots__ = ("_told", "number", "posted")

    def __init__(
        self,
        message: SmsMessage,
        payload: SmsPayload,
        due: float,
        *,
        number: int,
        posted: float,
        told: Callable[[PostedMessage, SentMessage | WikipayamError], None],
    ) -> None:
        super().__init__(message, payload, due)
        self.number = number
        self.posted = posted
        self._told = told

    def settle(self, outcome: SentMessage | WikipayamError) -> None:
        """Tell what became of the message."""
        self.done.set()
        self._told(self, outcome)


class _Road(Dispatcher):
    """Writes down the outcome of each message, which its error alone does not always tell.

    Attributes:
        outcomes: By message; whoever is told the outcome takes it out.
    """

    def __init__(self, send: Send, size: BatchSize, longest_pause: float) -> None:
        super().__init__(send, size, longest_pause)
        self.outcomes: dict[PendingMessage, SendStatus] = {}

    async def _settle(
        self, batch: Sequence[PendingMessage], results: list[SendResult], answers: dict[int, SentMessage]
    ) -> None:
        try:
            await super()._settle(batch, results, answers)
        finally:
            self.outcomes.update((batch[result.index], result.status) for result in results)


class SortingRoom(Batcher):
    """A batcher into which messages are put without waiting, and whose work only its closing ends.

    A server that shuts down cancels the task that entered it. Its workers are shielded from that: what waits is still
    to be sent, for as long as the closing allows.

    Attributes:
        outcomes: By message, where one is known; whoever is told the outcome takes it out.
    """

    def __init__(self, send: Send, prepare: Prepare, batching: Batching, *, longest_pause: float) -> None:
        super().__init__(send, prepare, batching, longest_pause=longest_pause)
        size = BatchSize(batching.max_size)
        road = _Road(send, size, longest_pause)
        self._line = PendingQueue(batching.max_waiting, size)
        self._road = road
        self.outcomes = road.outcomes

    @property
    def is_open(self) -> bool:
        """Whether it takes messages."""
        return self._open

    def put(self, waiter: PendingMessage) -> None:
        """Let a message wait for a request to leave in."""
        self._line.join(waiter)
        if len(self._line) == 1 or self._line.is_full:
            self._news.set()

    async def _work(self) -> None:
        with anyio.CancelScope(shield=True):
            await super()._work()

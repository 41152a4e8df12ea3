"""Micro-batching: many tasks send a message each, and few requests leave."""

from __future__ import annotations

import math
from types import TracebackType
from typing import Protocol, Self

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint, checkpoint_if_cancelled

from wikipayam_async.batching.dispatch import Dispatcher, Send, not_sent
from wikipayam_async.batching.queue import Batching, BatchSize, PendingMessage, PendingQueue
from wikipayam_async.checks import check_seconds
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.messages.models import SentMessage, SmsMessage
from wikipayam_async.messages.payload import SmsPayload

__all__ = ["Batcher"]


class Prepare(Protocol):
    """Checks one message, and makes its payload."""

    def __call__(self, message: SmsMessage, *, normalize: bool) -> SmsPayload:
        """Return the message as it is sent; raise `InvalidInputError` or `ConfigurationError`."""
        ...


class Batcher:
    """Gathers the messages that many tasks send one by one into few requests. An async context manager.

    A batch leaves as soon as it is full, or when its oldest message has waited for `linger` seconds. While as many
    requests are in flight as may be, messages go on gathering, so that batches grow with the load. Every `send` has
    its own outcome, whatever becomes of the others in its request.

    Leaving the block sends everything that waits, and waits for every outcome. If an exception or a cancellation leaves
    it, what has not begun to leave is not sent; requests that have begun are finished first, within their time-out.

    Made by `client.sms.batcher()`, for one event loop, and entered once.
    """

    def __init__(self, send: Send, prepare: Prepare, batching: Batching, *, longest_pause: float) -> None:
        size = BatchSize(batching.max_size)
        self._prepare = prepare
        self._batching = batching
        self._line = PendingQueue(batching.max_waiting, size)
        self._road = Dispatcher(send, size, longest_pause)
        self._entered = False
        self._open = False
        self._workers = 0
        self._scopes: list[anyio.CancelScope] = []
        self._group: TaskGroup
        self._turn: anyio.Lock
        self._news: anyio.Event
        self._finished: anyio.Event

    @property
    def waiting(self) -> int:
        """How many messages wait for a request to leave in; those that wait for room are not among them."""
        return len(self._line)

    @property
    def in_flight(self) -> int:
        """How many messages are in requests that are in flight."""
        return len(self._road.in_flight)

    async def __aenter__(self) -> Self:
        if self._entered:
            raise RuntimeError("a batcher is entered once: call batcher() again for another")
        self._entered = self._open = True
        self._turn = anyio.Lock(fast_acquire=True)
        self._news = anyio.Event()
        self._finished = anyio.Event()
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._workers = self._batching.concurrency
        for _ in range(self._batching.concurrency):
            self._group.start_soon(self._work)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._shut()
        else:
            self._abandon()
        try:
            # The block's own exception is not shown to the group, which would wrap it.
            await self._group.__aexit__(None, None, None)
        finally:
            self._end()

    async def send(
        self,
        receiver: str,
        message: str,
        sender: str | None = None,
        track_id: str | None = None,
        *,
        normalize: bool = True,
    ) -> SentMessage:
        """Send one SMS in a request with those of other tasks (`POST /sms/send`), and wait for what becomes of it.

        If this is cancelled while the message waits, it is not sent. If its request is in flight by then, this returns
        at once, the message goes on, and its outcome is told to the client's `on_event` by its track id.

        Args:
            receiver: The mobile that gets it, in any usual spelling.
            message: The text, sent to the posted_message.
            sender: The line; the client's if None.
            track_id: Your own reference; one is made if None.
            normalize: Bring the receiver to the form `09…`; False sends it as it is.

        Raises:
            InvalidInputError: An argument breaks a rule; nothing was sent.
            ConfigurationError: No sender is named anywhere, or the batcher is closed; nothing was sent.
            UnknownOutcomeError: It may or may not have been accepted. Do not send it again blindly.
            APIStatusError: The gateway refused it.
            APIConnectionError: It never reached the gateway.
        """
        sms = SmsMessage(receiver, message, sender=sender, track_id=track_id)
        del receiver, message  # a traceback with locals shows the message masked
        return await self.send_message(sms, normalize=normalize)

    async def send_message(self, message: SmsMessage, *, normalize: bool = True) -> SentMessage:
        """Send one SMS like `send`, given as an `SmsMessage`.

        Args:
            message: The message.
            normalize: Bring the receiver to the form `09…`; False sends it as it is.

        Raises:
            InvalidInputError: A field breaks a rule; nothing was sent.
            ConfigurationError: No sender is named anywhere, or the batcher is closed; nothing was sent.
            UnknownOutcomeError: It may or may not have been accepted. Do not send it again blindly.
            APIStatusError: The gateway refused it.
            APIConnectionError: It never reached the gateway.
        """
        due = anyio.current_time() + self._batching.patience
        waiter = PendingMessage(message, self._prepare(message, normalize=normalize), due)
        if not self._open:
            if not self._entered:
                raise RuntimeError("enter the batcher first: async with client.sms.batcher() as batcher")
            raise ConfigurationError("sms.send: not sent, because the batcher is closed")
        await checkpoint_if_cancelled()  # or a full batch could leave before the cancellation arrives
        self._line.join(waiter)
        if len(self._line) == 1 or self._line.is_full:
            self._news.set()
        try:
            return await waiter.outcome()
        except BaseException:
            self._line.leave(waiter)
            if waiter not in self._road.in_flight:
                waiter.done.set()  # a flush may wait for it
            raise

    async def flush(self) -> None:
        """Let every message that waits leave without lingering, and wait for the outcomes of those and of all in flight.

        Messages that come meanwhile are not waited for.
        """
        everyone = self._line.everyone
        for waiter in everyone:
            waiter.due = -math.inf
        if everyone:
            self._news.set()
        for waiter in [*self._road.in_flight, *everyone]:
            await waiter.done.wait()

    async def aclose(self, timeout: float | None = None) -> list[SmsMessage]:  # noqa: ASYNC109 - its end is a result here
        """Take no more messages, send those that wait, and wait for every outcome.

        Args:
            timeout: Seconds after which what has not begun to leave is not sent: those who wait for it get a
                `ConfigurationError`. Requests that have begun to leave are finished within their own time-out. None
                waits for everything, however long it takes.

        Returns:
            The messages that were not sent for lack of time.

        Raises:
            InvalidInputError: The time-out is no time.
        """
        if timeout is not None:
            check_seconds("timeout", timeout)
        if self._workers:
            self._shut()
            with anyio.move_on_after(timeout):
                await self._finished.wait()
            if self._workers:
                self._abandon()
                await self._finished.wait()
        unsent, self._road.unsent = self._road.unsent, []
        return unsent

    def __repr__(self) -> str:
        return f"<Batcher {self._batching}, {self.waiting} waiting, {self.in_flight} in flight>"

    def _shut(self) -> None:
        """Take no more messages."""
        self._open = False
        self._news.set()

    def _abandon(self) -> None:
        """Send nothing that has not begun to leave."""
        self._shut()
        for scope in self._scopes:
            scope.cancel()
        for waiter in self._line.everyone:
            self._line.leave(waiter)
            self._road.unsent.append(waiter.message)
            waiter.settle(not_sent(None))

    def _end(self) -> None:
        """Tell everybody that nothing more will be done."""
        self._abandon()
        self._finished.set()

    async def _work(self) -> None:
        try:
            with anyio.CancelScope() as scope:
                self._scopes.append(scope)
                batch = await self._gather()
                while batch:
                    await self._road.carry(batch)
                    batch = await self._gather()
        finally:
            self._workers -= 1
            if not self._workers:  # whatever ended them, nobody is to wait for them in vain
                self._end()

    async def _gather(self) -> list[PendingMessage]:
        """Wait until a batch is to leave, and return it; it is empty at the end."""
        await checkpoint()  # whoever the last batch has set free may send the next message, and join
        async with self._turn:
            while self._line or self._open:
                due = self._line.due if self._open else -math.inf
                if due <= anyio.current_time():
                    return self._line.take()
                self._news = anyio.Event()
                with anyio.CancelScope(deadline=due):
                    await self._news.wait()
        return []

"""What the batcher and the outbox share: a queue, and the workers that send its messages in common requests."""

from __future__ import annotations

import math
from types import TracebackType
from typing import Protocol, Self

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from wikipayam_async.batching.health import SendingHealth
from wikipayam_async.batching.keys import BatchKeys
from wikipayam_async.batching.queue import Batching, BatchSize, PendingMessage, PendingQueue
from wikipayam_async.batching.sender import BatchSender, Send, not_sent
from wikipayam_async.checks import check_seconds
from wikipayam_async.core.loops import LoopOwner
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.messages.payload import SmsPayload
from wikipayam_async.outcomes import SendStatus

__all__ = ["Dispatcher", "Prepare"]

_FROM_A_THREAD = {
    "batcher": "run(batcher.send, receiver, message)",
    "outbox": "run_sync(outbox.post, receiver, message)",
}


class Prepare(Protocol):
    """Checks one message and makes its payload."""

    def __call__(self, message: SmsMessage, *, normalize: bool, validate: bool) -> SmsPayload:
        """Return the payload; raise `InvalidInputError` or `ConfigurationError`."""
        ...


class Dispatcher:
    """Queues messages and sends them in common requests. An async context manager, entered once.

    Leaving the block sends what is queued. If an exception or a cancellation leaves it, messages that have not begun to
    leave are not sent; requests in flight are finished first.

    Args:
        send: Sends messages as one request.
        batching: The limits.
        owner: `batcher` or `outbox`, for errors.
        longest_wait: The longest delay, in seconds, that the pipeline waits when the gateway asks for one.
        shielded: Protect the workers from a cancellation of the block.
        keys: Claims the idempotency keys of messages; None if the client has no store.

    Attributes:
        queue: The messages that wait to be sent.
        in_flight: The messages in flight.
        unsent: The results of the messages that were not sent because this was closed.
        is_open: Whether messages are taken.
    """

    def __init__(
        self,
        send: Send,
        batching: Batching,
        *,
        owner: str,
        longest_wait: float,
        shielded: bool = False,
        keys: BatchKeys | None = None,
    ) -> None:
        size = BatchSize(batching.batch_size)
        self.queue = PendingQueue(batching.max_waiting, size)
        self._sender = BatchSender(send, size, owner, longest_wait, keys)
        self._owner = owner
        self._loop = LoopOwner(owner, f"from a worker thread use anyio.from_thread.{_FROM_A_THREAD[owner]}")
        self.in_flight = self._sender.in_flight
        self.unsent = self._sender.unsent
        self._concurrency = batching.concurrency
        self._max_waiting = batching.max_waiting
        self._shielded = shielded
        self._workers = 0
        self._scopes: list[anyio.CancelScope] = []
        self._group: TaskGroup
        self._taking: anyio.Lock
        self._changed: anyio.Event
        self._finished: anyio.Event
        self.is_open = False

    @property
    def health(self) -> SendingHealth:
        """The current health."""
        return self._sender.health.report(
            running=self.is_open,
            full=len(self.queue) >= self._max_waiting,
            waiting=len(self.queue),
            in_flight=len(self.in_flight),
        )

    async def __aenter__(self) -> Self:
        self._loop.enter()
        self.is_open = True
        self._taking = anyio.Lock(fast_acquire=True)
        self._changed = anyio.Event()
        self._finished = anyio.Event()
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._workers = self._concurrency
        for _ in range(self._concurrency):
            self._group.start_soon(self._work)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._close()
        else:
            self._abandon()
        try:
            # The group must not see the block's exception: it would wrap it.
            await self._group.__aexit__(None, None, None)
        finally:
            self._end()

    def check_loop(self, what: str) -> None:
        """Check that the running event loop is the one that this was entered in.

        Args:
            what: What fails otherwise, such as `sms.send: not sent`.

        Raises:
            ClosedError: It is another event loop, or this thread runs none.
        """
        self._loop.check(what)

    def add(self, pending: PendingMessage) -> None:
        """Queue a message."""
        self.queue.add(pending)
        if len(self.queue) == 1 or self.queue.is_full:
            self._changed.set()

    def withdraw(self, pending: PendingMessage) -> None:
        """Remove a message from the queue; a message in flight is sent all the same."""
        self.queue.remove(pending)
        if pending not in self.in_flight:
            pending.done.set()  # a flush may wait for it

    async def flush(self) -> None:
        """Send what is queued without lingering, and wait for the outcomes of those messages and of all in flight."""
        self.check_loop("flush: nothing was changed")
        queued = self.queue.messages
        for pending in queued:
            pending.due = -math.inf
        if queued:
            self._changed.set()
        for pending in [*self.in_flight, *queued]:
            await pending.done.wait()

    async def aclose(self, timeout: float | None) -> None:
        """Take no more messages, send what is queued, and wait for every outcome.

        Messages that have not begun to leave after `timeout` seconds are not sent.

        Raises:
            InvalidInputError: `timeout` is invalid.
            ClosedError: This is another event loop.
        """
        if timeout is not None:
            check_seconds("timeout", timeout)
        self.check_loop("aclose: nothing was changed")
        if self._workers:
            self._close()
            with anyio.move_on_after(timeout):
                await self._finished.wait()
            if self._workers:
                self._abandon()
                await self._finished.wait()

    def _close(self) -> None:
        """Take no more messages."""
        self.is_open = False
        self._changed.set()

    def _abandon(self) -> None:
        """Cancel what has not begun to leave."""
        self._close()
        for scope in self._scopes:
            scope.cancel()
        for pending in self.queue.messages:
            self.queue.remove(pending)
            error = not_sent(None, self._owner)
            self._sender.note_unsent(pending, error)
            pending.finish(error, SendStatus.NOT_ATTEMPTED)

    def _end(self) -> None:
        self._abandon()
        self._finished.set()

    async def _work(self) -> None:
        try:
            with anyio.CancelScope(shield=self._shielded) as scope:
                self._scopes.append(scope)
                batch = await self._next_batch()
                while batch:
                    await self._sender.send(batch)
                    batch = await self._next_batch()
        finally:
            self._workers -= 1
            if not self._workers:  # also after a failure, so that no task waits for ever
                self._end()

    async def _next_batch(self) -> list[PendingMessage]:
        """Wait until a batch is due and return it; an empty list means the end."""
        await checkpoint()  # tasks that got an outcome may add their next message
        async with self._taking:
            while self.queue or self.is_open:
                due = self.queue.due if self.is_open else -math.inf
                if due <= anyio.current_time():
                    return self.queue.take()
                self._changed = anyio.Event()
                with anyio.CancelScope(deadline=due):
                    await self._changed.wait()
        return []

"""A bulk send at work: workers that pull chunks from the source, and a consumer that takes results in its own time."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from operator import attrgetter
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint
from attrs import frozen

from wikipayam_async.bulk.results import SendResult
from wikipayam_async.bulk.sender import ChunkSender, results_of
from wikipayam_async.bulk.source import Source, SourceChunk
from wikipayam_async.errors import SuppressedError, WikipayamError
from wikipayam_async.outcomes import SendStatus

__all__ = ["BulkRun", "Pace"]


@frozen(kw_only=True)
class Pace:
    """How a run goes about its work.

    Attributes:
        concurrency: How many requests are in flight at once.
        ordered: Give out the results in the order of the input.
    """

    concurrency: int
    ordered: bool = False

    @property
    def window(self) -> int:
        """How many chunks may be taken from the source whose results the consumer has not taken yet."""
        return self.concurrency * 2


class BulkRun:
    """The results of a bulk send, as they come. An async context manager and an async iterator.

    For every message taken from the source there is exactly one result: it comes out of the iteration, or, if the
    `async with` block is left before the end, it is in `leftover`. Leaving the block cancels what has not begun;
    requests that have begun to leave are finished first, within their time-out. Memory is bounded by the window of
    chunks, however many messages there are.

    Attributes:
        leftover: After the block was left early: the results nobody took, of the messages that the source had given.
        source_error: What the source raised, if it did. The iteration raises it after the last result.
    """

    def __init__(self, source: Source, sender: ChunkSender, pace: Pace) -> None:
        self._source = source
        self._sender = sender
        self._pace = pace
        self._group: TaskGroup
        self._pulling: anyio.Lock
        self._taking: anyio.ResourceGuard
        self._places: anyio.Semaphore
        self._wakeup: anyio.Event
        self._ready: deque[list[SendResult]] = deque()
        self._early: dict[int, list[SendResult]] = {}
        self._next_number = 0
        self._workers: int
        self._taken: deque[SendResult] = deque()
        self._everything: list[SendResult] | None = None
        self._holds_place = False
        self._entered = False
        self.source_error: Exception | None = None
        self.leftover: list[SendResult] = []

    async def __aenter__(self) -> Self:
        if self._entered:
            raise RuntimeError("a bulk send runs once: call bulk() again for another")
        self._entered = True
        self._pulling = anyio.Lock(fast_acquire=True)
        self._taking = anyio.ResourceGuard("taking results from")
        self._places = anyio.Semaphore(self._pace.window, fast_acquire=True)
        self._wakeup = anyio.Event()
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._workers = self._pace.concurrency
        for _ in range(self._pace.concurrency):
            self._group.start_soon(self._work)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The block's own exception is not shown to the group, which would wrap it; the workers are cancelled first.
        if self._workers:
            self._group.cancel_scope.cancel()
        try:
            await self._group.__aexit__(None, None, None)
        finally:
            self._collect_leftover()
            with anyio.CancelScope(shield=True):
                await self._source.aclose()

    @property
    def stopped_by(self) -> WikipayamError | None:
        """Why nothing more is sent, although the source may have more; None while the run goes on, or ended by itself."""
        return self._sender.stopped_by

    def __aiter__(self) -> AsyncIterator[SendResult]:
        return self

    async def __anext__(self) -> SendResult:
        while not self._taken:
            results = await self.take()
            if results is None:
                if self.source_error is not None:
                    raise self.source_error
                raise StopAsyncIteration
            self._taken.extend(results)
        return self._taken.popleft()

    async def take(self) -> list[SendResult] | None:
        """Return the next results, a chunk's at a time, which is cheaper than one by one; None at the end."""
        if not self._entered:
            raise RuntimeError("enter the bulk send first: async with client.sms.bulk(...) as results")
        if self._holds_place:
            self._holds_place = False
            self._places.release()
        with self._taking:  # of two tasks at once, one would wait for a wake-up that goes to the other
            if self._taken:
                await checkpoint()
                return self._rest()
            if self._ready or not self._workers:
                await checkpoint()
            while not self._ready:
                if not self._workers:
                    return None
                self._wakeup = anyio.Event()
                await self._wakeup.wait()
            self._holds_place = True
            return self._ready.popleft()

    async def take_all(self) -> list[SendResult]:
        """Return all results that are still to come, when the last is there. They are held in memory, in any order."""
        if not self._entered:
            raise RuntimeError("enter the bulk send first: async with client.sms.bulk(...) as results")
        with self._taking:
            await checkpoint()
            everything = self._everything = self._rest()
            if self._holds_place:
                self._holds_place = False
                self._places.release()
            self._hand_over()
            try:
                while self._workers:
                    self._wakeup = anyio.Event()
                    await self._wakeup.wait()
            except BaseException:
                self._taken.extend(everything)
                raise
            finally:
                self._everything = None
            return everything

    def _rest(self) -> list[SendResult]:
        """Return what was taken as a chunk and not given out one by one."""
        rest = [*self._taken]
        self._taken.clear()
        return rest

    async def _work(self) -> None:
        try:
            while True:
                await self._places.acquire()
                pull = await self._pull()
                if pull is None:
                    self._places.release()
                    return
                await self._settle(pull)
        finally:
            self._workers -= 1
            self._wakeup.set()

    async def _pull(self) -> SourceChunk | None:
        async with self._pulling:
            self._source.stopped_by = self._sender.stopped_by
            try:
                return await self._source.pull()
            except Exception as error:  # noqa: BLE001 - the source's own; raised to the consumer after the results
                self.source_error = error
                return self._source.remains()

    async def _settle(self, pull: SourceChunk) -> None:
        results = pull.settled
        # Of what is not attempted the error is the stop itself, which changes nothing.
        # What we hold back ourselves is as it should be.
        for error in filter(None, [result.error for result in results]):
            if not isinstance(error, SuppressedError):
                self._sender.note_failure(error)
        try:
            if pull.chunk is not None:
                await self._sender.settle(pull.chunk, results)
        finally:
            results.sort(key=attrgetter("index"))
            self._give_out(pull.number, results)

    def _give_out(self, number: int, results: list[SendResult]) -> None:
        if not self._pace.ordered:
            self._ready.append(results)
        else:
            self._early[number] = results
            while self._next_number in self._early:
                self._ready.append(self._early.pop(self._next_number))
                self._next_number += 1
        if self._everything is None:
            self._wakeup.set()
        else:
            self._hand_over()

    def _hand_over(self) -> None:
        """Give what is ready to who waits for everything, without waking him."""
        while self._ready and self._everything is not None:
            self._everything += self._ready.popleft()
            self._places.release()

    def _collect_leftover(self) -> None:
        """Keep what nobody took, so that no message that was put in is without a result."""
        self.leftover.extend(self._taken)
        for results in (*self._ready, *(self._early[number] for number in sorted(self._early))):
            self.leftover.extend(results)
        self._taken.clear()
        self._ready.clear()
        self._early.clear()
        while (remains := self._source.remains()) is not None:
            self.leftover.extend(remains.settled)
            if remains.chunk is not None:
                self.leftover.extend(results_of(remains.chunk, SendStatus.NOT_ATTEMPTED, None))

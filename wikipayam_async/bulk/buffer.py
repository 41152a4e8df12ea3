"""The results of a bulk send, between the workers that add them and the consumer that takes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import chain

import anyio
from anyio.lowlevel import checkpoint

from wikipayam_async.bulk.columns import GrowingResults, ResultColumns
from wikipayam_async.bulk.options import BulkOptions
from wikipayam_async.bulk.results import SendResult

__all__ = ["ResultBuffer"]


class ResultBuffer:
    """Holds the results of a run, a chunk at a time, until the consumer takes them.

    A worker reserves a place before it reads a chunk. The place is free again when the consumer asks for the chunk
    after it, so that at most `window` chunks are read and not yet consumed.

    The handler of a signal may raise after any call. So results are held until nothing is called any more between their
    removal and the caller, and those of a chunk from before it is sent.

    Attributes:
        current: The rest of the chunk that the consumer iterates over.
        workers: The number of workers still running. When it is 0, no more results come.
    """

    def __init__(self, options: BulkOptions) -> None:
        self._options = options
        self._places: anyio.Semaphore
        self._taking: anyio.ResourceGuard
        self._changed: anyio.Event
        self._held: dict[int, GrowingResults] = {}
        self._ready: deque[int] = deque()
        self._early: set[int] = set()
        self._next_number = 0
        self._all: list[int] | None = None
        self._holds_place = False
        self.current: deque[SendResult] = deque()
        self.workers = 0

    def open(self) -> None:
        """Expect the results of `concurrency` workers. Call it inside the event loop."""
        self._places = anyio.Semaphore(self._options.window, fast_acquire=True)
        self._taking = anyio.ResourceGuard("taking results from")
        self._changed = anyio.Event()
        self.workers = self._options.concurrency

    async def reserve(self) -> None:
        """Wait for a place for one chunk."""
        await self._places.acquire()

    def release(self) -> None:
        """Free a place that is not needed."""
        self._places.release()

    def remove_worker(self) -> None:
        """Record that a worker has ended."""
        self.workers -= 1
        self._changed.set()

    def hold(self, number: int, results: GrowingResults) -> None:
        """Hold the results of the chunk with this number, to which those of its messages are added as it is sent."""
        self._held[number] = results

    def finish(self, number: int) -> None:
        """Let the consumer take the results of a chunk, which are complete."""
        if not self._options.ordered:
            self._ready.append(number)
        else:
            self._early.add(number)
            while self._next_number in self._early:
                self._early.remove(self._next_number)
                self._ready.append(self._next_number)
                self._next_number += 1
        if self._all is None:
            self._changed.set()
        else:
            self._move_ready(self._all)  # without waking `take_all`, which waits for the last result

    async def take(self) -> Sequence[SendResult] | None:
        """Return the results of the next chunk, or the rest of the current one; None at the end."""
        self._release_place()
        with self._taking:  # of two tasks at once, one would wait for a wake-up that goes to the other
            if self.current or self._ready or not self.workers:
                await checkpoint()
            while not self.current and not self._ready:
                if not self.workers:
                    return None
                await self._change()
            rest, nothing = [*self.current], deque[SendResult]()
            number = None if rest else self._ready.popleft()
        if number is None:
            self.current = nothing
            return rest
        results = self._held[number]
        self._holds_place = True
        del self._held[number]
        return results

    async def take_all(self) -> Sequence[SendResult]:
        """Wait for the last result and return all results that were not taken, in the order of their chunks."""
        with self._taking:
            await checkpoint()
            finished: list[int] = []
            self._all = finished
            self._release_place()
            try:
                self._move_ready(finished)
                while self.workers:
                    await self._change()
                results = _joined([*self.current], self._held)
            except BaseException:
                self._keep(finished)
                raise
            finally:
                self._all = None
            none_held: dict[int, GrowingResults] = {}
            nothing = deque[SendResult]()
        self._held, self.current = none_held, nothing
        return results

    def drain(self, into: list[SendResult]) -> None:
        """Move all results that were not taken to a list."""
        into.extend([*_joined([*self.current], self._held)])
        self._held, self.current = {}, deque()
        self._ready.clear()
        self._early.clear()

    async def _change(self) -> None:
        self._changed = anyio.Event()
        await self._changed.wait()

    def _keep(self, finished: list[int]) -> None:
        """Let the iteration return the results of some chunks, whose places are free."""
        some = {number: self._held[number] for number in finished}
        self.current.extend(_joined([], some))
        for number in some:
            del self._held[number]

    def _release_place(self) -> None:
        """Free the place of the chunk that was taken last."""
        if self._holds_place:
            self._holds_place = False
            self._places.release()

    def _move_ready(self, finished: list[int]) -> None:
        while self._ready:
            finished.append(self._ready.popleft())
            self._places.release()


def _joined(first: list[SendResult], chunks: Mapping[int, GrowingResults]) -> Sequence[SendResult]:
    """Return some results, and behind them those of chunks in the order of their numbers; in columns, if these are."""
    ordered = [chunks[number] for number in sorted(chunks)]
    if ResultColumns not in set(map(type, ordered)):
        return [*first, *chain.from_iterable(ordered)]
    columns = ResultColumns(first)
    for some in ordered:
        columns.extend(some)
    return columns.in_order()

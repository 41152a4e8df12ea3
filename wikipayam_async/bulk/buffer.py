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

    Attributes:
        current: The rest of the chunk that the consumer iterates over.
        workers: The number of workers still running. When it is 0, no more results come.
    """

    def __init__(self, options: BulkOptions) -> None:
        self._options = options
        self._places: anyio.Semaphore
        self._taking: anyio.ResourceGuard
        self._changed: anyio.Event
        self._ready: deque[tuple[int, GrowingResults]] = deque()
        self._early: dict[int, GrowingResults] = {}
        self._next_number = 0
        self._all: dict[int, GrowingResults] | None = None
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

    def add(self, number: int, results: GrowingResults) -> None:
        """Add the results of the chunk with this number."""
        if not self._options.ordered:
            self._ready.append((number, results))
        else:
            self._early[number] = results
            while self._next_number in self._early:
                self._ready.append((self._next_number, self._early.pop(self._next_number)))
                self._next_number += 1
        if self._all is None:
            self._changed.set()
        else:
            self._move_ready(self._all)  # without waking `take_all`, which waits for the last result

    async def take(self) -> Sequence[SendResult] | None:
        """Return the results of the next chunk, or the rest of the current one; None at the end."""
        self._release_held()
        with self._taking:  # of two tasks at once, one would wait for a wake-up that goes to the other
            if self.current:
                await checkpoint()
                return self._take_current()
            if self._ready or not self.workers:
                await checkpoint()
            while not self._ready:
                if not self.workers:
                    return None
                await self._change()
            self._holds_place = True
            return self._ready.popleft()[1]

    async def take_all(self) -> Sequence[SendResult]:
        """Wait for the last result and return all results that were not taken, in the order of their chunks."""
        with self._taking:
            await checkpoint()
            current = self._take_current()
            chunks: dict[int, GrowingResults] = {}
            self._all = chunks
            self._release_held()
            self._move_ready(chunks)
            try:
                while self.workers:
                    await self._change()
            except BaseException:
                self.current.extend(_joined(current, chunks))
                raise
            finally:
                self._all = None
            return _joined(current, chunks)

    def drain(self) -> list[SendResult]:
        """Remove and return all results that were not taken."""
        results = [*_joined(self._take_current(), {**dict(self._ready), **self._early})]
        self._ready.clear()
        self._early.clear()
        return results

    async def _change(self) -> None:
        self._changed = anyio.Event()
        await self._changed.wait()

    def _take_current(self) -> list[SendResult]:
        rest = [*self.current]
        self.current.clear()
        return rest

    def _release_held(self) -> None:
        """Free the place of the chunk that was taken last."""
        if self._holds_place:
            self._holds_place = False
            self._places.release()

    def _move_ready(self, chunks: dict[int, GrowingResults]) -> None:
        while self._ready:
            number, results = self._ready.popleft()
            chunks[number] = results
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

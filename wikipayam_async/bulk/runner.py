"""A running bulk send: workers read chunks from the source and send them; the consumer takes the results."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import AsyncIterator
from operator import attrgetter
from types import TracebackType
from typing import ClassVar, Self

import anyio
from anyio.abc import TaskGroup

from wikipayam_async.bulk.buffer import ResultBuffer
from wikipayam_async.bulk.hooks import AfterSend, refusal_of
from wikipayam_async.bulk.options import BulkOptions, BulkProgress, OnProgress
from wikipayam_async.bulk.results import SendResult
from wikipayam_async.bulk.sender import ChunkSender, SendFunc, results_of
from wikipayam_async.bulk.source import ChunkSource, Messages, Source, SourceChunk
from wikipayam_async.errors import ClosedError, SuppressedError, WikipayamError
from wikipayam_async.messages.payload import prepare_some
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.misuse import AsyncIteration
from wikipayam_async.outcomes import SendStatus

__all__ = ["BulkRun", "make_run", "take_with_progress"]


class BulkRun(AsyncIteration):
    """The results of a bulk send as they arrive. An async context manager and an async iterator.

    Every message read from the source has exactly one result. It is returned by the iteration or, if the `async with`
    block is left early, it is in `leftover`. Leaving the block cancels what has not begun; requests that have begun to
    leave are finished first, within their time-out. Memory is bounded, however many messages there are.

    Attributes:
        leftover: The results that were not taken before the block was left.
        source_error: The exception that the source raised, or None. The iteration raises it after the last result.
    """

    _usage: ClassVar[str] = (
        "a bulk send is entered and iterated with async: "
        "async with client.sms.bulk(...) as results: async for result in results: ..."
    )

    def __init__(self, source: ChunkSource, sender: ChunkSender, options: BulkOptions) -> None:
        self._source = source
        self._sender = sender
        self._concurrency = options.concurrency
        self._after_send = options.after_send
        self._buffer = ResultBuffer(options)
        self._group: TaskGroup
        self._reading: anyio.Lock
        self._entered = False
        self.source_error: Exception | None = None
        self.leftover: list[SendResult] = []

    async def __aenter__(self) -> Self:
        if self._entered:
            raise ClosedError("a bulk send runs once: call bulk() again for another")
        self._entered = True
        self._reading = anyio.Lock(fast_acquire=True)
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._buffer.open()
        for _ in range(self._concurrency):
            self._group.start_soon(self._work)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._buffer.workers:
            self._group.cancel_scope.cancel()
        try:
            # The group must not see the block's exception: it would wrap it.
            await self._group.__aexit__(None, None, None)
        finally:
            self._collect_leftover()
            with anyio.CancelScope(shield=True):
                await self._source.aclose()

    @property
    def stopped_by(self) -> WikipayamError | None:
        """The error that stopped the run before the end of the source; None if nothing did."""
        return self._sender.stopped_by

    def __aiter__(self) -> AsyncIterator[SendResult]:
        return self

    async def __anext__(self) -> SendResult:
        current = self._buffer.current
        while not current:
            results = await self.take()
            if results is None:
                if self.source_error is not None:
                    raise self.source_error
                raise StopAsyncIteration
            current.extend(results)
        return current.popleft()

    async def take(self) -> list[SendResult] | None:
        """Return the results of the next chunk, which is cheaper than one at a time; None at the end."""
        self._check_entered()
        return await self._buffer.take()

    async def take_all(self) -> list[SendResult]:
        """Wait for the end of the run and return all remaining results. They are held in memory, in any order."""
        self._check_entered()
        return await self._buffer.take_all()

    def _check_entered(self) -> None:
        if not self._entered:
            raise ClosedError("enter the bulk send first: async with client.sms.bulk(...) as results")

    async def _work(self) -> None:
        try:
            while True:
                await self._buffer.reserve()
                chunk = await self._read()
                if chunk is None:
                    self._buffer.release()
                    return
                await self._send(chunk)
        finally:
            self._buffer.remove_worker()

    async def _read(self) -> SourceChunk | None:
        async with self._reading:
            try:
                return await self._source.pull(self._sender.stopped_by)
            except Exception as error:  # noqa: BLE001 - the source's own; raised to the consumer after the results
                self.source_error = error
                return self._source.remains()

    async def _send(self, read: SourceChunk) -> None:
        results = read.results
        for error in filter(None, [result.error for result in results]):
            if not isinstance(error, SuppressedError):  # a message that was held back is no failure
                self._sender.note_failure(error)
        try:
            if read.chunk is not None:
                await self._sender.send(read.chunk, results)
        finally:
            results.sort(key=attrgetter("index"))
            try:
                if self._after_send is not None:
                    await self._note(self._after_send, results)
            finally:
                self._buffer.add(read.number, results)

    async def _note(self, after_send: AfterSend, results: list[SendResult]) -> None:
        with anyio.CancelScope(shield=True):
            try:
                await after_send(results)
            except Exception as error:  # noqa: BLE001 - the run stops with it, and loses no result
                self._sender.stop(refusal_of(error))

    def _collect_leftover(self) -> None:
        self.leftover.extend(self._buffer.drain())
        while (remains := self._source.remains()) is not None:
            self.leftover.extend(remains.results)
            if remains.chunk is not None:
                self.leftover.extend(results_of(remains.chunk, SendStatus.NOT_ATTEMPTED, None))


def make_run(
    messages: Messages | ChunkSource, send: SendFunc, options: BulkOptions, *, sender: str | None, longest_wait: float
) -> BulkRun:
    """Return a run that begins when it is entered. `sender` is the line of messages that name none.

    Raises:
        InvalidInputError: `messages`, `dedupe` or `opt_out` is invalid.
    """
    chunk_sender = ChunkSender(send, options, longest_wait)
    if isinstance(messages, ChunkSource):
        return BulkRun(messages, chunk_sender, options)
    prepare = functools.partial(
        prepare_some, sender=sender, track_ids=TrackIds(), normalize=options.normalize, validate=options.validate
    )
    source = Source(messages, prepare, options.batch_size, options.make_screen())
    return BulkRun(source, chunk_sender, options)


async def take_with_progress(run: BulkRun, total: int | None, on_progress: OnProgress) -> list[SendResult]:
    """Return all results of a run; call `on_progress` after each chunk."""
    counts: Counter[SendStatus] = Counter()
    results: list[SendResult] = []
    while (some := await run.take()) is not None:
        results += some
        counts.update(result.status for result in some)
        on_progress(BulkProgress(len(results), total, {status: counts[status] for status in SendStatus}))
    return results

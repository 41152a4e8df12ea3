"""A running bulk send: workers read chunks from the source and send them; the consumer takes the results."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from operator import attrgetter
from types import TracebackType
from typing import ClassVar, Self

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint_if_cancelled

from wikipayam_async.bulk.buffer import ResultBuffer
from wikipayam_async.bulk.column_source import ColumnSource
from wikipayam_async.bulk.columns import ResultColumns, statuses_of
from wikipayam_async.bulk.hooks import AfterSend, refusal_of
from wikipayam_async.bulk.interruption import attach_report, log_interruption
from wikipayam_async.bulk.options import BulkOptions, BulkProgress, OnProgress
from wikipayam_async.bulk.results import BulkReport, BulkSourceError, SendResult
from wikipayam_async.bulk.sender import ChunkSender, SendFunc, results_of
from wikipayam_async.bulk.source import ChunkSource, Messages, Source, SourceChunk
from wikipayam_async.errors import ClosedError, SuppressedError, WikipayamError
from wikipayam_async.messages.columns import ColumnReader
from wikipayam_async.messages.payload_columns import prepare_messages
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.misuse import AsyncIteration
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.publish import publish_in_package

__all__ = ["BulkRun", "collect", "make_run"]


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
        self._counts: Counter[SendStatus] = Counter()
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
        ended_by = error
        try:
            await self._end()
        except BaseException as failure:
            ended_by = failure
            raise
        finally:
            is_break = isinstance(ended_by, GeneratorExit)  # which a `break` around it raises
            if ended_by is not None and not is_break and self._after_send is None:  # a campaign records every outcome
                log_interruption(ended_by, self._counts)

    async def _end(self) -> None:
        try:
            # The group must not see the block's exception: it would wrap it.
            await self._group.__aexit__(None, None, None)
        except BaseExceptionGroup as group:
            one, *others = group.exceptions
            if others:
                raise
            raise one from one.__cause__  # such as Ctrl-C on trio, which a worker may get
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

    async def take(self) -> Sequence[SendResult] | None:
        """Return the results of the next chunk, which is cheaper than one at a time; None at the end."""
        self._check_entered()
        return await self._buffer.take()

    async def take_all(self) -> Sequence[SendResult]:
        """Wait for the end of the run and return all remaining results, in the order of the messages, in memory."""
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
            except anyio.get_cancelled_exc_class() as error:
                await checkpoint_if_cancelled()
                # Of a task that the source awaited: nobody cancelled this run, nor must it look as if somebody had.
                self.source_error = RuntimeError("the source raised a cancellation, although the run was not cancelled")
                self.source_error.__cause__ = error
            except Exception as error:  # noqa: BLE001 - the source's own; raised to the consumer after the results
                self.source_error = error
            return self._source.remains()

    async def _send(self, read: SourceChunk) -> None:
        results = read.results
        self._buffer.hold(read.number, results)
        for error in filter(None, [result.error for result in results]):
            if not isinstance(error, SuppressedError):  # a message that was held back is no failure
                self._sender.note_failure(error)
        in_order = False
        try:
            if read.chunk is not None:
                in_order = not results
                in_order = await self._sender.send(read.chunk, results) and in_order
        finally:
            if not in_order:
                results.sort(key=attrgetter("index"))
            try:
                if self._after_send is not None:
                    await self._note(self._after_send, results)
            finally:
                self._count(results)
                self._buffer.finish(read.number)

    async def _note(self, after_send: AfterSend, results: Sequence[SendResult]) -> None:
        with anyio.CancelScope(shield=True):
            try:
                await after_send(results)
            except Exception as error:  # noqa: BLE001 - the run stops with it, and loses no result
                self._sender.stop(refusal_of(error))

    def _count(self, results: Sequence[SendResult]) -> None:
        statuses = statuses_of(results)
        accepted = statuses.count(
            SendStatus.ACCEPTED
        )  # a member's hash is a call of Python: twice the time of the rest
        self._counts[SendStatus.ACCEPTED] += accepted
        if accepted < len(statuses):
            self._counts.update(status for status in statuses if status is not SendStatus.ACCEPTED)

    def _collect_leftover(self) -> None:
        self._buffer.drain(self.leftover)
        while (remains := self._source.remains()) is not None:
            results = remains.results
            if remains.chunk is not None:
                results.extend(results_of(remains.chunk, SendStatus.NOT_ATTEMPTED, None))
            self._count(results)
            self.leftover.extend(results)


def make_run(
    messages: Messages | ColumnReader | ChunkSource,
    send: SendFunc,
    options: BulkOptions,
    *,
    sender: str | None,
    longest_wait: float,
) -> BulkRun:
    """Return a run that begins when it is entered. `sender` is the line of messages that name none.

    Raises:
        InvalidInputError: `messages`, `dedupe` or `opt_out` is invalid.
    """
    chunk_sender = ChunkSender(send, options, longest_wait)
    if isinstance(messages, ChunkSource):
        return BulkRun(messages, chunk_sender, options)
    prepare = functools.partial(
        prepare_messages, sender=sender, track_ids=TrackIds(), normalize=options.normalize, validate=options.validate
    )
    screen = options.make_screen()
    if isinstance(messages, ColumnReader):
        return BulkRun(ColumnSource(messages, prepare, options.batch_size, screen), chunk_sender, options)
    return BulkRun(Source(messages, prepare, options.batch_size, screen), chunk_sender, options)


async def collect(run: BulkRun, total: int | None, on_progress: OnProgress | None) -> BulkReport:
    """Enter a run and return the report of all its messages.

    Args:
        run: The run.
        total: The number of messages for `on_progress`; None if unknown.
        on_progress: Called after each chunk.

    Raises:
        BulkSourceError: The source raised; the error has the report.
        BaseException: What ended the run early: a cancellation, Ctrl-C, an exception of `on_progress`. The report is
            attached to it.
    """
    results: Sequence[SendResult] = ()
    shown: list[Sequence[SendResult]] = []
    try:
        async with run:
            if on_progress is None:
                results = await run.take_all()
            else:
                await _take_with_progress(run, total, on_progress, shown)
                results = _in_order(shown)
        report = BulkReport(results)
    except BaseException as error:
        attach_report(error, BulkReport(_in_order([*([results] if results else shown), run.leftover])))
        raise
    if run.source_error is not None:
        raise BulkSourceError(
            f"the messages' source raised {type(run.source_error).__name__} after {report.summary()}", report=report
        ) from run.source_error
    return report


async def _take_with_progress(
    run: BulkRun, total: int | None, on_progress: OnProgress, chunks: list[Sequence[SendResult]]
) -> None:
    """Append the results of each chunk; call `on_progress` after it."""
    counts: Counter[SendStatus] = Counter()
    while (results := await run.take()) is not None:
        chunks.append(results)
        counts.update(statuses_of(results))
        on_progress(BulkProgress(counts.total(), total, {status: counts[status] for status in SendStatus}))


def _in_order(chunks: Iterable[Sequence[SendResult]]) -> Sequence[SendResult]:
    """Return the results of chunks in the order of the messages."""
    results = ResultColumns()
    for some in chunks:
        results.extend(some)
    return results.in_order()


publish_in_package(["BulkRun"], globals())

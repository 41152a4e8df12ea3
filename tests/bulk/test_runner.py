from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from tests.bulk.chunks import chunk
from tests.bulk.doubles import ON_ASYNCIO, Killed, RecordingGateway, of_a_send
from wikipayam_async import AuthenticationError, ClosedError, SendResult, SendStatus, SmsMessage, WikipayamError
from wikipayam_async.bulk.chunker import Chunk
from wikipayam_async.bulk.options import BulkOptions
from wikipayam_async.bulk.runner import BulkRun, make_run
from wikipayam_async.bulk.sender import ChunkSender
from wikipayam_async.bulk.source import Prepare, Source, SourceChunk
from wikipayam_async.messages.payload import Batch, prepare_some
from wikipayam_async.messages.track_ids import TrackIds

pytestmark = pytest.mark.anyio

ACCEPTED, NOT_ATTEMPTED = SendStatus.ACCEPTED, SendStatus.NOT_ATTEMPTED
RECEIVER = "09123456789"


def messages(count: int) -> list[SmsMessage]:
    """Make messages."""
    return [SmsMessage(RECEIVER, f"m{index}") for index in range(count)]


async def accept(batch: Batch[SmsMessage], _: object) -> Sequence[str | None]:
    """Accept a request."""
    await checkpoint()
    return [f"id-{name}" for name in batch.track_ids]


async def hold(batch: Batch[SmsMessage], observer: object) -> Sequence[str | None]:
    """Accept a request, unless it begins with `m2`: that one stays in flight for ever."""
    if batch.messages[0].message == "m2":
        await anyio.sleep_forever()
    return await accept(batch, observer)


def run_of(
    rows: Any,
    gateway: Callable[..., Awaitable[Any]] = accept,
    *,
    batch_size: int = 2,
    concurrency: int = 2,
    ordered: bool = False,
    stop_on_error: bool = False,
) -> BulkRun:
    """Make a run whose requests are answered by `gateway`."""
    prepare: Prepare = partial(prepare_some, sender="1", track_ids=TrackIds(), normalize=True)
    options = BulkOptions(batch_size=batch_size, concurrency=concurrency, ordered=ordered, stop_on_error=stop_on_error)
    return BulkRun(Source(rows, prepare, batch_size), ChunkSender(gateway, options, 1), options)


async def test_every_message_has_one_result() -> None:
    """The iteration returns one result for every message, and has then ended."""
    async with run_of(messages(9)) as run:
        seen = [(result.index, result.status) async for result in run]
        assert [result async for result in run] == []
        assert await run.take() is None
    assert sorted(seen) == [(index, ACCEPTED) for index in range(9)]
    assert run.leftover == []
    assert run.source_error is None


async def test_take_returns_a_chunk_at_a_time() -> None:
    """The results of a chunk are sorted by index, and include the rejected ones."""
    rows = [*messages(1), SmsMessage("bad", "m"), *messages(2)]
    async with run_of(rows, concurrency=1) as run:
        taken = []
        while (chunk := await run.take()) is not None:
            taken.append([(result.index, str(result.status)) for result in chunk])
    assert taken == [[(0, "accepted"), (1, "rejected"), (2, "accepted")], [(3, "accepted")]]


async def test_ordered_results() -> None:
    """An ordered run returns the chunks in the order of the input, whichever is answered first."""
    first_is_free = anyio.Event()

    async def gateway(batch: Batch[SmsMessage], observer: object) -> Sequence[str | None]:
        if batch.messages[0].message in {"m0", "m6"}:
            await first_is_free.wait()
        return await accept(batch, observer)

    async with run_of(messages(11), gateway, concurrency=3, ordered=True) as run:
        await anyio.wait_all_tasks_blocked()
        first_is_free.set()
        seen = [result.index async for result in run]
    assert seen == list(range(11))


async def test_unordered_results() -> None:
    """A slow chunk does not delay the results of others."""
    release = anyio.Event()

    async def gateway(batch: Batch[SmsMessage], observer: object) -> Sequence[str | None]:
        if batch.messages[0].message == "m0":
            await release.wait()
        return await accept(batch, observer)

    async with run_of(messages(4), gateway) as run:
        seen = [(await anext(run)).index, (await anext(run)).index]
        release.set()
        seen += [result.index async for result in run]
    assert seen == [2, 3, 0, 1]


async def test_a_cancelled_take_does_not_widen_the_window() -> None:
    """Several cancelled takes free the place of the chunk taken before them only once."""
    pulled = 0

    def endless() -> Iterator[SmsMessage]:
        nonlocal pulled
        while True:
            pulled += 1
            yield SmsMessage(RECEIVER, f"m{pulled}")

    async def cancel_a_take() -> int:
        async with anyio.create_task_group() as group:
            group.start_soon(run.take)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        return pulled

    async with run_of(endless(), hold, batch_size=1, ordered=True) as run:
        assert (await anext(run)).index == 0
        await anyio.wait_all_tasks_blocked()
        before = pulled
        assert [before, await cancel_a_take(), await cancel_a_take(), await cancel_a_take()] == [4, 5, 5, 5]


async def test_the_window_bounds_what_is_read() -> None:
    """While the consumer is slow, no more chunks are read than the window allows."""
    pulled = 0

    def endless() -> Iterator[SmsMessage]:
        nonlocal pulled
        while True:
            pulled += 1
            yield SmsMessage(RECEIVER, "m")

    async with run_of(endless(), concurrency=3) as run:
        await anyio.wait_all_tasks_blocked()
        assert pulled == 12
        seen = [await anext(run), await anext(run)]
        await anyio.wait_all_tasks_blocked()
        assert pulled == 12
        seen.append(await anext(run))
        await anyio.wait_all_tasks_blocked()
        assert pulled == 14
    assert len(run.leftover) == 11
    assert sorted(result.index for result in [*seen, *run.leftover]) == list(range(14))


async def test_leaving_in_the_middle_of_a_chunk() -> None:
    """The results of the current chunk that were not returned are in `leftover`."""
    async with run_of(messages(5), batch_size=5) as run:
        first = await anext(run)
    assert first.index == 0
    assert [(result.index, result.status) for result in run.leftover] == [(index, ACCEPTED) for index in range(1, 5)]


async def test_leaving_at_once() -> None:
    """A block that is left at once has a result in `leftover` for every message that was read."""
    rows = iter(messages(100))
    sent = 0

    async def gateway(batch: Batch[SmsMessage], _: object) -> Sequence[str | None]:
        nonlocal sent
        sent += len(batch.messages)
        await checkpoint()
        return ["id" for _ in batch.messages]

    async with run_of(rows, gateway) as run:
        pass
    left = len(list(rows))
    assert sorted(result.index for result in run.leftover) == list(range(100 - left))
    assert sum(result.status is ACCEPTED for result in run.leftover) <= sent


async def test_iterating_after_the_block_was_left() -> None:
    """The iteration has ended, and the rest is in `leftover`."""
    async with run_of(messages(5), batch_size=5) as run:
        await anext(run)
    assert [result async for result in run] == []
    assert len(run.leftover) == 4


async def test_leftover_of_every_stage() -> None:
    """`leftover` holds the rest of the current chunk, the chunks that are ready, and the messages read for the next."""

    async def slow() -> AsyncIterator[SmsMessage]:
        for message in [*messages(6), SmsMessage("bad", "m"), *messages(1)]:
            yield message
        await anyio.sleep_forever()

    async with run_of(slow(), ordered=True) as run:
        await anyio.wait_all_tasks_blocked()
        first = await anext(run)
        await anyio.wait_all_tasks_blocked()
    assert first.index == 0
    assert [(result.index, str(result.status)) for result in run.leftover] == [
        *((index, "accepted") for index in range(1, 6)),
        (6, "rejected"),
        (7, "not_attempted"),
    ]


async def test_leftover_of_an_ordered_run() -> None:
    """If the first chunk hangs, the results behind it are in `leftover`."""

    async def gateway(batch: Batch[SmsMessage], _: object) -> Sequence[str | None]:
        if batch.messages[0].message == "m0":
            await anyio.sleep_forever()
        return await accept(batch, _)

    async with run_of(messages(100), gateway, ordered=True) as run:
        await anyio.wait_all_tasks_blocked()
    assert [(r.index, r.status) for r in run.leftover if r.index > 1] == [(i, ACCEPTED) for i in range(2, 8)]
    assert [(r.index, r.status) for r in run.leftover if r.index < 2] == [(i, NOT_ATTEMPTED) for i in range(2)]
    assert len(run.leftover) == 8


async def test_leftover_of_an_unfinished_chunk() -> None:
    """Messages that were read for an unfinished chunk, valid and invalid, are in `leftover`."""
    was_read = anyio.Event()

    async def slow() -> AsyncIterator[SmsMessage]:
        yield SmsMessage(RECEIVER, "m")
        yield SmsMessage("bad", "m")
        was_read.set()
        await anyio.sleep_forever()

    async with run_of(slow(), batch_size=10) as run:
        await was_read.wait()
    assert sorted((r.index, str(r.status)) for r in run.leftover) == [(0, "not_attempted"), (1, "rejected")]


async def test_leftover_of_invalid_messages_alone() -> None:
    """Invalid messages that were read without a valid one are in `leftover`."""
    was_read = anyio.Event()

    async def slow() -> AsyncIterator[SmsMessage]:
        yield SmsMessage("bad", "m")
        was_read.set()
        await anyio.sleep_forever()

    async with run_of(slow(), batch_size=10) as run:
        await was_read.wait()
    assert [(r.index, str(r.status)) for r in run.leftover] == [(0, "rejected")]


async def test_a_source_error_is_raised_after_the_results() -> None:
    """The exception of the source is raised after the last result, and again by every later call."""
    failure = LookupError("torn")

    def source() -> Iterator[SmsMessage]:
        yield from messages(3)
        raise failure

    async with run_of(source()) as run:
        seen = [(await anext(run)).index for _ in range(3)]
        for _ in range(2):
            with pytest.raises(LookupError) as caught:
                await anext(run)
            assert caught.value is failure
    assert (sorted(seen), run.source_error) == ([0, 1, 2], failure)


async def test_a_source_that_raises_at_once() -> None:
    """The exception of a source without messages is raised by the first call."""

    def source() -> Iterator[SmsMessage]:
        raise LookupError("torn")
        yield

    async with run_of(source()) as run:
        with pytest.raises(LookupError):
            await anext(run)


async def test_a_source_that_raises_while_it_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    """The exception is raised unchanged, and `leftover` is complete."""

    async def source() -> AsyncIterator[SmsMessage]:
        try:
            for message in messages(100):
                yield message
        finally:
            raise OSError("the file is gone")

    run = run_of(source(), batch_size=1)
    with pytest.raises(OSError, match="the file is gone"):
        async with run:
            first = await anext(run)
    assert caplog.messages[-1].startswith("sms.send: OSError ended a bulk send early: ")
    indexes = sorted(result.index for result in [first, *run.leftover])
    assert indexes == list(range(len(indexes)))


async def test_a_cancelled_run_closes_the_source() -> None:
    """The source can await its cleanup even if the run is cancelled."""
    closed = False

    async def source() -> AsyncIterator[SmsMessage]:
        nonlocal closed
        try:
            for message in messages(100):
                yield message
        finally:
            await checkpoint()
            closed = True

    with anyio.CancelScope() as scope:
        async with run_of(source()) as run:
            await anext(run)
            scope.cancel()
            await checkpoint()
    assert scope.cancelled_caught
    assert closed


async def test_the_source_is_read_by_one_worker_at_a_time() -> None:
    """Workers never use an async source concurrently."""
    inside = 0
    peak = 0

    class Rows:
        def __init__(self) -> None:
            self.left = messages(20)

        def __aiter__(self) -> Rows:
            return self

        async def __anext__(self) -> SmsMessage:
            nonlocal inside, peak
            inside += 1
            peak = max(peak, inside)
            await checkpoint()
            inside -= 1
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop()

    async with run_of(Rows(), concurrency=5) as run:
        assert len([result async for result in run]) == 20
    assert peak == 1


async def test_a_split_body_keeps_the_order() -> None:
    """An ordered run keeps the order of all results, however bodies are split."""
    large, bad = SmsMessage(RECEIVER, "x" * 600_000), SmsMessage("bad", "m")
    rows = [bad, large, bad, large, bad, bad, large, *messages(1), bad, large, large]
    first_is_free = anyio.Event()
    bodies: list[int] = []

    async def gateway(batch: Batch[SmsMessage], observer: object) -> Sequence[str | None]:
        bodies.append(len(batch.body))
        if len(bodies) == 1:
            await first_is_free.wait()
        return await accept(batch, observer)

    async with run_of(rows, gateway, batch_size=100, concurrency=3, ordered=True) as run:
        await anyio.wait_all_tasks_blocked()
        first_is_free.set()
        seen = [(result.index, result.message, str(result.status)) async for result in run]
    assert seen == [(index, row, "rejected" if row is bad else "accepted") for index, row in enumerate(rows)]
    assert [size < 1_000_000 for size in bodies] == [True] * 5


async def test_leftover_of_a_split_body() -> None:
    """All parts of a body that was split are in `leftover`."""
    rows = [SmsMessage(RECEIVER, "x" * 600_000)] * 9
    async with run_of(rows, batch_size=100, concurrency=1, ordered=True) as run:
        await anyio.wait_all_tasks_blocked()
        first = await anext(run)
    assert [(result.index, result.status) for result in [first, *run.leftover]] == [
        (index, ACCEPTED if index < 2 else NOT_ATTEMPTED) for index in range(9)
    ]


async def test_take_all() -> None:
    """All results are returned at once, including rejected ones and those before an exception of the source."""
    failure = LookupError("torn")

    def source() -> Iterator[SmsMessage]:
        yield from [*messages(7), SmsMessage("bad", "m"), *messages(2)]
        raise failure

    async with run_of(source()) as run:
        all_results = await run.take_all()
        assert await run.take_all() == []
        assert await run.take() is None
        with pytest.raises(LookupError):
            await anext(run)
    assert sorted((result.index, str(result.status)) for result in all_results) == [
        (index, "rejected" if index == 7 else "accepted") for index in range(10)
    ]
    assert (run.source_error, run.leftover) == (failure, [])


async def test_take_all_of_an_ordered_run() -> None:
    """The results are in the order of the input."""
    first_is_free = anyio.Event()

    async def gateway(batch: Batch[SmsMessage], observer: object) -> Sequence[str | None]:
        if batch.messages[0].message == "m0":
            await first_is_free.wait()
        return await accept(batch, observer)

    all_results: list[SendResult] = []

    async def take() -> None:
        all_results.extend(await run.take_all())

    async with run_of(messages(11), gateway, concurrency=3, ordered=True) as run, anyio.create_task_group() as group:
        group.start_soon(take)
        await anyio.wait_all_tasks_blocked()
        first_is_free.set()
    assert [result.index for result in all_results] == list(range(11))


async def test_take_all_after_other_takes() -> None:
    """After some results were taken otherwise, `take_all` returns the others."""
    async with run_of(messages(20), batch_size=3, concurrency=1) as run:
        seen = [await anext(run)]
        by_the_chunk = [await run.take() or [], await run.take() or []]
        seen += [result for chunk in by_the_chunk for result in chunk]
        seen.append(await anext(run))
        rest = await run.take_all()
    assert [[result.index for result in chunk] for chunk in by_the_chunk] == [[1, 2], [3, 4, 5]]
    assert [result.index for result in [*seen, *rest]] == list(range(20))
    assert run.leftover == []


async def test_take_all_is_not_bounded_by_the_window() -> None:
    """The source is read to its end, whatever was taken before."""
    async with run_of(messages(100), batch_size=1, concurrency=1) as run:
        await anyio.wait_all_tasks_blocked()
        first = await anext(run)
        all_results = await run.take_all()
    assert sorted(result.index for result in [first, *all_results]) == list(range(100))


@pytest.mark.parametrize("count", [1, 2, 50])
async def test_take_all_when_the_window_is_full(count: int) -> None:
    """Results that fill the window are taken at once, so that the workers can continue."""
    async with run_of(messages(count), batch_size=1, concurrency=1) as run:
        await anyio.wait_all_tasks_blocked()
        all_results = await run.take_all()
    assert sorted(result.index for result in all_results) == list(range(count))


async def test_take_all_keeps_the_concurrency() -> None:
    """No more than `concurrency` requests are in flight."""
    in_flight = 0
    peak = 0

    async def gateway(batch: Batch[SmsMessage], observer: object) -> Sequence[str | None]:
        nonlocal in_flight, peak
        in_flight += 1
        peak = max(peak, in_flight)
        ids = await accept(batch, observer)
        in_flight -= 1
        return ids

    async with run_of(messages(50), gateway, batch_size=1, concurrency=3) as run:
        assert len(await run.take_all()) == 50
    assert peak == 3


@pytest.mark.parametrize("ordered", [False, True])
async def test_a_cancelled_take_all_loses_no_result(ordered: bool) -> None:
    """The results that it had collected are in `leftover` with the others."""
    async with run_of(messages(8), hold, ordered=ordered) as run, anyio.create_task_group() as group:
        group.start_soon(run.take_all)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    outcomes = [NOT_ATTEMPTED if index in {2, 3} else ACCEPTED for index in range(8)]
    assert sorted((result.index, result.status) for result in run.leftover) == list(enumerate(outcomes))


async def test_a_take_all_that_is_cancelled_with_the_run() -> None:
    """Every result is in `leftover` once."""
    with anyio.CancelScope() as scope:
        async with run_of(messages(8), hold) as run, anyio.create_task_group() as group:
            group.start_soon(run.take_all)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
    assert scope.cancelled_caught
    assert sorted(result.index for result in run.leftover) == list(range(8))


@pytest.mark.parametrize("way", ["anext", "take", "take_all"])
async def test_taking_results_after_a_cancelled_take_all(way: str) -> None:
    """All results can be taken in every way afterwards."""
    release = anyio.Event()

    async def gateway(batch: Batch[SmsMessage], observer: object) -> Sequence[str | None]:
        if batch.messages[0].message == "m2":
            await release.wait()
        return await accept(batch, observer)

    seen: list[SendResult] = []
    async with run_of(messages(8), gateway) as run:
        for _ in range(2):
            async with anyio.create_task_group() as group:
                group.start_soon(run.take_all)
                await anyio.wait_all_tasks_blocked()
                group.cancel_scope.cancel()
        release.set()
        if way == "anext":
            seen += [result async for result in run]
        elif way == "take":
            while (chunk := await run.take()) is not None:
                seen += chunk
        else:
            seen += await run.take_all()
    assert sorted((result.index, result.status) for result in seen) == [(index, ACCEPTED) for index in range(8)]
    assert run.leftover == []


async def test_take_all_excludes_other_takes() -> None:
    """While one task waits for all results, another task that takes results gets an error."""
    release = anyio.Event()

    async def gateway(batch: Batch[SmsMessage], observer: object) -> Sequence[str | None]:
        await release.wait()
        return await accept(batch, observer)

    all_results: list[SendResult] = []

    async def take() -> None:
        all_results.extend(await run.take_all())

    async with run_of(messages(4), gateway) as run, anyio.create_task_group() as group:
        group.start_soon(take)
        await anyio.wait_all_tasks_blocked()
        for taking in (run.take_all, run.take, run.__anext__):
            with pytest.raises(anyio.BusyResourceError):
                await taking()
        release.set()
    assert sorted(result.index for result in all_results) == [0, 1, 2, 3]


async def test_take_all_after_the_block_was_left() -> None:
    """It returns nothing: the rest is in `leftover`."""
    async with run_of(messages(5), batch_size=5) as run:
        await anext(run)
    assert (await run.take_all(), len(run.leftover)) == ([], 4)


async def test_a_run_runs_once() -> None:
    """A run cannot be entered twice, and has no results before it was entered."""
    run = run_of(messages(1))
    for taking in (run.__anext__, run.take, run.take_all):
        with pytest.raises(ClosedError) as caught:
            await taking()
        assert str(caught.value) == "enter the bulk send first: async with client.sms.bulk(...) as results"
    async with run:
        pass
    with pytest.raises(ClosedError) as caught:
        await run.__aenter__()
    assert str(caught.value) == "a bulk send runs once: call bulk() again for another"


async def test_a_run_that_is_used_without_async() -> None:
    """Entering, iterating or awaiting it like a plain object raises an error that says what to write."""
    run = run_of(messages(1))
    with pytest.raises(TypeError) as entered, run:  # type: ignore[attr-defined]
        pass
    with pytest.raises(TypeError) as iterated:
        for _ in run:  # type: ignore[attr-defined]
            pass
    with pytest.raises(TypeError) as awaited:
        await run  # type: ignore[misc]
    usage = (
        "a bulk send is entered and iterated with async: "
        "async with client.sms.bulk(...) as results: async for result in results: ..."
    )
    assert [str(one.value) for one in (entered, iterated, awaited)] == [usage] * 3
    async with run:
        assert [result.status for result in await run.take_all()] == [ACCEPTED]


async def test_two_tasks_cannot_take_at_once() -> None:
    """The second of two tasks that take results at the same time gets an error."""
    release = anyio.Event()

    async def gateway(batch: Batch[SmsMessage], observer: object) -> Sequence[str | None]:
        await release.wait()
        return await accept(batch, observer)

    seen: list[SendResult] = []

    async def take() -> None:
        seen.extend([result async for result in run])

    async with run_of(messages(4), gateway) as run, anyio.create_task_group() as group:
        group.start_soon(take)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(anyio.BusyResourceError) as caught:
            await anext(run)
        release.set()
    assert str(caught.value) == "Another task is already taking results from this resource"
    assert sorted(result.index for result in seen) == [0, 1, 2, 3]


async def test_a_stop_reaches_the_source() -> None:
    """After a stop the other messages are read, not checked and not attempted."""

    async def gateway(batch: Batch[SmsMessage], _: object) -> Sequence[str | None]:
        await checkpoint()
        raise of_a_send(AuthenticationError("no", status_code=401))

    async with run_of([*messages(2), *messages(2), SmsMessage("bad", "m")], gateway, concurrency=1) as run:
        seen = [(result.index, str(result.status)) async for result in run]
    assert seen == [(0, "rejected"), (1, "rejected"), (2, "not_attempted"), (3, "not_attempted"), (4, "not_attempted")]


async def test_stop_on_an_invalid_message() -> None:
    """With `stop_on_error` the chunk of an invalid message is not sent."""
    rows = [SmsMessage("bad", "m"), *messages(2)]
    async with run_of(rows, stop_on_error=True) as run:
        seen = sorted((result.index, str(result.status)) for result in [one async for one in run])
    assert seen == [(0, "rejected"), (1, "not_attempted"), (2, "not_attempted")]


async def test_an_exception_of_the_block() -> None:
    """The exception is raised unchanged even if requests are in flight."""

    async def gateway(batch: Batch[SmsMessage], _: object) -> Sequence[str | None]:
        if batch.messages[0].message == "m0":
            return await accept(batch, _)
        await anyio.sleep_forever()
        raise AssertionError

    run = run_of(messages(10), gateway, batch_size=1)

    async def consume() -> None:
        async with run:
            await anext(run)
            raise KeyError

    with pytest.raises(KeyError):
        await consume()
    assert sorted((r.index, r.status) for r in run.leftover) == [
        (index, NOT_ATTEMPTED) for index in range(1, 1 + len(run.leftover))
    ]
    assert 2 <= len(run.leftover) <= 3


async def test_stopped_by() -> None:
    """It is the error that stopped the run, and None for a run that was not stopped."""
    refusal = AuthenticationError("no", status_code=401)

    async def refuse(_: object, __: object) -> Sequence[str | None]:
        raise refusal

    async with run_of(messages(4), refuse, concurrency=1) as run:
        assert run.stopped_by is None
        await run.take()
        assert run.stopped_by is refusal
    async with run_of(messages(4)) as run:
        await run.take_all()
    assert run.stopped_by is None


class Noted:
    """Hooks of a run, which record what they get.

    Attributes:
        log: The indexes of every chunk that was noted, in order.
    """

    def __init__(self, *, failure: BaseException | None = None) -> None:
        self.log: list[list[int]] = []
        self._failure = failure

    async def after_send(self, results: Sequence[SendResult]) -> None:
        """Record the results of a chunk."""
        await checkpoint()
        self.log.append([result.index for result in results])
        if self._failure is not None:
            raise self._failure

    def run(self, rows: Any, gateway: Callable[..., Awaitable[Any]] = accept) -> BulkRun:
        """Make a run of one worker with the hook."""
        prepare: Prepare = partial(prepare_some, sender="1", track_ids=TrackIds(), normalize=True)
        settings = BulkOptions(batch_size=2, concurrency=1, after_send=self.after_send)
        return BulkRun(Source(rows, prepare, settings.batch_size), ChunkSender(gateway, settings, 1), settings)


async def test_after_send_comes_before_the_worker_reads_on_and_before_the_consumer() -> None:
    """The results of a chunk, rejected ones included, are noted although nobody takes them."""
    read = 0

    def rows() -> Iterator[SmsMessage]:
        nonlocal read
        for message in [*messages(1), SmsMessage("bad", "m"), *messages(4)]:
            read += 1
            yield message

    noted = Noted()
    seen: list[tuple[int, int]] = []

    async def gateway(batch: Batch[SmsMessage], observer: object) -> Sequence[str | None]:
        seen.append((read, len(noted.log)))
        return await accept(batch, observer)

    async with noted.run(rows(), gateway) as run:
        await anyio.wait_all_tasks_blocked()
        assert noted.log == [[0, 1, 2], [3, 4]]  # the window is full
        assert sorted([result.index async for result in run]) == list(range(6))
    assert noted.log == [[0, 1, 2], [3, 4], [5]]
    assert [count for _, count in seen] == [0, 1, 2]


async def test_after_send_of_a_cancelled_run() -> None:
    """What was in flight is noted before the block is left, shielded from the cancellation."""
    noted = Noted()
    with anyio.CancelScope() as scope:
        async with noted.run(messages(6), hold) as run:
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
            await checkpoint()
    assert noted.log == [[0, 1], [2, 3]]
    assert [(result.index, str(result.status)) for result in run.leftover] == [
        (0, "accepted"),
        (1, "accepted"),
        (2, "not_attempted"),
        (3, "not_attempted"),
    ]


@pytest.mark.parametrize("failure", [ClosedError("the journal is closed"), OSError("disk full")])
async def test_an_after_send_that_raises_stops_the_run(failure: Exception) -> None:
    """The results are as the gateway said; what follows is not attempted, with the failure or its wrapper."""
    noted = Noted(failure=failure)
    async with noted.run(messages(5)) as run:
        seen = [(result.index, str(result.status)) async for result in run]
    assert seen == [
        (0, "accepted"),
        (1, "accepted"),
        (2, "not_attempted"),
        (3, "not_attempted"),
        (4, "not_attempted"),
    ]
    stop: Any = run.stopped_by
    assert failure in {stop, stop.__cause__}
    assert noted.log == [[0, 1], [2, 3], [4]]


async def test_an_after_send_that_is_killed_loses_no_result() -> None:
    """The results reach the consumer or `leftover`, whatever ends the worker."""
    noted = Noted(failure=Killed())
    run = noted.run(messages(2))
    with pytest.raises(Killed):
        async with run:
            await anyio.sleep_forever()
    assert [(result.index, result.status) for result in run.leftover] == [(0, ACCEPTED), (1, ACCEPTED)]


async def leave_with_an_error(run: BulkRun) -> None:
    """Enter a run and leave it with a `KeyError` while its requests are in flight."""
    async with run:
        await anyio.wait_all_tasks_blocked()
        raise KeyError


async def test_workers_that_die_together(caplog: pytest.LogCaptureFixture) -> None:
    """Several exceptions of workers are raised as a group, one as it is, with its cause; the log names what is raised."""
    cause = OSError("gone")

    async def die(batch: Batch[SmsMessage], _: object) -> Sequence[str | None]:
        try:
            await anyio.sleep_forever()
        finally:
            raise Killed(batch.messages[0].message) from cause

    for count, expected in ((2, Killed), (4, BaseExceptionGroup)):
        run = run_of(messages(count), die)
        with pytest.raises(expected) as caught:
            await leave_with_an_error(run)
        assert sorted((result.index, result.status) for result in run.leftover) == [
            (index, NOT_ATTEMPTED) for index in range(count)
        ]
        assert isinstance(caught.value, BaseExceptionGroup) or caught.value.__cause__ is cause
        assert caplog.messages[-1] == (
            f"sms.send: {type(caught.value).__name__} ended a bulk send early: "
            f"{count} messages: 0 accepted, 0 rejected, 0 unknown, {count} not attempted"
        )


@ON_ASYNCIO
async def test_a_source_whose_own_task_was_cancelled() -> None:
    """A `CancelledError` of the source although nobody cancelled the run is raised after the results: it hides nothing."""

    async def source() -> AsyncIterator[SmsMessage]:
        for message in messages(3):
            yield message
        task = asyncio.ensure_future(asyncio.sleep(60))
        task.cancel()
        await task

    async with run_of(source(), concurrency=1) as run:
        assert len(await run.take_all()) == 3
        with pytest.raises(RuntimeError, match="the source raised a cancellation, although the run was not") as caught:
            await anext(run)
    assert type(caught.value.__cause__) is asyncio.CancelledError
    assert run.source_error is caught.value


class Chunks:
    """A source of chunks that are prepared already."""

    def __init__(self, *chunks: Chunk) -> None:
        self._chunks = list(chunks)
        self.pulls = 0
        self.closed = False

    async def pull(self, stopped_by: WikipayamError | None = None) -> SourceChunk | None:
        """Return the next chunk."""
        self.pulls += 1
        return SourceChunk(self.pulls, self._chunks.pop(0), []) if self._chunks and stopped_by is None else None

    def remains(self) -> SourceChunk | None:
        """Return None: nothing was read ahead."""
        return None

    async def aclose(self) -> None:
        """Close."""
        self.closed = True


async def test_a_source_of_chunks_is_sent_as_it_is() -> None:
    """Its indexes and its division stay, whatever the batch size; it is closed at the end."""
    gateway: Any = RecordingGateway()
    source = Chunks(chunk(7, 9), chunk(3))
    options = BulkOptions(batch_size=1, concurrency=1)
    async with make_run(source, gateway, options, sender=None, longest_wait=60) as run:
        results = await run.take_all()
    assert [result.index for result in results] == [7, 9, 3]
    assert (gateway.sizes, source.closed) == ([2, 1], True)

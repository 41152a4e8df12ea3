from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from wikipayam_async import AuthenticationError, SendResult, SendStatus, SmsMessage
from wikipayam_async.bulk.runner import BulkRun, Pace
from wikipayam_async.bulk.sender import ChunkSender
from wikipayam_async.bulk.source import Prepare, Source
from wikipayam_async.messages.payload import Batch, prepare_some
from wikipayam_async.messages.track_ids import TrackIds

pytestmark = pytest.mark.anyio

ACCEPTED, NOT_ATTEMPTED = SendStatus.ACCEPTED, SendStatus.NOT_ATTEMPTED
RECEIVER = "09123456789"


def messages(count: int) -> list[SmsMessage]:
    """Make so many messages."""
    return [SmsMessage(RECEIVER, f"m{index}") for index in range(count)]


async def accept(batch: Batch[SmsMessage], _: object) -> Sequence[str | None]:
    """Accept everything."""
    await checkpoint()
    return [f"id-{name}" for name in batch.track_ids]


async def hold(batch: Batch[SmsMessage], observer: object) -> Sequence[str | None]:
    """Accept everything but the request that begins with `m2`, which stays in flight for ever."""
    if batch.messages[0].message == "m2":
        await anyio.sleep_forever()
    return await accept(batch, observer)


def run_of(
    rows: Any,
    road: Callable[..., Awaitable[Any]] = accept,
    *,
    batch_size: int = 2,
    concurrency: int = 2,
    ordered: bool = False,
    stop_on_failure: bool = False,
) -> BulkRun:
    """Make a run over a road that stands in for the pipeline."""
    prepare: Prepare = partial(prepare_some, sender="1", track_ids=TrackIds(), normalize=True)
    sender = ChunkSender(road, concurrency=concurrency, longest_pause=1, stop_on_failure=stop_on_failure)
    return BulkRun(Source(rows, prepare, batch_size), sender, Pace(concurrency=concurrency, ordered=ordered))


async def test_every_message_has_one_result() -> None:
    """The iteration gives one result for every message and then ends, as often as it is asked."""
    async with run_of(messages(9)) as run:
        seen = [(result.index, result.status) async for result in run]
        assert [result async for result in run] == []
        assert await run.take() is None
    assert sorted(seen) == [(index, ACCEPTED) for index in range(9)]
    assert run.leftover == []
    assert run.source_error is None


async def test_take_gives_a_chunk_at_a_time() -> None:
    """Results can be taken by the chunk, sorted by their place, the rejected ones among them."""
    rows = [*messages(1), SmsMessage("bad", "m"), *messages(2)]
    async with run_of(rows, concurrency=1) as run:
        taken = []
        while (some := await run.take()) is not None:
            taken.append([(result.index, str(result.status)) for result in some])
    assert taken == [[(0, "accepted"), (1, "rejected"), (2, "accepted")], [(3, "accepted")]]


async def test_results_come_in_the_order_of_the_input_if_asked_for() -> None:
    """An ordered run gives out every chunk in its turn, whichever comes back first."""
    first_is_free = anyio.Event()

    async def road(batch: Batch[SmsMessage], observer: object) -> Sequence[str | None]:
        if batch.messages[0].message in {"m0", "m6"}:
            await first_is_free.wait()
        return await accept(batch, observer)

    async with run_of(messages(11), road, concurrency=3, ordered=True) as run:
        await anyio.wait_all_tasks_blocked()
        first_is_free.set()
        seen = [result.index async for result in run]
    assert seen == list(range(11))


async def test_results_come_as_they_are_ready_unless_order_is_asked_for() -> None:
    """A chunk that takes its time holds up no other."""
    release = anyio.Event()

    async def road(batch: Batch[SmsMessage], observer: object) -> Sequence[str | None]:
        if batch.messages[0].message == "m0":
            await release.wait()
        return await accept(batch, observer)

    async with run_of(messages(4), road) as run:
        seen = [(await anext(run)).index, (await anext(run)).index]
        release.set()
        seen += [result.index async for result in run]
    assert seen == [2, 3, 0, 1]


async def test_a_take_that_is_given_up_does_not_widen_the_window() -> None:
    """Waiting in vain, and again, frees the place of the chunk that was taken before once and no more."""
    pulled = 0

    def endless() -> Iterator[SmsMessage]:
        nonlocal pulled
        while True:
            pulled += 1
            yield SmsMessage(RECEIVER, f"m{pulled}")

    async def wait_in_vain() -> int:
        async with anyio.create_task_group() as group:
            group.start_soon(run.take)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        return pulled

    async with run_of(endless(), hold, batch_size=1, ordered=True) as run:
        assert (await anext(run)).index == 0
        await anyio.wait_all_tasks_blocked()
        before = pulled
        assert [before, await wait_in_vain(), await wait_in_vain(), await wait_in_vain()] == [4, 5, 5, 5]


async def test_the_window_bounds_what_is_pulled() -> None:
    """A consumer that takes its time holds the source back: no more chunks are pulled than the window has places."""
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


async def test_results_left_in_the_middle_of_a_chunk() -> None:
    """What was taken as a chunk but not given out one by one is in the leftover."""
    async with run_of(messages(5), batch_size=5) as run:
        first = await anext(run)
    assert first.index == 0
    assert [(result.index, result.status) for result in run.leftover] == [(index, ACCEPTED) for index in range(1, 5)]


async def test_left_at_once() -> None:
    """A block that is left before anything happened attempts nothing, and leaves nothing unaccounted for."""
    rows = iter(messages(100))
    sent = 0

    async def road(batch: Batch[SmsMessage], _: object) -> Sequence[str | None]:
        nonlocal sent
        sent += len(batch.messages)
        await checkpoint()
        return ["id" for _ in batch.messages]

    async with run_of(rows, road) as run:
        pass
    left = len(list(rows))
    assert sorted(result.index for result in run.leftover) == list(range(100 - left))
    assert sum(result.status is ACCEPTED for result in run.leftover) <= sent


async def test_a_run_that_was_left_has_nothing_more_to_give() -> None:
    """After the block was left in the middle of a chunk the iteration is at its end: the rest is in the leftover."""
    async with run_of(messages(5), batch_size=5) as run:
        await anext(run)
    assert [result async for result in run] == []
    assert len(run.leftover) == 4


async def test_leftover_comes_from_everywhere_at_once() -> None:
    """Half a chunk, chunks that are ready and what was gathered for the next are left over together."""

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


async def test_ordered_leftover() -> None:
    """When an ordered run is left while its first chunk hangs, the results that waited behind it are in the leftover."""

    async def road(batch: Batch[SmsMessage], _: object) -> Sequence[str | None]:
        if batch.messages[0].message == "m0":
            await anyio.sleep_forever()
        return await accept(batch, _)

    async with run_of(messages(100), road, ordered=True) as run:
        await anyio.wait_all_tasks_blocked()
    assert [(r.index, r.status) for r in run.leftover if r.index > 1] == [(i, ACCEPTED) for i in range(2, 8)]
    assert [(r.index, r.status) for r in run.leftover if r.index < 2] == [(i, NOT_ATTEMPTED) for i in range(2)]
    assert len(run.leftover) == 8


async def test_leftover_of_a_source_that_was_cut_off() -> None:
    """Messages that were gathered for a chunk, good and bad, when the block was left, are in the leftover."""
    gathered = anyio.Event()

    async def slow() -> AsyncIterator[SmsMessage]:
        yield SmsMessage(RECEIVER, "m")
        yield SmsMessage("bad", "m")
        gathered.set()
        await anyio.sleep_forever()

    async with run_of(slow(), batch_size=10) as run:
        await gathered.wait()
    assert sorted((r.index, str(r.status)) for r in run.leftover) == [(0, "not_attempted"), (1, "rejected")]


async def test_leftover_of_bad_rows_alone() -> None:
    """Rejected rows that were gathered without a chunk are in the leftover too."""
    gathered = anyio.Event()

    async def slow() -> AsyncIterator[SmsMessage]:
        yield SmsMessage("bad", "m")
        gathered.set()
        await anyio.sleep_forever()

    async with run_of(slow(), batch_size=10) as run:
        await gathered.wait()
    assert [(r.index, str(r.status)) for r in run.leftover] == [(0, "rejected")]


async def test_a_source_error_waits_for_the_results() -> None:
    """What the source raised is kept, and raised only after the last result; asked again, it is raised again."""
    trouble = LookupError("torn")

    def source() -> Iterator[SmsMessage]:
        yield from messages(3)
        raise trouble

    async with run_of(source()) as run:
        seen = [(await anext(run)).index for _ in range(3)]
        for _ in range(2):
            with pytest.raises(LookupError) as caught:
                await anext(run)
            assert caught.value is trouble
    assert (sorted(seen), run.source_error) == ([0, 1, 2], trouble)


async def test_a_source_that_raises_at_once() -> None:
    """A source that gives nothing but an exception has that as its only outcome."""

    def source() -> Iterator[SmsMessage]:
        raise LookupError("torn")
        yield

    async with run_of(source()) as run:
        with pytest.raises(LookupError):
            await anext(run)


async def test_a_closing_that_raises() -> None:
    """An exception of the source's own closing arrives as itself, and the leftover is complete."""

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
    indexes = sorted(result.index for result in [first, *run.leftover])
    assert indexes == list(range(len(indexes)))


async def test_a_cancelled_run_lets_the_source_close() -> None:
    """Even when the run is cancelled from outside, the source may finish its own cleaning up."""
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


async def test_the_source_is_pulled_by_one_worker_at_a_time() -> None:
    """Workers never run into each other in an asynchronous source."""
    inside = 0
    most = 0

    class Rows:
        def __init__(self) -> None:
            self.left = messages(20)

        def __aiter__(self) -> Rows:
            return self

        async def __anext__(self) -> SmsMessage:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            await checkpoint()
            inside -= 1
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop()

    async with run_of(Rows(), concurrency=5) as run:
        assert len([result async for result in run]) == 20
    assert most == 1


async def test_a_large_body_is_split_and_the_order_kept() -> None:
    """However a body is split, an ordered run gives every result in its turn, those of rejected rows between them too."""
    large, bad = SmsMessage(RECEIVER, "x" * 600_000), SmsMessage("bad", "m")
    rows = [bad, large, bad, large, bad, bad, large, *messages(1), bad, large, large]
    first_is_free = anyio.Event()
    bodies: list[int] = []

    async def road(batch: Batch[SmsMessage], observer: object) -> Sequence[str | None]:
        bodies.append(len(batch.body))
        if len(bodies) == 1:
            await first_is_free.wait()
        return await accept(batch, observer)

    async with run_of(rows, road, batch_size=100, concurrency=3, ordered=True) as run:
        await anyio.wait_all_tasks_blocked()
        first_is_free.set()
        seen = [(result.index, result.message, str(result.status)) async for result in run]
    assert seen == [(index, row, "rejected" if row is bad else "accepted") for index, row in enumerate(rows)]
    assert [size < 1_000_000 for size in bodies] == [True] * 5


async def test_leftover_of_a_large_body() -> None:
    """When the block is left while a body was split into many, each of its parts is in the leftover."""
    rows = [SmsMessage(RECEIVER, "x" * 600_000)] * 9
    async with run_of(rows, batch_size=100, concurrency=1, ordered=True) as run:
        await anyio.wait_all_tasks_blocked()
        first = await anext(run)
    assert [(result.index, result.status) for result in [first, *run.leftover]] == [
        (index, ACCEPTED if index < 2 else NOT_ATTEMPTED) for index in range(9)
    ]


async def test_all_at_once() -> None:
    """Everything can be taken at once, the rejected and what the source gave before it raised among it."""
    trouble = LookupError("torn")

    def source() -> Iterator[SmsMessage]:
        yield from [*messages(7), SmsMessage("bad", "m"), *messages(2)]
        raise trouble

    async with run_of(source()) as run:
        everything = await run.take_all()
        assert await run.take_all() == []
        assert await run.take() is None
        with pytest.raises(LookupError):
            await anext(run)
    assert sorted((result.index, str(result.status)) for result in everything) == [
        (index, "rejected" if index == 7 else "accepted") for index in range(10)
    ]
    assert (run.source_error, run.leftover) == (trouble, [])


async def test_all_of_an_ordered_run() -> None:
    """Taken at once, the results of an ordered run stand in the order of the input."""
    first_is_free = anyio.Event()

    async def road(batch: Batch[SmsMessage], observer: object) -> Sequence[str | None]:
        if batch.messages[0].message == "m0":
            await first_is_free.wait()
        return await accept(batch, observer)

    everything: list[SendResult] = []

    async def take() -> None:
        everything.extend(await run.take_all())

    async with run_of(messages(11), road, concurrency=3, ordered=True) as run, anyio.create_task_group() as group:
        group.start_soon(take)
        await anyio.wait_all_tasks_blocked()
        first_is_free.set()
    assert [result.index for result in everything] == list(range(11))


async def test_all_that_is_left() -> None:
    """After some results were taken one by one and by the chunk, the rest is what nobody has taken yet."""
    async with run_of(messages(20), batch_size=3, concurrency=1) as run:
        seen = [await anext(run)]
        by_the_chunk = [await run.take() or [], await run.take() or []]
        seen += [result for some in by_the_chunk for result in some]
        seen.append(await anext(run))
        rest = await run.take_all()
    assert [[result.index for result in some] for some in by_the_chunk] == [[1, 2], [3, 4, 5]]
    assert [result.index for result in [*seen, *rest]] == list(range(20))
    assert run.leftover == []


async def test_taking_all_is_not_held_back_by_the_window() -> None:
    """Who waits for everything need not take anything: the source is read to its end, whatever was taken before."""
    async with run_of(messages(100), batch_size=1, concurrency=1) as run:
        await anyio.wait_all_tasks_blocked()
        first = await anext(run)
        everything = await run.take_all()
    assert sorted(result.index for result in [first, *everything]) == list(range(100))


@pytest.mark.parametrize("count", [1, 2, 50])
async def test_taking_all_after_everything_came_to_a_halt(count: int) -> None:
    """Results that fill the window, or are the last, are taken at once, so that what waits behind them can go on."""
    async with run_of(messages(count), batch_size=1, concurrency=1) as run:
        await anyio.wait_all_tasks_blocked()
        everything = await run.take_all()
    assert sorted(result.index for result in everything) == list(range(count))


async def test_all_before_anything_was_taken_keeps_the_window() -> None:
    """While everything is awaited, no more requests are in flight than the concurrency allows."""
    in_flight = 0
    most = 0

    async def road(batch: Batch[SmsMessage], observer: object) -> Sequence[str | None]:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        ids = await accept(batch, observer)
        in_flight -= 1
        return ids

    async with run_of(messages(50), road, batch_size=1, concurrency=3) as run:
        assert len(await run.take_all()) == 50
    assert most == 3


@pytest.mark.parametrize("ordered", [False, True])
async def test_taking_all_that_is_cancelled_loses_nothing(ordered: bool) -> None:
    """The results that were there when the waiting was given up are in the leftover with all the others."""
    async with run_of(messages(8), hold, ordered=ordered) as run, anyio.create_task_group() as group:
        group.start_soon(run.take_all)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    outcomes = [NOT_ATTEMPTED if index in {2, 3} else ACCEPTED for index in range(8)]
    assert sorted((result.index, result.status) for result in run.leftover) == list(enumerate(outcomes))


async def test_taking_all_that_is_cancelled_with_the_whole_run() -> None:
    """A cancellation of everything leaves each result in the leftover once."""
    with anyio.CancelScope() as scope:
        async with run_of(messages(8), hold) as run, anyio.create_task_group() as group:
            group.start_soon(run.take_all)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
    assert scope.cancelled_caught
    assert sorted(result.index for result in run.leftover) == list(range(8))


@pytest.mark.parametrize("way", ["anext", "take", "take_all"])
async def test_going_on_after_taking_all_was_cancelled(way: str) -> None:
    """What came meanwhile can be taken in every way, in whole: nothing waits for the block to be left."""
    release = anyio.Event()

    async def road(batch: Batch[SmsMessage], observer: object) -> Sequence[str | None]:
        if batch.messages[0].message == "m2":
            await release.wait()
        return await accept(batch, observer)

    seen: list[SendResult] = []
    async with run_of(messages(8), road) as run:
        for _ in range(2):
            async with anyio.create_task_group() as group:
                group.start_soon(run.take_all)
                await anyio.wait_all_tasks_blocked()
                group.cancel_scope.cancel()
        release.set()
        if way == "anext":
            seen += [result async for result in run]
        elif way == "take":
            while (some := await run.take()) is not None:
                seen += some
        else:
            seen += await run.take_all()
    assert sorted((result.index, result.status) for result in seen) == [(index, ACCEPTED) for index in range(8)]
    assert run.leftover == []


async def test_who_waits_for_all_shares_with_nobody() -> None:
    """While one task waits for everything no other can take results, nor can two wait for everything."""
    release = anyio.Event()

    async def road(batch: Batch[SmsMessage], observer: object) -> Sequence[str | None]:
        await release.wait()
        return await accept(batch, observer)

    everything: list[SendResult] = []

    async def take() -> None:
        everything.extend(await run.take_all())

    async with run_of(messages(4), road) as run, anyio.create_task_group() as group:
        group.start_soon(take)
        await anyio.wait_all_tasks_blocked()
        for taking in (run.take_all, run.take, run.__anext__):
            with pytest.raises(anyio.BusyResourceError):
                await taking()
        release.set()
    assert sorted(result.index for result in everything) == [0, 1, 2, 3]


async def test_all_after_the_block_was_left() -> None:
    """There is nothing more to take: the rest is in the leftover."""
    async with run_of(messages(5), batch_size=5) as run:
        await anext(run)
    assert (await run.take_all(), len(run.leftover)) == ([], 4)


async def test_a_run_runs_once() -> None:
    """A run cannot be entered twice, nor read before it was entered."""
    run = run_of(messages(1))
    for taking in (run.__anext__, run.take, run.take_all):
        with pytest.raises(RuntimeError) as caught:
            await taking()
        assert str(caught.value) == "enter the bulk send first: async with client.sms.bulk(...) as results"
    async with run:
        pass
    with pytest.raises(RuntimeError) as caught:
        await run.__aenter__()
    assert str(caught.value) == "a bulk send runs once: call bulk() again for another"


async def test_two_tasks_cannot_take_at_once() -> None:
    """Of two tasks that take results at the same time the second is refused, instead of results getting lost."""
    release = anyio.Event()

    async def road(batch: Batch[SmsMessage], observer: object) -> Sequence[str | None]:
        await release.wait()
        return await accept(batch, observer)

    seen: list[SendResult] = []

    async def take() -> None:
        seen.extend([result async for result in run])

    async with run_of(messages(4), road) as run, anyio.create_task_group() as group:
        group.start_soon(take)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(anyio.BusyResourceError) as caught:
            await anext(run)
        release.set()
    assert str(caught.value) == "Another task is already taking results from this resource"
    assert sorted(result.index for result in seen) == [0, 1, 2, 3]


async def test_a_stop_reaches_the_source() -> None:
    """After a stop the rest of the source is read without being checked, and not attempted."""

    async def road(batch: Batch[SmsMessage], _: object) -> Sequence[str | None]:
        await checkpoint()
        raise AuthenticationError("no", status_code=401)

    async with run_of([*messages(2), *messages(2), SmsMessage("bad", "m")], road, concurrency=1) as run:
        seen = [(result.index, str(result.status)) async for result in run]
    assert seen == [(0, "rejected"), (1, "rejected"), (2, "not_attempted"), (3, "not_attempted"), (4, "not_attempted")]


async def test_stop_on_a_bad_row() -> None:
    """Set to stop, a run does not send the chunk that came with a bad row."""
    rows = [SmsMessage("bad", "m"), *messages(2)]
    async with run_of(rows, stop_on_failure=True) as run:
        seen = sorted((result.index, str(result.status)) for result in [one async for one in run])
    assert seen == [(0, "rejected"), (1, "not_attempted"), (2, "not_attempted")]


async def test_an_exception_of_the_block_goes_before_everything() -> None:
    """The block's exception arrives as itself even if requests are still in flight."""

    async def road(batch: Batch[SmsMessage], _: object) -> Sequence[str | None]:
        if batch.messages[0].message == "m0":
            return await accept(batch, _)
        await anyio.sleep_forever()
        raise AssertionError

    run = run_of(messages(10), road, batch_size=1)

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


def test_order_is_not_kept_unless_asked_for() -> None:
    """By default no result waits for another."""
    assert Pace(concurrency=1).ordered is False


def test_a_pace_is_given_by_name() -> None:
    """A number alone would not say what it counts."""
    with pytest.raises(TypeError, match="positional"):
        Pace(2)  # type: ignore[call-arg]


def test_the_window() -> None:
    """The window is twice the concurrency."""
    assert (Pace(concurrency=1).window, Pace(concurrency=8).window) == (2, 16)


async def test_a_run_tells_why_it_stopped() -> None:
    """A refusal that concerns all is told while the rest is given back; a run that ends by itself tells none."""
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

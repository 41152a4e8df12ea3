from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wikipayam_async import AuthenticationError, ConfigurationError, InvalidInputError, SendStatus, SmsMessage
from wikipayam_async.bulk.chunker import MAX_BODY_BYTES
from wikipayam_async.bulk.source import Prepare, Source, SourceChunk
from wikipayam_async.errors import SuppressedError
from wikipayam_async.messages.payload import prepare_some
from wikipayam_async.messages.track_ids import TrackIds

pytestmark = pytest.mark.anyio

RECEIVER = "09123456789"


def source_of(messages: Any, batch_size: int = 2, sender: str | None = "1") -> Source:
    """Make a source."""
    prepare: Prepare = partial(prepare_some, sender=sender, track_ids=TrackIds(), normalize=True)
    return Source(messages, prepare, batch_size)


def good(count: int) -> list[SmsMessage]:
    """Make so many messages without a fault."""
    return [SmsMessage(RECEIVER, f"m{index}") for index in range(count)]


def shape(pull: SourceChunk | None) -> Any:
    """Return the number, the indexes to send, and the indexes that are settled."""
    if pull is None:
        return None
    indexes = pull.chunk.indexes if pull.chunk else ()
    return pull.number, list(indexes), [result.index for result in pull.settled]


async def shapes(source: Source) -> list[Any]:
    """SourceChunk to the end."""
    found = []
    while (pull := await source.pull()) is not None:
        found.append(shape(pull))
    return found


class Endless:
    """An asynchronous iterator that can be closed."""

    def __init__(self) -> None:
        self.closed = 0

    def __aiter__(self) -> Endless:
        return self

    async def __anext__(self) -> SmsMessage:
        return SmsMessage(RECEIVER, "m")

    async def aclose(self) -> None:
        """Take note of it."""
        self.closed += 1


async def test_chunks_are_numbered_and_complete() -> None:
    """Messages come in chunks of the batch size, numbered from 0, the last one shorter, and then nothing more."""
    source = source_of(good(5))
    assert await shapes(source) == [(0, [0, 1], []), (1, [2, 3], []), (2, [4], [])]
    assert await source.pull() is None


async def test_bad_rows_travel_with_their_chunk() -> None:
    """A row that breaks a rule is settled beside the messages around it, and named by its place in the input."""
    rows = [*good(1), SmsMessage("bad", "m"), *good(2)]
    source = source_of(rows)
    pull = await source.pull()
    assert shape(pull) == (0, [0, 2], [1])
    assert pull is not None
    (result,) = pull.settled
    assert (result.status, result.message, result.track_id) == (SendStatus.REJECTED, rows[1], None)
    assert isinstance(result.error, InvalidInputError)
    assert result.error.field == "messages[1].receiver"
    assert await shapes(source) == [(1, [3], [])]


async def test_a_row_without_a_sender_is_settled() -> None:
    """A message that no line is named for is rejected, with what is missing."""
    pull = await source_of(good(1), sender=None).pull()
    assert pull is not None
    assert (pull.chunk, [type(result.error) for result in pull.settled]) == (None, [ConfigurationError])


async def test_many_bad_rows_do_not_pile_up_nor_overtake() -> None:
    """Bad rows are handed out once there is a batch of them, together with the good ones that stood before them."""
    rows = [*good(1), *([SmsMessage("bad", "m")] * 7), *good(1)]
    assert await shapes(source_of(rows, 3)) == [(0, [0], [1, 2, 3, 4]), (1, [], [5, 6, 7]), (2, [8], [])]
    endless = itertools.repeat(SmsMessage("bad", "m"))
    assert shape(await source_of(endless, 3).pull()) == (0, [], [0, 1, 2])


async def test_a_row_whose_own_code_raises() -> None:
    """A message that raises while it is read costs itself alone, and is rejected by its place."""

    class Trap(str):
        __slots__ = ()

        def __len__(self) -> int:
            raise ZeroDivisionError

    rows = [*good(1), SmsMessage(RECEIVER, Trap("m")), *good(1)]
    pull = await source_of(rows).pull()
    assert shape(pull) == (0, [0, 2], [1])
    assert pull is not None
    (result,) = pull.settled
    assert isinstance(result.error, InvalidInputError)
    assert (result.status, result.error.field) == (SendStatus.REJECTED, "messages[1]")
    assert "raised ZeroDivisionError" in str(result.error)


async def test_a_row_that_is_held_back() -> None:
    """An error of ours that is no fault of the message's is its result as it is."""
    reason = SuppressedError("not sent: the receiver opted out", reason="opted_out")

    def prepare(messages: Sequence[SmsMessage]) -> Any:
        payloads, _ = prepare_some(messages, sender="1", track_ids=TrackIds(), normalize=True)
        return payloads[1:], {0: reason} if messages else {}

    pull = await Source(good(2), prepare, 2).pull()
    assert shape(pull) == (0, [1], [0])
    assert pull is not None
    assert [(result.status, result.error) for result in pull.settled] == [(SendStatus.REJECTED, reason)]


async def test_a_check_that_is_interrupted_loses_nothing() -> None:
    """A Ctrl-C comes at any line; what was taken from the iterable and not checked was not attempted."""

    def prepare(messages: Sequence[SmsMessage]) -> Any:
        if messages[0].message == "m2":
            raise KeyboardInterrupt
        return prepare_some(messages, sender="1", track_ids=TrackIds(), normalize=True)

    rows = good(5)
    source = Source(iter(rows), prepare, 2)
    assert shape(await source.pull()) == (0, [0, 1], [])
    with pytest.raises(KeyboardInterrupt):
        await source.pull()
    remains = source.remains()
    assert shape(remains) == (1, [], [2, 3])
    assert remains is not None
    assert [(one.message, one.status, one.error) for one in remains.settled] == [
        (row, SendStatus.NOT_ATTEMPTED, None) for row in rows[2:4]
    ]
    assert source.remains() is None


async def test_bad_rows_alone() -> None:
    """A source of nothing but bad rows has pulls without a chunk."""
    assert await shapes(source_of([SmsMessage("bad", "m")] * 3)) == [(0, [], [0, 1]), (1, [], [2])]


async def test_after_a_stop_nothing_is_checked_any_more() -> None:
    """Once the run was stopped every further message is not attempted, for the reason of the stop."""
    source = source_of([*good(3), SmsMessage("bad", "m"), *good(1)])
    await source.pull()
    source.stopped_by = stop = AuthenticationError("no", status_code=401)
    pulls = [await source.pull(), await source.pull()]
    assert [shape(pull) for pull in pulls] == [(1, [], [2, 3]), (2, [], [4])]
    results = [result for pull in pulls if pull for result in pull.settled]
    assert {(result.status, result.error) for result in results} == {(SendStatus.NOT_ATTEMPTED, stop)}


async def test_large_messages_fill_a_chunk_by_their_bytes() -> None:
    """A chunk ends before its body grows over a megabyte, and what did not fit begins the next."""
    rows = [SmsMessage(RECEIVER, "x" * 400_000) for _ in range(5)]
    assert await shapes(source_of(rows, 100)) == [(0, [0, 1], []), (1, [2, 3], []), (2, [4], [])]


async def test_bad_rows_among_large_messages_stay_in_their_place() -> None:
    """When a body is split, each bad row goes with the part that it stands in, and none comes late or early."""
    large, bad = SmsMessage(RECEIVER, "x" * 600_000), SmsMessage("bad", "m")
    rows = [bad, large, bad, large, bad, bad, large, *good(1), bad, large]
    assert await shapes(source_of(rows, 100)) == [
        (0, [1], [0, 2]),
        (1, [3], [4, 5]),
        (2, [6, 7], [8]),
        (3, [9], []),
    ]


async def test_no_more_is_taken_than_a_request_holds() -> None:
    """A chunk is handed out when it is full, before the iterable is asked for what comes next."""
    rows = iter([*good(1), SmsMessage("bad", "m"), *good(5)])
    assert shape(await source_of(rows, 3).pull()) == (0, [0, 2, 3], [1])
    assert len(list(rows)) == 3


LARGE = SmsMessage(RECEIVER, "x" * 450_000)
KINDS = st.sampled_from([good(1)[0], good(1)[0], SmsMessage("bad", "m"), LARGE])


@given(st.lists(KINDS, max_size=9), st.integers(1, 4), st.booleans())
@settings(max_examples=60)
async def test_everything_comes_once_and_in_its_order(rows: list[Any], batch_size: int, asynchronous: bool) -> None:
    """Whatever the rows are, each comes out once; pulls are numbered, in order, never empty and never too large."""

    async def agen() -> AsyncIterator[SmsMessage]:
        for row in rows:
            yield row

    source = source_of(agen() if asynchronous else rows, batch_size)
    seen: list[int] = []
    number = 0
    while (pull := await source.pull()) is not None:
        _, sent, settled = shape(pull)
        assert (pull.number, bool(sent or settled), len(sent) <= batch_size) == (number, True, True)
        assert len(settled) < 2 * batch_size
        if pull.chunk is not None:
            assert [rows[index] for index in sent] == pull.chunk.batch.messages
            assert len(pull.chunk.batch.body) <= MAX_BODY_BYTES
        seen += sorted(sent + settled)
        number += 1
    assert seen == list(range(len(rows)))


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_source_that_raises(asynchronous: bool) -> None:
    """What the iterable raises comes out once, with what it gave before in `remains`, and then the source has ended."""

    def plain() -> Iterator[SmsMessage]:
        yield from good(3)
        raise LookupError("torn")

    async def agen() -> AsyncIterator[SmsMessage]:
        for message in plain():
            yield message

    source = source_of(agen() if asynchronous else plain())
    assert shape(await source.pull()) == (0, [0, 1], [])
    with pytest.raises(LookupError, match="torn"):
        await source.pull()
    assert shape(source.remains()) == (1, [2], [])
    assert await source.pull() is None
    assert source.remains() is None


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_source_that_raises_in_the_middle_of_a_chunk(asynchronous: bool) -> None:
    """What it gave for a chunk that never became full is checked like any other, and all of it is in `remains`."""
    rows = [*good(2), SmsMessage("bad", "m"), *good(1)]

    def plain() -> Iterator[SmsMessage]:
        yield from rows
        raise LookupError("torn")

    async def agen() -> AsyncIterator[SmsMessage]:
        for message in plain():
            yield message

    source = source_of(agen() if asynchronous else plain(), 10)
    with pytest.raises(LookupError, match="torn"):
        await source.pull()
    remains = source.remains()
    assert shape(remains) == (0, [0, 1, 3], [2])
    assert remains is not None
    assert remains.chunk is not None
    assert list(remains.chunk.batch.messages) == [rows[0], rows[1], rows[3]]
    assert await source.pull() is None


async def test_a_source_that_raises_after_large_messages() -> None:
    """What it gave goes out in as many pulls as there are bodies."""

    def plain() -> Iterator[SmsMessage]:
        yield from [SmsMessage(RECEIVER, "x" * 400_000)] * 3
        raise LookupError

    source = source_of(plain(), 10)
    with pytest.raises(LookupError):
        await source.pull()
    assert [shape(source.remains()), shape(await source.pull())] == [(0, [0, 1], []), (1, [2], [])]
    assert await source.pull() is None


async def test_a_pull_that_is_cancelled_loses_nothing() -> None:
    """What an asynchronous source gave before is in `remains`, the bad rows refused."""

    async def slow() -> AsyncIterator[SmsMessage]:
        for message in [*good(2), SmsMessage("bad", "m")]:
            yield message
        await anyio.sleep_forever()

    source = source_of(slow(), 10)
    async with anyio.create_task_group() as group:
        group.start_soon(source.pull)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert shape(source.remains()) == (0, [0, 1], [2])
    assert source.remains() is None
    assert await source.pull() is None


async def test_a_source_that_raised_is_not_asked_again() -> None:
    """An iterator that could go on after an exception is not asked to."""

    class Hiccup:
        def __init__(self) -> None:
            self.asked = 0

        def __iter__(self) -> Hiccup:
            return self

        def __next__(self) -> SmsMessage:
            self.asked += 1
            if self.asked == 2:
                raise LookupError
            return SmsMessage(RECEIVER, "m")

    hiccup = Hiccup()
    source = source_of(hiccup)
    with pytest.raises(LookupError):
        await source.pull()
    assert shape(await source.pull()) == (0, [0], [])
    assert await source.pull() is None
    assert hiccup.asked == 2


async def test_iterators_that_are_nothing_but_that() -> None:
    """An iterator without `__iter__`, and an asynchronous one without `__aiter__`, will do."""

    class Bare:
        def __init__(self) -> None:
            self.left = good(3)

        def __next__(self) -> SmsMessage:
            if not self.left:
                raise StopIteration
            return self.left.pop(0)

    class BareAsync:
        def __init__(self) -> None:
            self.left = good(3)

        async def __anext__(self) -> SmsMessage:
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop(0)

    class Rows:
        def __iter__(self) -> Any:
            return Bare()

    class AsyncRows:
        def __aiter__(self) -> Any:
            return BareAsync()

    assert await shapes(source_of(Rows())) == [(0, [0, 1], []), (1, [2], [])]
    assert await shapes(source_of(AsyncRows())) == [(0, [0, 1], []), (1, [2], [])]


async def test_an_iterable_of_both_kinds_is_read_asynchronously() -> None:
    """Where an object can be read both ways, the way that does not block is taken."""

    class Both(Endless):
        def __iter__(self) -> Any:
            raise AssertionError("read the blocking way")

        def __next__(self) -> Any:
            raise AssertionError("read the blocking way")

    assert shape(await source_of(Both()).pull()) == (0, [0, 1], [])


async def test_closing() -> None:
    """Closing closes an asynchronous source that can be closed, and is nothing to any other."""
    endless = Endless()
    source = source_of(endless)
    await source.pull()
    await source.aclose()
    assert endless.closed == 1
    await source_of(good(1)).aclose()
    await source_of(iter(good(1))).aclose()


@pytest.mark.parametrize("bad", [None, 7, "text", b"bytes", SmsMessage(RECEIVER, "m"), object()])
def test_what_cannot_be_read(bad: Any) -> None:
    """Something that is no iterable of messages is refused by name."""
    with pytest.raises(InvalidInputError) as caught:
        source_of(bad)
    assert caught.value.field == "messages"

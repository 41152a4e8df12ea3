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
    """Make valid messages."""
    return [SmsMessage(RECEIVER, f"m{index}") for index in range(count)]


def shape(pull: SourceChunk | None) -> Any:
    """Return the number, the indexes to send, and the indexes that are not sent."""
    if pull is None:
        return None
    indexes = pull.chunk.indexes if pull.chunk else ()
    return pull.number, list(indexes), [result.index for result in pull.results]


async def shapes(source: Source) -> list[Any]:
    """Pull to the end."""
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
        """Count the call."""
        self.closed += 1


async def test_chunks_are_numbered_and_complete() -> None:
    """Chunks have the batch size, except for the last, and are numbered from 0; after the last comes None."""
    source = source_of(good(5))
    assert await shapes(source) == [(0, [0, 1], []), (1, [2, 3], []), (2, [4], [])]
    assert await source.pull() is None


async def test_invalid_messages_come_with_their_chunk() -> None:
    """The result of an invalid message comes with the messages around it, and names its index."""
    rows = [*good(1), SmsMessage("bad", "m"), *good(2)]
    source = source_of(rows)
    pull = await source.pull()
    assert shape(pull) == (0, [0, 2], [1])
    assert pull is not None
    (result,) = pull.results
    assert (result.status, result.message, result.track_id) == (SendStatus.REJECTED, rows[1], None)
    assert isinstance(result.error, InvalidInputError)
    assert result.error.field == "messages[1].receiver"
    assert await shapes(source) == [(1, [3], [])]


async def test_a_message_without_a_sender() -> None:
    """A message without a line is rejected with a configuration error."""
    pull = await source_of(good(1), sender=None).pull()
    assert pull is not None
    assert (pull.chunk, [type(result.error) for result in pull.results]) == (None, [ConfigurationError])


async def test_many_invalid_messages() -> None:
    """Invalid messages are returned once a batch of them was read, with the valid ones before them."""
    rows = [*good(1), *([SmsMessage("bad", "m")] * 7), *good(1)]
    assert await shapes(source_of(rows, 3)) == [(0, [0], [1, 2, 3, 4]), (1, [], [5, 6, 7]), (2, [8], [])]
    endless = itertools.repeat(SmsMessage("bad", "m"))
    assert shape(await source_of(endless, 3).pull()) == (0, [], [0, 1, 2])


async def test_a_message_whose_own_code_raises() -> None:
    """A message that raises while it is checked is rejected, and the others are not affected."""

    class Trap(str):
        __slots__ = ()

        def __len__(self) -> int:
            raise ZeroDivisionError

    rows = [*good(1), SmsMessage(RECEIVER, Trap("m")), *good(1)]
    pull = await source_of(rows).pull()
    assert shape(pull) == (0, [0, 2], [1])
    assert pull is not None
    (result,) = pull.results
    assert isinstance(result.error, InvalidInputError)
    assert (result.status, result.error.field) == (SendStatus.REJECTED, "messages[1]")
    assert "raised ZeroDivisionError" in str(result.error)


async def test_a_message_that_is_held_back() -> None:
    """An error that is not about the message itself becomes the result unchanged."""
    reason = SuppressedError("not sent: the receiver opted out", reason="opted_out")

    def prepare(messages: Sequence[SmsMessage]) -> Any:
        payloads, _ = prepare_some(messages, sender="1", track_ids=TrackIds(), normalize=True)
        return payloads[1:], {0: reason} if messages else {}

    pull = await Source(good(2), prepare, 2).pull()
    assert shape(pull) == (0, [1], [0])
    assert pull is not None
    assert [(result.status, result.error) for result in pull.results] == [(SendStatus.REJECTED, reason)]


async def test_an_interrupted_check_loses_no_message() -> None:
    """Messages that were read but not checked when Ctrl-C came are not attempted."""

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
    assert [(one.message, one.status, one.error) for one in remains.results] == [
        (row, SendStatus.NOT_ATTEMPTED, None) for row in rows[2:4]
    ]
    assert source.remains() is None


async def test_invalid_messages_alone() -> None:
    """A source of invalid messages alone makes no chunk to send."""
    assert await shapes(source_of([SmsMessage("bad", "m")] * 3)) == [(0, [], [0, 1]), (1, [], [2])]


async def test_after_a_stop_no_message_is_checked() -> None:
    """After the run was stopped all further messages are not attempted, with the error that stopped it."""
    source = source_of([*good(3), SmsMessage("bad", "m"), *good(1)])
    await source.pull()
    stop = AuthenticationError("no", status_code=401)
    pulls = [await source.pull(stop), await source.pull(stop)]
    assert [shape(pull) for pull in pulls] == [(1, [], [2, 3]), (2, [], [4])]
    results = [result for pull in pulls if pull for result in pull.results]
    assert {(result.status, result.error) for result in results} == {(SendStatus.NOT_ATTEMPTED, stop)}


async def test_large_messages_fill_a_chunk_by_their_bytes() -> None:
    """A chunk ends before its body exceeds a megabyte, and the message that did not fit begins the next."""
    rows = [SmsMessage(RECEIVER, "x" * 400_000) for _ in range(5)]
    assert await shapes(source_of(rows, 100)) == [(0, [0, 1], []), (1, [2, 3], []), (2, [4], [])]


async def test_invalid_messages_among_large_ones_keep_the_order() -> None:
    """When a body is split, each invalid message comes with the part that it stands in."""
    large, bad = SmsMessage(RECEIVER, "x" * 600_000), SmsMessage("bad", "m")
    rows = [bad, large, bad, large, bad, bad, large, *good(1), bad, large]
    assert await shapes(source_of(rows, 100)) == [
        (0, [1], [0, 2]),
        (1, [3], [4, 5]),
        (2, [6, 7], [8]),
        (3, [9], []),
    ]


async def test_no_more_is_read_than_a_request_holds() -> None:
    """A full chunk is returned before the iterable is read further."""
    rows = iter([*good(1), SmsMessage("bad", "m"), *good(5)])
    assert shape(await source_of(rows, 3).pull()) == (0, [0, 2, 3], [1])
    assert len(list(rows)) == 3


LARGE = SmsMessage(RECEIVER, "x" * 450_000)
KINDS = st.sampled_from([good(1)[0], good(1)[0], SmsMessage("bad", "m"), LARGE])


@given(st.lists(KINDS, max_size=9), st.integers(1, 4), st.booleans())
@settings(max_examples=60)
async def test_every_message_comes_once_and_in_order(rows: list[Any], batch_size: int, asynchronous: bool) -> None:
    """Every message comes once; chunks are numbered, in order, never empty and never too large."""

    async def agen() -> AsyncIterator[SmsMessage]:
        for row in rows:
            yield row

    source = source_of(agen() if asynchronous else rows, batch_size)
    seen: list[int] = []
    number = 0
    while (pull := await source.pull()) is not None:
        _, sent, unsent = shape(pull)
        assert (pull.number, bool(sent or unsent), len(sent) <= batch_size) == (number, True, True)
        assert len(unsent) < 2 * batch_size
        if pull.chunk is not None:
            assert [rows[index] for index in sent] == pull.chunk.batch.messages
            assert len(pull.chunk.batch.body) <= MAX_BODY_BYTES
        seen += sorted(sent + unsent)
        number += 1
    assert seen == list(range(len(rows)))


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_source_that_raises(asynchronous: bool) -> None:
    """The exception is raised once, the messages before it are in `remains`, and the source has ended."""

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
    """The messages of the unfinished chunk are checked like the others, and are in `remains`."""
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
    """The messages before the exception come in one chunk per body."""

    def plain() -> Iterator[SmsMessage]:
        yield from [SmsMessage(RECEIVER, "x" * 400_000)] * 3
        raise LookupError

    source = source_of(plain(), 10)
    with pytest.raises(LookupError):
        await source.pull()
    assert [shape(source.remains()), shape(await source.pull())] == [(0, [0, 1], []), (1, [2], [])]
    assert await source.pull() is None


async def test_a_cancelled_pull_loses_no_message() -> None:
    """The messages that an async source returned before are in `remains`, the invalid ones rejected."""

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


async def test_a_source_that_raised_is_not_read_again() -> None:
    """An iterator that could continue after an exception is not called again."""

    class RaisesOnce:
        def __init__(self) -> None:
            self.calls = 0

        def __iter__(self) -> RaisesOnce:
            return self

        def __next__(self) -> SmsMessage:
            self.calls += 1
            if self.calls == 2:
                raise LookupError
            return SmsMessage(RECEIVER, "m")

    iterator = RaisesOnce()
    source = source_of(iterator)
    with pytest.raises(LookupError):
        await source.pull()
    assert shape(await source.pull()) == (0, [0], [])
    assert await source.pull() is None
    assert iterator.calls == 2


async def test_iterators_without_iter() -> None:
    """An iterator without `__iter__`, and an async one without `__aiter__`, are accepted."""

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
    """An object that can be iterated both ways is iterated asynchronously, which does not block."""

    class Both(Endless):
        def __iter__(self) -> Any:
            raise AssertionError("read the blocking way")

        def __next__(self) -> Any:
            raise AssertionError("read the blocking way")

    assert shape(await source_of(Both()).pull()) == (0, [0, 1], [])


async def test_closing() -> None:
    """Closing closes an async iterable that can be closed, and does nothing to others."""
    endless = Endless()
    source = source_of(endless)
    await source.pull()
    await source.aclose()
    assert endless.closed == 1
    await source_of(good(1)).aclose()
    await source_of(iter(good(1))).aclose()


@pytest.mark.parametrize("bad", [None, 7, "text", b"bytes", SmsMessage(RECEIVER, "m"), object()])
def test_invalid_iterables(bad: Any) -> None:
    """An object that is not an iterable of messages is refused; the error names the argument."""
    with pytest.raises(InvalidInputError) as caught:
        source_of(bad)
    assert caught.value.field == "messages"

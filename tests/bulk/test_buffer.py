from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest

from wikipayam_async import SendResult, SendStatus, SmsMessage
from wikipayam_async.bulk.buffer import ResultBuffer
from wikipayam_async.bulk.options import BulkOptions

pytestmark = pytest.mark.anyio


def results(*indexes: int) -> list[SendResult]:
    """Make the results of a chunk."""
    return [SendResult(index, SmsMessage("09123456789", "m"), SendStatus.ACCEPTED) for index in indexes]


def indexes(some: Sequence[SendResult] | None) -> list[int]:
    """Return the indexes of results."""
    return [result.index for result in some or []]


def open_buffer(*, concurrency: int = 1, ordered: bool = False) -> ResultBuffer:
    """Make a buffer that expects results."""
    buffer = ResultBuffer(BulkOptions(concurrency=concurrency, ordered=ordered))
    buffer.open()
    return buffer


def add(buffer: ResultBuffer, number: int, some: list[SendResult]) -> None:
    """Add the results of a chunk."""
    buffer.hold(number, some)
    buffer.finish(number)


@pytest.mark.parametrize(("ordered", "expected"), [(False, [[4], [2], [0]]), (True, [[0], [2], [4]])])
async def test_order_of_chunks(ordered: bool, expected: list[list[int]]) -> None:
    """Chunks are returned as they were added, or in the order of their numbers."""
    buffer = open_buffer(ordered=ordered)
    for number in (2, 1, 0):
        add(buffer, number, results(2 * number))
    assert [indexes(await buffer.take()) for _ in range(3)] == expected


async def test_the_end() -> None:
    """When the last worker has ended, the chunks that are ready are returned, and then None."""
    buffer = open_buffer(concurrency=2)
    add(buffer, 0, results(0))
    buffer.remove_worker()
    buffer.remove_worker()
    assert (indexes(await buffer.take()), await buffer.take(), buffer.workers) == ([0], None, 0)


async def test_places() -> None:
    """A worker waits for a place until the consumer comes back for the chunk after the one it took."""
    buffer = open_buffer()
    for number in range(2):
        await buffer.reserve()
        add(buffer, number, results(number))
    with anyio.move_on_after(0) as scope:
        await buffer.reserve()
    assert scope.cancelled_caught
    await buffer.take()
    await buffer.take()
    await buffer.reserve()


async def test_drain() -> None:
    """The rest of the current chunk, the chunks that are ready and those that came early are removed in this order."""
    buffer = open_buffer(ordered=True)
    buffer.current.extend(results(7))
    for number in (3, 2, 0):
        add(buffer, number, results(number))
    left: list[SendResult] = []
    buffer.drain(left)
    assert indexes(left) == [7, 0, 2, 3]
    buffer.drain(left)
    assert indexes(left) == [7, 0, 2, 3]

from __future__ import annotations

import gc
import math
import weakref
from typing import Any

import pytest

from wikipayam_async import APIConnectionError, InvalidInputError, SentMessage, SmsMessage
from wikipayam_async.batching.queue import Batching, BatchSize, PendingMessage, PendingQueue
from wikipayam_async.checks import check_seconds
from wikipayam_async.messages.payload import prepare_sms
from wikipayam_async.messages.track_ids import TrackIds

pytestmark = pytest.mark.anyio

RECEIVER = "09123456789"


def waiters(count: int) -> list[PendingMessage]:
    """Make so many waiters, of whom each next one is due a second later."""
    message = SmsMessage(RECEIVER, "m")
    payload = prepare_sms(message, sender="1", track_ids=TrackIds(), normalize=True)
    return [PendingMessage(message, payload, float(number)) for number in range(count)]


def line_of(people: list[PendingMessage], *, places: int = 100, most: int = 3) -> PendingQueue:
    """Let people stand in line."""
    line = PendingQueue(places, BatchSize(most))
    for waiter in people:
        line.join(waiter)
    return line


@pytest.mark.parametrize("name", ["max_size", "concurrency", "max_waiting"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "10", None])
def test_counts_are_checked(name: str, value: Any) -> None:
    """Each count is a whole number of at least 1, and is named when it is not."""
    with pytest.raises(InvalidInputError, match="expected a whole number of at least 1") as caught:
        Batching(**{name: value})
    assert caught.value.field == name


@pytest.mark.parametrize("value", [-0.001, math.inf, math.nan, True, "1", None])
def test_lingering_is_checked(value: Any) -> None:
    """The time to linger is a finite number that is not below 0."""
    with pytest.raises(InvalidInputError, match="linger: expected seconds, finite and not below 0"):
        Batching(linger=value)
    with pytest.raises(InvalidInputError, match="timeout: expected seconds"):
        check_seconds("timeout", value)


def test_the_usual_way() -> None:
    """A hundred messages a request, five milliseconds, eight requests at once, ten thousand in line."""
    assert Batching() == Batching(max_size=100, linger=0.005, concurrency=8, max_waiting=10_000)
    assert Batching(linger=0).linger == 0
    check_seconds("timeout", 0)


async def test_they_leave_in_the_order_of_coming() -> None:
    """Whoever came first leaves first, so many at a time."""
    people = waiters(5)
    line = line_of(people)
    assert (len(line), line.everyone) == (5, people)
    assert [line.take(), line.take(), line.take()] == [people[:3], people[3:], []]
    assert (len(line), line.everyone) == (0, [])


async def test_when_the_next_request_is_due() -> None:
    """Nobody is never due, a few are when the oldest is, and enough for a request are at once."""
    people = waiters(3)
    line = line_of([])
    dues = [line.due]
    for waiter in people:
        line.join(waiter)
        dues.append(line.due)
    line.leave(people[0])
    dues.append(line.due)
    assert dues == [math.inf, 0.0, 0.0, -math.inf, 1.0]


async def test_room() -> None:
    """So many have a place; the others wait for room, come in by turns, and leave in that order."""
    people = waiters(6)
    line = line_of(people, places=2, most=3)
    assert (len(line), line.everyone) == (2, people)
    line.leave(people[1])
    assert (len(line), line.everyone) == (2, [people[0], *people[2:]])
    line.leave(people[4])
    line.leave(people[4])
    assert (len(line), line.everyone) == (2, [people[0], people[2], people[3], people[5]])
    assert line.take() == [people[0], people[2], people[3]]
    assert (len(line), line.everyone) == (1, [people[5]])


async def test_a_line_without_room_for_a_whole_request_is_full() -> None:
    """When nobody else can come in there is nothing to wait for."""
    assert [line_of(waiters(count), places=2, most=3).is_full for count in range(4)] == [False, False, True, True]


def test_a_size_that_is_refused_is_halved_and_grows_again() -> None:
    """A refusal halves the size, never below one message; a request that fills it lets it grow by one, up to its bound."""
    size = BatchSize(10)
    seen = [size.most]
    size.accepted(10)
    seen.append(size.most)
    size.refused(10)
    seen.append(size.most)
    size.refused(9)
    seen.append(size.most)
    size.refused(12)
    seen.append(size.most)
    size.accepted(3)
    seen.append(size.most)
    size.accepted(4)
    seen.append(size.most)
    assert seen == [10, 10, 5, 4, 4, 4, 5]


def test_one_message_that_is_too_large_says_nothing_of_the_size() -> None:
    """A request of one cannot be made smaller, so its refusal changes nothing."""
    size = BatchSize(10)
    size.refused(1)
    assert size.most == 10
    size.refused(2)
    assert size.most == 1
    for _ in range(20):
        size.accepted(size.most)
    assert size.most == 10


async def test_an_outcome_is_returned_or_raised() -> None:
    """Whoever waits gets the gateway's word, or the error."""
    happy, sad = waiters(2)
    sent = SentMessage("id")
    error = APIConnectionError("away")
    happy.settle(sent)
    sad.settle(error)
    assert await happy.outcome() is sent
    with pytest.raises(APIConnectionError) as caught:
        await sad.outcome()
    assert caught.value is error


async def test_an_error_leaves_no_circle_behind() -> None:
    """An error that was raised and dealt with goes at once, and does not wait for the garbage collector."""
    (waiter,) = waiters(1)
    error = APIConnectionError("away")
    watched = weakref.ref(error)
    waiter.settle(error)
    del error
    gc.disable()
    try:
        with pytest.raises(APIConnectionError):
            await waiter.outcome()
        assert watched() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(("linger", "patience"), [(0, 0), (0.001, 0.00075), (0.004, 0.003), (0.005, 0.004), (1, 0.999)])
def test_a_message_leaves_before_its_linger_is_over(linger: float, patience: float) -> None:
    """A timer may go off a millisecond late, and `linger` is the most that is to be waited."""
    assert Batching(linger=linger).patience == pytest.approx(patience)

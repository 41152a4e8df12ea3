from __future__ import annotations

import gc
import math
import weakref
from typing import Any

import pytest

from wikipayam_async import APIConnectionError, InvalidInputError, SendStatus, SentMessage, SmsMessage
from wikipayam_async.batching.queue import Batching, BatchSize, PendingMessage, PendingQueue, PostedMessage
from wikipayam_async.messages.payload import prepare_sms
from wikipayam_async.messages.track_ids import TrackIds

pytestmark = pytest.mark.anyio

RECEIVER = "09123456789"


def pending_messages(count: int) -> list[PendingMessage]:
    """Make messages, each due a second after the one before."""
    message = SmsMessage(RECEIVER, "m")
    payload = prepare_sms(message, sender="1", track_ids=TrackIds(), normalize=True)
    return [PendingMessage(message, payload, float(number)) for number in range(count)]


def queue_of(messages: list[PendingMessage], *, max_waiting: int = 100, size: int = 3) -> PendingQueue:
    """Make a queue of messages."""
    queue = PendingQueue(max_waiting, BatchSize(size))
    for pending in messages:
        queue.add(pending)
    return queue


@pytest.mark.parametrize("name", ["batch_size", "concurrency", "max_waiting"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "10", None])
def test_counts_are_checked(name: str, value: Any) -> None:
    """Each count is a whole number of at least 1; the error names the field."""
    with pytest.raises(InvalidInputError, match="expected a whole number of at least 1") as caught:
        Batching(**{name: value})
    assert caught.value.field == name


@pytest.mark.parametrize("value", [-0.001, math.inf, math.nan, True, "1", None])
def test_linger_is_checked(value: Any) -> None:
    """It is a finite number of at least 0."""
    with pytest.raises(InvalidInputError, match="linger: expected a finite number of seconds, 0 or more"):
        Batching(linger=value)


def test_the_defaults() -> None:
    """A hundred messages per request, five milliseconds, eight requests at once, ten thousand queued messages."""
    assert Batching() == Batching(batch_size=100, linger=0.005, concurrency=8, max_waiting=10_000)
    assert Batching(linger=0).linger == 0


async def test_messages_are_taken_in_order_of_arrival() -> None:
    """At most `size` messages are taken at a time."""
    messages = pending_messages(5)
    queue = queue_of(messages)
    assert (len(queue), queue.messages) == (5, messages)
    assert [queue.take(), queue.take(), queue.take()] == [messages[:3], messages[3:], []]
    assert (len(queue), queue.messages) == (0, [])


async def test_due() -> None:
    """An empty queue is never due, a few messages are when the oldest is, and a full request is at once."""
    messages = pending_messages(3)
    queue = queue_of([])
    dues = [queue.due]
    for pending in messages:
        queue.add(pending)
        dues.append(queue.due)
    queue.remove(messages[0])
    dues.append(queue.due)
    assert dues == [math.inf, 0.0, 0.0, -math.inf, 1.0]


async def test_max_waiting() -> None:
    """Messages beyond `max_waiting` are blocked, and added in order as others are removed."""
    messages = pending_messages(6)
    queue = queue_of(messages, max_waiting=2, size=3)
    assert (len(queue), queue.messages) == (2, messages)
    queue.remove(messages[1])
    assert (len(queue), queue.messages) == (2, [messages[0], *messages[2:]])
    queue.remove(messages[4])
    queue.remove(messages[4])
    assert (len(queue), queue.messages) == (2, [messages[0], messages[2], messages[3], messages[5]])
    assert queue.take() == [messages[0], messages[2], messages[3]]
    assert (len(queue), queue.messages) == (1, [messages[5]])


async def test_a_queue_that_holds_less_than_a_request() -> None:
    """It is full when no more messages can be added."""
    assert [queue_of(pending_messages(count), max_waiting=2, size=3).is_full for count in range(4)] == [
        False,
        False,
        True,
        True,
    ]


def test_a_refused_size_is_halved_and_grows_again() -> None:
    """A refusal halves the limit, down to one message; a full request increases it by one, up to the maximum."""
    size = BatchSize(10)
    seen = [size.limit]
    size.accepted(10)
    seen.append(size.limit)
    size.refused(10)
    seen.append(size.limit)
    size.refused(9)
    seen.append(size.limit)
    size.refused(12)
    seen.append(size.limit)
    size.accepted(3)
    seen.append(size.limit)
    size.accepted(4)
    seen.append(size.limit)
    assert seen == [10, 10, 5, 4, 4, 4, 5]


def test_one_message_that_is_too_large() -> None:
    """Its refusal does not change the limit, which cannot be smaller than 1."""
    size = BatchSize(10)
    size.refused(1)
    assert size.limit == 10
    size.refused(2)
    assert size.limit == 1
    for _ in range(20):
        size.accepted(size.limit)
    assert size.limit == 10


async def test_an_outcome_is_returned_or_raised() -> None:
    """`outcome` returns the answer or raises the error."""
    accepted, failed = pending_messages(2)
    sent = SentMessage("id")
    error = APIConnectionError("unreachable")
    accepted.finish(sent, SendStatus.ACCEPTED)
    failed.finish(error, SendStatus.NOT_ATTEMPTED)
    assert await accepted.outcome() is sent
    with pytest.raises(APIConnectionError) as caught:
        await failed.outcome()
    assert caught.value is error


async def test_a_posted_message_passes_its_outcome_on() -> None:
    """The callback gets the message, the outcome and the status, and a flush no longer waits for the message."""
    finished: list[tuple[int, object, SendStatus]] = []
    (pending,) = pending_messages(1)
    posted = PostedMessage(
        pending.message,
        pending.payload,
        0.0,
        number=7,
        posted=0.0,
        on_finish=lambda posted, outcome, status: finished.append((posted.number, outcome, status)),
    )
    posted.finish(SentMessage("id"), SendStatus.ACCEPTED)
    assert (finished, posted.done.is_set()) == ([(7, SentMessage("id"), SendStatus.ACCEPTED)], True)


async def test_an_error_leaves_no_reference_cycle() -> None:
    """An error that was raised and handled is released at once, without the garbage collector."""
    (pending,) = pending_messages(1)
    error = APIConnectionError("unreachable")
    watched = weakref.ref(error)
    pending.finish(error, SendStatus.NOT_ATTEMPTED)
    del error
    gc.disable()
    try:
        with pytest.raises(APIConnectionError):
            await pending.outcome()
        assert watched() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("linger", "due_after"), [(0, 0), (0.001, 0.00075), (0.004, 0.003), (0.005, 0.004), (1, 0.999)]
)
def test_a_message_is_due_before_its_linger_is_over(linger: float, due_after: float) -> None:
    """Timers may fire a millisecond late, and `linger` is the maximum wait."""
    assert Batching(linger=linger).due_after == pytest.approx(due_after)

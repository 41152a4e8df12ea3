from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from wikipayam_async import APIConnectionError, ConfigurationError, SendStatus, SentMessage, SmsMessage, WikipayamError
from wikipayam_async.batching.queue import Batching
from wikipayam_async.batching.sorting_room import PostedMessage, SortingRoom
from wikipayam_async.messages.payload import Batch, prepare_sms
from wikipayam_async.messages.track_ids import TrackIds

pytestmark = pytest.mark.anyio

PREPARE = partial(prepare_sms, sender="1000", track_ids=TrackIds())
Told = list[tuple[int, SentMessage | WikipayamError]]


async def accept(batch: Batch[SmsMessage], _: object) -> list[SentMessage]:
    """Take one request."""
    await checkpoint()
    return [SentMessage(f"id-{message.message}") for message in batch.messages]


async def refuse(_: object, __: object) -> list[SentMessage]:
    """Be away."""
    raise APIConnectionError("away")


def room_over(road: Callable[..., Awaitable[Any]]) -> SortingRoom:
    """Make a room over a road."""
    return SortingRoom(road, PREPARE, Batching(max_size=2, linger=0, concurrency=1), longest_pause=1.0)


def letters(count: int, told: Told) -> list[PostedMessage]:
    """Make letters that write down what they are told."""
    messages = [SmsMessage("09123456789", f"m{number}", track_id=f"T{number}") for number in range(count)]
    return [
        PostedMessage(
            message,
            PREPARE(message, normalize=True),
            0.0,
            number=number,
            posted=0.0,
            told=lambda letter, outcome: told.append((letter.number, outcome)),
        )
        for number, message in enumerate(messages)
    ]


async def test_a_letter_tells_its_outcome() -> None:
    """It is told with its letter, once, and whoever flushes is set free."""
    told: Told = []
    (letter,) = letters(1, told)
    letter.settle(SentMessage("id"))
    assert (told, letter.done.is_set()) == ([(0, SentMessage("id"))], True)


async def test_what_is_put_in_leaves() -> None:
    """Nobody waits, and every letter is told its own outcome; the outcomes are there to be taken out."""
    told: Told = []
    room = room_over(accept)
    posted = letters(5, told)
    async with room:
        for letter in posted:
            room.put(letter)
        assert (room.is_open, room.waiting) == (True, 5)
    assert not room.is_open
    assert [(number, sent.id) for number, sent in told if isinstance(sent, SentMessage)] == [
        (number, f"id-m{number}") for number in range(5)
    ]
    assert room.outcomes == dict.fromkeys(posted, SendStatus.ACCEPTED)


async def test_a_failure() -> None:
    """The outcome is told apart from the error."""
    told: Told = []
    room = room_over(refuse)
    (letter,) = letters(1, told)
    async with room:
        room.put(letter)
    assert [(number, type(error)) for number, error in told] == [(0, APIConnectionError)]
    assert room.outcomes == {letter: SendStatus.NOT_ATTEMPTED}


async def test_a_cancellation_from_outside() -> None:
    """The work goes on in a cancelled block until the room is closed; then it is cut off as by a batcher."""
    told: Told = []
    stuck = False

    async def road(batch: Batch[SmsMessage], observer: object) -> list[SentMessage]:
        if stuck:
            await anyio.sleep_forever()
        return await accept(batch, observer)

    room = room_over(road)
    posted = letters(6, told)
    with anyio.CancelScope() as scope:
        async with room:
            for letter in posted[:4]:
                room.put(letter)
            scope.cancel()
            with anyio.CancelScope(shield=True):
                await room.flush()
                assert [number for number, _ in told] == [0, 1, 2, 3]
                stuck = True
                for letter in posted[4:]:
                    room.put(letter)
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert [(number, type(error)) for number, error in told[4:]] == [(4, ConfigurationError), (5, ConfigurationError)]
    outcomes = [room.outcomes.get(letter, SendStatus.NOT_ATTEMPTED) for letter in posted]
    assert outcomes == [SendStatus.ACCEPTED] * 4 + [SendStatus.NOT_ATTEMPTED] * 2

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio
import pytest

from tests.bulk.doubles import RecordingGateway
from wikipayam_async import (
    APIConnectionError,
    ClosedError,
    SendStatus,
    SentMessage,
    SmsMessage,
    WikipayamError,
)
from wikipayam_async.batching.dispatch import Dispatcher
from wikipayam_async.batching.queue import Batching, PostedMessage
from wikipayam_async.messages.payload import prepare_sms
from wikipayam_async.messages.track_ids import TrackIds

pytestmark = pytest.mark.anyio

Outcome = SentMessage | WikipayamError
PREPARE = partial(prepare_sms, sender="1000", track_ids=TrackIds())
Finished = list[tuple[int, Outcome, SendStatus]]


def dispatcher_of(gateway: Callable[..., Awaitable[Any]], *, shielded: bool = True) -> Dispatcher:
    """Make a dispatcher of one worker whose requests are answered by `gateway`."""
    batching = Batching(batch_size=2, linger=0, concurrency=1)
    return Dispatcher(gateway, batching, owner="outbox", longest_wait=1.0, shielded=shielded)


def posted_messages(count: int, finished: Finished) -> list[PostedMessage]:
    """Make messages that record their outcomes."""
    messages = [SmsMessage("09123456789", f"m{number}", track_id=f"T{number}") for number in range(count)]
    return [
        PostedMessage(
            message,
            PREPARE(message, normalize=True, validate=True),
            0.0,
            number=number,
            posted=0.0,
            on_finish=lambda posted, outcome, status: finished.append((posted.number, outcome, status)),
        )
        for number, message in enumerate(messages)
    ]


async def test_messages_are_sent_and_finished() -> None:
    """Every message gets its own outcome, and leaving the block closes the dispatcher."""
    finished: Finished = []
    async with dispatcher_of(RecordingGateway()) as dispatcher:
        for posted in posted_messages(5, finished):
            dispatcher.add(posted)
        assert (dispatcher.is_open, len(dispatcher.queue)) == (True, 5)
    assert not dispatcher.is_open
    assert [(number, sent.id, status) for number, sent, status in finished if isinstance(sent, SentMessage)] == [
        (number, f"id-m{number}", SendStatus.ACCEPTED) for number in range(5)
    ]


async def test_a_failure_has_an_error_and_a_status() -> None:
    """The status is passed besides the error, which alone does not determine it."""
    finished: Finished = []
    async with dispatcher_of(RecordingGateway(APIConnectionError("unreachable"))) as dispatcher:
        dispatcher.add(posted_messages(1, finished)[0])
    assert [(number, type(error), status) for number, error, status in finished] == [
        (0, APIConnectionError, SendStatus.NOT_ATTEMPTED)
    ]


async def test_a_cancellation_of_a_shielded_dispatcher() -> None:
    """The workers go on in a cancelled block until the dispatcher is closed, which cancels what is not sent."""
    finished: Finished = []
    gateway = RecordingGateway()
    messages = posted_messages(6, finished)
    with anyio.CancelScope() as scope:
        async with dispatcher_of(gateway) as dispatcher:
            for posted in messages[:4]:
                dispatcher.add(posted)
            scope.cancel()
            with anyio.CancelScope(shield=True):
                await dispatcher.flush()
                assert [number for number, _, _ in finished] == [0, 1, 2, 3]
                gateway.gate = anyio.Event()
                for posted in messages[4:]:
                    dispatcher.add(posted)
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert [(number, type(error)) for number, error, _ in finished[4:]] == [
        (4, ClosedError),
        (5, ClosedError),
    ]
    assert [status for _, _, status in finished] == [SendStatus.ACCEPTED] * 4 + [SendStatus.NOT_ATTEMPTED] * 2

"""The keys of messages that share requests. What a batcher makes of them is tested over a socket in tests/promises."""

from __future__ import annotations

import logging

import pytest

from wikipayam_async import ConfigurationError, SendStatus, SentMessage, SmsMessage
from wikipayam_async.batching.keys import BatchKeys, KeysTakenError, make_keyed, report_abandoned
from wikipayam_async.batching.queue import PendingMessage
from wikipayam_async.idempotency import MemoryIdempotencyStore
from wikipayam_async.idempotency.guard import IdempotencyGuard
from wikipayam_async.messages.payload import prepare_sms
from wikipayam_async.messages.track_ids import TrackIds

pytestmark = pytest.mark.anyio


def pending(key: str | None) -> PendingMessage:
    """Make a message under a key."""
    message = SmsMessage("09123456789", "text", track_id="t-1")
    payload = prepare_sms(message, sender="1", track_ids=TrackIds(), normalize=True)
    return PendingMessage(message, payload, 0.0, keyed=make_keyed(key, message, payload, has_store=True))


async def test_keys_are_claimed_released_and_settled() -> None:
    """Messages without keys are passed over."""
    store = MemoryIdempotencyStore()
    keys = BatchKeys(IdempotencyGuard(store, 10.0))
    first, second, without = pending("a"), pending("b"), pending(None)
    await keys.claim([first, second, without])
    rival = pending("a")
    with pytest.raises(KeysTakenError) as caught:
        await keys.claim([rival])
    assert list(caught.value.taken) == [rival]
    await keys.release([first, without])
    await keys.claim([rival])
    await keys.settle(
        [(second, SentMessage("x"), SendStatus.ACCEPTED), (without, SentMessage("y"), SendStatus.ACCEPTED)]
    )
    records = [await store.read(key) for key in ("a", "b")]
    assert [record and record.status for record in records] == [None, SendStatus.ACCEPTED]


async def test_a_message_without_a_key_is_sent() -> None:
    """Nothing stands in its way."""

    async def attempt() -> SentMessage:
        return SentMessage("x")

    keys = BatchKeys(IdempotencyGuard(MemoryIdempotencyStore(), 10.0))
    assert await keys.answer(pending(None), attempt) == SentMessage("x")


def test_a_key_needs_a_store() -> None:
    """None needs none."""
    message = SmsMessage("09123456789", "text")
    payload = prepare_sms(message, sender="1", track_ids=TrackIds(), normalize=True)
    assert make_keyed(None, message, payload, has_store=False) is None
    with pytest.raises(ConfigurationError):
        make_keyed("k", message, payload, has_store=False)


def test_what_did_not_leave_is_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    """Only what may have been sent is."""
    report_abandoned(pending(None), ConfigurationError("x"), SendStatus.NOT_ATTEMPTED)
    report_abandoned(pending(None), ConfigurationError("x"), SendStatus.UNKNOWN)
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (
            logging.WARNING,
            "sms.send: the task that waited for this message had ended: unknown (track id t-1, gateway id None)",
        )
    ]

"""The guard: waits, cancellations, and stores that fail. The rest is tested over a socket in tests/promises."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from wikipayam_async import APIConnectionError, ClosedError, MessageOutcome, SendStatus, SentMessage, SmsMessage
from wikipayam_async.idempotency import InFlightError, MemoryIdempotencyStore, Settlement
from wikipayam_async.idempotency.guard import IdempotencyGuard, settle_despite_cancellation
from wikipayam_async.idempotency.keyed import KeyedMessage
from wikipayam_async.idempotency.messages import keyed_sms
from wikipayam_async.messages.payload import prepare_sms
from wikipayam_async.messages.track_ids import TrackIds

pytestmark = pytest.mark.anyio


def keyed() -> KeyedMessage:
    """Make a message under the key `k`, for a call of its own."""
    message = SmsMessage("09123456789", "text", track_id="t-1")
    return keyed_sms("k", message, prepare_sms(message, sender="1", track_ids=TrackIds(), normalize=True))


async def test_a_wait_has_growing_pauses() -> None:
    """Up to half a second, and at most as long as an attempt."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    store = MemoryIdempotencyStore(secret="s" * 16)
    await IdempotencyGuard(store, 30.0).claim(keyed())
    with pytest.raises(InFlightError, match=r"no outcome after 2\.0 s"):
        await IdempotencyGuard(store, 2.0, sleep).run(keyed(), anyio.lowlevel.checkpoint)
    assert [round(pause, 2) for pause in pauses] == [0.02, 0.04, 0.08, 0.16, 0.32, 0.5, 0.5, 0.38]


ACCEPTED = MessageOutcome("t-1", SendStatus.ACCEPTED, "a")
UNKNOWN = MessageOutcome("t-1", SendStatus.UNKNOWN)
NOT_ATTEMPTED = MessageOutcome("t-1", SendStatus.NOT_ATTEMPTED)


@pytest.mark.parametrize(
    ("result", "error", "outcome", "status"),
    [
        (SentMessage("a"), None, ACCEPTED, SendStatus.ACCEPTED),
        (SentMessage("a"), None, None, SendStatus.ACCEPTED),
        (SentMessage("a"), KeyboardInterrupt(), ACCEPTED, SendStatus.ACCEPTED),
        (SentMessage("a"), KeyboardInterrupt(), NOT_ATTEMPTED, SendStatus.NOT_ATTEMPTED),
        (None, None, UNKNOWN, SendStatus.UNKNOWN),
        (None, KeyboardInterrupt(), ACCEPTED, SendStatus.UNKNOWN),
        (None, KeyboardInterrupt(), None, SendStatus.UNKNOWN),
        (None, KeyboardInterrupt(), NOT_ATTEMPTED, SendStatus.NOT_ATTEMPTED),
        (None, MemoryError(), UNKNOWN, SendStatus.UNKNOWN),
        (None, ClosedError("x"), NOT_ATTEMPTED, SendStatus.NOT_ATTEMPTED),
        (None, APIConnectionError("x"), NOT_ATTEMPTED, SendStatus.NOT_ATTEMPTED),
    ],
)
async def test_the_outcome_that_is_written(
    result: SentMessage | None, error: BaseException | None, outcome: MessageOutcome | None, status: SendStatus
) -> None:
    """What is not known for certain is unknown: then nothing is sent again."""
    store, message = MemoryIdempotencyStore(), keyed()
    guard = IdempotencyGuard(store, 10.0)
    await guard.claim(message)
    await guard.settle(message, result, error, outcome)
    record = await store.read("k")
    assert record is not None
    assert record.status is status


async def test_a_free_key_is_attempted() -> None:
    """One without a record, and one whose message was not attempted."""
    guard, earlier = IdempotencyGuard(MemoryIdempotencyStore(), 10.0), keyed()

    async def attempt() -> SentMessage:
        return SentMessage("a")

    assert await guard.run(keyed(), attempt) == SentMessage("a")
    await guard.claim(earlier)
    await guard.settle(earlier, None, ClosedError("x"), NOT_ATTEMPTED)
    assert await guard.run(keyed(), attempt) == SentMessage("a")


async def test_a_call_that_loses_the_claim_is_answered_from_the_record() -> None:
    """Another call claims the key, and has its outcome, after this one found the key free."""
    guard, winner, loser = IdempotencyGuard(MemoryIdempotencyStore(), 10.0), keyed(), keyed()

    async def attempt() -> SentMessage:
        await guard.claim(winner)
        await guard.settle(winner, SentMessage("a"), None, ACCEPTED)
        await guard.claim(loser)
        raise AssertionError

    assert (await guard.run(loser, attempt)).id == "a"


async def test_a_store_that_hangs_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is given up after a while, and the log has the outcome."""

    class Hanging(MemoryIdempotencyStore):
        async def settle(self, settlement: Settlement) -> bool:
            del settlement
            await anyio.sleep_forever()
            raise AssertionError

    monkeypatch.setattr("wikipayam_async.idempotency.guard._SETTLE_SECONDS", 0.02)
    await IdempotencyGuard(Hanging(), 10.0).settle(keyed(), SentMessage("a"), None, ACCEPTED)
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert "could not be written (IdempotencyStoreError): accepted; track id t-1, gateway id a" in line


async def test_a_cancelled_scope_waits_for_the_outcome_to_be_written() -> None:
    """And for a claim: what is written must be known."""
    done: list[str] = []

    async def work() -> None:
        await anyio.sleep(0.01)
        done.append("settled")

    with anyio.CancelScope() as scope:
        scope.cancel()
        await settle_despite_cancellation(work)
    assert done == ["settled"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("cancels", [1, 3])
async def test_a_cancellation_past_every_shield_is_raised_afterwards(cancels: int) -> None:
    """`Task.cancel` interrupts what is written; it is written again."""
    tries: list[str] = []

    async def work() -> None:
        tries.append("try")
        await asyncio.sleep(0.02)
        tries.append("settled")

    task = asyncio.create_task(settle_despite_cancellation(work))
    for _ in range(cancels):
        await asyncio.sleep(0.005)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert tries == ["try"] * (cancels + 1) + ["settled"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_endless_cancellations_end() -> None:
    """After ten, nothing is written any more."""
    tries: list[Any] = []

    async def work() -> None:
        tries.append(None)
        await asyncio.sleep(1)

    task = asyncio.create_task(settle_despite_cancellation(work))
    while not task.done():
        await asyncio.sleep(0.001)
        task.cancel()
    assert task.cancelled()
    assert len(tries) == 10

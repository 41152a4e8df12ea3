"""The guard: waits, cancellations, and stores that fail. The rest is tested over a socket in tests/promises."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from wikipayam_async import (
    APIConnectionError,
    ClosedError,
    InsufficientBalanceError,
    MessageOutcome,
    SendStatus,
    SentMessage,
    SmsMessage,
)
from wikipayam_async.idempotency import (
    Claim,
    IdempotencyRecord,
    IdempotencyStoreError,
    InFlightError,
    MemoryIdempotencyStore,
    Settlement,
)
from wikipayam_async.idempotency.guard import IdempotencyGuard, KeyTakenError, outcome_of, settle_despite_cancellation
from wikipayam_async.idempotency.keyed import KeyedMessage
from wikipayam_async.idempotency.messages import keyed_sms
from wikipayam_async.idempotency.outcome import dump_error
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


@pytest.mark.parametrize("away", [False, True])
async def test_a_claim_that_failed_is_taken_back(away: bool) -> None:
    """If the store can do it: it may have been made. The error is that of the claim."""
    calls: list[str] = []

    class Lossy(MemoryIdempotencyStore):
        async def claim(self, claim: Claim) -> IdempotencyRecord | None:
            await super().claim(claim)
            raise IdempotencyStoreError("the answer is lost")

        async def settle(self, settlement: Settlement) -> bool:
            calls.append(settlement.status.value)
            if away:
                raise IdempotencyStoreError("away")
            return await super().settle(settlement)

    store = Lossy(secret="s" * 16)
    with pytest.raises(IdempotencyStoreError, match="the answer is lost"):
        await IdempotencyGuard(store, 30.0).claim(keyed())
    record = await store.read("k")
    assert (calls, record and record.status) == (["not_attempted"], None if away else SendStatus.NOT_ATTEMPTED)


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
    assert bool(record.outcome) is (status is SendStatus.ACCEPTED)


@pytest.mark.parametrize(
    ("send_status", "written"),
    [(SendStatus.REJECTED, SendStatus.REJECTED), (SendStatus.NOT_ATTEMPTED, SendStatus.NOT_ATTEMPTED)],
)
async def test_a_refusal_is_written_with_its_error(send_status: SendStatus, written: SendStatus) -> None:
    """A repetition raises it again; what may be sent again has no text."""
    store, message = MemoryIdempotencyStore(), keyed()
    guard = IdempotencyGuard(store, 10.0)
    error = InsufficientBalanceError("no credit", status_code=402, message="no credit")
    error.send_status = send_status
    await guard.claim(message)
    await guard.settle(message, None, error, None)
    record = await store.read("k")
    assert record is not None
    assert (record.status, record.outcome) == (written, dump_error(error) if written is SendStatus.REJECTED else "")


async def test_a_released_key_is_another_call_s_to_claim() -> None:
    """While a call waits to try again, nothing of it has left; afterwards its own claim finds the key taken."""
    store, waiting, other = MemoryIdempotencyStore(), keyed(), keyed()
    guard = IdempotencyGuard(store, 10.0)
    await guard.claim(waiting)
    await guard.release(waiting)
    record = await store.read("k")
    assert record is not None
    assert (record.status, record.outcome) == (SendStatus.NOT_ATTEMPTED, "")
    await guard.claim(other)
    with pytest.raises(KeyTakenError) as caught:
        await guard.claim(waiting)
    assert caught.value.record.claim_id == other.claim_id
    await guard.release(waiting)
    record = await store.read("k")
    assert record is not None
    assert (record.status, record.claim_id) == (None, other.claim_id)


async def test_a_cancelled_call_finishes_its_claim() -> None:
    """What the store has begun to write must be known."""

    class Slow(MemoryIdempotencyStore):
        async def claim(self, claim: Claim) -> IdempotencyRecord | None:
            await anyio.lowlevel.checkpoint()
            return await super().claim(claim)

    store, taken = Slow(), list[KeyTakenError]()
    guard = IdempotencyGuard(store, 10.0)
    await guard.claim(keyed())
    with anyio.CancelScope() as scope:
        scope.cancel()
        try:
            await guard.claim(keyed())
        except KeyTakenError as error:
            taken.append(error)
    assert len(taken) == 1


def test_the_outcome_of_a_call() -> None:
    """It is that of its one message; None before the pipeline reports."""
    assert outcome_of([lambda: [ACCEPTED]]) == ACCEPTED
    assert outcome_of([]) is None


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
    await IdempotencyGuard(Hanging(), 10.0).settle(keyed(), None, ClosedError("x"), UNKNOWN)
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert lines == [
        "sms.send: the outcome under the idempotency key k could not be written (IdempotencyStoreError): "
        f"{status}; track id t-1, gateway id {id_}. Later calls with the key are told that the outcome is unknown"
        for status, id_ in [("accepted", "a"), ("not_attempted", None)]
    ]


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

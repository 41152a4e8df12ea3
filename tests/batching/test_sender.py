from __future__ import annotations

import contextlib
import pickle
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream
from anyio.lowlevel import checkpoint

from tests.bulk.doubles import ScriptedGateway, error_422
from tests.support.raw import RawRequest, accept_all, raw_gateway
from wikipayam_async import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncWikipayam,
    AuthenticationError,
    BadRequestError,
    ClosedError,
    ConfigurationError,
    PayloadTooLargeError,
    RateLimitError,
    ResponseError,
    SendResult,
    SendStatus,
    SentMessage,
    SmsMessage,
    UnknownOutcomeError,
    UnprocessableError,
    WikipayamError,
)
from wikipayam_async.batching.keys import KeysTakenError
from wikipayam_async.batching.queue import BatchSize, PendingMessage
from wikipayam_async.batching.sender import BatchSender, not_sent
from wikipayam_async.bulk.chunker import MAX_BODY_BYTES
from wikipayam_async.core.operation import Observer
from wikipayam_async.events import AttemptFinished, CallFinished, Event
from wikipayam_async.idempotency import MemoryIdempotencyStore
from wikipayam_async.messages.payload import prepare_sms
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.outcomes import Attempt, MessageOutcome, Phase

pytestmark = pytest.mark.anyio

ATTEMPTS = (Attempt(1, Phase.SENT, 0.1, None, "timeout"),)
Outcome = SentMessage | WikipayamError


def pending_messages(count: int, *, track_id: str | None = None, text: str = "m") -> list[PendingMessage]:
    """Make messages to different receivers."""
    made = []
    for number in range(count):
        receiver, name = f"0912000{number:04}", track_id or f"T{number}"
        message = SmsMessage(receiver, text, track_id=name)
        made.append(
            PendingMessage(message, prepare_sms(message, sender="1", track_ids=TrackIds(), normalize=True), 0.0)
        )
    return made


def gateway_of(*script: Any) -> ScriptedGateway:
    """Make a gateway that returns whole answers."""
    return ScriptedGateway(
        *script, item=lambda payload: SentMessage(f"id-{payload.receiver}", "line", payload.receiver, payload.track_id)
    )


async def outcomes_of(batch: Sequence[PendingMessage]) -> list[Outcome]:
    """Return the outcome of each message, without waiting."""
    outcomes: list[Outcome] = []
    for pending in batch:
        assert pending.done.is_set()
        try:
            outcomes.append(await pending.outcome())
        except WikipayamError as error:
            outcomes.append(error)
    return outcomes


async def send(
    gateway: ScriptedGateway, batch: Sequence[PendingMessage], size: BatchSize | None = None
) -> list[Outcome]:
    """Send messages; return the outcome of each."""
    sender = BatchSender(gateway, size or BatchSize(100), "batcher", 1.0)
    await sender.send(batch)
    assert (sender.in_flight, sender.unsent) == ({}, [])
    return await outcomes_of(batch)


async def test_accepted() -> None:
    """Every message gets the whole answer of the gateway."""
    gateway = gateway_of()
    batch = pending_messages(3)
    assert await send(gateway, batch) == [
        SentMessage(f"id-0912000{number:04}", "line", f"0912000{number:04}", f"T{number}") for number in range(3)
    ]
    assert gateway.requests == [["T0", "T1", "T2"]]


async def test_the_same_track_id_twice() -> None:
    """Messages with the same track id get their own outcomes."""
    outcomes = await send(gateway_of([1]), pending_messages(3, track_id="same"))
    assert outcomes[0] == SentMessage("id-09120000000", "line", "09120000000", "same")
    assert isinstance(outcomes[1], UnknownOutcomeError)
    assert outcomes[1].messages == (SmsMessage("09120000001", "m", track_id="same"),)
    assert outcomes[2] == SentMessage("id-09120000002", "line", "09120000002", "same")


async def test_messages_that_a_422_names() -> None:
    """They are refused, each with its own errors; the others are sent again."""
    gateway = gateway_of(error_422("1.receiver", "3.message"))
    outcomes = await send(gateway, pending_messages(4))
    assert [type(one) for one in outcomes] == [SentMessage, UnprocessableError, SentMessage, UnprocessableError]
    assert [dict(one.errors) for one in outcomes if isinstance(one, UnprocessableError)] == [
        {"1.receiver": ("bad", "very bad")},
        {"3.message": ("bad", "very bad")},
    ]
    assert gateway.requests == [["T0", "T1", "T2", "T3"], ["T0", "T2"]]


async def test_an_unknown_outcome_names_one_message_alone() -> None:
    """Each error holds its own message and track id, the phase, the attempts, and the cause."""
    lost = UnknownOutcomeError(
        "lost (T0, T1)",
        messages=[SmsMessage("09120000000", "all")],
        track_ids=["T0", "T1"],
        accepted=[SentMessage("other")],
        phase=Phase.SENT,
        attempts=ATTEMPTS,
    )
    lost.__cause__ = APITimeoutError("late", phase=Phase.SENT, attempts=ATTEMPTS)
    batch = pending_messages(2)
    outcomes = await send(gateway_of(lost), batch)
    for number, (error, pending) in enumerate(zip(outcomes, batch, strict=True)):
        assert isinstance(error, UnknownOutcomeError)
        assert (error.messages, error.track_ids, error.accepted) == ((pending.message,), (f"T{number}",), ())
        assert (error.phase, error.attempts) == (Phase.SENT, ATTEMPTS)
        assert str(error) == (
            "sms.send: it is not known whether the gateway accepted this message. Do not resend blindly: "
            f"look in the panel first, by receiver, text and time, or by track id if it shows one (T{number})"
        )
        cause = error.__cause__
        assert (type(cause), str(cause)) == (APITimeoutError, "late")
        assert cause is not lost.__cause__
    assert outcomes[0].__cause__ is not outcomes[1].__cause__  # type: ignore[union-attr]


async def test_a_message_that_the_answer_leaves_out() -> None:
    """Its outcome is unknown, and the others are accepted."""
    outcomes = await send(gateway_of([0]), pending_messages(2))
    assert isinstance(outcomes[0], UnknownOutcomeError)
    assert (outcomes[0].track_ids, type(outcomes[0].__cause__)) == (("T0",), ResponseError)
    assert outcomes[1] == SentMessage("id-09120000001", "line", "09120000001", "T1")


@pytest.mark.parametrize(
    "error",
    [
        BadRequestError(
            "no", status_code=400, message="why", errors={"x": ["y"]}, headers={"a": "b"}, attempts=ATTEMPTS
        ),
        AuthenticationError("no", status_code=401, attempts=ATTEMPTS),
        RateLimitError("slow", status_code=429, retry_after=100.0, attempts=ATTEMPTS),
        APIConnectionError("unreachable", phase=Phase.CONNECTING, attempts=ATTEMPTS),
        APITimeoutError("late", phase=Phase.CONNECTING, attempts=ATTEMPTS),
        ClosedError("the client is closed"),
    ],
)
async def test_a_failure_of_all_messages(error: WikipayamError) -> None:
    """Each message gets a copy of the error, with all its fields, which can be pickled."""
    error.__cause__ = ResponseError("the cause")
    outcomes = await send(gateway_of(error), pending_messages(3))
    assert len({id(one) for one in (*outcomes, error)}) == 4
    for one in outcomes:
        assert isinstance(one, WikipayamError)
        assert (type(one), one.args, vars(one)) == (type(error), error.args, vars(error))
        assert (str(one.__cause__), one.__cause__ is error.__cause__) == ("the cause", False)
        copy = pickle.loads(pickle.dumps(one))  # noqa: S301 - our own pickle
        assert (type(copy), str(copy)) == (type(error), str(error))
    if isinstance(error, APIStatusError):
        assert [one.status_code for one in outcomes if isinstance(one, APIStatusError)] == [error.status_code] * 3


async def test_a_cause_from_outside_the_package() -> None:
    """It is not copied."""
    error = APIConnectionError("unreachable")
    error.__cause__ = cause = OSError(5, "broken")
    outcomes = await send(gateway_of(error), pending_messages(2))
    assert [one.__cause__ for one in outcomes if isinstance(one, WikipayamError)] == [cause, cause]


async def test_413_limits_the_size() -> None:
    """A 413 cuts the request in half, and limits the size of the next."""
    too_large = [PayloadTooLargeError("no", status_code=413) for _ in range(2)]
    gateway, size = gateway_of(*too_large), BatchSize(8)
    outcomes = await send(gateway, pending_messages(8), size)
    assert [len(request) for request in gateway.requests] == [8, 4, 2, 2, 2, 2]
    assert {type(one) for one in outcomes} == {SentMessage}
    assert size.limit == 3


async def test_the_bytes_of_a_request_are_bounded() -> None:
    """Messages that exceed one body are sent in several requests."""
    gateway = gateway_of()
    outcomes = await send(gateway, pending_messages(5, text="x" * (MAX_BODY_BYTES * 2 // 5)))
    assert gateway.requests == [["T0", "T1"], ["T2", "T3"], ["T4"]]
    assert {type(one) for one in outcomes} == {SentMessage}


async def test_a_stop_affects_one_batch() -> None:
    """After a 401 the other requests of the batch are not sent; the next batch is."""
    wrong = AuthenticationError("no", status_code=401)
    gateway = gateway_of(wrong)
    sender = BatchSender(gateway, BatchSize(100), "batcher", 1.0)
    first, second = pending_messages(5, text="x" * (MAX_BODY_BYTES * 2 // 5)), pending_messages(1)
    await sender.send(first)
    await sender.send(second)
    assert [type(one) for one in await outcomes_of(first)] == [AuthenticationError] * 5
    assert [type(one) for one in await outcomes_of(second)] == [SentMessage]
    assert gateway.requests == [["T0", "T1"], ["T0"]]


async def test_an_unreachable_gateway_affects_one_batch() -> None:
    """Every batch is attempted, however many before it did not reach the gateway."""
    gateway = gateway_of(*[APIConnectionError("unreachable") for _ in range(6)])
    sender = BatchSender(gateway, BatchSize(100), "batcher", 1.0)
    for _ in range(6):
        await sender.send(pending_messages(2))
    (last,) = batch = pending_messages(1)
    await sender.send(batch)
    assert (await last.outcome()).track_id == "T0"
    assert len(gateway.requests) == 7


async def test_a_failure_of_the_client() -> None:
    """An unexpected exception becomes the cause of the error of each message."""
    failure = ZeroDivisionError()
    outcomes = await send(gateway_of(failure), pending_messages(2))
    for error in outcomes:
        assert isinstance(error, ConfigurationError)
        assert str(error) == (
            "sms.send: not sent, because the client failed with ZeroDivisionError; sending it again is safe"
        )
        assert error.__cause__ is failure
    assert outcomes[0] is not outcomes[1]


@pytest.mark.parametrize("owner", ["batcher", "outbox"])
def test_not_sent(owner: str) -> None:
    """The error of a message that was queued when its batcher or outbox closed says that sending it again is safe."""
    error = not_sent(None, owner)
    assert str(error) == f"sms.send: not sent, because the {owner} was closed first; sending it again is safe"
    assert (type(error), error.send_status, error.__cause__) == (ClosedError, SendStatus.NOT_ATTEMPTED, None)


async def cancelled(gateway: ScriptedGateway, batch: Sequence[PendingMessage], owner: str = "batcher") -> BatchSender:
    """Send messages, and cancel that when the gateway hangs."""
    sender = BatchSender(gateway, BatchSize(100), owner, 1.0)
    async with anyio.create_task_group() as group:
        group.start_soon(sender.send, batch)
        for _ in range(20):
            await checkpoint()
        assert list(sender.in_flight) == list(batch)
        group.cancel_scope.cancel()
    assert sender.in_flight == {}
    return sender


async def test_cancelled_before_anything_was_sent() -> None:
    """All messages of the batch are unsent, and each gets an error."""
    batch = pending_messages(5, text="x" * (MAX_BODY_BYTES * 2 // 5))
    gateway = gateway_of(lambda _: None)
    sender = await cancelled(gateway, batch)
    assert sender.unsent == [
        SendResult(index, pending.message, SendStatus.NOT_ATTEMPTED, track_id=f"T{index}")
        for index, pending in enumerate(batch)
    ]
    outcomes = await outcomes_of(batch)
    assert [type(one) for one in outcomes] == [type(result.error) for result in sender.unsent] == [ClosedError] * 5
    assert len({id(one) for one in [*outcomes, *(result.error for result in sender.unsent)]}) == 10
    assert len(gateway.requests) == 1


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (MessageOutcome("T0", SendStatus.ACCEPTED, "id-0"), SentMessage("id-0", track_id="T0")),
        (MessageOutcome("T0", SendStatus.UNKNOWN), UnknownOutcomeError),
        (MessageOutcome("T0", SendStatus.REJECTED), WikipayamError),
        (MessageOutcome("T0", SendStatus.NOT_ATTEMPTED), ClosedError),
    ],
)
async def test_cancelled_after_the_pipeline_reported(outcome: MessageOutcome, expected: Any) -> None:
    """Each message gets the outcome that the pipeline reported."""
    batch = pending_messages(1)
    sender = await cancelled(gateway_of(lambda _: [outcome]), batch, "outbox")
    (found,) = await outcomes_of(batch)
    assert (found if isinstance(found, SentMessage) else type(found)) == expected
    assert [result.message for result in sender.unsent] == ([batch[0].message] if expected is ClosedError else [])
    if outcome.status is SendStatus.REJECTED:
        assert isinstance(found, WikipayamError)
        assert str(found) == "sms.send: the gateway refused this message while the outbox was being closed"
        assert found.send_status is SendStatus.REJECTED


class SlowKeys:
    """Keys of another call that never ends."""

    async def settle(self, outcomes: Sequence[object]) -> None:
        """Write nothing: no message of these was sent."""

    async def answer(self, pending: PendingMessage, attempt: object) -> SentMessage:
        """Wait for the other call."""
        await anyio.sleep_forever()
        raise AssertionError


async def test_cancelled_while_another_call_has_the_key() -> None:
    """The message was not sent by this call, and its error says so."""
    (pending,) = pending_messages(1)
    record: Any = object()
    keys: Any = SlowKeys()

    async def send(*_: object) -> list[SentMessage | None]:
        raise KeysTakenError({pending: record})

    sender = BatchSender(send, BatchSize(100), "batcher", 1.0, keys)
    async with anyio.create_task_group() as group:
        group.start_soon(sender.send, [pending])
        for _ in range(20):
            await checkpoint()
        assert list(sender.in_flight) == [pending]
        group.cancel_scope.cancel()
    (found,) = await outcomes_of([pending])
    assert (type(found), [one.status for one in sender.unsent]) == (ClosedError, [SendStatus.NOT_ATTEMPTED])
    assert sender.in_flight == {}


@pytest.mark.parametrize("status", [SendStatus.ACCEPTED, SendStatus.UNKNOWN, SendStatus.NOT_ATTEMPTED])
async def test_cancelled_while_a_message_is_sent_after_another_call_did_not(status: SendStatus) -> None:
    """It has the outcome of its own request, and is among the unsent only if that has not left."""

    class FreeKeys:
        async def settle(self, _: object) -> None:
            return None

        async def answer(self, _: PendingMessage, attempt: Callable[[], Awaitable[SentMessage]]) -> SentMessage:
            return await attempt()

    (pending,) = pending_messages(1)
    keys: Any = FreeKeys()
    record: Any = object()
    rounds: list[BaseException] = [KeysTakenError({pending: record})]
    leaving = anyio.Event()

    async def send(_: object, observer: Observer, *__: object) -> list[SentMessage | None]:
        if rounds:
            raise rounds.pop()
        observer(lambda: [MessageOutcome("T0", status, "a" if status is SendStatus.ACCEPTED else None)])
        leaving.set()
        await anyio.sleep_forever()
        raise AssertionError

    sender = BatchSender(send, BatchSize(100), "batcher", 1.0, keys)
    async with anyio.create_task_group() as group:
        group.start_soon(sender.send, [pending])
        await leaving.wait()
        group.cancel_scope.cancel()
    (found,) = await outcomes_of([pending])
    kinds = {SendStatus.ACCEPTED: SentMessage, SendStatus.UNKNOWN: UnknownOutcomeError}
    assert type(found) is kinds.get(status, ClosedError)
    assert pending.known_outcome == MessageOutcome("T0", status, "a" if status is SendStatus.ACCEPTED else None)
    assert len(sender.unsent) == (status is SendStatus.NOT_ATTEMPTED)
    assert sender.in_flight == {}


class SignalRaised(BaseException):
    """What the handler of a signal raises."""


async def accept(request: RawRequest, _: ByteStream) -> bytes:
    """Accept every message."""
    return accept_all(request)


async def test_a_signal_between_two_outcomes_leaves_messages_that_have_left_in_flight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A task that ends then tells its message unknown, not that it was not attempted."""
    batch = pending_messages(2)
    sender = BatchSender(gateway_of(), BatchSize(100), "batcher", 1.0)

    def note(_: object) -> None:
        raise SignalRaised

    monkeypatch.setattr(sender.health, "note", note)
    with pytest.raises(SignalRaised):
        await sender.send(batch)
    assert [*sender.in_flight] == batch


@pytest.mark.parametrize("moment", [AttemptFinished, CallFinished])
async def test_a_message_of_a_batcher_that_a_signal_interrupts_is_never_told_not_attempted(moment: type[Event]) -> None:
    """Its request had left: neither the task nor a repetition with its key may send it again."""
    pending: list[BaseException] = [SignalRaised()]
    store = MemoryIdempotencyStore()

    def on_event(event: Event) -> None:
        if isinstance(event, moment) and pending:
            raise pending.pop()

    async with (
        raw_gateway(accept) as gateway,
        AsyncWikipayam("t", sender="1", base_url=gateway.url, on_event=on_event, idempotency=store) as client,
    ):
        with contextlib.suppress(BaseExceptionGroup):
            async with client.sms.batcher() as batcher:
                with contextlib.suppress(UnknownOutcomeError):
                    await batcher.send("09123456789", "hi", idempotency_key="k")
        record = await store.read("k")
        assert record is not None
        assert record.status is (SendStatus.UNKNOWN if moment is AttemptFinished else SendStatus.ACCEPTED)
    assert len(gateway.requests) == 1


async def test_a_signal_while_a_failure_is_handled_never_frees_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request had left and its outcome is unknown: a repetition with the key sends nothing."""
    store = MemoryIdempotencyStore()

    async def fail(_: RawRequest, __: ByteStream) -> bytes:
        return b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n"

    def interrupted(*_: object) -> None:
        monkeypatch.undo()
        raise SignalRaised

    async with (
        raw_gateway(fail) as gateway,
        AsyncWikipayam("t", sender="1", base_url=gateway.url, idempotency=store) as client,
    ):
        monkeypatch.setattr("wikipayam_async.bulk.sender.results_of", interrupted)
        with contextlib.suppress(BaseExceptionGroup):
            async with client.sms.batcher() as batcher:
                with pytest.raises(UnknownOutcomeError):
                    await batcher.send("09123456789", "hi", idempotency_key="k")
        with pytest.raises(UnknownOutcomeError):
            await client.sms.send("09123456789", "hi", idempotency_key="k")
    assert len(gateway.requests) == 1

from __future__ import annotations

import gc
import weakref
from collections.abc import Sequence
from typing import Any

import anyio
import msgspec
import pytest

from wikipayam_async import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    InsufficientBalanceError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    ResponseError,
    SendResult,
    SendStatus,
    SmsMessage,
    UnknownOutcomeError,
    UnprocessableError,
)
from wikipayam_async.bulk.chunker import Chunk
from wikipayam_async.bulk.sender import ChunkSender, results_of
from wikipayam_async.core.operation import Observer
from wikipayam_async.messages.payload import Batch, SmsPayload
from wikipayam_async.outcomes import Attempt, MessageOutcome, Phase

pytestmark = pytest.mark.anyio

ACCEPTED, REJECTED = SendStatus.ACCEPTED, SendStatus.REJECTED
UNKNOWN, NOT_ATTEMPTED = SendStatus.UNKNOWN, SendStatus.NOT_ATTEMPTED
ATTEMPTS = (Attempt(1, Phase.ANSWERED, 0.1, 429),)


def chunk(*indexes: int) -> Chunk:
    """Make a chunk of the messages with the given places in the input."""
    messages = [SmsMessage("09123456789", f"m{index}") for index in indexes]
    payloads = [SmsPayload("1", "09123456789", f"m{index}", msgspec.UNSET, f"T{index}") for index in indexes]
    return Chunk(indexes, Batch(messages, payloads))


class Road:
    """Stands in for the pipeline: does with each request what a script says, and accepts when that is over."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.requests: list[list[str]] = []

    async def __call__(self, batch: Batch[SmsMessage], observer: Observer) -> Sequence[str | None]:
        """Take one request."""
        self.requests.append(list(batch.track_ids))
        step: Any = self.script.pop(0) if self.script else None
        if isinstance(step, BaseException):
            raise step
        if callable(step):
            outcomes: Any = step(batch)
            observer(lambda: outcomes)
            await anyio.sleep_forever()
        left_out: Any = step or ()
        return [None if place in left_out else f"id-{name}" for place, name in enumerate(batch.track_ids)]


def sender_of(road: Road, *, concurrency: int = 1, stop_on_failure: bool = False) -> ChunkSender:
    """Make a sender over a road."""
    return ChunkSender(road, concurrency=concurrency, longest_pause=60.0, stop_on_failure=stop_on_failure)


async def settled(sender: ChunkSender, *chunks: Chunk) -> list[tuple[int, SendStatus]]:
    """Settle chunks; return the outcomes."""
    results: list[SendResult] = []
    for one in chunks:
        await sender.settle(one, results)
    return [(result.index, result.status) for result in results]


def all_of(status: SendStatus, *indexes: int) -> list[tuple[int, SendStatus]]:
    """Give one outcome to some places."""
    return [(index, status) for index in indexes]


def error_422(*keys: str) -> UnprocessableError:
    """Make a refusal that complains about the given paths."""
    return UnprocessableError("no", status_code=422, message="no", errors=dict.fromkeys(keys, ("bad", "very bad")))


async def test_accepted() -> None:
    """Every message that the answer tells of is accepted, with its id and its reference."""
    results: list[SendResult] = []
    await sender_of(Road()).settle(chunk(4, 5), results)
    assert [(r.index, r.status, r.id, r.track_id, r.error) for r in results] == [
        (4, ACCEPTED, "id-T4", "T4", None),
        (5, ACCEPTED, "id-T5", "T5", None),
    ]
    assert results[0].message == SmsMessage("09123456789", "m4")


async def test_a_request_that_is_over_holds_nothing() -> None:
    """What tells the outcomes holds the whole call, which holds who observes it: that circle is opened at once."""

    class Told:
        def __init__(self, batch: object, observer: object) -> None:
            self.held = (batch, observer)

        def __call__(self) -> list[MessageOutcome]:
            return []

    held: list[weakref.ref[Told]] = []

    async def road(batch: Batch[SmsMessage], observer: Observer) -> Sequence[str | None]:
        told = Told(batch, observer)
        held.append(weakref.ref(told))
        observer(told)
        return list(batch.track_ids)

    gc.disable()
    try:
        await ChunkSender(road, concurrency=1, longest_pause=1, stop_on_failure=False).settle(chunk(0, 1), [])
        assert [one() for one in held] == [None]
    finally:
        gc.enable()


async def test_left_out() -> None:
    """Messages that the answer leaves out are unknown; one error names them all and says why."""
    results: list[SendResult] = []
    await sender_of(Road([1, 2])).settle(chunk(0, 1, 2), results)
    assert [(r.index, r.status) for r in results] == [(0, ACCEPTED), (1, UNKNOWN), (2, UNKNOWN)]
    error = results[1].error
    assert isinstance(error, UnknownOutcomeError)
    assert error is results[2].error
    assert error.track_ids == ("T1", "T2")
    assert error.messages == (results[1].message, results[2].message)
    assert isinstance(error.__cause__, ResponseError)


@pytest.mark.parametrize(
    ("error", "status", "stops"),
    [
        (UnknownOutcomeError("lost"), UNKNOWN, False),
        (BadRequestError("no", status_code=400), REJECTED, False),
        (PayloadTooLargeError("no", status_code=413), REJECTED, False),
        (error_422(), REJECTED, False),
        (APIConnectionError("away"), NOT_ATTEMPTED, False),
        (APITimeoutError("away"), NOT_ATTEMPTED, False),
        (ConfigurationError("closed"), NOT_ATTEMPTED, True),
        (AuthenticationError("no", status_code=401), REJECTED, True),
        (InsufficientBalanceError("no", status_code=402), REJECTED, True),
        (PermissionDeniedError("no", status_code=403), REJECTED, True),
    ],
)
async def test_what_each_failure_means(error: Exception, status: SendStatus, stops: bool) -> None:
    """A failure gives its messages the one outcome that it proves, and stops the run if it concerns them all."""
    sender = sender_of(Road(error))
    results: list[SendResult] = []
    await sender.settle(chunk(0), results)
    assert [(r.index, r.status, r.error) for r in results] == [(0, status, error)]
    assert sender.stopped_by is (error if stops else None)


async def test_422_sets_aside() -> None:
    """The messages that a 422 blames are rejected with their own complaints, and the others go out again, in order."""
    road = Road(error_422("1.receiver", "1.message", "3", "9.receiver", "x.0", "message"), error_422("0.sender"))
    results: list[SendResult] = []
    await sender_of(road).settle(chunk(10, 11, 12, 13), results)
    assert [(r.index, r.status) for r in results] == [(11, REJECTED), (13, REJECTED), (10, REJECTED), (12, ACCEPTED)]
    assert road.requests == [["T10", "T11", "T12", "T13"], ["T10", "T12"], ["T12"]]
    first, second = results[0].error, results[1].error
    assert isinstance(first, UnprocessableError)
    assert dict(first.errors) == {"1.receiver": ("bad", "very bad"), "1.message": ("bad", "very bad")}
    assert str(first) == (
        "sms.send: the gateway refused this message (number 1 of its request): "
        "receiver: bad, very bad; message: bad, very bad"
    )
    assert str(second) == (
        "sms.send: the gateway refused this message (number 3 of its request): message: bad, very bad"
    )


async def test_422_that_blames_all_sends_nothing_more() -> None:
    """When a 422 blames every message there is nothing left to send."""
    road = Road(error_422("0.receiver", "1.receiver"))
    assert await settled(sender_of(road), chunk(0, 1)) == all_of(REJECTED, 0, 1)
    assert len(road.requests) == 1


async def test_413_is_cut_and_remembered() -> None:
    """A chunk that is too large is cut in halves, and later ones are cut to that size before they go out."""
    too_large = [PayloadTooLargeError("no", status_code=413) for _ in range(3)]
    road = Road(too_large[0], too_large[1], None, None, None)
    sender = sender_of(road)
    assert await settled(sender, chunk(0, 1, 2, 3, 4), chunk(5, 6, 7)) == all_of(ACCEPTED, *range(8))
    assert [len(request) for request in road.requests] == [5, 3, 2, 1, 2, 2, 1]


async def test_413_from_two_workers_keeps_the_smaller_size() -> None:
    """When a larger chunk is refused after a smaller one was, the smaller size stays."""
    gate = anyio.Event()
    lengths: list[int] = []

    async def road(batch: Batch[SmsMessage], _: object) -> Sequence[str | None]:
        lengths.append(len(batch.messages))
        if len(batch.messages) == 8:
            await gate.wait()
        if len(batch.messages) > 1:
            raise PayloadTooLargeError("no", status_code=413)
        return ["id" for _ in batch.messages]

    sender = ChunkSender(road, concurrency=2, longest_pause=1, stop_on_failure=False)
    results: list[SendResult] = []
    async with anyio.create_task_group() as group:
        group.start_soon(sender.settle, chunk(*range(8)), results)
        await anyio.wait_all_tasks_blocked()
        await sender.settle(chunk(8, 9), results)
        gate.set()
    assert sorted((r.index, r.status) for r in results) == all_of(ACCEPTED, *range(10))
    assert lengths == [8, 2] + [1] * 10


async def test_throttled_and_then_accepted() -> None:
    """A 429 that the pipeline gave up on is tried again, since nothing was accepted."""
    road = Road(*(RateLimitError("slow", status_code=429, retry_after=60.0, attempts=ATTEMPTS) for _ in range(9)))
    assert await settled(sender_of(road), chunk(0)) == [(0, ACCEPTED)]
    assert len(road.requests) == 10


@pytest.mark.parametrize(
    ("error", "tries", "status"),
    [
        (RateLimitError("slow", status_code=429, attempts=ATTEMPTS), 10, REJECTED),
        (RateLimitError("slow", status_code=429, retry_after=60.5, attempts=ATTEMPTS), 1, REJECTED),
        (RateLimitError("the gate is closed", status_code=429, retry_after=61.0), 1, NOT_ATTEMPTED),
    ],
)
async def test_throttled_for_too_long(error: RateLimitError, tries: int, status: SendStatus) -> None:
    """After ten rounds, or a pause that is too long, the run stops; what never left counts as not attempted."""
    road = Road(*[error] * 10)
    sender = sender_of(road)
    assert await settled(sender, chunk(0), chunk(1)) == [(0, status), (1, NOT_ATTEMPTED)]
    assert (len(road.requests), sender.stopped_by) == (tries, error)


@pytest.mark.parametrize(("concurrency", "most"), [(1, 3), (3, 3), (6, 6)])
async def test_a_gateway_that_is_not_there(concurrency: int, most: int) -> None:
    """So many chunks in a row that never reach the gateway stop the run."""
    away = APIConnectionError("away")
    road = Road(*[away] * 20)
    sender = sender_of(road, concurrency=concurrency)
    assert await settled(sender, *map(chunk, range(10))) == all_of(NOT_ATTEMPTED, *range(10))
    assert (len(road.requests), sender.stopped_by) == (most, away)


@pytest.mark.parametrize(
    "between",
    [
        None,
        BadRequestError("no", status_code=400),
        UnknownOutcomeError("lost"),
        error_422("0.receiver"),
        PayloadTooLargeError("no", status_code=413),
    ],
)
async def test_any_sign_of_life_counts_from_the_start(between: Exception | None) -> None:
    """Only failures in a row count: whatever shows that the gateway is there begins the count anew."""
    away = APIConnectionError("away")
    sender = sender_of(Road(away, away, between, away, away, None))
    await settled(sender, *(chunk(2 * index, 2 * index + 1) for index in range(5)))
    assert sender.stopped_by is None


async def test_once_stopped_nothing_is_sent() -> None:
    """After a stop, chunks are not attempted, and keep the first reason."""
    road = Road()
    sender = sender_of(road)
    sender.stopped_by = reason = AuthenticationError("no", status_code=401)
    results: list[SendResult] = []
    await sender.settle(chunk(0, 1), results)
    assert [(r.status, r.error) for r in results] == [(NOT_ATTEMPTED, reason)] * 2
    assert road.requests == []


@pytest.mark.parametrize("step", [BadRequestError("no", status_code=400), error_422("0.receiver"), [0]])
async def test_stop_on_failure(step: Any) -> None:
    """Set to stop, the sender stops at the first message that is not accepted, and keeps that reason."""
    sender = sender_of(Road(step, BadRequestError("later", status_code=400)), stop_on_failure=True)
    await settled(sender, chunk(0, 1))
    reason = sender.stopped_by
    assert reason is not None
    sender.note_failure(BadRequestError("later", status_code=400))
    assert sender.stopped_by is reason


async def test_cancelled_before_anything_left() -> None:
    """A request that was cancelled before the pipeline told of it was not attempted, nor were the pieces behind it."""
    too_large = PayloadTooLargeError("no", status_code=413)
    road = Road(too_large, lambda _: [])
    results: list[SendResult] = []
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(sender_of(road).settle, chunk(0, 1, 2), results)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
    assert [(r.index, r.status, r.error) for r in results] == [(index, NOT_ATTEMPTED, None) for index in range(3)]


async def test_cancelled_after_the_pipeline_told() -> None:
    """The outcomes that the pipeline told of before a cancellation went through become the results."""

    def tell(batch: Batch[SmsMessage]) -> list[MessageOutcome]:
        outcomes = [(ACCEPTED, "id-0"), (UNKNOWN, None), (REJECTED, None)]
        return [MessageOutcome(name, *outcome) for name, outcome in zip(batch.track_ids, outcomes, strict=True)]

    results: list[SendResult] = []
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(sender_of(Road(tell)).settle, chunk(0, 1, 2), results)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
    assert [(r.status, r.id, type(r.error)) for r in results] == [
        (ACCEPTED, "id-0", type(None)),
        (UNKNOWN, None, UnknownOutcomeError),
        (REJECTED, None, type(None)),
    ]
    error = results[1].error
    assert isinstance(error, UnknownOutcomeError)
    assert (error.track_ids, error.messages) == (("T1",), (results[1].message,))


async def test_cancelled_in_a_later_round() -> None:
    """What an earlier round of the same request was told is not taken for the outcomes of the one that was cancelled."""
    rounds = 0

    async def road(batch: Batch[SmsMessage], observer: Observer) -> Sequence[str | None]:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            observer(lambda: [MessageOutcome(name, REJECTED) for name in batch.track_ids])
            raise RateLimitError("slow", status_code=429, attempts=ATTEMPTS)
        await anyio.sleep_forever()
        raise AssertionError

    results: list[SendResult] = []
    sender = ChunkSender(road, concurrency=1, longest_pause=1, stop_on_failure=False)
    async with anyio.create_task_group() as group:
        group.start_soon(sender.settle, chunk(0, 1), results)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert [(r.index, r.status, r.error) for r in results] == [(0, NOT_ATTEMPTED, None), (1, NOT_ATTEMPTED, None)]


def test_results_of() -> None:
    """The same outcome for some messages is one result each, with place and reference."""
    results = results_of(chunk(3, 4), UNKNOWN, None)
    assert [(r.index, r.status, r.track_id) for r in results] == [(3, UNKNOWN, "T3"), (4, UNKNOWN, "T4")]

from __future__ import annotations

import gc
import weakref
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from tests.bulk.chunks import chunk
from tests.bulk.doubles import ScriptedGateway, error_422
from wikipayam_async import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    BeforeSendError,
    ClosedError,
    ConfigurationError,
    InsufficientBalanceError,
    OutgoingMessage,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    ResponseError,
    SendResult,
    SendStatus,
    SmsMessage,
    UnknownOutcomeError,
    UnprocessableError,
    WikipayamError,
)
from wikipayam_async.bulk import sender as bulk_sender
from wikipayam_async.bulk.chunker import Chunk
from wikipayam_async.bulk.options import BulkOptions
from wikipayam_async.bulk.sender import ChunkSender, results_of
from wikipayam_async.core.operation import BeforeAttempt, Observer, Results
from wikipayam_async.messages.payload import Batch
from wikipayam_async.outcomes import Attempt, MessageOutcome, Phase

pytestmark = pytest.mark.anyio

ACCEPTED, REJECTED = SendStatus.ACCEPTED, SendStatus.REJECTED
UNKNOWN, NOT_ATTEMPTED = SendStatus.UNKNOWN, SendStatus.NOT_ATTEMPTED
ATTEMPTS = (Attempt(1, Phase.ANSWERED, 0.1, 429),)


def sender_of(
    gateway: Callable[..., Awaitable[Any]], *, concurrency: int = 1, stop_on_error: bool = False
) -> ChunkSender:
    """Make a sender whose requests are answered by `gateway`."""
    return ChunkSender(gateway, BulkOptions(concurrency=concurrency, stop_on_error=stop_on_error), 60.0)


async def outcomes_of(sender: ChunkSender, *chunks: Chunk) -> list[tuple[int, SendStatus]]:
    """Send chunks; return the outcomes."""
    results: list[SendResult] = []
    for one in chunks:
        await sender.send(one, results)
    return [(result.index, result.status) for result in results]


def all_of(status: SendStatus, *indexes: int) -> list[tuple[int, SendStatus]]:
    """Pair indexes with an outcome."""
    return [(index, status) for index in indexes]


async def test_accepted() -> None:
    """Every message in the answer is accepted, with its id and its track id."""
    results: list[SendResult] = []
    await sender_of(ScriptedGateway()).send(chunk(4, 5), results)
    assert [(r.index, r.status, r.id, r.track_id, r.error) for r in results] == [
        (4, ACCEPTED, "id-T4", "T4", None),
        (5, ACCEPTED, "id-T5", "T5", None),
    ]
    assert results[0].message == SmsMessage("09123456789", "m4")


async def test_a_finished_request_leaves_no_reference_cycle() -> None:
    """The function that returns the outcomes is released at once, without the garbage collector."""

    class Outcomes:
        def __init__(self, batch: object, observer: object) -> None:
            self.held = (batch, observer)

        def __call__(self) -> list[MessageOutcome]:
            return []

    held: list[weakref.ref[Outcomes]] = []

    async def gateway(batch: Batch[SmsMessage], observer: Observer) -> Sequence[str | None]:
        outcomes = Outcomes(batch, observer)
        held.append(weakref.ref(outcomes))
        observer(outcomes)
        return list(batch.track_ids)

    gc.disable()
    try:
        await sender_of(gateway).send(chunk(0, 1), [])
        assert [one() for one in held] == [None]
    finally:
        gc.enable()


async def test_messages_that_the_answer_leaves_out() -> None:
    """They are unknown; one error names them all and has a cause."""
    results: list[SendResult] = []
    await sender_of(ScriptedGateway([1, 2])).send(chunk(0, 1, 2), results)
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
        (ConfigurationError("no such file"), NOT_ATTEMPTED, True),
        (ClosedError("the client is closed"), NOT_ATTEMPTED, True),
        (AuthenticationError("no", status_code=401), REJECTED, True),
        (InsufficientBalanceError("no", status_code=402), REJECTED, True),
        (PermissionDeniedError("no", status_code=403), REJECTED, True),
    ],
)
async def test_failures(error: Exception, status: SendStatus, stops: bool) -> None:
    """A failure gives its messages the outcome that it proves, and stops the run if it concerns all messages."""
    sender = sender_of(ScriptedGateway(error))
    results: list[SendResult] = []
    await sender.send(chunk(0), results)
    assert [(r.index, r.status, r.error) for r in results] == [(0, status, error)]
    assert sender.stopped_by is (error if stops else None)


@pytest.mark.parametrize("status", [REJECTED, UNKNOWN, NOT_ATTEMPTED])
@pytest.mark.parametrize("kind", [WikipayamError, APIConnectionError, partial(BadRequestError, status_code=400)])
async def test_the_error_has_the_outcome(kind: Any, status: SendStatus) -> None:
    """The outcome of a message whose request failed is the error's `send_status`, whatever its class."""
    error = kind("no")
    error.send_status = status
    assert await outcomes_of(sender_of(ScriptedGateway(error)), chunk(0, 1)) == all_of(status, 0, 1)


async def test_an_error_without_an_outcome() -> None:
    """The messages are unknown: an error that does not say so must not be taken to mean that nothing was sent."""

    async def gateway(_: object, __: object) -> Sequence[str | None]:
        raise WikipayamError("odd")

    assert await outcomes_of(sender_of(gateway), chunk(0)) == [(0, UNKNOWN)]


async def test_422_rejects_the_messages_it_names() -> None:
    """The messages that a 422 names are rejected with their own errors; the others are sent again, in order."""
    gateway = ScriptedGateway(
        error_422("1.receiver", "1.message", "3", "4.receiver", "9.receiver", "x.0", "message"), error_422("0.sender")
    )
    results: list[SendResult] = []
    await sender_of(gateway).send(chunk(10, 11, 12, 13), results)
    assert [(r.index, r.status) for r in results] == [(11, REJECTED), (13, REJECTED), (10, REJECTED), (12, ACCEPTED)]
    assert gateway.requests == [["T10", "T11", "T12", "T13"], ["T10", "T12"], ["T12"]]
    first, second = results[0].error, results[1].error
    assert isinstance(first, UnprocessableError)
    assert (first.send_status, first.status_code) == (REJECTED, 422)
    assert dict(first.errors) == {"1.receiver": ("bad", "very bad"), "1.message": ("bad", "very bad")}
    assert str(first) == (
        "sms.send: the gateway refused this message (index 1 of its request): "
        "receiver: bad, very bad; message: bad, very bad"
    )
    assert str(second) == (
        "sms.send: the gateway refused this message (index 3 of its request): message: bad, very bad"
    )


async def test_422_is_kept_for_each_message() -> None:
    """The error of a message has what the gateway said, the headers and the attempts of the request."""
    refused = UnprocessableError(
        "no",
        status_code=422,
        message="Bad.",
        errors={"0.receiver": ["bad"]},
        headers={"x-request-id": "r"},
        attempts=ATTEMPTS,
    )
    results: list[SendResult] = []
    await sender_of(ScriptedGateway(refused)).send(chunk(0), results)
    error = results[0].error
    assert isinstance(error, UnprocessableError)
    assert (error.message, dict(error.headers), error.attempts) == ("Bad.", {"x-request-id": "r"}, ATTEMPTS)


async def test_422_that_names_all_messages() -> None:
    """If a 422 names every message, nothing is sent again."""
    gateway = ScriptedGateway(error_422("1.receiver", "0.receiver"))
    assert await outcomes_of(sender_of(gateway), chunk(0, 1)) == all_of(REJECTED, 0, 1)
    assert len(gateway.requests) == 1


async def test_413_limits_the_size() -> None:
    """A chunk that is too large is cut in half, and later chunks are cut to that size before they are sent."""
    too_large = [PayloadTooLargeError("no", status_code=413) for _ in range(3)]
    gateway = ScriptedGateway(*too_large[:2])
    sender = sender_of(gateway)
    assert await outcomes_of(sender, chunk(0, 1, 2, 3, 4), chunk(5, 6, 7)) == all_of(ACCEPTED, *range(8))
    assert [len(request) for request in gateway.requests] == [5, 3, 2, 1, 2, 2, 1]


async def test_413_for_two_workers_keeps_the_smaller_size() -> None:
    """If a larger chunk is refused after a smaller one, the smaller size stays."""
    gate = anyio.Event()
    lengths: list[int] = []

    async def gateway(batch: Batch[SmsMessage], _: object) -> Sequence[str | None]:
        lengths.append(len(batch.messages))
        if len(batch.messages) == 8:
            await gate.wait()
        if len(batch.messages) > 1:
            raise PayloadTooLargeError("no", status_code=413)
        return ["id" for _ in batch.messages]

    sender = sender_of(gateway, concurrency=2)
    results: list[SendResult] = []
    async with anyio.create_task_group() as group:
        group.start_soon(sender.send, chunk(*range(8)), results)
        await anyio.wait_all_tasks_blocked()
        await sender.send(chunk(8, 9), results)
        gate.set()
    assert sorted((r.index, r.status) for r in results) == all_of(ACCEPTED, *range(10))
    assert lengths == [8, 2] + [1] * 10


async def test_throttled_and_then_accepted() -> None:
    """A request is sent again after a 429 that exhausted the pipeline's attempts, because nothing was accepted."""
    gateway = ScriptedGateway(
        *(RateLimitError("slow", status_code=429, retry_after=60.0, attempts=ATTEMPTS) for _ in range(9))
    )
    assert await outcomes_of(sender_of(gateway), chunk(0)) == [(0, ACCEPTED)]
    assert len(gateway.requests) == 10


@pytest.mark.parametrize(
    ("error", "requests", "status"),
    [
        (RateLimitError("slow", status_code=429, attempts=ATTEMPTS), 10, REJECTED),
        (RateLimitError("slow", status_code=429, retry_after=60.5, attempts=ATTEMPTS), 1, REJECTED),
        (RateLimitError("throttled", status_code=429, retry_after=61.0), 1, NOT_ATTEMPTED),
    ],
)
async def test_throttled_for_too_long(error: RateLimitError, requests: int, status: SendStatus) -> None:
    """Ten rounds or a delay that is too long stop the run; messages that were never sent are not attempted."""
    gateway = ScriptedGateway(*[error] * 10)
    sender = sender_of(gateway)
    assert await outcomes_of(sender, chunk(0), chunk(1)) == [(0, status), (1, NOT_ATTEMPTED)]
    assert (len(gateway.requests), sender.stopped_by) == (requests, error)
    gateway, results = ScriptedGateway(*[error] * 10), list[SendResult]()
    await sender_of(gateway).send(chunk(0, 1), results)
    assert [result.error for result in results] == [error, error]


@pytest.mark.parametrize(("concurrency", "count"), [(1, 3), (3, 3), (6, 6)])
async def test_an_unreachable_gateway(concurrency: int, count: int) -> None:
    """`concurrency` chunks in a row, and at least 3, that do not reach the gateway stop the run."""
    unreachable = APIConnectionError("unreachable")
    gateway = ScriptedGateway(*[unreachable] * 20)
    sender = sender_of(gateway, concurrency=concurrency)
    assert await outcomes_of(sender, *map(chunk, range(10))) == all_of(NOT_ATTEMPTED, *range(10))
    assert (len(gateway.requests), sender.stopped_by) == (count, unreachable)


@pytest.mark.parametrize(
    "between",
    [
        (),
        BadRequestError("no", status_code=400),
        UnknownOutcomeError("lost"),
        error_422("0.receiver"),
        PayloadTooLargeError("no", status_code=413),
    ],
)
async def test_any_answer_resets_the_count_of_unreachable_requests(between: Any) -> None:
    """Only failures in a row count: an answer of any kind resets the count."""
    unreachable = APIConnectionError("unreachable")
    sender = sender_of(ScriptedGateway(unreachable, unreachable, between, unreachable, unreachable, ()))
    await outcomes_of(sender, *(chunk(2 * index, 2 * index + 1) for index in range(5)))
    assert sender.stopped_by is None


async def test_after_a_stop_nothing_is_sent() -> None:
    """Chunks are not attempted, and have the error of the stop."""
    gateway = ScriptedGateway()
    sender = sender_of(gateway)
    sender.stopped_by = reason = AuthenticationError("no", status_code=401)
    results: list[SendResult] = []
    await sender.send(chunk(0, 1), results)
    assert [(r.status, r.error) for r in results] == [(NOT_ATTEMPTED, reason)] * 2
    assert gateway.requests == []


@pytest.mark.parametrize("step", [BadRequestError("no", status_code=400), error_422("0.receiver"), [0]])
async def test_stop_on_failure(step: Any) -> None:
    """With `stop_on_error` the first message that is not accepted stops the run, and later failures do not replace it."""
    sender = sender_of(ScriptedGateway(step, BadRequestError("later", status_code=400)), stop_on_error=True)
    await outcomes_of(sender, chunk(0, 1))
    reason = sender.stopped_by
    assert reason is not None
    if isinstance(step, WikipayamError):
        assert reason is step
    sender.note_failure(BadRequestError("later", status_code=400))
    assert sender.stopped_by is reason


async def test_cancelled_before_anything_was_sent() -> None:
    """A request that is cancelled before the pipeline reports outcomes was not attempted, nor were the pieces behind it."""
    too_large = PayloadTooLargeError("no", status_code=413)
    gateway = ScriptedGateway(too_large, lambda _: [])
    results: list[SendResult] = []
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(sender_of(gateway).send, chunk(0, 1, 2), results)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
    assert [(r.index, r.status, r.error) for r in results] == [(index, NOT_ATTEMPTED, None) for index in range(3)]


async def test_cancelled_after_the_pipeline_reported() -> None:
    """The outcomes that the pipeline reported before the cancellation become the results."""

    def report(batch: Batch[SmsMessage]) -> list[MessageOutcome]:
        outcomes = [(ACCEPTED, "id-0"), (UNKNOWN, None), (REJECTED, None)]
        return [MessageOutcome(name, *outcome) for name, outcome in zip(batch.track_ids, outcomes, strict=True)]

    results: list[SendResult] = []
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(sender_of(ScriptedGateway(report)).send, chunk(0, 1, 2), results)
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
    assert str(error) == (
        "sms.send: the gateway did not report the outcome of 1 of 3 messages (T1); they may have been accepted. Do not "
        "resend blindly: look in the panel first, by receiver, text and time, or by track id if it shows one"
    )


class SignalRaised(BaseException):
    """What the handler of a signal raises, at any moment."""


def raise_at_call(monkeypatch: pytest.MonkeyPatch, name: str, number: int) -> None:
    """Raise `SignalRaised` when the sender calls a function for the n-th time."""
    function, calls = getattr(bulk_sender, name), list[object]()

    def interrupted(*args: Any) -> Any:
        calls.append(None)
        if len(calls) == number:
            raise SignalRaised
        return function(*args)

    monkeypatch.setattr(bulk_sender, name, interrupted)


@pytest.mark.parametrize("reported", [UNKNOWN, REJECTED, NOT_ATTEMPTED])
async def test_a_signal_while_a_failure_is_handled_leaves_what_the_pipeline_reported(
    monkeypatch: pytest.MonkeyPatch, reported: SendStatus
) -> None:
    """An exception between the end of a request and its results tells no message not attempted that may have left."""

    async def gateway(batch: Batch[SmsMessage], observer: Observer) -> Sequence[str | None]:
        observer(lambda: [MessageOutcome(track_id, reported) for track_id in batch.track_ids])
        raise UnknownOutcomeError("?")

    results: list[SendResult] = []
    raise_at_call(monkeypatch, "results_of", 1)
    with pytest.raises(SignalRaised):
        await sender_of(gateway).send(chunk(0, 1), results)
    assert [(one.index, one.status) for one in results] == all_of(reported, 0, 1)


async def test_a_signal_while_an_answer_is_handled_leaves_what_the_pipeline_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The ids of the accepted messages are kept."""

    async def gateway(batch: Batch[SmsMessage], observer: Observer) -> Sequence[str | None]:
        observer(lambda: [MessageOutcome(track_id, ACCEPTED, f"id-{track_id}") for track_id in batch.track_ids])
        return [f"id-{track_id}" for track_id in batch.track_ids]

    results: list[SendResult] = []
    raise_at_call(monkeypatch, "accepted", 1)
    with pytest.raises(SignalRaised):
        await sender_of(gateway).send(chunk(0, 1), results)
    assert [(one.index, one.status, one.id) for one in results] == [(0, ACCEPTED, "id-T0"), (1, ACCEPTED, "id-T1")]


async def test_a_signal_while_a_422_is_handled_gives_every_message_one_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if it comes between two results of the request."""
    gateway = ScriptedGateway(error_422("0.receiver", "2.receiver"))
    sender, results = sender_of(gateway), list[SendResult]()

    def stop(_: object) -> None:
        raise SignalRaised

    monkeypatch.setattr(sender, "note_failure", stop)
    with pytest.raises(SignalRaised):
        await sender.send(chunk(0, 1, 2), results)
    assert [(one.index, one.status) for one in results] == [*all_of(REJECTED, 0, 2), *all_of(NOT_ATTEMPTED, 1)]


async def test_a_signal_between_two_pieces_gives_every_message_one_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is just being cut into smaller requests was not attempted."""
    sender, results = sender_of(ScriptedGateway(PayloadTooLargeError("no", status_code=413))), list[SendResult]()
    assert await outcomes_of(sender, chunk(0, 1)) == all_of(ACCEPTED, 0, 1)

    def cut(*_: object) -> None:
        raise SignalRaised

    monkeypatch.setattr(Chunk, "cut", cut)
    with pytest.raises(SignalRaised):
        await sender.send(chunk(2, 3), results)
    assert [(one.index, one.status) for one in results] == all_of(NOT_ATTEMPTED, 2, 3)


async def test_what_the_gateway_says_about_a_message_it_leaves_out() -> None:
    """The error of the message quotes it."""

    async def gateway(_batch: Batch[SmsMessage], _observer: Observer) -> Sequence[str | None]:
        await checkpoint()
        return Results(["id-0", None], "The line is blocked.")

    results: list[SendResult] = []
    await sender_of(gateway).send(chunk(0, 1), results)
    assert [(result.status, result.id) for result in results] == [(ACCEPTED, "id-0"), (UNKNOWN, None)]
    assert str(results[1].error) == (
        "sms.send: the gateway did not report the outcome of 1 of 2 messages (T1); they may have been accepted. The "
        'gateway said "The line is blocked.". Do not resend blindly: look in the panel first, by receiver, text and time, or by track id if it shows one'
    )


async def test_cancelled_in_a_later_round() -> None:
    """Outcomes reported for an earlier round of the request are not used for the cancelled one."""
    rounds = 0

    async def gateway(batch: Batch[SmsMessage], observer: Observer) -> Sequence[str | None]:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            observer(lambda: [MessageOutcome(name, REJECTED) for name in batch.track_ids])
            raise RateLimitError("slow", status_code=429, attempts=ATTEMPTS)
        await anyio.sleep_forever()
        raise AssertionError

    results: list[SendResult] = []
    sender = sender_of(gateway)
    async with anyio.create_task_group() as group:
        group.start_soon(sender.send, chunk(0, 1), results)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert [(r.index, r.status, r.error) for r in results] == [(0, NOT_ATTEMPTED, None), (1, NOT_ATTEMPTED, None)]


def test_results_of() -> None:
    """Every message gets a result with the outcome, its index and its track id."""
    results = results_of(chunk(3, 4), UNKNOWN, None)
    assert [(r.index, r.status, r.track_id) for r in results] == [(3, UNKNOWN, "T3"), (4, UNKNOWN, "T4")]


class HookedGateway(ScriptedGateway):
    """Awaits what is to be awaited before the first attempt, as the pipeline does, and records it.

    Attributes:
        log: `("hook", track ids)` and `("request", track ids)`, in order.
    """

    def __init__(self, *script: Any) -> None:
        super().__init__(*script)
        self.log: list[tuple[str, list[str]]] = []

    async def __call__(
        self,
        batch: Batch[SmsMessage],
        observer: Observer,
        before_attempt: BeforeAttempt | None = None,
        _: BeforeAttempt | None = None,
        /,
    ) -> Sequence[Any]:
        """Answer one request."""
        if before_attempt is not None:
            await before_attempt()
        self.log.append(("request", list(batch.track_ids)))
        return await super().__call__(batch, observer)

    async def hook(self, batch: Sequence[OutgoingMessage]) -> None:
        """Record an announcement."""
        await checkpoint()
        self.log.append(("hook", [message.track_id for message in batch]))

    def sender(self, **options: Any) -> ChunkSender:
        """Make a sender over this gateway with its hook."""
        given: dict[str, Any] = {"before_send": self.hook, **options}
        return ChunkSender(self, BulkOptions(**given), 60.0)


async def test_before_send_is_called_once_for_the_pieces_of_a_chunk() -> None:
    """After a 413 and a 422 the rest is sent without another call; pieces cut before their first request have their own."""
    gateway = HookedGateway(PayloadTooLargeError("large", status_code=413), error_422("0.receiver"))
    sender = gateway.sender()
    assert await outcomes_of(sender, chunk(0, 1, 2, 3), chunk(4, 5, 6)) == [
        (0, REJECTED),
        (1, ACCEPTED),
        (2, ACCEPTED),
        (3, ACCEPTED),
        (4, ACCEPTED),
        (5, ACCEPTED),
        (6, ACCEPTED),
    ]
    assert gateway.log == [
        ("hook", ["T0", "T1", "T2", "T3"]),
        ("request", ["T0", "T1", "T2", "T3"]),
        ("request", ["T0", "T1"]),
        ("request", ["T1"]),
        ("request", ["T2", "T3"]),
        ("hook", ["T4", "T5"]),
        ("request", ["T4", "T5"]),
        ("hook", ["T6"]),
        ("request", ["T6"]),
    ]


async def test_before_send_is_called_once_while_the_gateway_throttles() -> None:
    """A request that is repeated after a 429 is not announced again."""
    gateway = HookedGateway(*[RateLimitError("slow down", status_code=429, attempts=ATTEMPTS)] * 2)
    assert await outcomes_of(gateway.sender(), chunk(0)) == [(0, ACCEPTED)]
    assert [kind for kind, _ in gateway.log] == ["hook", "request", "request", "request"]


@pytest.mark.parametrize(
    ("announces", "withdraws", "log"),
    [
        (True, True, ["hook 1", "withdraw 1", "hook 1"]),
        (True, False, ["hook 1"]),
        (False, True, []),
        (False, False, []),
    ],
)
async def test_the_pipeline_gets_the_hooks_that_there_are(announces: bool, withdraws: bool, log: list[str]) -> None:
    """It announces a message, takes that back before a wait, and announces it again."""
    seen: list[str] = []
    given: list[int] = []

    async def announce(batch: Sequence[OutgoingMessage]) -> None:
        await checkpoint()
        seen.append(f"hook {len(batch)}")

    async def withdraw(batch: Sequence[OutgoingMessage]) -> None:
        await checkpoint()
        seen.append(f"withdraw {len(batch)}")

    async def gateway(batch: Batch[SmsMessage], _: Observer, *hooks: Any) -> Sequence[str | None]:
        given.append(len(hooks))
        for hook in (*hooks, *hooks[:1]):
            await hook()
        return ["id" for _ in batch.messages]

    options = BulkOptions(before_send=announce if announces else None, withdraw=withdraw if withdraws else None)
    assert await outcomes_of(ChunkSender(gateway, options, 60.0), chunk(0)) == [(0, ACCEPTED)]
    assert (seen, given) == (log, [announces * (1 + withdraws)])


async def test_an_announcement_is_withdrawn_before_another_round() -> None:
    """With a hook that takes it back, a request that is repeated after a 429 is announced again."""

    async def withdraw(batch: Sequence[OutgoingMessage]) -> None:
        await checkpoint()
        gateway.log.append(("withdraw", [message.track_id for message in batch]))

    gateway = HookedGateway(RateLimitError("slow down", status_code=429, attempts=ATTEMPTS))
    assert await outcomes_of(gateway.sender(withdraw=withdraw), chunk(0)) == [(0, ACCEPTED)]
    assert [kind for kind, _ in gateway.log] == ["hook", "request", "withdraw", "hook", "request"]


async def test_a_withdrawal_that_fails_stops_the_run() -> None:
    """The messages are not attempted, since nothing of them was accepted."""

    async def withdraw(_: Sequence[OutgoingMessage]) -> None:
        raise OSError("disk full")

    gateway = HookedGateway(RateLimitError("slow down", status_code=429, attempts=ATTEMPTS))
    sender = gateway.sender(withdraw=withdraw)
    assert await outcomes_of(sender, chunk(0), chunk(1)) == [(0, NOT_ATTEMPTED), (1, NOT_ATTEMPTED)]
    assert isinstance(sender.stopped_by, BeforeSendError)


async def test_a_failing_before_send_stops_the_run() -> None:
    """The messages and those after them are not attempted, with the same error, and no request leaves."""
    cause = OSError("disk full")

    async def hook(_: Sequence[OutgoingMessage]) -> None:
        raise cause

    gateway = HookedGateway()
    sender = gateway.sender(before_send=hook)
    results: list[SendResult] = []
    await sender.send(chunk(0, 1), results)
    await sender.send(chunk(2), results)
    assert [(result.index, result.status) for result in results] == [(index, NOT_ATTEMPTED) for index in range(3)]
    assert isinstance(sender.stopped_by, BeforeSendError)
    assert {result.error for result in results} == {sender.stopped_by}
    assert (sender.stopped_by.__cause__, gateway.log) == (cause, [])


async def test_the_turn_comes_before_every_request() -> None:
    """It is awaited for every piece and every round, before the hook."""
    gateway = HookedGateway(
        PayloadTooLargeError("large", status_code=413),
        RateLimitError("slow down", status_code=429, attempts=ATTEMPTS),
    )

    async def wait_turn(batch: Sequence[OutgoingMessage]) -> None:
        await checkpoint()
        gateway.log.append(("turn", [message.track_id for message in batch]))

    assert await outcomes_of(gateway.sender(wait_turn=wait_turn), chunk(0, 1)) == [(0, ACCEPTED), (1, ACCEPTED)]
    assert gateway.log == [
        ("turn", ["T0", "T1"]),
        ("hook", ["T0", "T1"]),
        ("request", ["T0", "T1"]),
        ("turn", ["T0"]),
        ("request", ["T0"]),
        ("turn", ["T0"]),
        ("request", ["T0"]),
        ("turn", ["T1"]),
        ("request", ["T1"]),
    ]


@pytest.mark.parametrize("error", [WikipayamError("paused"), RateLimitError("own", status_code=429), OSError("full")])
async def test_a_turn_that_raises_stops_the_run(error: Exception) -> None:
    """The messages are not attempted, whatever the exception; it never passes for an answer of the gateway."""

    async def wait_turn(_: Sequence[OutgoingMessage]) -> None:
        raise error

    gateway = HookedGateway()
    sender = gateway.sender(wait_turn=wait_turn)
    assert await outcomes_of(sender, chunk(0, 1), chunk(2)) == [(index, NOT_ATTEMPTED) for index in range(3)]
    assert (error in {sender.stopped_by, getattr(sender.stopped_by, "__cause__", None)}, gateway.log) == (True, [])


async def test_a_run_that_was_stopped_while_a_request_waited_for_its_turn() -> None:
    """The request is not sent: after hours of waiting the reason may be old."""
    stop = AuthenticationError("no", status_code=401)

    async def wait_turn(_: Sequence[OutgoingMessage]) -> None:
        sender.stop(stop)

    gateway = HookedGateway()
    sender = gateway.sender(wait_turn=wait_turn)
    results: list[SendResult] = []
    await sender.send(chunk(0), results)
    assert ([(result.status, result.error) for result in results], gateway.log) == ([(NOT_ATTEMPTED, stop)], [])


@pytest.mark.parametrize("place", ["before_send", "wait_turn"])
async def test_a_cancellation_in_a_hook(place: str) -> None:
    """All messages of the chunk are not attempted, without an error."""

    async def hang(_: Sequence[OutgoingMessage]) -> None:
        scope.cancel()
        await anyio.sleep_forever()

    gateway = HookedGateway()
    sender = gateway.sender(**{place: hang})
    results: list[SendResult] = []
    with anyio.CancelScope() as scope:
        await sender.send(chunk(0, 1), results)
    assert scope.cancelled_caught
    assert [(result.index, result.status, result.error) for result in results] == [
        (0, NOT_ATTEMPTED, None),
        (1, NOT_ATTEMPTED, None),
    ]
    assert gateway.log == []

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from wikipayam_async import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    PayloadTooLargeError,
    RateLimitError,
    ResponseError,
    SendStatus,
    SentMessage,
    SmsMessage,
    UnknownOutcomeError,
    UnprocessableError,
    WikipayamError,
)
from wikipayam_async.batching.dispatch import Dispatcher, not_sent
from wikipayam_async.batching.queue import BatchSize, PendingMessage
from wikipayam_async.bulk.chunker import MAX_BODY_BYTES
from wikipayam_async.core.operation import Observer
from wikipayam_async.messages.payload import Batch, prepare_sms
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.outcomes import Attempt, MessageOutcome, Phase

pytestmark = pytest.mark.anyio

ATTEMPTS = (Attempt(1, Phase.SENT, 0.1, None, "timeout"),)
Outcome = SentMessage | WikipayamError


def waiters(count: int, *, track_id: str | None = None, text: str = "m") -> list[PendingMessage]:
    """Make so many waiters, each with a receiver of its own."""
    made = []
    for number in range(count):
        receiver, name = f"0912000{number:04}", track_id or f"T{number}"
        message = SmsMessage(receiver, text, track_id=name)
        made.append(
            PendingMessage(message, prepare_sms(message, sender="1", track_ids=TrackIds(), normalize=True), 0.0)
        )
    return made


class Gateway:
    """Does with each request what a script says, and accepts when that is over.

    A step is an exception to raise, a collection of places to say nothing of, or a function of the request and the
    observer, after which the request hangs.
    """

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.requests: list[list[str]] = []

    async def __call__(self, batch: Batch[SmsMessage], observer: Observer) -> Sequence[SentMessage | None]:
        """Take one request."""
        self.requests.append(list(batch.track_ids))
        step: Any = self.script.pop(0) if self.script else ()
        if isinstance(step, BaseException):
            raise step
        if callable(step):
            step(batch, observer)
            await anyio.sleep_forever()
        left_out: Any = step
        return [
            None
            if place in left_out
            else SentMessage(f"id-{payload.receiver}", "line", payload.receiver, payload.track_id)
            for place, payload in enumerate(batch.payloads)
        ]


async def outcomes_of(people: Sequence[PendingMessage]) -> list[Outcome]:
    """Return what each was told, all of which has to be there."""
    told: list[Outcome] = []
    for waiter in people:
        assert waiter.done.is_set()
        try:
            told.append(await waiter.outcome())
        except WikipayamError as error:
            told.append(error)
    return told


async def carried(gateway: Gateway, people: Sequence[PendingMessage], size: BatchSize | None = None) -> list[Outcome]:
    """Carry messages; return what each waiter was told."""
    road = Dispatcher(gateway, size or BatchSize(100), 1.0)
    await road.carry(people)
    assert (road.in_flight, road.unsent) == ({}, [])
    return await outcomes_of(people)


def error_422(*keys: str) -> UnprocessableError:
    """Make a refusal that complains about the given paths."""
    return UnprocessableError("no", status_code=422, message="no", errors=dict.fromkeys(keys, ("bad",)))


async def test_accepted() -> None:
    """Everyone gets all that the gateway said of his message."""
    gateway = Gateway()
    people = waiters(3)
    assert await carried(gateway, people) == [
        SentMessage(f"id-0912000{number:04}", "line", f"0912000{number:04}", f"T{number}") for number in range(3)
    ]
    assert gateway.requests == [["T0", "T1", "T2"]]


async def test_the_same_track_id_twice() -> None:
    """Messages that share a reference are not mistaken for each other."""
    told = await carried(Gateway([1]), waiters(3, track_id="same"))
    assert told[0] == SentMessage("id-09120000000", "line", "09120000000", "same")
    assert isinstance(told[1], UnknownOutcomeError)
    assert told[1].messages == (SmsMessage("09120000001", "m", track_id="same"),)
    assert told[2] == SentMessage("id-09120000002", "line", "09120000002", "same")


async def test_one_message_that_is_refused() -> None:
    """A 422 costs those that it names, each with the complaints about itself; the others are sent again."""
    gateway = Gateway(error_422("1.receiver", "3.message"))
    told = await carried(gateway, waiters(4))
    assert [type(one) for one in told] == [SentMessage, UnprocessableError, SentMessage, UnprocessableError]
    assert [dict(one.errors) for one in told if isinstance(one, UnprocessableError)] == [
        {"1.receiver": ("bad",)},
        {"3.message": ("bad",)},
    ]
    assert gateway.requests == [["T0", "T1", "T2", "T3"], ["T0", "T2"]]


async def test_an_unknown_outcome_names_only_the_callers_own() -> None:
    """Everyone's error holds his own message and reference, how far it got, and why."""
    lost = UnknownOutcomeError(
        "lost (T0, T1)",
        messages=["all"],
        track_ids=["T0", "T1"],
        accepted=["others"],
        phase=Phase.SENT,
        attempts=ATTEMPTS,
    )
    lost.__cause__ = APITimeoutError("late", phase=Phase.SENT, attempts=ATTEMPTS)
    people = waiters(2)
    told = await carried(Gateway(lost), people)
    for number, (error, waiter) in enumerate(zip(told, people, strict=True)):
        assert isinstance(error, UnknownOutcomeError)
        assert (error.messages, error.track_ids, error.accepted) == ((waiter.message,), (f"T{number}",), ())
        assert (error.phase, error.attempts) == (Phase.SENT, ATTEMPTS)
        assert str(error) == (
            "sms.send: it is not known whether the gateway accepted this message. Do not resend blindly: "
            f"look up the track id in the panel first (T{number})"
        )
        cause = error.__cause__
        assert (type(cause), str(cause)) == (APITimeoutError, "late")
        assert cause is not lost.__cause__
    assert told[0].__cause__ is not told[1].__cause__  # type: ignore[union-attr]


async def test_what_the_answer_leaves_out_is_unknown() -> None:
    """An answer that leaves a message out leaves that one unknown, and the others accepted."""
    told = await carried(Gateway([0]), waiters(2))
    assert isinstance(told[0], UnknownOutcomeError)
    assert (told[0].track_ids, type(told[0].__cause__)) == (("T0",), ResponseError)
    assert told[1] == SentMessage("id-09120000001", "line", "09120000001", "T1")


@pytest.mark.parametrize(
    "error",
    [
        BadRequestError(
            "no", status_code=400, message="why", errors={"x": ["y"]}, headers={"a": "b"}, attempts=ATTEMPTS
        ),
        AuthenticationError("no", status_code=401, attempts=ATTEMPTS),
        RateLimitError("slow", status_code=429, retry_after=100.0, attempts=ATTEMPTS),
        APIConnectionError("away", phase=Phase.CONNECTING, attempts=ATTEMPTS),
        APITimeoutError("late", phase=Phase.CONNECTING, attempts=ATTEMPTS),
        ConfigurationError("the client is closed"),
    ],
)
async def test_a_failure_of_all_is_an_error_for_each(error: WikipayamError) -> None:
    """Everyone gets an instance of his own, which says all that the first one said, and can be pickled."""
    error.__cause__ = ResponseError("the cause")
    told = await carried(Gateway(error), waiters(3))
    assert len({id(one) for one in (*told, error)}) == 4
    for one in told:
        assert isinstance(one, WikipayamError)
        assert (type(one), one.args, vars(one)) == (type(error), error.args, vars(error))
        assert (str(one.__cause__), one.__cause__ is error.__cause__) == ("the cause", False)
        copy = pickle.loads(pickle.dumps(one))  # noqa: S301 - our own pickle
        assert (type(copy), str(copy)) == (type(error), str(error))
    if isinstance(error, APIStatusError):
        assert [one.status_code for one in told if isinstance(one, APIStatusError)] == [error.status_code] * 3


async def test_a_stranger_among_the_causes_stays_as_it_is() -> None:
    """Only our own errors can be copied; the cause of one may be anything."""
    error = APIConnectionError("away")
    error.__cause__ = cause = OSError(5, "broken")
    told = await carried(Gateway(error), waiters(2))
    assert [one.__cause__ for one in told if isinstance(one, WikipayamError)] == [cause, cause]


async def test_what_is_too_large_is_cut_and_remembered() -> None:
    """A 413 cuts the request in halves, and teaches how many messages the next may hold."""
    too_large = [PayloadTooLargeError("no", status_code=413) for _ in range(2)]
    gateway, size = Gateway(*too_large), BatchSize(8)
    told = await carried(gateway, waiters(8), size)
    assert [len(request) for request in gateway.requests] == [8, 4, 2, 2, 2, 2]
    assert {type(one) for one in told} == {SentMessage}
    assert size.most == 3


async def test_the_bytes_of_a_request_are_bounded() -> None:
    """Messages that are too large for one request go in several."""
    gateway = Gateway()
    told = await carried(gateway, waiters(5, text="x" * (MAX_BODY_BYTES * 2 // 5)))
    assert gateway.requests == [["T0", "T1"], ["T2", "T3"], ["T4"]]
    assert {type(one) for one in told} == {SentMessage}


async def test_a_stop_holds_for_the_rest_of_the_batch_and_no_longer() -> None:
    """After a wrong token the other requests of the batch are not tried; the next batch is."""
    wrong = AuthenticationError("no", status_code=401)
    gateway = Gateway(wrong)
    road = Dispatcher(gateway, BatchSize(100), 1.0)
    first, second = waiters(5, text="x" * (MAX_BODY_BYTES * 2 // 5)), waiters(1)
    await road.carry(first)
    await road.carry(second)
    assert [type(one) for one in await outcomes_of(first)] == [AuthenticationError] * 5
    assert [type(one) for one in await outcomes_of(second)] == [SentMessage]
    assert gateway.requests == [["T0", "T1"], ["T0"]]


async def test_a_gateway_that_does_not_answer_is_asked_again_by_every_batch() -> None:
    """A gateway that cannot be reached costs the messages of a batch, and no others."""
    gateway = Gateway(*[APIConnectionError("away") for _ in range(6)])
    road = Dispatcher(gateway, BatchSize(100), 1.0)
    for _ in range(6):
        await road.carry(waiters(2))
    (last,) = people = waiters(1)
    await road.carry(people)
    assert (await last.outcome()).track_id == "T0"
    assert len(gateway.requests) == 7


async def test_trouble_of_our_own() -> None:
    """What goes wrong on our side is told to those whose messages it costs, as the cause."""
    trouble = ZeroDivisionError()
    told = await carried(Gateway(trouble), waiters(2))
    for error in told:
        assert isinstance(error, ConfigurationError)
        assert str(error) == (
            "sms.send: not sent, because the client failed with ZeroDivisionError; sending it again is safe"
        )
        assert error.__cause__ is trouble
    assert told[0] is not told[1]


def test_not_sent() -> None:
    """Whoever waits when the batcher is closed hears that his message may be sent again."""
    assert str(not_sent(None)) == (
        "sms.send: not sent, because the batcher was closed before its turn; sending it again is safe"
    )
    assert not_sent(None).__cause__ is None


async def cut_off(gateway: Gateway, people: Sequence[PendingMessage]) -> Dispatcher:
    """Carry messages, and cancel that as soon as the gateway hangs."""
    road = Dispatcher(gateway, BatchSize(100), 1.0)
    async with anyio.create_task_group() as group:
        group.start_soon(road.carry, people)
        for _ in range(20):
            await checkpoint()
        assert list(road.in_flight) == list(people)
        group.cancel_scope.cancel()
    assert road.in_flight == {}
    return road


async def test_cut_off_before_anything_left() -> None:
    """Nothing of it was sent, the requests behind it included: everyone hears so, and the messages are given back."""
    people = waiters(5, text="x" * (MAX_BODY_BYTES * 2 // 5))
    gateway = Gateway(lambda *_: None)
    road = await cut_off(gateway, people)
    assert road.unsent == [waiter.message for waiter in people]
    assert [type(one) for one in await outcomes_of(people)] == [ConfigurationError] * 5
    assert len(gateway.requests) == 1


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (MessageOutcome("T0", SendStatus.ACCEPTED, "id-0"), SentMessage("id-0", track_id="T0")),
        (MessageOutcome("T0", SendStatus.UNKNOWN), UnknownOutcomeError),
        (MessageOutcome("T0", SendStatus.REJECTED), WikipayamError),
        (MessageOutcome("T0", SendStatus.NOT_ATTEMPTED), ConfigurationError),
    ],
)
async def test_cut_off_after_the_fate_was_told(outcome: MessageOutcome, expected: Any) -> None:
    """Everyone hears what the pipeline told of his message before it let go."""

    def tell(_: object, observer: Callable[[Callable[[], list[MessageOutcome]]], None]) -> None:
        observer(lambda: [outcome])

    people = waiters(1)
    road = await cut_off(Gateway(tell), people)
    (told,) = await outcomes_of(people)
    assert (told if isinstance(told, SentMessage) else type(told)) == expected
    assert road.unsent == ([people[0].message] if expected is ConfigurationError else [])
    if outcome.status is SendStatus.REJECTED:
        assert str(told) == "sms.send: the gateway refused this message while the batcher was being closed"

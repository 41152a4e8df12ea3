import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import attrs
import pytest
from anyio.abc import ByteStream

from tests.support.raw import RawRequest, accept_all, answer, raw_gateway, sent_items
from wikipayam_async import AsyncWikipayam, report_from
from wikipayam_async.core.operation import Call, Operation, Replay
from wikipayam_async.errors import UnknownOutcomeError
from wikipayam_async.events import AttemptFinished, AttemptStarted, CallFinished, Event
from wikipayam_async.idempotency import Claim, IdempotencyRecord, MemoryIdempotencyStore, Settlement
from wikipayam_async.messages import SentMessage, SmsMessage
from wikipayam_async.messages.payload import Batch, prepare_sms
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.outcomes import MessageOutcome, SendStatus
from wikipayam_async.services.sending import send_all, send_batch, send_detailed

SEND = Operation("sms.send", "POST", "sms/send", Replay.SEND)


class AnswersSecond:
    """A pipeline that reads an answer with the second message only."""

    def __init__(self) -> None:
        self.calls: list[Call[Any]] = []
        self.observers: list[object] = []

    async def run(self, call: Call[Any], observer: object = None) -> Any:
        """Record the call and its observer, and read an answer to it."""
        self.calls.append(call)
        self.observers.append(observer)
        return call.read([{"id": "69e5", "track_id": "T2"}])


def batch_of(*names: str) -> Batch[SmsMessage]:
    """Return a batch of messages with these track ids."""
    messages = [SmsMessage("09123456789", "hi", sender="1", track_id=name) for name in names]
    return Batch.of(messages, [prepare_sms(one, sender=None, track_ids=TrackIds(), normalize=True) for one in messages])


ITEM = b'{"sender":"1","receiver":"09123456789","message":"hi","track_id":"T%d"}'
ANSWER = b'{"data": [{"id": "a", "track_id": "T1"}, {"id": "b", "track_id": "T2"}]}'


@pytest.mark.anyio
async def test_a_batch_is_sent_as_one_call() -> None:
    """Body, batch and observer are in one call, and the answer is matched by track id."""
    pipeline: Any = AnswersSecond()
    observed: list[MessageOutcome] = []
    batch = batch_of("T1", "T2")
    results = await send_batch(pipeline, SEND, batch, lambda outcomes: observed.extend(outcomes()), timeout=2.5)
    assert results == [None, "69e5"]
    [call] = pipeline.calls
    assert call.timeout == 2.5
    assert (call.operation, call.path, call.query) == (SEND, "", {})
    assert bytes(call.body) == b"[" + ITEM % 1 + b"," + ITEM % 2 + b"]"
    assert (call.batch.messages, call.batch.track_ids) == (batch.messages, ["T1", "T2"])
    assert call.batch.id_of("69e5") == "69e5"
    call.observer(lambda: [MessageOutcome("T1", SendStatus.UNKNOWN)])
    assert [one.track_id for one in observed] == ["T1"]


@pytest.mark.anyio
async def test_the_documented_answer_to_a_batch_has_a_shortcut() -> None:
    """The shortcut returns the ids of exactly these messages, and None for any other answer."""
    pipeline: Any = AnswersSecond()
    await send_batch(pipeline, SEND, batch_of("T1", "T2"))
    await send_batch(pipeline, SEND, batch_of("T2", "T1"))
    first, second = pipeline.calls
    assert (first.shortcut(ANSWER), second.shortcut(ANSWER), first.shortcut(b"{}")) == (["a", "b"], None, None)
    assert first.observer is None


@pytest.mark.anyio
async def test_send_all_requires_an_item_for_every_message() -> None:
    """`send_all` returns the answer's items, and raises if it does not mention every message."""
    pipeline: Any = AnswersSecond()
    assert await send_all(pipeline, SEND, batch_of("T2")) == [SentMessage("69e5", track_id="T2")]
    with pytest.raises(UnknownOutcomeError) as caught:
        await send_all(pipeline, SEND, batch := batch_of("T1", "T2"))
    assert (caught.value.messages, caught.value.track_ids) == ((batch.messages[0],), ("T1",))
    assert caught.value.accepted == (SentMessage("69e5", track_id="T2"),)
    _, call = pipeline.calls
    assert (call.operation, call.path, call.query) == (SEND, "", {})
    assert callable(pipeline.observers[-1])  # by which a cancellation carries the outcomes
    assert bytes(call.body) == b"[" + ITEM % 1 + b"," + ITEM % 2 + b"]"
    assert (call.batch.messages, call.batch.track_ids) == (batch.messages, ["T1", "T2"])
    assert call.batch.id_of(SentMessage("69e5")) == "69e5"


@pytest.mark.anyio
async def test_the_timeout_is_part_of_the_call() -> None:
    """The time-out of every kind of send is that of its call; None stands for the client's."""
    pipeline: Any = AnswersSecond()
    batch = batch_of("T2")
    await send_batch(pipeline, SEND, batch)
    await send_detailed(pipeline, SEND, batch, timeout=1.5)
    await send_all(pipeline, SEND, batch, timeout=0.5)
    assert [call.timeout for call in pipeline.calls] == [None, 1.5, 0.5]


@pytest.mark.anyio
async def test_the_detailed_outcomes_of_a_batch_are_observed() -> None:
    """The observer of a batcher's or an outbox's request is part of the call, too."""
    pipeline: Any = AnswersSecond()
    observed: list[MessageOutcome] = []
    sent = await send_detailed(pipeline, SEND, batch_of("T1", "T2"), lambda outcomes: observed.extend(outcomes()))
    assert sent == (None, SentMessage("69e5", track_id="T2"))
    [call] = pipeline.calls
    call.observer(lambda: [MessageOutcome("T1", SendStatus.UNKNOWN)])
    assert [one.track_id for one in observed] == ["T1"]


SINGLE: dict[str, Callable[[AsyncWikipayam], Awaitable[object]]] = {
    "sms.send": lambda client: client.sms.send("09123456789", "hi"),
    "otp.send": lambda client: client.otp.send("09123456789", "4711"),
    "voice.send": lambda client: client.voice.send("09123456789", "4711"),
    "holoo.send": lambda client: client.holoo.send("09123456789", "hi"),
}
NOTHING: dict[str, tuple[bytes, str]] = {
    "null": (b"null", "null"),
    "zero": (b"0", "0"),
    "minus one": (b"-1", "-1"),
    "false": (b"false", "false"),
    "a word": (b'"ERROR"', "ERROR"),
    "a list": (b"[]", "[]"),
    "an object": (b"{}", "{}"),
    "a failure": (b'{"success": false, "message": "No credit."}', "No credit."),
    "no id": (b'{"data": [{"id": null}]}', '{"data":[{"id":null}]}'),
    "id zero": (b'{"data": [{"id": 0}]}', '{"data":[{"id":0}]}'),
    "a blank id": (b'{"data": [{"id": " "}]}', '{"data":[{"id":" "}]}'),
    "a negative id as text": (b'{"data": [{"id": "-12"}]}', '{"data":[{"id":"-12"}]}'),
    "id null as text": (b'{"data": [{"id": "null"}]}', '{"data":[{"id":"null"}]}'),
    "id undefined": (b'{"data": [{"id": "undefined"}]}', '{"data":[{"id":"undefined"}]}'),
    "a page": (b"<html><style>a{}</style><body><b>Maintenance</b></body></html>", "Maintenance"),
}


@pytest.mark.anyio
@pytest.mark.parametrize("kind", NOTHING)
@pytest.mark.parametrize("name", SINGLE)
async def test_a_success_that_names_no_id_is_never_accepted(name: str, kind: str) -> None:
    """A 2xx without an id leaves the outcome unknown, is sent once, and is quoted for who decides about a resend."""
    body, said = NOTHING[kind]

    async def handle(_: RawRequest, __: ByteStream) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    async with (
        raw_gateway(handle) as gateway,
        AsyncWikipayam("t0ken", sender="100020", username="user", otp_pattern_id=13, base_url=gateway.url) as client,
    ):
        with pytest.raises(UnknownOutcomeError) as caught:
            await SINGLE[name](client)
    assert (len(gateway.requests), caught.value.send_status) == (1, SendStatus.UNKNOWN)
    assert f'gateway said "{said}"' in str(caught.value)


@pytest.mark.anyio
@pytest.mark.parametrize("id_", [" ", "-1", "null", "Undefined", "false"])
async def test_a_message_of_a_bulk_send_whose_id_names_none_is_unknown(id_: str) -> None:
    """The answer has the documented form and the track id, and yet nothing shows that the message was accepted."""

    async def handle(request: RawRequest, _: ByteStream) -> bytes:
        items = sent_items(request)
        return answer({"data": [{**items[0], "id": id_}, {**items[1], "id": "a"}]})

    async with (
        raw_gateway(handle) as gateway,
        AsyncWikipayam("t0ken", sender="1", base_url=gateway.url) as client,
    ):
        report = await client.sms.send_bulk([SmsMessage("09123456789", "hi"), SmsMessage("09123456780", "hi")])
        columns = await client.sms.send_bulk(["09123456789", "09123456780"], "hi")
    assert [result.status for result in report] == [SendStatus.UNKNOWN, SendStatus.ACCEPTED]
    assert [result.status for result in columns] == [SendStatus.UNKNOWN, SendStatus.ACCEPTED]
    assert len(gateway.requests) == 2


class SignalRaised(BaseException):
    """What the handler of a signal raises, as Ctrl-C and the time limits of job queues do."""


@pytest.mark.anyio
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SignalRaised])
@pytest.mark.parametrize(
    ("moment", "status"),
    [
        (AttemptStarted, SendStatus.NOT_ATTEMPTED),
        (AttemptFinished, SendStatus.UNKNOWN),
        (CallFinished, SendStatus.ACCEPTED),
    ],
)
async def test_an_exception_of_a_signal_after_the_answer_never_tells_not_attempted(
    moment: type[Event], status: SendStatus, kind: type[BaseException]
) -> None:
    """A signal may come after the answer and before it is read: a repetition with the key must not send again."""
    pending: list[BaseException] = [kind()]

    async def handle(request: RawRequest, _: ByteStream) -> bytes:
        return accept_all(request)

    def on_event(event: Event) -> None:
        if isinstance(event, moment) and pending:
            raise pending.pop()

    async with (
        raw_gateway(handle) as gateway,
        AsyncWikipayam(
            "t0ken", sender="1", base_url=gateway.url, on_event=on_event, idempotency=MemoryIdempotencyStore()
        ) as client,
    ):
        with pytest.raises(kind) as caught:
            await client.sms.send("09123456789", "hi", idempotency_key="k")
        report = report_from(caught.value)
        assert report is not None
        assert [result.status for result in report] == [status]
        with contextlib.suppress(UnknownOutcomeError):
            await client.sms.send("09123456789", "hi", idempotency_key="k")
    assert len(gateway.requests) == 1


@pytest.mark.anyio
async def test_an_exception_of_a_signal_after_an_answer_to_a_bulk_send_tells_unknown() -> None:
    """The report of the interrupted run calls no message that has left not attempted."""

    async def handle(request: RawRequest, _: ByteStream) -> bytes:
        return accept_all(request)

    def on_event(event: Event) -> None:
        if isinstance(event, AttemptFinished):
            raise SignalRaised

    messages = [SmsMessage("09123456789", "hi"), SmsMessage("09123456780", "hi")]
    async with (
        raw_gateway(handle) as gateway,
        AsyncWikipayam("t0ken", sender="1", base_url=gateway.url, on_event=on_event) as client,
    ):
        with pytest.raises(SignalRaised) as caught:
            await client.sms.send_bulk(messages)
    report = report_from(caught.value)
    assert report is not None
    assert [result.status for result in report] == [SendStatus.UNKNOWN, SendStatus.UNKNOWN]
    assert len(gateway.requests) == 1


class Contended(MemoryIdempotencyStore):
    """A store in which another call has the key at the first claim, and then does not send."""

    def __init__(self) -> None:
        super().__init__()
        self.claims = 0

    async def claim(self, claim: Claim) -> IdempotencyRecord | None:
        """Claim a key for the other call first."""
        self.claims += 1
        if self.claims > 1:
            return await super().claim(claim)
        await super().claim(attrs.evolve(claim, claim_id="other"))
        found = await super().claim(claim)
        await self.settle(Settlement(key=claim.key, claim_id="other", status=SendStatus.NOT_ATTEMPTED, keep=60.0))
        return found


@pytest.mark.anyio
async def test_a_call_that_is_cancelled_after_it_lost_its_first_claim_keeps_the_key() -> None:
    """What its first attempt reported, which claimed nothing, does not stand for the one whose request has left."""
    store, scope = Contended(), anyio.CancelScope()

    async def handle(request: RawRequest, _: ByteStream) -> bytes:
        scope.cancel()
        return accept_all(request)

    async with (
        raw_gateway(handle) as gateway,
        AsyncWikipayam("t0ken", sender="1", base_url=gateway.url, idempotency=store) as client,
    ):
        reports = []
        with scope:
            try:
                await client.sms.send("09123456789", "hi", idempotency_key="k")
            except anyio.get_cancelled_exc_class() as error:
                reports.append(report_from(error))
                raise
        (report,) = reports
        assert report is not None
        assert [result.status for result in report] == [SendStatus.ACCEPTED]
        await client.sms.send("09123456789", "hi", idempotency_key="k")
    assert (store.claims, len(gateway.requests)) == (2, 1)

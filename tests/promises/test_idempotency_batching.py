"""Idempotency keys of messages that share requests, over a real socket: the batcher and the outbox."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream, TaskGroup
from anyio.lowlevel import checkpoint
from attrs import evolve

from tests.support.raw import RawGateway, RawRequest, answer, raw_gateway, sent_items
from wikipayam_async import (
    AsyncWikipayam,
    ConfigurationError,
    InvalidInputError,
    RetryPolicy,
    SendResult,
    SendStatus,
    SentMessage,
    UnknownOutcomeError,
    UnprocessableError,
    WikipayamError,
    report_from,
)
from wikipayam_async.batching.batcher import Batcher
from wikipayam_async.idempotency import (
    Claim,
    IdempotencyConflictError,
    IdempotencyRecord,
    IdempotencyStoreError,
    InFlightError,
    MemoryIdempotencyStore,
    SQLiteIdempotencyStore,
)
from wikipayam_async.idempotency.messages import keyed_sms
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.messages.payload import prepare_sms
from wikipayam_async.messages.track_ids import TrackIds

pytestmark = pytest.mark.anyio

RECEIVER = "09123456789"


class Gateway:
    """Answers as told, then accepts; records the texts of each request.

    Attributes:
        steps: The answers to the next requests; None closes the connection.
        texts: The texts of each request.
        received: Set when a request was read.
        release: Awaited before each answer.
    """

    def __init__(self, *steps: bytes | None) -> None:
        self.steps = list(steps)
        self.texts: list[list[str]] = []
        self.received = anyio.Event()
        self.release = anyio.Event()
        self.release.set()

    async def __call__(self, request: RawRequest, stream: ByteStream) -> object:
        """Answer one request."""
        self.texts.append([item["message"] for item in request.json])
        self.received.set()
        await self.release.wait()
        if self.steps:
            step = self.steps.pop(0)
            return False if step is None else step
        items = sent_items(request)
        return answer(
            {"data": [{**item, "id": f"{text:0>24}"} for item, text in zip(items, self.texts[-1], strict=True)]}
        )


def client_of(gateway: RawGateway, store: Any, **options: Any) -> AsyncWikipayam:
    """Make a client with a store."""
    options = {"retry": RetryPolicy(initial_delay=0.0), "sender": "10002000", **options}
    return AsyncWikipayam("token", base_url=gateway.url, idempotency=store, **options)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A store of each kind."""
    return MemoryIdempotencyStore() if request.param == "memory" else SQLiteIdempotencyStore(tmp_path / "sent.db")


async def send_all(batcher: Batcher, *messages: tuple[str, str | None]) -> list[SentMessage | WikipayamError]:
    """Send texts under keys from tasks of their own; return the outcomes in order."""
    outcomes: dict[int, SentMessage | WikipayamError] = {}

    async def send(position: int, text: str, key: str | None) -> None:
        try:
            outcomes[position] = await batcher.send(RECEIVER, text, idempotency_key=key)
        except WikipayamError as error:
            outcomes[position] = error

    async with anyio.create_task_group() as group:
        for position, (text, key) in enumerate(messages):
            group.start_soon(send, position, text, key)
            await checkpoint()  # trio starts tasks in any order
            await checkpoint()
    return [outcomes[position] for position in range(len(messages))]


def shown(outcomes: list[SentMessage | WikipayamError]) -> list[str]:
    """Return the ids of what was accepted, and the classes of errors."""
    return [one.id.lstrip("0") if isinstance(one, SentMessage) else type(one).__name__ for one in outcomes]


async def test_messages_with_and_without_keys_share_a_request(store: Any) -> None:
    """A repetition is answered from the store, and the others are sent together without it."""
    gateway = Gateway()
    async with (
        raw_gateway(gateway) as served,
        client_of(served, store) as client,
        client.sms.batcher(linger=0.1) as batcher,
    ):
        first = await send_all(batcher, ("a", "k-a"), ("b", "k-b"), ("c", None))
        second = await send_all(batcher, ("a", "k-a"), ("d", None), ("e", "k-e"))
        assert batcher.in_flight == 0
    assert shown(first) == ["a", "b", "c"]
    assert shown(second) == ["a", "d", "e"]
    assert second[0] == first[0]
    assert sorted(text for texts in gateway.texts for text in texts) == ["a", "b", "c", "d", "e"]
    assert len(gateway.texts) == 2


async def test_one_key_twice_in_one_request(store: Any) -> None:
    """One message is sent, and both tasks get its answer; another text under the key is refused."""
    gateway = Gateway()
    async with (
        raw_gateway(gateway) as served,
        client_of(served, store) as client,
        client.sms.batcher(linger=0.1) as batcher,
    ):
        outcomes = await send_all(batcher, ("a", "k"), ("a", "k"), ("c", None))
        outcomes += await send_all(batcher, ("b", "k"), ("d", None))
        assert batcher.in_flight == 0
    assert shown(outcomes) == ["a", "a", "c", "IdempotencyConflictError", "d"]
    assert [sorted(texts) for texts in gateway.texts] == [["a", "c"], ["d"]]


async def test_outcomes_of_earlier_requests_come_back(store: Any) -> None:
    """Unknown ones and refusals, for each message alone, without traffic."""
    refused = answer({"message": "no", "errors": {"0.receiver": ["bad"]}}, 422)
    gateway = Gateway(None, refused)
    async with (
        raw_gateway(gateway) as served,
        client_of(served, store) as client,
        client.sms.batcher(linger=0.1) as batcher,
    ):
        assert shown(await send_all(batcher, ("u", "k-u"))) == ["UnknownOutcomeError"]
        assert shown(await send_all(batcher, ("r", "k-r"), ("a", "k-a"))) == ["UnprocessableError", "a"]
        sent = len(gateway.texts)
        again = await send_all(batcher, ("u", "k-u"), ("r", "k-r"), ("a", "k-a"))
        assert len(gateway.texts) == sent
    assert shown(again) == ["UnknownOutcomeError", "UnprocessableError", "a"]
    assert isinstance(again[0], UnknownOutcomeError)
    assert isinstance(again[1], UnprocessableError)


async def test_a_single_send_and_the_batcher_share_keys(store: Any) -> None:
    """Whichever comes first."""
    gateway = Gateway()
    async with (
        raw_gateway(gateway) as served,
        client_of(served, store) as client,
        client.sms.batcher(linger=0.1) as batcher,
    ):
        first = await client.sms.send(RECEIVER, "a", idempotency_key="k-a")
        assert await batcher.send(SmsMessage(RECEIVER, "a"), idempotency_key="k-a") == first
        second = await batcher.send(RECEIVER, "b", idempotency_key="k-b")
        assert await client.sms.send(RECEIVER, "b", idempotency_key="k-b") == second
    assert gateway.texts == [["a"], ["b"]]


async def test_a_key_under_way_elsewhere_is_waited_for(store: Any) -> None:
    """Other messages of the batch are not held up; the time-out of the batcher ends the wait."""
    gateway = Gateway()
    async with raw_gateway(gateway) as served, client_of(served, store) as client:
        gateway.release = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: client.sms.send(RECEIVER, "a", idempotency_key="k-a"))
            await gateway.received.wait()
            gateway.release.set()
            gateway.release = anyio.Event()
            async with client.sms.batcher(timeout=0.2) as batcher:
                claim = keyed_sms("k-x", SmsMessage(RECEIVER, "x"), _payload("x")).claim(store, 30.0)
                assert await store.claim(claim) is None
                gateway.release.set()
                outcomes = await send_all(batcher, ("a", "k-a"), ("x", "k-x"), ("b", None))
    assert shown(outcomes) == ["a", "InFlightError", "b"]
    assert isinstance(outcomes[1], InFlightError)


def _payload(text: str) -> Any:
    message = SmsMessage(RECEIVER, text)
    return prepare_sms(message, sender="1", track_ids=TrackIds(), normalize=True, validate=True)


async def test_a_message_that_another_call_gave_up_is_sent(store: Any) -> None:
    """Once the other call wrote that it did not attempt it."""
    gateway = Gateway()
    async with raw_gateway(gateway) as served, client_of(served, store) as client:
        keyed = keyed_sms("k", SmsMessage(RECEIVER, "a"), _payload("a"))
        await store.claim(keyed.claim(store, 30.0))

        async def give_up() -> None:
            await anyio.sleep(0.1)
            from wikipayam_async.idempotency.guard import IdempotencyGuard  # noqa: PLC0415

            await IdempotencyGuard(store, 10.0).release(keyed)

        async with client.sms.batcher(linger=0.1) as batcher, anyio.create_task_group() as group:
            group.start_soon(give_up)
            assert shown(await send_all(batcher, ("a", "k"))) == ["a"]
    assert gateway.texts == [["a"]]


class Failing(MemoryIdempotencyStore):
    """A store that takes no claim."""

    async def claim(self, claim: Claim) -> IdempotencyRecord | None:
        """Fail."""
        del claim
        raise IdempotencyStoreError("disk full")


async def test_a_failing_store_affects_messages_with_keys_alone() -> None:
    """The others of the batch are sent."""
    gateway = Gateway()
    async with (
        raw_gateway(gateway) as served,
        client_of(served, Failing()) as client,
        client.sms.batcher(linger=0.1) as batcher,
    ):
        outcomes = await send_all(batcher, ("a", "k"), ("b", None), ("c", "k-c"))
    assert shown(outcomes) == ["IdempotencyStoreError", "b", "IdempotencyStoreError"]
    assert gateway.texts == [["b"]]


async def test_a_throttled_request_claims_its_keys_again(store: Any) -> None:
    """They are given back while it waits."""
    gateway = Gateway(answer({"message": "slow"}, 429, {"Retry-After": "0"}))
    async with (
        raw_gateway(gateway) as served,
        client_of(served, store) as client,
        client.sms.batcher(linger=0.1) as batcher,
    ):
        assert shown(await send_all(batcher, ("a", "k-a"), ("b", "k-b"))) == ["a", "b"]
    assert gateway.texts == [["a", "b"], ["a", "b"]]


async def test_keys_of_a_divided_request(store: Any) -> None:
    """After a 413 each part goes with its own keys; repetitions are found in each."""
    gateway = Gateway(answer({"message": "large"}, 413))
    async with (
        raw_gateway(gateway) as served,
        client_of(served, store) as client,
        client.sms.batcher(linger=0.1) as batcher,
    ):
        first = await send_all(batcher, ("a", "k-a"), ("b", "k-b"), ("c", None), ("a", "k-a"))
        assert shown(first) == ["a", "b", "c", "a"]
    assert sorted(text for texts in gateway.texts[1:] for text in texts) == ["a", "b", "c"]


async def test_a_task_that_ends_leaves_the_outcome_in_the_store_and_in_the_log(
    store: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The message goes on; the cancellation says that its outcome is not known yet, the log tells it later."""
    gateway = Gateway()
    caught: list[BaseException] = []

    async with (
        raw_gateway(gateway) as served,
        client_of(served, store) as client,
        client.sms.batcher(linger=0.1) as batcher,
    ):
        gateway.release = anyio.Event()

        async def send() -> None:
            try:
                await batcher.send(RECEIVER, "a", track_id="t-1", idempotency_key="k")
            except BaseException as error:
                caught.append(error)
                raise

        async with anyio.create_task_group() as group:
            group.start_soon(send)
            await gateway.received.wait()
            group.cancel_scope.cancel()
        gateway.release.set()
        await batcher.flush()
        sent = await client.sms.send(RECEIVER, "a", idempotency_key="k")
    report = report_from(caught[0])
    assert report is not None
    assert [(one.status, one.track_id) for one in report] == [(SendStatus.UNKNOWN, "t-1")]
    assert gateway.texts == [["a"]]
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    expected = "sms.send: the task that waited for this message had ended: accepted"
    assert warnings == [f"{expected} (track id t-1, gateway id {sent.id})"]


async def test_a_queued_message_of_a_task_that_ends_is_not_attempted(store: Any) -> None:
    """Nothing is claimed, and the cancellation says so."""
    caught: list[BaseException] = []
    async with raw_gateway(Gateway()) as served, client_of(served, store) as client:
        async with client.sms.batcher(linger=60) as batcher:

            async def send() -> None:
                try:
                    await batcher.send(RECEIVER, "a", track_id="t-1", idempotency_key="k")
                except BaseException as error:
                    caught.append(error)
                    raise

            with anyio.move_on_after(0.05):
                await send()
        assert await store.read("k") is None
        assert served.requests == []
    report = report_from(caught[0])
    assert report is not None
    assert [(one.status, one.track_id) for one in report] == [(SendStatus.NOT_ATTEMPTED, "t-1")]


async def test_a_batcher_that_is_left_early_answers_every_task(store: Any) -> None:
    """Also those that wait for a key of another call."""
    keyed = keyed_sms("k", SmsMessage(RECEIVER, "a"), _payload("a"))
    await store.claim(keyed.claim(store, 30.0))
    outcomes: list[Any] = []

    async def send(batcher: Batcher) -> None:
        outcomes.extend(await send_all(batcher, ("a", "k")))

    async def fail(group: TaskGroup) -> None:
        async with client.sms.batcher(linger=0.1) as batcher:
            group.start_soon(send, batcher)
            await anyio.sleep(0.1)
            raise OSError("the program fails")

    async with raw_gateway(Gateway()) as served, client_of(served, store) as client, anyio.create_task_group() as group:
        with pytest.raises(OSError, match="the program"):
            await fail(group)
    assert shown(outcomes) == ["ClosedError"]


async def test_an_outbox_posts_a_key_once(store: Any) -> None:
    """The outcome is reported under the track id of each post."""
    gateway = Gateway()
    results: list[SendResult] = []
    async with raw_gateway(gateway) as served, client_of(served, store) as client:
        async with client.sms.outbox(on_outcome=results.append) as outbox:
            names = [outbox.post(RECEIVER, "a", idempotency_key="k"), outbox.post(RECEIVER, "a", idempotency_key="k")]
            names.append(outbox.post(SmsMessage(RECEIVER, "b"), idempotency_key="k"))
        assert outbox.unsent == []
    assert gateway.texts == [["a"]]
    by_name = {one.track_id: one for one in results}
    assert [(by_name[name].status, type(by_name[name].error)) for name in names] == [
        (SendStatus.ACCEPTED, type(None)),
        (SendStatus.ACCEPTED, type(None)),
        (SendStatus.REJECTED, IdempotencyConflictError),
    ]


async def test_keys_need_a_store_here_too() -> None:
    """And have to be valid; nothing is queued."""
    async with raw_gateway(Gateway()) as served, client_of(served, None) as client:
        async with client.sms.batcher(linger=0.1) as batcher, client.sms.outbox() as outbox:
            for key, error in (("k", ConfigurationError), ("a b", InvalidInputError)):
                with pytest.raises(error, match="idempotency_key"):
                    await batcher.send(RECEIVER, "a", idempotency_key=key)
                with pytest.raises(error, match="idempotency_key"):
                    outbox.post(RECEIVER, "a", idempotency_key=key)
        assert served.requests == []


class Racing(MemoryIdempotencyStore):
    """A store in which others come first: each claim finds what the test says.

    Attributes:
        found: What stands in the way of the next claims; None lets a claim through.
    """

    def __init__(self, *found: SendStatus | None) -> None:
        super().__init__()
        self.found = list(found)
        self.record: IdempotencyRecord | None = None

    async def claim(self, claim: Claim) -> IdempotencyRecord | None:
        """Let the others claim first."""
        status = self.found.pop(0) if self.found else None
        if status is None:
            self.record = None
            return await super().claim(claim)
        other = MemoryIdempotencyStore()
        await other.claim(claim)
        record = await other.read(claim.key)
        assert record is not None
        self.record = evolve(record, claim_id="another", status=status)
        return self.record

    async def read(self, key: str) -> IdempotencyRecord | None:
        """Return what the last claim found."""
        return self.record or await super().read(key)


async def test_a_message_may_be_overtaken_again() -> None:
    """Its key is free, then another call has it, whose outcome it gets."""
    gateway = Gateway()
    store = Racing(SendStatus.NOT_ATTEMPTED, SendStatus.UNKNOWN)
    async with (
        raw_gateway(gateway) as served,
        client_of(served, store) as client,
        client.sms.batcher(linger=0.1) as batcher,
    ):
        assert shown(await send_all(batcher, ("a", "k"))) == ["UnknownOutcomeError"]
    assert gateway.texts == []


async def test_a_message_whose_key_became_free_has_an_outcome_of_its_own() -> None:
    """As any other, also a refusal."""
    gateway = Gateway(answer({"message": "no"}, 422))
    store = Racing(SendStatus.NOT_ATTEMPTED)
    async with (
        raw_gateway(gateway) as served,
        client_of(served, store) as client,
        client.sms.batcher(linger=0.1) as batcher,
    ):
        assert shown(await send_all(batcher, ("a", "k"))) == ["UnprocessableError"]
    assert gateway.texts == [["a"]]


async def test_a_store_that_fails_while_a_message_waits() -> None:
    """Nothing is sent, whatever it raises."""

    class Breaking(Racing):
        async def read(self, key: str) -> IdempotencyRecord | None:
            del key
            raise RuntimeError("broken")

    gateway, store = Gateway(), Breaking(SendStatus.NOT_ATTEMPTED)
    async with (
        raw_gateway(gateway) as served,
        client_of(served, store) as client,
        client.sms.batcher(linger=0.1) as batcher,
    ):
        assert shown(await send_all(batcher, ("a", "k"))) == ["ConfigurationError"]
    assert gateway.texts == []


async def test_a_store_that_fails_between_claims() -> None:
    """As when its disk becomes full."""

    class Full(Racing):
        async def claim(self, claim: Claim) -> IdempotencyRecord | None:
            if self.record is not None:
                raise IdempotencyStoreError("disk full")
            return await super().claim(claim)

    gateway, store = Gateway(), Full(SendStatus.NOT_ATTEMPTED)
    async with (
        raw_gateway(gateway) as served,
        client_of(served, store) as client,
        client.sms.batcher(linger=0.1) as batcher,
    ):
        assert shown(await send_all(batcher, ("a", "k"))) == ["IdempotencyStoreError"]
    assert gateway.texts == []

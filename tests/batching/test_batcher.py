from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import pytest
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint
from trio.testing import MockClock

from wikipayam_async import (
    APIConnectionError,
    AsyncWikipayam,
    AuthenticationError,
    ConfigurationError,
    InvalidInputError,
    SentMessage,
    SmsMessage,
)
from wikipayam_async.batching.batcher import Batcher
from wikipayam_async.batching.queue import Batching
from wikipayam_async.core.operation import Observer
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, EmulatorTransport
from wikipayam_async.messages.payload import Batch, prepare_sms
from wikipayam_async.messages.track_ids import TrackIds

pytestmark = pytest.mark.anyio

RECEIVER = "09123456789"
MOCK_TIME = pytest.mark.parametrize("anyio_backend", [("trio", {"clock": MockClock(autojump_threshold=0)})])
ON_ASYNCIO = pytest.mark.parametrize("anyio_backend", ["asyncio"])
FOR_EVER = 86_400.0
"""Seconds to linger where a batch is to leave for another reason."""


class Struck(BaseException):
    """What no worker survives."""


class Road:
    """Stands in for the pipeline: writes down what leaves and when, and accepts it.

    Attributes:
        requests: The texts of every request.
        times: When each left, by the event loop's clock.
        gate: Requests wait for it, where a test closes it.
        failures: What the next requests raise.
    """

    def __init__(self) -> None:
        self.requests: list[list[str | None]] = []
        self.times: list[float] = []
        self.gate = anyio.Event()
        self.gate.set()
        self.failures: list[Exception] = []

    async def __call__(self, batch: Batch[SmsMessage], _: Observer) -> Sequence[SentMessage | None]:
        """Take one request."""
        self.requests.append([message.message for message in batch.messages])
        self.times.append(anyio.current_time())
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        payloads: Sequence[Any] = batch.payloads
        return [
            SentMessage(f"id-{payload.message}", payload.sender, payload.receiver, payload.track_id)
            for payload in payloads
        ]

    @property
    def sizes(self) -> list[int]:
        """How many messages each request held."""
        return [len(request) for request in self.requests]

    @property
    def texts(self) -> list[str | None]:
        """Everything that left, in order."""
        return [text for request in self.requests for text in request]


def batcher_over(road: Callable[..., Awaitable[Any]], **how: Any) -> Batcher:
    """Make a batcher over a road."""
    prepare = partial(prepare_sms, sender="1000", track_ids=TrackIds())
    return Batcher(road, prepare, Batching(**how), longest_pause=1.0)


class Senders:
    """Tasks that send a message each, and what came of them.

    Attributes:
        outcomes: By text: the gateway's word, or the error.
        scopes: By text: cancels the task.
    """

    def __init__(self, batcher: Batcher, group: TaskGroup) -> None:
        self._batcher = batcher
        self._group = group
        self.outcomes: dict[str, SentMessage | BaseException] = {}
        self.scopes: dict[str, anyio.CancelScope] = {}

    def send(self, *texts: str) -> None:
        """Start a task for each text; which of them comes first is left to chance."""
        for text in texts:
            self._group.start_soon(self._send, text)

    async def send_in_order(self, *texts: str) -> None:
        """Start a task for each text, one after the other."""
        for text in texts:
            self.send(text)
            await rest()

    async def _send(self, text: str) -> None:
        with anyio.CancelScope() as scope:
            self.scopes[text] = scope
            try:
                self.outcomes[text] = await self._batcher.send(RECEIVER, text)
            except Exception as error:  # noqa: BLE001 - which one is for the test to say
                self.outcomes[text] = error

    @property
    def accepted(self) -> set[str]:
        """The texts that the gateway took, each under its own id."""
        return {
            text
            for text, sent in self.outcomes.items()
            if isinstance(sent, SentMessage) and sent.id == f"id-{text}" and sent.receiver == RECEIVER
        }

    @property
    def errors(self) -> dict[str, type[BaseException]]:
        """What the others raised."""
        return {text: type(error) for text, error in self.outcomes.items() if isinstance(error, BaseException)}


@asynccontextmanager
async def many_tasks(batcher: Batcher) -> AsyncIterator[Senders]:
    """Give tasks around a batcher that outlive its block."""
    async with anyio.create_task_group() as group:
        yield Senders(batcher, group)


async def rest() -> None:
    """Let all other tasks do what they can."""
    for _ in range(20):
        await checkpoint()


def texts(count: int, prefix: str = "m") -> list[str]:
    """Make so many texts."""
    return [f"{prefix}{number}" for number in range(count)]


class TestGathering:
    """When a batch leaves, and with whom."""

    async def test_many_tasks_are_few_requests(self) -> None:
        """A thousand tasks at once make ten requests, and each has the answer to its own message."""
        road = Road()
        batcher = batcher_over(road, linger=FOR_EVER)
        async with many_tasks(batcher) as tasks, batcher:
            tasks.send(*texts(1000))
            await rest()
        assert road.sizes == [100] * 10
        assert tasks.accepted == set(texts(1000))

    async def test_a_full_batch_leaves_at_once(self) -> None:
        """Nobody lingers in a batch that is full; those who are left over do."""
        road = Road()
        batcher = batcher_over(road, max_size=3, linger=FOR_EVER)
        async with many_tasks(batcher) as tasks, batcher:
            tasks.send(*texts(7))
            await rest()
            assert (road.sizes, batcher.waiting, batcher.in_flight) == ([3, 3], 1, 0)
            assert tasks.accepted == set(road.texts)
        assert road.sizes == [3, 3, 1]

    @MOCK_TIME
    async def test_a_trickle_waits_for_the_linger_and_no_longer(self) -> None:
        """A message that nobody joins leaves a millisecond before its time; that counts from the oldest of a batch."""
        road = Road()
        batcher = batcher_over(road, linger=0.5)
        async with many_tasks(batcher) as tasks, batcher:
            await anyio.sleep(10)
            began = anyio.current_time()
            await batcher.send(RECEIVER, "alone")
            for text in texts(4):
                tasks.send(text)
                await anyio.sleep(0.2)
            await anyio.sleep(3)
        assert [round(time - began, 6) for time in road.times] == [0.499, 0.998, 1.598]
        assert road.requests == [["alone"], ["m0", "m1", "m2"], ["m3"]]

    @MOCK_TIME
    async def test_when_the_oldest_gives_up_the_next_one_counts(self) -> None:
        """The time of a message that was taken out counts no more."""
        road = Road()
        batcher = batcher_over(road, linger=0.5)
        async with many_tasks(batcher) as tasks, batcher:
            began = anyio.current_time()
            tasks.send("first")
            await anyio.sleep(0.3)
            tasks.send("second")
            await anyio.sleep(0.1)
            tasks.scopes["first"].cancel()
            await anyio.sleep(3)
        assert (road.requests, [round(time - began, 6) for time in road.times]) == ([["second"]], [0.799])

    async def test_no_linger_is_the_same_tick(self) -> None:
        """With a linger of 0 whatever is ready joins, and nothing waits."""
        road = Road()
        batcher = batcher_over(road, linger=0)
        async with many_tasks(batcher) as tasks, batcher:
            await rest()
            tasks.send(*texts(30))
            await rest()
            assert road.sizes == [30]
            await batcher.send(RECEIVER, "alone")
            assert road.sizes == [30, 1]

    @ON_ASYNCIO
    async def test_who_is_set_free_may_join_the_next(self) -> None:
        """When a batch is back, those that it sets free have their turn before the next one leaves."""
        road = Road()
        road.gate = anyio.Event()
        batcher = batcher_over(road, linger=0, concurrency=1)

        async def send_three(name: str) -> None:
            for number in range(3):
                await batcher.send(RECEIVER, f"{name}-{number}")

        async with batcher, anyio.create_task_group() as group:
            for name in texts(10):
                group.start_soon(send_three, name)
            await rest()
            for name in texts(10, "n"):
                group.start_soon(send_three, name)
            await rest()
            road.gate.set()
        assert road.sizes == [10, 20, 20, 10]

    async def test_while_all_are_busy_messages_gather(self) -> None:
        """So many requests are in flight and no more; what comes meanwhile leaves together as soon as one is back."""
        road = Road()
        road.gate = anyio.Event()
        batcher = batcher_over(road, linger=0, concurrency=2)
        async with many_tasks(batcher) as tasks, batcher:
            await tasks.send_in_order("m0", "m1")
            tasks.send(*texts(40, "n"))
            await rest()
            assert (road.sizes, batcher.waiting, batcher.in_flight) == ([1, 1], 40, 2)
            road.gate.set()
        assert road.sizes == [1, 1, 40]

    async def test_room(self) -> None:
        """So many messages may wait; those after them wait for room, and all leave in the order of their coming."""
        road = Road()
        road.gate = anyio.Event()
        batcher = batcher_over(road, max_size=2, concurrency=1, max_waiting=3, linger=FOR_EVER)
        async with many_tasks(batcher) as tasks, batcher:
            await tasks.send_in_order(*texts(9))
            assert (batcher.in_flight, batcher.waiting) == (2, 3)
            tasks.scopes["m3"].cancel()  # waits for its request
            tasks.scopes["m6"].cancel()  # waits for room
            await rest()
            assert (batcher.in_flight, batcher.waiting) == (2, 3)
            road.gate.set()
        assert road.requests == [["m0", "m1"], ["m2", "m4"], ["m5", "m7"], ["m8"]]
        assert tasks.accepted == set(texts(9)) - {"m3", "m6"}

    async def test_less_room_than_a_request_could_hold(self) -> None:
        """When the line is full there is nobody to linger for."""
        road = Road()
        batcher = batcher_over(road, max_size=100, max_waiting=4, linger=FOR_EVER)
        async with many_tasks(batcher) as tasks, batcher:
            tasks.send(*texts(4))
            await rest()
            assert road.sizes == [4]


class TestArguments:
    """What is refused before anything waits."""

    async def test_a_bad_message_is_the_callers_alone(self) -> None:
        """A message that breaks a rule is refused at once, and does not touch those that wait."""
        road = Road()
        batcher = batcher_over(road, linger=FOR_EVER)
        async with many_tasks(batcher) as tasks, batcher:
            tasks.send("good")
            await rest()
            with pytest.raises(InvalidInputError) as caught:
                await batcher.send("nobody", "text")
            assert (caught.value.field, batcher.waiting) == ("receiver", 1)
            with pytest.raises(InvalidInputError):
                await batcher.send_message("text")  # type: ignore[arg-type]
        assert road.texts == ["good"]

    async def test_no_sender_anywhere(self) -> None:
        """Without any line the configuration is at fault."""
        prepare = partial(prepare_sms, sender=None, track_ids=TrackIds())
        async with Batcher(Road(), prepare, Batching(), longest_pause=1.0) as batcher:
            with pytest.raises(ConfigurationError, match="sender: none given"):
                await batcher.send(RECEIVER, "text")
            assert batcher.waiting == 0

    async def test_all_that_a_message_may_have(self) -> None:
        """PendingQueue, reference, spelling and note go the way they go with every other send."""
        payloads: list[Any] = []

        async def road(batch: Batch[SmsMessage], _: object) -> list[SentMessage]:
            sent: Sequence[Any] = batch.payloads
            payloads.extend((one.receiver, one.sender, one.track_id, one.message or one.note) for one in sent)
            return [SentMessage("id") for _ in batch.payloads]

        async with batcher_over(road, linger=0) as batcher:
            await batcher.send("+98 912 345 6789", "one", "2000", "A")
            await batcher.send("1800", "two", track_id="B", normalize=False)
            await batcher.send_message(SmsMessage("1800", note="three", track_id="C"), normalize=False)
        assert payloads == [
            (RECEIVER, "2000", "A", "one"),
            ("1800", "1000", "B", "two"),
            ("1800", "1000", "C", "three"),
        ]

    async def test_references_are_made(self) -> None:
        """Messages without a reference get one that no other has."""
        async with batcher_over(Road(), linger=0) as batcher:
            names = {(await batcher.send(RECEIVER, text)).track_id for text in texts(3)}
        assert len(names) == 3
        assert None not in names

    async def test_it_is_entered_once(self) -> None:
        """A batcher that was not entered, or was left, says so."""
        batcher = batcher_over(Road())
        assert await batcher.aclose() == []
        with pytest.raises(RuntimeError, match="enter the batcher first"):
            await batcher.send(RECEIVER, "text")
        async with batcher:
            pass
        with pytest.raises(RuntimeError, match="entered once"):
            await batcher.__aenter__()
        assert await batcher.aclose() == []

    async def test_the_clients_own(self) -> None:
        """`client.sms.batcher` sends over the client, from its line, and checks its arguments."""
        emulator = Emulator()
        async with AsyncWikipayam(DEFAULT_TOKEN, sender="10002000", transport=EmulatorTransport(emulator)) as client:
            async with client.sms.batcher(100, 0.001, concurrency=2, max_waiting=50) as batcher:
                sent = await batcher.send(RECEIVER, "text", track_id="T")
                assert repr(batcher) == (
                    "<Batcher Batching(max_size=100, linger=0.001, concurrency=2, max_waiting=50), "
                    "0 waiting, 0 in flight>"
                )
            for wrong in ({"max_size": 0}, {"linger": -1}, {"concurrency": 0}, {"max_waiting": 0}):
                with pytest.raises(InvalidInputError, match=next(iter(wrong))):
                    client.sms.batcher(**wrong)
        (entry,) = emulator.ledger
        assert sent == SentMessage(entry.id, "10002000", RECEIVER, "T")


class TestCancelling:
    """Tasks that no longer want to know."""

    async def test_a_message_that_waits_is_not_sent(self) -> None:
        """It is taken out of the line, and the others go on."""
        road = Road()
        batcher = batcher_over(road, linger=FOR_EVER)
        async with many_tasks(batcher) as tasks, batcher:
            await tasks.send_in_order(*texts(5))
            tasks.scopes["m0"].cancel()
            tasks.scopes["m3"].cancel()
            await rest()
            assert batcher.waiting == 3
        assert road.requests == [["m1", "m2", "m4"]]
        assert set(tasks.outcomes) == tasks.accepted == {"m1", "m2", "m4"}

    async def test_a_message_that_is_under_way_goes_on(self) -> None:
        """Its task is set free at once; the message is carried on with the others, which hear of their own."""
        road = Road()
        road.gate = anyio.Event()
        batcher = batcher_over(road, linger=0)
        async with many_tasks(batcher) as tasks, batcher:
            tasks.send(*texts(3))
            await rest()
            tasks.scopes["m1"].cancel()
            await rest()
            assert (tasks.scopes["m1"].cancelled_caught, batcher.in_flight, tasks.outcomes) == (True, 3, {})
            road.gate.set()
        assert sorted(road.texts, key=str) == ["m0", "m1", "m2"]
        assert set(tasks.outcomes) == tasks.accepted == {"m0", "m2"}

    @ON_ASYNCIO
    async def test_a_time_out_of_asyncios_own(self) -> None:
        """A cancellation from outside anyio has the same effects."""
        road = Road()
        road.gate = anyio.Event()
        batcher = batcher_over(road, linger=FOR_EVER, max_size=2)
        async with many_tasks(batcher) as tasks, batcher:
            await tasks.send_in_order("m0")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(batcher.send(RECEIVER, "in flight"), 0.01)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(batcher.send(RECEIVER, "waits"), 0.01)
            assert (batcher.in_flight, batcher.waiting) == (2, 0)
            road.gate.set()
        assert road.requests == [["m0", "in flight"]]
        assert tasks.accepted == {"m0"}

    async def test_a_task_that_is_cancelled_already_sends_nothing(self) -> None:
        """Not even if its message would fill a batch."""
        road = Road()
        async with batcher_over(road, max_size=1, linger=0) as batcher:
            await rest()
            with anyio.CancelScope() as scope:
                scope.cancel()
                await batcher.send(RECEIVER, "text")
            await rest()
            assert (scope.cancelled_caught, batcher.waiting, batcher.in_flight) == (True, 0, 0)
        assert road.requests == []

    async def test_all_at_once(self) -> None:
        """When everybody gives up, nothing is left behind, and the batcher works on."""
        road = Road()
        batcher = batcher_over(road, linger=FOR_EVER)
        async with batcher:
            async with many_tasks(batcher) as tasks:
                tasks.send(*texts(50))
                await rest()
                tasks._group.cancel_scope.cancel()
            assert batcher.waiting == 0
            async with many_tasks(batcher) as tasks:
                tasks.send("later")
                await rest()
                await batcher.flush()
        assert road.requests == [["later"]]


class TestFlushing:
    """Not waiting for others."""

    async def test_everything_leaves_at_once(self) -> None:
        """A flush sends what waits, those that wait for room included, and returns when all have their outcome."""
        road = Road()
        batcher = batcher_over(road, max_size=4, max_waiting=6, linger=FOR_EVER)
        async with many_tasks(batcher) as tasks, batcher:
            road.gate = anyio.Event()
            tasks.send(*texts(9))
            await rest()
            tasks._group.start_soon(self._open, road)
            await batcher.flush()
            assert (batcher.waiting, batcher.in_flight) == (0, 0)
            assert sorted(road.texts, key=str) == texts(9)
            tasks.send("later")
            await rest()
            assert batcher.waiting == 1

    @staticmethod
    async def _open(road: Road) -> None:
        await rest()
        road.gate.set()

    async def test_nothing_to_flush(self) -> None:
        """A flush of nothing returns."""
        async with batcher_over(Road()) as batcher:
            await batcher.flush()

    async def test_what_is_under_way_is_waited_for(self) -> None:
        """Also if nobody else waits for it any more; what gave up while it waited is not."""
        road = Road()
        road.gate = anyio.Event()
        batcher = batcher_over(road, linger=0, concurrency=1)
        flushed = False

        async def flush() -> None:
            nonlocal flushed
            await batcher.flush()
            flushed = True

        async with many_tasks(batcher) as tasks, batcher:
            tasks.send("in flight")
            await rest()
            tasks.send("gives up")
            await rest()
            tasks._group.start_soon(flush)
            await rest()
            tasks.scopes["in flight"].cancel()
            tasks.scopes["gives up"].cancel()
            await rest()
            assert not flushed
            road.gate.set()
            await rest()
            assert flushed
        assert road.texts == ["in flight"]


class TestClosing:
    """How a block ends."""

    async def test_leaving_sends_everything(self) -> None:
        """Whatever waits is sent without lingering, those that wait for room included, and every outcome waited for."""
        road = Road()
        batcher = batcher_over(road, max_size=4, max_waiting=5, concurrency=2, linger=FOR_EVER)
        async with many_tasks(batcher) as tasks:
            async with batcher:
                tasks.send(*texts(23))
                await checkpoint()
                await checkpoint()
                assert batcher.waiting == 5
            assert (batcher.waiting, batcher.in_flight) == (0, 0)
            await rest()
            assert tasks.accepted == set(texts(23))

    async def test_nothing_is_taken_after_the_end(self) -> None:
        """A send after the block, or while it is being left, is refused at once."""
        road = Road()
        road.gate = anyio.Event()
        left = anyio.Event()
        batcher = batcher_over(road, linger=FOR_EVER)

        async def run() -> None:
            async with batcher:
                await left.wait()

        async with many_tasks(batcher) as tasks:
            async with anyio.create_task_group() as group:
                group.start_soon(run)
                await rest()
                await tasks.send_in_order("before")
                left.set()
                await rest()
                with pytest.raises(ConfigurationError, match="not sent, because the batcher is closed"):
                    await batcher.send(RECEIVER, "meanwhile")
                road.gate.set()
            with pytest.raises(ConfigurationError, match="not sent, because the batcher is closed"):
                await batcher.send(RECEIVER, "after")
        assert road.texts == ["before"]

    @pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
    async def test_the_blocks_own_exception_comes_out_as_it_is(self, error: type[BaseException]) -> None:
        """What waits is not sent, and its tasks are told so; the exception is not wrapped."""
        road = Road()
        batcher = batcher_over(road, max_size=2, max_waiting=3, linger=FOR_EVER, concurrency=1)
        caught: list[BaseException] = []

        async def run() -> None:
            async with batcher:
                tasks.send("early", "bird")
                await rest()
                road.gate = anyio.Event()
                tasks.send(*texts(14))
                await rest()
                caught.append(error())
                raise caught[0]

        async with many_tasks(batcher) as tasks:
            with pytest.raises(error) as raised:
                await run()
            assert raised.value is caught[0]
        assert (tasks.accepted, tasks.errors) == ({"early", "bird"}, dict.fromkeys(texts(14), ConfigurationError))
        assert len(road.requests) == 2
        assert str(tasks.outcomes["m9"]) == (
            "sms.send: not sent, because the batcher was closed before its turn; sending it again is safe"
        )
        assert (batcher.waiting, batcher.in_flight) == (0, 0)

    async def test_cancelling_the_block(self) -> None:
        """A cancelled block sends nothing more; requests that can still be held back are, and the tasks hear of it."""
        road = Road()
        road.gate = anyio.Event()
        batcher = batcher_over(road, max_size=2, concurrency=2, linger=FOR_EVER)
        async with many_tasks(batcher) as tasks:
            with anyio.CancelScope() as scope:
                async with batcher:
                    tasks.send(*texts(9))
                    await rest()
                    scope.cancel()
                    await checkpoint()
            assert scope.cancelled_caught
        assert tasks.errors == dict.fromkeys(texts(9), ConfigurationError)
        assert len(road.requests) == 2

    async def test_cancelling_the_last_flush(self) -> None:
        """If the leaving itself is cancelled, what has not left by then is not sent."""
        road = Road()
        road.gate = anyio.Event()
        batcher = batcher_over(road, max_size=2, concurrency=1, linger=FOR_EVER)
        async with many_tasks(batcher) as tasks:
            with anyio.CancelScope() as scope:
                async with batcher:
                    await tasks.send_in_order(*texts(5))
                    tasks._group.start_soon(self._cancel, scope)
            assert scope.cancelled_caught
        assert tasks.errors == dict.fromkeys(texts(5), ConfigurationError)
        assert road.requests == [["m0", "m1"]]

    @staticmethod
    async def _cancel(scope: anyio.CancelScope) -> None:
        await rest()
        scope.cancel()

    async def test_a_send_inside_a_cancelled_block_does_not_hang(self) -> None:
        """When a block is cancelled its workers are gone, and whoever sends nevertheless hears of it."""
        batcher = batcher_over(Road(), linger=0)
        errors: list[BaseException] = []
        with anyio.CancelScope() as scope:
            async with batcher:
                await rest()
                scope.cancel()
                with anyio.CancelScope(shield=True):
                    await rest()
                    with pytest.raises(ConfigurationError) as caught:
                        await batcher.send(RECEIVER, "text")
                    errors.append(caught.value)
        assert len(errors) == 1

    async def test_left_at_once(self) -> None:
        """A block that is left before anything happened ends."""
        async with batcher_over(Road()):
            pass
        with pytest.raises(KeyError):
            async with batcher_over(Road()):
                raise KeyError


class TestDeadline:
    """Closing within a time, and what is left over then."""

    async def test_in_time(self) -> None:
        """Closed in time, everything was sent, and nothing is left over."""
        road = Road()
        batcher = batcher_over(road, linger=FOR_EVER)
        async with many_tasks(batcher) as tasks, batcher:
            tasks.send(*texts(5))
            await rest()
            assert await batcher.aclose(60) == []
            with pytest.raises(ConfigurationError):
                await batcher.send(RECEIVER, "later")
            assert await batcher.aclose(0) == []
        assert road.sizes == [5]

    async def test_without_a_time(self) -> None:
        """Without a time-out the closing waits."""
        road = Road()
        road.gate = anyio.Event()
        batcher = batcher_over(road, linger=FOR_EVER)
        left: list[list[SmsMessage]] = []

        async def close() -> None:
            left.append(await batcher.aclose())

        async with many_tasks(batcher) as tasks, batcher:
            tasks.send(*texts(5))
            await rest()
            tasks._group.start_soon(close)
            await rest()
            assert (left, batcher.in_flight) == ([], 5)
            road.gate.set()
        assert (left, tasks.accepted) == ([[]], set(texts(5)))

    @MOCK_TIME
    async def test_too_late(self) -> None:
        """What has not left by then is returned, and its tasks are told; the block goes on and ends as usual."""
        road = Road()
        road.gate = anyio.Event()
        batcher = batcher_over(road, max_size=2, max_waiting=3, concurrency=1, linger=FOR_EVER)
        async with many_tasks(batcher) as tasks, batcher:
            await tasks.send_in_order(*texts(8))
            began = anyio.current_time()
            left = await batcher.aclose(7.5)
            assert anyio.current_time() - began == 7.5
            assert await batcher.aclose() == []
            assert (batcher.waiting, batcher.in_flight) == (0, 0)
            await checkpoint()
        assert sorted(str(message.message) for message in left) == texts(8)
        assert tasks.errors == dict.fromkeys(texts(8), ConfigurationError)
        assert road.requests == [["m0", "m1"]]

    async def test_a_strange_time(self) -> None:
        """A time-out that is none is refused, and nothing is closed."""
        async with batcher_over(Road(), linger=0) as batcher:
            with pytest.raises(InvalidInputError, match="timeout: expected seconds"):
                await batcher.aclose(math.nan)
            assert (await batcher.send(RECEIVER, "text")).id == "id-text"


class TestFailures:
    """What a failure does to the batcher itself."""

    @pytest.mark.parametrize(
        "failure", [AuthenticationError("no", status_code=401), APIConnectionError("away"), ZeroDivisionError()]
    )
    async def test_a_batch_that_fails_spoils_no_other(self, failure: Exception) -> None:
        """However often a request fails, the next one is tried as if nothing had been."""
        road = Road()
        road.failures = [failure] * 12
        batcher = batcher_over(road, linger=0, concurrency=2)
        async with many_tasks(batcher) as tasks, batcher:
            await tasks.send_in_order(*texts(12))
            assert (await batcher.send(RECEIVER, "later")).id == "id-later"
        expected = ConfigurationError if isinstance(failure, ZeroDivisionError) else type(failure)
        assert tasks.errors == dict.fromkeys(texts(12), expected)
        assert len(road.requests) == 13

    async def test_a_worker_that_is_struck_down_leaves_nobody_waiting(self) -> None:
        """What ends the program ends the batcher, and its tasks hear that their messages were not sent."""

        async def road(_: object, __: object) -> list[SentMessage]:
            raise Struck

        batcher = batcher_over(road, max_size=2, linger=FOR_EVER)

        async def run() -> None:
            async with batcher:
                tasks.send(*texts(3))
                await anyio.sleep_forever()

        async with many_tasks(batcher) as tasks:
            with pytest.raises(BaseExceptionGroup) as caught:
                await run()
            assert [type(error) for error in caught.value.exceptions] == [Struck]
        assert tasks.errors == dict.fromkeys(texts(3), ConfigurationError)

    async def test_workers_that_never_began(self) -> None:
        """An event loop that ends may cancel tasks before their first step; nobody waits for them after the block."""
        batcher = batcher_over(Road())
        async with batcher:
            batcher._workers += 1
        with anyio.fail_after(5):
            assert await batcher.aclose() == []

from __future__ import annotations

import asyncio
import math
import traceback
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

import wikipayam_async
from tests.bulk.doubles import (
    FOREVER,
    MOCK_TIME,
    ON_ASYNCIO,
    RECEIVER,
    Killed,
    RecordingGateway,
    let_others_run,
    names,
    send_tasks,
)
from tests.support.timeouts import TimeoutRecorder
from wikipayam_async import (
    APIConnectionError,
    AsyncWikipayam,
    AuthenticationError,
    ClosedError,
    ConfigurationError,
    InvalidInputError,
    RateLimitError,
    SendResult,
    SendStatus,
    SentMessage,
    SmsMessage,
)
from wikipayam_async.batching.batcher import Batcher
from wikipayam_async.batching.queue import Batching
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, EmulatorTransport
from wikipayam_async.messages.payload import Batch, prepare_sms
from wikipayam_async.messages.track_ids import TrackIds

pytestmark = pytest.mark.anyio


def batcher_over(gateway: Callable[..., Awaitable[Any]], **options: Any) -> Batcher:
    """Make a batcher whose requests are answered by `gateway`."""
    prepare = partial(prepare_sms, sender="1000", track_ids=TrackIds())
    return Batcher(gateway, prepare, Batching(**options), longest_wait=1.0)


async def test_a_delay_that_is_too_long_is_not_waited_for() -> None:
    """If the gateway asks for a longer delay than the client waits, the send raises at once, and nothing is tried again."""
    slow = RateLimitError("slow", status_code=429, retry_after=1.5)
    async with batcher_over(gateway := RecordingGateway(slow), linger=0) as batcher:
        with pytest.raises(RateLimitError) as caught:
            await batcher.send(RECEIVER, "text")
    assert (caught.value.retry_after, gateway.requests) == (1.5, [["text"]])


class TestGathering:
    """When a batch is sent, and which messages it holds."""

    async def test_many_tasks_are_few_requests(self) -> None:
        """A thousand tasks make ten requests, and each gets the answer to its own message."""
        gateway = RecordingGateway()
        batcher = batcher_over(gateway, linger=FOREVER)
        async with send_tasks(batcher) as tasks, batcher:
            tasks.send(*names(1000))
            await let_others_run()
        assert gateway.sizes == [100] * 10
        assert tasks.accepted == set(names(1000))

    async def test_a_full_batch_is_sent_at_once(self) -> None:
        """A full batch does not linger; the messages left over do."""
        gateway = RecordingGateway()
        batcher = batcher_over(gateway, batch_size=3, linger=FOREVER)
        async with send_tasks(batcher) as tasks, batcher:
            tasks.send(*names(7))
            await let_others_run()
            assert (gateway.sizes, batcher.waiting, batcher.in_flight) == ([3, 3], 1, 0)
            assert tasks.accepted == set(gateway.texts)
        assert gateway.sizes == [3, 3, 1]

    @MOCK_TIME
    async def test_few_messages_wait_for_the_linger_and_no_longer(self) -> None:
        """A batch that does not fill is sent a millisecond before `linger` is over for its oldest message."""
        gateway = RecordingGateway()
        batcher = batcher_over(gateway, linger=0.5)
        async with send_tasks(batcher) as tasks, batcher:
            await anyio.sleep(10)
            began = anyio.current_time()
            await batcher.send(RECEIVER, "alone")
            for text in names(4):
                tasks.send(text)
                await anyio.sleep(0.2)
            await anyio.sleep(3)
        assert [round(time - began, 6) for time in gateway.times] == [0.499, 0.998, 1.598]
        assert gateway.requests == [["alone"], ["m0", "m1", "m2"], ["m3"]]

    @MOCK_TIME
    async def test_when_the_oldest_message_is_cancelled_the_next_one_counts(self) -> None:
        """The time of a cancelled message is ignored."""
        gateway = RecordingGateway()
        batcher = batcher_over(gateway, linger=0.5)
        async with send_tasks(batcher) as tasks, batcher:
            began = anyio.current_time()
            tasks.send("first")
            await anyio.sleep(0.3)
            tasks.send("second")
            await anyio.sleep(0.1)
            tasks.scopes["first"].cancel()
            await anyio.sleep(3)
        assert (gateway.requests, [round(time - began, 6) for time in gateway.times]) == ([["second"]], [0.799])

    async def test_linger_0(self) -> None:
        """With `linger=0` messages of tasks that are ready join, and no message waits."""
        gateway = RecordingGateway()
        batcher = batcher_over(gateway, linger=0)
        async with send_tasks(batcher) as tasks, batcher:
            await let_others_run()
            tasks.send(*names(30))
            await let_others_run()
            assert gateway.sizes == [30]
            await batcher.send(RECEIVER, "alone")
            assert gateway.sizes == [30, 1]

    @ON_ASYNCIO
    async def test_tasks_that_got_their_outcome_join_the_next_batch(self) -> None:
        """After a response, its tasks run before the next batch is sent."""
        gateway = RecordingGateway()
        gateway.gate = anyio.Event()
        batcher = batcher_over(gateway, linger=0, concurrency=1)

        async def send_three(name: str) -> None:
            for number in range(3):
                await batcher.send(RECEIVER, f"{name}-{number}")

        async with batcher, anyio.create_task_group() as group:
            for name in names(10):
                group.start_soon(send_three, name)
            await let_others_run()
            for name in names(10, "n"):
                group.start_soon(send_three, name)
            await let_others_run()
            gateway.gate.set()
        assert gateway.sizes == [10, 20, 20, 10]

    async def test_messages_queue_while_all_requests_are_in_flight(self) -> None:
        """No more than `concurrency` requests are in flight; messages that come meanwhile share the next one."""
        gateway = RecordingGateway()
        gateway.gate = anyio.Event()
        batcher = batcher_over(gateway, linger=0, concurrency=2)
        async with send_tasks(batcher) as tasks, batcher:
            await tasks.send_in_order("m0", "m1")
            tasks.send(*names(40, "n"))
            await let_others_run()
            assert (gateway.sizes, batcher.waiting, batcher.in_flight) == ([1, 1], 40, 2)
            gateway.gate.set()
        assert gateway.sizes == [1, 1, 40]

    async def test_max_waiting(self) -> None:
        """Messages beyond `max_waiting` are blocked, and all are sent in order of arrival."""
        gateway = RecordingGateway()
        gateway.gate = anyio.Event()
        batcher = batcher_over(gateway, batch_size=2, concurrency=1, max_waiting=3, linger=FOREVER)
        async with send_tasks(batcher) as tasks, batcher:
            await tasks.send_in_order(*names(9))
            assert (batcher.in_flight, batcher.waiting) == (2, 3)
            tasks.scopes["m3"].cancel()  # queued
            tasks.scopes["m6"].cancel()  # blocked
            await let_others_run()
            assert (batcher.in_flight, batcher.waiting) == (2, 3)
            gateway.gate.set()
        assert gateway.requests == [["m0", "m1"], ["m2", "m4"], ["m5", "m7"], ["m8"]]
        assert tasks.accepted == set(names(9)) - {"m3", "m6"}

    async def test_max_waiting_below_batch_size(self) -> None:
        """A full queue is sent at once, even if a request could hold more."""
        gateway = RecordingGateway()
        batcher = batcher_over(gateway, batch_size=100, max_waiting=4, linger=FOREVER)
        async with send_tasks(batcher) as tasks, batcher:
            tasks.send(*names(4))
            await let_others_run()
            assert gateway.sizes == [4]


class TestArguments:
    """Arguments that are refused at once."""

    async def test_an_invalid_message(self) -> None:
        """It is refused at once, and queued messages are not affected."""
        gateway = RecordingGateway()
        batcher = batcher_over(gateway, linger=FOREVER)
        async with send_tasks(batcher) as tasks, batcher:
            tasks.send("good")
            await let_others_run()
            with pytest.raises(InvalidInputError) as caught:
                await batcher.send("nobody", "text")
            assert (caught.value.field, batcher.waiting) == ("receiver", 1)
            with pytest.raises(InvalidInputError):
                await batcher.send("text")  # type: ignore[call-overload]
        assert gateway.texts == ["good"]

    async def test_no_sender_anywhere(self) -> None:
        """Without a line `send` raises a configuration error."""
        prepare = partial(prepare_sms, sender=None, track_ids=TrackIds())
        async with Batcher(RecordingGateway(), prepare, Batching(), longest_wait=1.0) as batcher:
            with pytest.raises(ConfigurationError, match="sender: none given"):
                await batcher.send(RECEIVER, "text")
            assert batcher.waiting == 0

    async def test_all_fields_of_a_message(self) -> None:
        """Line, track id, number format and note are treated as by every other send."""
        payloads: list[Any] = []

        async def gateway(batch: Batch[SmsMessage], _: object) -> list[SentMessage]:
            sent: Sequence[Any] = batch.payloads
            payloads.extend((one.receiver, one.sender, one.track_id, one.message or one.note) for one in sent)
            return [SentMessage("id") for _ in batch.payloads]

        async with batcher_over(gateway, linger=0) as batcher:
            await batcher.send("+98 912 345 6789", "one", sender="2000", track_id="A")
            await batcher.send("1800", "two", track_id="B", validate=False)
            await batcher.send(SmsMessage("1800", note="three", track_id="C"), validate=False)
        assert payloads == [
            (RECEIVER, "2000", "A", "one"),
            ("1800", "1000", "B", "two"),
            ("1800", "1000", "C", "three"),
        ]

    async def test_track_ids_are_generated(self) -> None:
        """Messages without a track id get a unique one."""
        async with batcher_over(RecordingGateway(), linger=0) as batcher:
            track_ids = {(await batcher.send(RECEIVER, text)).track_id for text in names(3)}
        assert len(track_ids) == 3
        assert None not in track_ids

    async def test_it_is_entered_once(self) -> None:
        """A batcher cannot be used before it is entered, nor entered twice."""
        batcher = batcher_over(RecordingGateway())
        assert await batcher.aclose() == []
        with pytest.raises(
            ClosedError, match=r"^enter the batcher first: async with client\.sms\.batcher\(\) as batcher$"
        ):
            await batcher.send(RECEIVER, "text")
        async with batcher:
            pass
        with pytest.raises(ClosedError, match=r"^a batcher is entered once: call batcher\(\) again for another$"):
            await batcher.__aenter__()
        assert await batcher.aclose() == []

    async def test_it_is_used_without_async(self) -> None:
        """Entering or iterating it like a plain object raises an error that says what to write."""
        batcher = batcher_over(RecordingGateway())
        with pytest.raises(TypeError) as entered, batcher:  # type: ignore[attr-defined]
            pass
        with pytest.raises(TypeError) as iterated:
            for _ in batcher:  # type: ignore[attr-defined]
                pass
        assert {str(one.value) for one in (entered, iterated)} == {
            "a batcher is entered with async with: async with client.sms.batcher() as batcher: ..."
        }

    async def test_the_timeout_of_its_requests(self) -> None:
        """Each request has the `timeout` of the batcher, or else that of the client."""
        transport = TimeoutRecorder(Emulator())
        async with AsyncWikipayam(DEFAULT_TOKEN, sender="10002000", timeout=7.0, transport=transport) as client:
            async with client.sms.batcher(timeout=2.5) as short, client.sms.batcher() as usual:
                await short.send(RECEIVER, "text")
                await short.flush()
                await usual.send(RECEIVER, "text")
            for invalid in (0, math.inf, "10"):
                wrong: Any = invalid
                with pytest.raises(InvalidInputError, match="timeout: expected a finite number of seconds above 0"):
                    client.sms.batcher(timeout=wrong)
        assert transport.timeouts == [2.5, 7.0]

    @pytest.mark.parametrize(
        ("beside", "field"),
        [({"message": "secret"}, "message"), ({"sender": "1000"}, "sender"), ({"track_id": "T"}, "track_id")],
    )
    async def test_values_beside_a_complete_message(self, beside: dict[str, Any], field: str) -> None:
        """They are refused: the message has its own. The error and its traceback do not hold the text."""
        async with batcher_over(RecordingGateway(), linger=0) as batcher:
            with pytest.raises(InvalidInputError) as caught:
                await batcher.send(SmsMessage(RECEIVER, "text"), **beside)
            assert batcher.waiting == 0
        assert (caught.value.field, caught.value.rule) == (
            field,
            "expected none beside an SmsMessage, which has its own",
        )
        trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        package = Path(wikipayam_async.__file__).parent
        frames = [frame for frame in trace.stack if Path(frame.filename).is_relative_to(package)]
        assert len(frames) >= 2
        assert not any("secret" in str(frame.locals) for frame in frames)

    async def test_the_batcher_of_a_client(self) -> None:
        """`client.sms.batcher` uses the client and its line, and checks its arguments."""
        emulator = Emulator()
        async with AsyncWikipayam(DEFAULT_TOKEN, sender="10002000", transport=EmulatorTransport(emulator)) as client:
            async with client.sms.batcher(batch_size=100, linger=0.001, concurrency=2, max_waiting=50) as batcher:
                sent = await batcher.send(RECEIVER, "text", track_id="T")
                assert repr(batcher) == (
                    "<Batcher Batching(batch_size=100, linger=0.001, concurrency=2, max_waiting=50), "
                    "0 waiting, 0 in flight>"
                )
            for invalid in ({"batch_size": 0}, {"linger": -1}, {"concurrency": 0}, {"max_waiting": 0}):
                with pytest.raises(InvalidInputError, match=next(iter(invalid))):
                    client.sms.batcher(**invalid)
        (entry,) = emulator.ledger
        assert sent == SentMessage(entry.id, "10002000", RECEIVER, "T")


class TestCancelling:
    """Tasks that are cancelled."""

    async def test_a_queued_message_is_not_sent(self) -> None:
        """It is removed from the queue, and the others are sent."""
        gateway = RecordingGateway()
        batcher = batcher_over(gateway, linger=FOREVER)
        async with send_tasks(batcher) as tasks, batcher:
            await tasks.send_in_order(*names(5))
            tasks.scopes["m0"].cancel()
            tasks.scopes["m3"].cancel()
            await let_others_run()
            assert batcher.waiting == 3
        assert gateway.requests == [["m1", "m2", "m4"]]
        assert set(tasks.outcomes) == tasks.accepted == {"m1", "m2", "m4"}

    async def test_a_message_in_flight_is_sent(self) -> None:
        """Its task ends at once; the message is sent with the others, which get their own outcomes."""
        gateway = RecordingGateway()
        gateway.gate = anyio.Event()
        batcher = batcher_over(gateway, linger=0)
        async with send_tasks(batcher) as tasks, batcher:
            tasks.send(*names(3))
            await let_others_run()
            tasks.scopes["m1"].cancel()
            await let_others_run()
            assert (tasks.scopes["m1"].cancelled_caught, batcher.in_flight, tasks.outcomes) == (True, 3, {})
            gateway.gate.set()
        assert sorted(gateway.texts, key=str) == ["m0", "m1", "m2"]
        assert set(tasks.outcomes) == tasks.accepted == {"m0", "m2"}

    @ON_ASYNCIO
    async def test_asyncio_wait_for(self) -> None:
        """A cancellation by asyncio itself has the same effects."""
        gateway = RecordingGateway()
        gateway.gate = anyio.Event()
        batcher = batcher_over(gateway, linger=FOREVER, batch_size=2)
        async with send_tasks(batcher) as tasks, batcher:
            await tasks.send_in_order("m0")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(batcher.send(RECEIVER, "in flight"), 0.01)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(batcher.send(RECEIVER, "waits"), 0.01)
            assert (batcher.in_flight, batcher.waiting) == (2, 0)
            gateway.gate.set()
        assert gateway.requests == [["m0", "in flight"]]
        assert tasks.accepted == {"m0"}

    async def test_a_task_that_is_already_cancelled(self) -> None:
        """It sends nothing, even if its message would fill a batch."""
        gateway = RecordingGateway()
        async with batcher_over(gateway, batch_size=1, linger=0) as batcher:
            await let_others_run()
            with anyio.CancelScope() as scope:
                scope.cancel()
                await batcher.send(RECEIVER, "text")
            await let_others_run()
            assert (scope.cancelled_caught, batcher.waiting, batcher.in_flight) == (True, 0, 0)
        assert gateway.requests == []

    async def test_cancelling_all_tasks(self) -> None:
        """No message stays in the queue, and the batcher goes on."""
        gateway = RecordingGateway()
        batcher = batcher_over(gateway, linger=FOREVER)
        async with batcher:
            async with send_tasks(batcher) as tasks:
                tasks.send(*names(50))
                await let_others_run()
                tasks.group.cancel_scope.cancel()
            assert batcher.waiting == 0
            async with send_tasks(batcher) as tasks:
                tasks.send("later")
                await let_others_run()
                await batcher.flush()
        assert gateway.requests == [["later"]]


class TestFlushing:
    """`flush`."""

    async def test_flush_sends_everything(self) -> None:
        """It sends all messages, the blocked ones included, and returns when all have their outcome."""
        gateway = RecordingGateway()
        batcher = batcher_over(gateway, batch_size=4, max_waiting=6, linger=FOREVER)
        async with send_tasks(batcher) as tasks, batcher:
            gateway.gate = anyio.Event()
            tasks.send(*names(9))
            await let_others_run()
            tasks.group.start_soon(self._open, gateway)
            await batcher.flush()
            assert (batcher.waiting, batcher.in_flight) == (0, 0)
            assert sorted(gateway.texts, key=str) == names(9)
            tasks.send("later")
            await let_others_run()
            assert batcher.waiting == 1

    @staticmethod
    async def _open(gateway: RecordingGateway) -> None:
        await let_others_run()
        gateway.gate.set()

    async def test_nothing_to_flush(self) -> None:
        """A flush without messages returns."""
        async with batcher_over(RecordingGateway()) as batcher:
            await batcher.flush()

    async def test_flush_waits_for_messages_in_flight(self) -> None:
        """It waits even if the task of such a message was cancelled, and not for cancelled queued messages."""
        gateway = RecordingGateway()
        gateway.gate = anyio.Event()
        batcher = batcher_over(gateway, linger=0, concurrency=1)
        flushed = False

        async def flush() -> None:
            nonlocal flushed
            await batcher.flush()
            flushed = True

        async with send_tasks(batcher) as tasks, batcher:
            tasks.send("in flight")
            await let_others_run()
            tasks.send("cancelled")
            await let_others_run()
            tasks.group.start_soon(flush)
            await let_others_run()
            tasks.scopes["in flight"].cancel()
            tasks.scopes["cancelled"].cancel()
            await let_others_run()
            assert not flushed
            gateway.gate.set()
            await let_others_run()
            assert flushed
        assert gateway.texts == ["in flight"]


class TestClosing:
    """Leaving the block."""

    async def test_leaving_sends_everything(self) -> None:
        """All messages are sent without lingering, the blocked ones included, and every outcome is waited for."""
        gateway = RecordingGateway()
        batcher = batcher_over(gateway, batch_size=4, max_waiting=5, concurrency=2, linger=FOREVER)
        async with send_tasks(batcher) as tasks:
            async with batcher:
                tasks.send(*names(23))
                await checkpoint()
                await checkpoint()
                assert batcher.waiting == 5
            assert (batcher.waiting, batcher.in_flight) == (0, 0)
            await let_others_run()
            assert tasks.accepted == set(names(23))

    async def test_sending_after_the_end(self) -> None:
        """A send after the block was left, or while it is left, raises at once."""
        gateway = RecordingGateway()
        gateway.gate = anyio.Event()
        left = anyio.Event()
        batcher = batcher_over(gateway, linger=FOREVER)

        async def run() -> None:
            async with batcher:
                await left.wait()

        async with send_tasks(batcher) as tasks:
            async with anyio.create_task_group() as group:
                group.start_soon(run)
                await let_others_run()
                await tasks.send_in_order("before")
                left.set()
                await let_others_run()
                with pytest.raises(ClosedError, match=r"^sms\.send: not sent, because the batcher is closed$"):
                    await batcher.send(RECEIVER, "meanwhile")
                gateway.gate.set()
            with pytest.raises(ClosedError, match=r"^sms\.send: not sent, because the batcher is closed$"):
                await batcher.send(RECEIVER, "after")
        assert gateway.texts == ["before"]

    @pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
    async def test_an_exception_of_the_block(self, error: type[BaseException]) -> None:
        """Queued messages are not sent, and their tasks get an error; the exception is not wrapped."""
        gateway = RecordingGateway()
        batcher = batcher_over(gateway, batch_size=2, max_waiting=3, linger=FOREVER, concurrency=1)
        caught: list[BaseException] = []

        async def run() -> None:
            async with batcher:
                tasks.send("early", "bird")
                await let_others_run()
                gateway.gate = anyio.Event()
                tasks.send(*names(14))
                await let_others_run()
                caught.append(error())
                raise caught[0]

        async with send_tasks(batcher) as tasks:
            with pytest.raises(error) as raised:
                await run()
            assert raised.value is caught[0]
        assert (tasks.accepted, tasks.errors) == ({"early", "bird"}, dict.fromkeys(names(14), ClosedError))
        assert len(gateway.requests) == 2
        assert str(tasks.outcomes["m9"]) == (
            "sms.send: not sent, because the batcher was closed first; sending it again is safe"
        )
        assert (batcher.waiting, batcher.in_flight, len(batcher.unsent)) == (0, 0, 14)

    async def test_cancelling_the_block(self) -> None:
        """Nothing more is sent; requests that have not begun to leave are cancelled, and the tasks get an error."""
        gateway = RecordingGateway()
        gateway.gate = anyio.Event()
        batcher = batcher_over(gateway, batch_size=2, concurrency=2, linger=FOREVER)
        async with send_tasks(batcher) as tasks:
            with anyio.CancelScope() as scope:
                async with batcher:
                    tasks.send(*names(9))
                    await let_others_run()
                    scope.cancel()
                    await checkpoint()
            assert scope.cancelled_caught
        assert tasks.errors == dict.fromkeys(names(9), ClosedError)
        assert {str(result.track_id) for result in batcher.unsent} == set(names(9))
        assert len(gateway.requests) == 2

    async def test_cancelling_the_last_flush(self) -> None:
        """If leaving the block is cancelled, messages that have not begun to leave are not sent."""
        gateway = RecordingGateway()
        gateway.gate = anyio.Event()
        batcher = batcher_over(gateway, batch_size=2, concurrency=1, linger=FOREVER)
        async with send_tasks(batcher) as tasks:
            with anyio.CancelScope() as scope:
                async with batcher:
                    await tasks.send_in_order(*names(5))
                    tasks.group.start_soon(self._cancel, scope)
            assert scope.cancelled_caught
        assert tasks.errors == dict.fromkeys(names(5), ClosedError)
        assert gateway.requests == [["m0", "m1"]]

    @staticmethod
    async def _cancel(scope: anyio.CancelScope) -> None:
        await let_others_run()
        scope.cancel()

    async def test_sending_inside_a_cancelled_block(self) -> None:
        """The workers have ended, and `send` raises instead of waiting for ever."""
        batcher = batcher_over(RecordingGateway(), linger=0)
        errors: list[BaseException] = []
        with anyio.CancelScope() as scope:
            async with batcher:
                await let_others_run()
                scope.cancel()
                with anyio.CancelScope(shield=True):
                    await let_others_run()
                    with pytest.raises(ClosedError) as caught:
                        await batcher.send(RECEIVER, "text")
                    errors.append(caught.value)
        assert len(errors) == 1

    async def test_leaving_at_once(self) -> None:
        """A block that is left at once ends, with or without an exception."""
        async with batcher_over(RecordingGateway()):
            pass
        with pytest.raises(KeyError):
            async with batcher_over(RecordingGateway()):
                raise KeyError


class TestDeadline:
    """`aclose` with and without a time-out."""

    async def test_in_time(self) -> None:
        """If the time suffices, all messages are sent and none is returned."""
        gateway = RecordingGateway()
        batcher = batcher_over(gateway, linger=FOREVER)
        async with send_tasks(batcher) as tasks, batcher:
            tasks.send(*names(5))
            await let_others_run()
            assert await batcher.aclose(60) == []
            with pytest.raises(ClosedError):
                await batcher.send(RECEIVER, "later")
            assert await batcher.aclose(0) == []
        assert gateway.sizes == [5]

    async def test_without_a_timeout(self) -> None:
        """Without a time-out `aclose` waits for every outcome."""
        gateway = RecordingGateway()
        gateway.gate = anyio.Event()
        batcher = batcher_over(gateway, linger=FOREVER)
        left: list[list[SendResult]] = []

        async def close() -> None:
            left.append(await batcher.aclose())

        async with send_tasks(batcher) as tasks, batcher:
            tasks.send(*names(5))
            await let_others_run()
            tasks.group.start_soon(close)
            await let_others_run()
            assert (left, batcher.in_flight) == ([], 5)
            gateway.gate.set()
        assert (left, tasks.accepted) == ([[]], set(names(5)))

    @MOCK_TIME
    async def test_too_late(self) -> None:
        """Messages that have not begun to leave in time are returned, and their tasks get an error; the block goes on."""
        gateway = RecordingGateway()
        gateway.gate = anyio.Event()
        batcher = batcher_over(gateway, batch_size=2, max_waiting=3, concurrency=1, linger=FOREVER)
        async with send_tasks(batcher) as tasks, batcher:
            await tasks.send_in_order(*names(8))
            began = anyio.current_time()
            left = await batcher.aclose(7.5)
            assert anyio.current_time() - began == 7.5
            assert await batcher.aclose() == batcher.unsent == left
            assert (batcher.waiting, batcher.in_flight) == (0, 0)
            await checkpoint()
        assert sorted(str(result.message.message) for result in left) == names(8)
        assert [(one.index, one.status, type(one.error)) for one in left] == [
            (index, SendStatus.NOT_ATTEMPTED, ClosedError) for index in range(8)
        ]
        assert {str(result.track_id) for result in left} == set(names(8))
        assert tasks.errors == dict.fromkeys(names(8), ClosedError)
        assert gateway.requests == [["m0", "m1"]]

    async def test_an_invalid_timeout(self) -> None:
        """It is refused, and the batcher stays open."""
        async with batcher_over(RecordingGateway(), linger=0) as batcher:
            with pytest.raises(InvalidInputError, match="timeout: expected a finite number of seconds"):
                await batcher.aclose(math.nan)
            assert (await batcher.send(RECEIVER, "text")).id == "id-text"


class TestFailures:
    """Failures and the batcher itself."""

    @pytest.mark.parametrize(
        "failure", [AuthenticationError("no", status_code=401), APIConnectionError("unreachable"), ZeroDivisionError()]
    )
    async def test_a_failed_batch_affects_no_other(self, failure: Exception) -> None:
        """However often requests fail, the next one is sent."""
        gateway = RecordingGateway(*[failure] * 12)
        batcher = batcher_over(gateway, linger=0, concurrency=2)
        async with send_tasks(batcher) as tasks, batcher:
            await tasks.send_in_order(*names(12))
            assert (await batcher.send(RECEIVER, "later")).id == "id-later"
        expected = ConfigurationError if isinstance(failure, ZeroDivisionError) else type(failure)
        assert tasks.errors == dict.fromkeys(names(12), expected)
        assert len(gateway.requests) == 13

    async def test_a_killed_worker_leaves_no_task_waiting(self) -> None:
        """Its exception ends the batcher, and the tasks get an error: their messages were not sent."""

        async def gateway(_: object, __: object) -> list[SentMessage]:
            raise Killed

        batcher = batcher_over(gateway, batch_size=2, linger=FOREVER)

        async def run() -> None:
            async with batcher:
                tasks.send(*names(3))
                await anyio.sleep_forever()

        async with send_tasks(batcher) as tasks:
            with pytest.raises(BaseExceptionGroup) as caught:
                await run()
            assert [type(error) for error in caught.value.exceptions] == [Killed]
        assert tasks.errors == dict.fromkeys(names(3), ClosedError)

    async def test_workers_that_never_started(self) -> None:
        """Workers may be cancelled before their first step; `aclose` does not wait for them after the block."""
        batcher = batcher_over(RecordingGateway())
        async with batcher:
            batcher._dispatcher._workers += 1
        with anyio.fail_after(5):
            assert await batcher.aclose() == []

from __future__ import annotations

import asyncio
import logging
import math
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

import wikipayam_async
from tests.bulk.doubles import FOREVER, MOCK_TIME, ON_ASYNCIO, RECEIVER, Killed, RecordingGateway, let_others_run
from tests.support.secrets import NUMBER, TEXT, leaks, locals_of, shown_of
from tests.support.timeouts import TimeoutRecorder
from wikipayam_async import (
    APIConnectionError,
    AsyncWikipayam,
    AuthenticationError,
    ClosedError,
    ConfigurationError,
    InsufficientBalanceError,
    InvalidInputError,
    NotFoundError,
    OutboxFullError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    SendResult,
    SendStatus,
    SentMessage,
    SmsMessage,
    UnknownOutcomeError,
    UnprocessableError,
    WikipayamError,
)
from wikipayam_async.batching.outbox import Outbox
from wikipayam_async.batching.queue import Batching
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, EmulatorTransport
from wikipayam_async.messages.payload import Batch, prepare_sms
from wikipayam_async.messages.track_ids import TrackIds

pytestmark = pytest.mark.anyio

ACCEPTED, REJECTED, UNKNOWN, NOT_ATTEMPTED = SendStatus


class Results:
    """A callback that records results."""

    def __init__(self) -> None:
        self.all: list[SendResult] = []

    def __call__(self, result: SendResult) -> None:
        """Record a result."""
        self.all.append(result)

    @property
    def statuses(self) -> dict[int, SendStatus]:
        """The status of every post, by its number; fails if one was reported twice."""
        assert {result.index: 1 for result in self.all} == Counter(result.index for result in self.all)
        return {result.index: result.status for result in sorted(self.all, key=lambda result: result.index)}


def outbox_over(
    gateway: Callable[..., Awaitable[Any]], results: Any = None, *, drain_timeout: float = 60.0, **options: Any
) -> Outbox:
    """Make an outbox whose requests are answered by `gateway`."""
    prepare = partial(prepare_sms, sender="1000", track_ids=TrackIds())
    return Outbox(
        gateway, prepare, Batching(**options), longest_wait=1.0, drain_timeout=drain_timeout, on_outcome=results
    )


def post(outbox: Outbox, count: int) -> None:
    """Post messages."""
    for number in range(count):
        outbox.post(RECEIVER, f"m{number}", track_id=f"T{number}")


async def serve(outbox: Outbox, count: int, error: BaseException | None = None) -> None:
    """Post messages in the block of an outbox, then raise or sleep for ever."""
    async with outbox:
        post(outbox, count)
        if error is not None:
            raise error
        await anyio.sleep_forever()


def all_of(count: int, status: SendStatus) -> dict[int, SendStatus]:
    """Map the numbers of posts to a status."""
    return dict.fromkeys(range(count), status)


class TestPosting:
    """Posting messages, and their outcomes."""

    async def test_a_post_does_not_wait(self) -> None:
        """A post returns before anything is sent; then few requests are sent, and every message has its own outcome."""
        gateway, results = RecordingGateway(), Results()
        async with outbox_over(gateway, results, linger=FOREVER) as outbox:
            post(outbox, 250)
            assert (gateway.requests, outbox.waiting, outbox.in_flight) == ([], 250, 0)
        assert gateway.sizes == [100, 100, 50]
        assert results.statuses == all_of(250, ACCEPTED)
        message = SmsMessage(RECEIVER, "m7", track_id="T7")
        assert next(result for result in results.all if result.index == 7) == SendResult(
            7, message, ACCEPTED, "id-m7", None, "T7"
        )
        assert dict(outbox.counts) == {ACCEPTED: 250, REJECTED: 0, UNKNOWN: 0, NOT_ATTEMPTED: 0}
        assert (outbox.waiting, outbox.in_flight, outbox.unsent) == (0, 0, [])

    async def test_all_fields_of_a_message(self) -> None:
        """Line, track id, number format and note are treated as by every other send; the track id is returned."""
        payloads: list[Any] = []

        async def gateway(batch: Batch[SmsMessage], _: object) -> list[SentMessage]:
            sent: Sequence[Any] = batch.payloads
            payloads.extend((one.receiver, one.sender, one.track_id, one.message or one.note) for one in sent)
            return [SentMessage("id") for _ in batch.payloads]

        async with outbox_over(gateway) as outbox:
            track_ids = [
                outbox.post("+98 912 345 6789", "one", sender="2000", track_id="A"),
                outbox.post("1800", "two", validate=False),
                outbox.post(SmsMessage("1800", note="three", track_id="C"), validate=False),
            ]
        assert payloads == [
            (RECEIVER, "2000", "A", "one"),
            ("1800", "1000", track_ids[1], "two"),
            ("1800", "1000", "C", "three"),
        ]

    async def test_flush(self) -> None:
        """A flush returns when the outcomes of all messages posted before it are reported."""
        gateway, results = RecordingGateway(), Results()
        async with outbox_over(gateway, results, linger=FOREVER) as outbox:
            post(outbox, 3)
            await outbox.flush()
            assert results.statuses == all_of(3, ACCEPTED)

    @pytest.mark.parametrize(
        ("failure", "status"),
        [
            (UnknownOutcomeError("unknown"), UNKNOWN),
            (UnprocessableError("no", status_code=422), REJECTED),
            (AuthenticationError("no", status_code=401), REJECTED),
            (RateLimitError("no", status_code=429, retry_after=99.0), NOT_ATTEMPTED),
            (APIConnectionError("unreachable"), NOT_ATTEMPTED),
            (ZeroDivisionError(), NOT_ATTEMPTED),
        ],
        ids=lambda value: type(value).__name__,
    )
    async def test_outcomes(self, failure: Exception, status: SendStatus) -> None:
        """A failure is the outcome of the messages of its request alone; they are not `unsent`."""
        results = Results()
        async with outbox_over(RecordingGateway(failure), results, linger=0) as outbox:
            post(outbox, 2)
            await outbox.flush()
            outbox.post(RECEIVER, "later")
        assert results.statuses == {0: status, 1: status, 2: ACCEPTED}
        expected = ConfigurationError if isinstance(failure, ZeroDivisionError) else type(failure)
        assert [type(result.error) for result in results.all] == [expected, expected, type(None)]
        assert (outbox.counts[status], outbox.unsent) == (2, [])

    async def test_the_same_error_may_mean_two_outcomes(self) -> None:
        """If half of a request gets a 401, the other half is not sent, and reported as not attempted."""
        gateway = RecordingGateway(
            PayloadTooLargeError("no", status_code=413), AuthenticationError("no", status_code=401)
        )
        results = Results()
        async with outbox_over(gateway, results, linger=0) as outbox:
            post(outbox, 4)
        assert gateway.sizes == [4, 2]
        assert results.statuses == {0: REJECTED, 1: REJECTED, 2: NOT_ATTEMPTED, 3: NOT_ATTEMPTED}
        assert {type(result.error) for result in results.all} == {AuthenticationError}

    async def test_without_a_callback(self) -> None:
        """Outcomes are counted without a callback."""
        async with outbox_over(RecordingGateway()) as outbox:
            post(outbox, 3)
        assert outbox.counts[ACCEPTED] == 3

    async def test_counts_are_a_copy(self) -> None:
        """Counts that were read do not change, and cannot be written."""
        async with outbox_over(RecordingGateway()) as outbox:
            counts = outbox.counts
            post(outbox, 3)
        assert (counts[ACCEPTED], hasattr(counts, "update")) == (0, False)


class TestSecrets:
    """What a post that fails shows in the frames of its traceback."""

    @pytest.mark.parametrize("kind", ["closed", "invalid", "beside a message", "full"])
    async def test_no_local_shows_the_message(self, kind: str) -> None:
        """No local of the package's frames holds the text or the number of a message that is not posted."""
        outbox = outbox_over(RecordingGateway(), linger=0, max_waiting=1)
        arguments: tuple[Any, ...] = (NUMBER, TEXT)
        if kind == "closed":
            with pytest.raises(WikipayamError, match="outbox") as caught:
                outbox.post(*arguments)
        else:
            arguments = {"invalid": (NUMBER + "4", TEXT), "beside a message": (SmsMessage(NUMBER, TEXT), TEXT)}.get(
                kind, arguments
            )
            async with outbox:
                if kind == "full":
                    outbox.post(*arguments)
                with pytest.raises(WikipayamError) as caught:
                    outbox.post(*arguments)
        assert (leaks(locals_of(caught.value)), leaks(shown_of(caught.value))) == ([], [])


class TestLimits:
    """Limits."""

    @MOCK_TIME
    async def test_a_full_outbox(self) -> None:
        """Messages beyond `max_waiting` are refused; `retry_after` grows with the time that the oldest has waited."""
        gateway, results = RecordingGateway(), Results()
        gateway.gate = anyio.Event()
        async with outbox_over(gateway, results, max_waiting=3, batch_size=2, concurrency=1, linger=0) as outbox:
            post(outbox, 2)
            await let_others_run()
            for number in range(3):
                outbox.post(RECEIVER, f"n{number}")
            delays: list[float] = []
            for seconds in (0.5, 6.5, 100.0):
                await anyio.sleep(seconds)
                with pytest.raises(OutboxFullError, match="3 messages are already waiting") as caught:
                    outbox.post(RECEIVER, "too many")
                delays.append(caught.value.retry_after)
            assert (outbox.waiting, outbox.in_flight) == (3, 2)
            gateway.gate.set()
            await let_others_run()
            outbox.post(RECEIVER, "in time")
        assert [round(delay, 6) for delay in delays] == [1.0, 7.0, 60.0]
        assert results.statuses == all_of(6, ACCEPTED)
        assert [text for request in gateway.requests for text in request][-1] == "in time"

    async def test_an_invalid_message(self) -> None:
        """It is refused as invalid, also by a full outbox, and not posted."""
        async with outbox_over(RecordingGateway(), max_waiting=1, linger=FOREVER) as outbox:
            for _ in range(2):
                with pytest.raises(InvalidInputError, match="receiver"):
                    outbox.post("nobody", "text")
                with pytest.raises(InvalidInputError, match="receiver: expected an Iranian mobile"):
                    outbox.post("text")  # type: ignore[call-overload]
                if not outbox.waiting:
                    outbox.post(RECEIVER, "text")
            assert outbox.waiting == 1

    async def test_no_sender_anywhere(self) -> None:
        """Without a line `post` raises a configuration error."""
        prepare = partial(prepare_sms, sender=None, track_ids=TrackIds())
        outbox = Outbox(RecordingGateway(), prepare, Batching(), longest_wait=1.0, drain_timeout=1.0, on_outcome=None)
        async with outbox:
            with pytest.raises(ConfigurationError, match="sender: none given"):
                outbox.post(RECEIVER, "text")
        assert sum(outbox.counts.values()) == 0


class TestCallback:
    """The callback, and the log."""

    async def test_a_callback_that_raises(self, caplog: pytest.LogCaptureFixture) -> None:
        """The type of the exception is logged, and every other message has its outcome."""
        results = Results()

        def callback(result: SendResult) -> None:
            results(result)
            raise ValueError(result.message.message)

        with caplog.at_level(logging.ERROR, "wikipayam_async"):
            async with outbox_over(RecordingGateway(), callback) as outbox:
                post(outbox, 2)
        assert results.statuses == all_of(2, ACCEPTED)
        assert [record.getMessage() for record in caplog.records] == [
            "on_outcome raised ValueError; the outbox goes on"
        ] * 2

    async def test_a_callback_may_post(self) -> None:
        """The callback may post a message again while the outbox is open."""
        results = Results()

        def callback(result: SendResult) -> None:
            results(result)
            if result.status is NOT_ATTEMPTED:
                outbox.post(result.message)

        async with outbox_over(RecordingGateway(APIConnectionError("unreachable")), callback, linger=0) as outbox:
            outbox.post(RECEIVER, "text")
            await let_others_run()
        assert results.statuses == {0: NOT_ATTEMPTED, 1: ACCEPTED}

    @pytest.mark.parametrize("kind", ["async function", "async object", "no function"])
    async def test_invalid_callbacks(self, kind: str) -> None:
        """Only a plain function is accepted."""

        async def function(result: SendResult) -> None:
            pass

        class Callable_:  # noqa: N801 - the name says what it is
            async def __call__(self, result: SendResult) -> None:
                pass

        callback = {"async function": function, "async object": Callable_(), "no function": 1}[kind]
        with pytest.raises(ConfigurationError, match="on_outcome: expected a plain function that returns at once"):
            outbox_over(RecordingGateway(), callback)

    async def test_every_outcome_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        """The log holds track id, status and error: INFO if accepted, else WARNING; no text, no number."""
        with caplog.at_level(logging.INFO, "wikipayam_async"):
            async with outbox_over(RecordingGateway(APIConnectionError("unreachable")), linger=0) as outbox:
                outbox.post(RECEIVER, "secret", track_id="A")
                await outbox.flush()
                outbox.post(RECEIVER, "secret", track_id="B")
        found: list[Any] = caplog.records
        assert [(one.levelname, one.message, one.wikipayam_track_id, one.wikipayam_status) for one in found] == [
            ("WARNING", "sms.outbox A: not_attempted (APIConnectionError: unreachable)", "A", "not_attempted"),
            ("INFO", "sms.outbox B: accepted", "B", "accepted"),
        ]
        assert all("secret" not in str(vars(one)) and "912345" not in str(vars(one)) for one in found)

    @pytest.mark.parametrize(
        ("error", "level"),
        [
            (AuthenticationError("401", status_code=401), "ERROR"),
            (PermissionDeniedError("403", status_code=403), "ERROR"),
            (NotFoundError("404", status_code=404), "ERROR"),
            (InsufficientBalanceError("402", status_code=402), "ERROR"),
            (UnprocessableError("422", status_code=422), "WARNING"),
            (UnknownOutcomeError("lost"), "WARNING"),
        ],
        ids=lambda value: type(value).__name__,
    )
    async def test_the_level_says_whether_somebody_has_to_mend_it(
        self, error: WikipayamError, level: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """An error that every later message meets, too, is logged as an ERROR, with its type as a field."""
        with caplog.at_level(logging.INFO, "wikipayam_async"):
            async with outbox_over(RecordingGateway(error), linger=0) as outbox:
                outbox.post(RECEIVER, "secret", track_id="A")
        found: list[Any] = caplog.records
        assert [(one.levelname, one.wikipayam_track_id, one.wikipayam_error) for one in found] == [
            (level, "A", type(error).__name__)
        ]

    async def test_messages_lost_at_the_end_are_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        """Each message that is not sent before the outbox closes has a WARNING with its track id."""
        with caplog.at_level(logging.INFO, "wikipayam_async"):
            async with outbox_over(RecordingGateway(), linger=FOREVER) as outbox:
                post(outbox, 2)
                await outbox.aclose(timeout=0)
        lost = "not_attempted (ClosedError: sms.send: not sent, because the outbox was closed first; "
        assert [(one.levelname, one.getMessage()) for one in caplog.records] == [
            ("WARNING", f"sms.outbox T{number}: {lost}sending it again is safe)") for number in range(2)
        ]

    async def test_a_callback_that_kills_a_worker(self) -> None:
        """The exception is raised, and the messages of the request that were not reported yet are unknown."""
        results = Results()

        def callback(result: SendResult) -> None:
            results(result)
            if result.index == 1:
                raise Killed

        outbox = outbox_over(RecordingGateway(), callback, linger=0)
        with pytest.raises(BaseExceptionGroup) as caught:
            await serve(outbox, 4)
        assert [type(error) for error in caught.value.exceptions] == [Killed]
        assert results.statuses == {0: ACCEPTED, 1: ACCEPTED, 2: UNKNOWN, 3: UNKNOWN}
        error = results.all[-1].error
        assert isinstance(error, UnknownOutcomeError)
        assert (error.track_ids, error.messages) == (("T3",), (SmsMessage(RECEIVER, "m3", track_id="T3"),))


class TestDraining:
    """Leaving the block."""

    @pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
    async def test_the_blocks_own_exception(self, error: type[BaseException]) -> None:
        """Queued messages are sent all the same, and the exception is raised unchanged."""
        gateway, results = RecordingGateway(), Results()
        own = error()
        with pytest.raises(error) as caught:
            await serve(outbox_over(gateway, results, linger=FOREVER), 250, own)
        assert caught.value is own
        assert results.statuses == all_of(250, ACCEPTED)

    async def test_cancelling_the_block(self) -> None:
        """Queued messages are sent before the cancellation is delivered."""
        gateway, results = RecordingGateway(), Results()
        with anyio.CancelScope() as scope:
            async with outbox_over(gateway, results, linger=FOREVER, concurrency=2) as outbox:
                post(outbox, 450)
                await let_others_run()
                scope.cancel()
                await anyio.sleep_forever()
        assert (scope.cancelled_caught, results.statuses) == (True, all_of(450, ACCEPTED))

    async def test_cancelling_while_it_drains(self) -> None:
        """A cancellation that comes while the block is left is delivered after the draining."""
        gateway, results = RecordingGateway(), Results()
        gateway.gate = anyio.Event()

        async def stop() -> None:
            await let_others_run()
            scope.cancel()
            await let_others_run()
            with anyio.CancelScope(shield=True):
                await let_others_run()
            gateway.gate.set()

        async with anyio.create_task_group() as group:
            with anyio.CancelScope() as scope:
                async with outbox_over(gateway, results, linger=FOREVER) as outbox:
                    post(outbox, 3)
                    group.start_soon(stop)
                await checkpoint()
        assert (scope.cancelled_caught, results.statuses) == (True, all_of(3, ACCEPTED))

    @ON_ASYNCIO
    async def test_task_cancel(self) -> None:
        """After a second `Task.cancel` messages that have not begun to leave are not attempted."""
        gateway, results = RecordingGateway(), Results()
        outbox = outbox_over(gateway, results, linger=FOREVER, batch_size=2, concurrency=1)

        async def serve() -> None:
            async with outbox:
                post(outbox, 2)
                await let_others_run()
                gateway.gate = anyio.Event()
                for number in range(5):
                    outbox.post(RECEIVER, f"n{number}")
                await anyio.sleep_forever()

        task = asyncio.create_task(serve())
        for _ in range(2):
            await let_others_run()
            await let_others_run()
            task.cancel()
            await let_others_run()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert results.statuses == {0: ACCEPTED, 1: ACCEPTED} | dict.fromkeys(range(2, 7), NOT_ATTEMPTED)
        assert [result.index for result in outbox.unsent] == [2, 3, 4, 5, 6]

    @MOCK_TIME
    @pytest.mark.parametrize("cancelled", [False, True])
    async def test_drain_timeout(self, cancelled: bool) -> None:
        """Messages that have not begun to leave in time are reported as not attempted, and are `unsent`."""
        gateway, results = RecordingGateway(), Results()
        gateway.gate = anyio.Event()
        outbox = outbox_over(gateway, results, drain_timeout=7.5, batch_size=2, concurrency=1, linger=0)
        began = anyio.current_time()
        with anyio.CancelScope() as scope:
            async with outbox:
                post(outbox, 8)
                if cancelled:
                    scope.cancel()
        assert anyio.current_time() - began == 7.5
        assert gateway.sizes == [2]
        assert results.statuses == all_of(8, NOT_ATTEMPTED)
        assert outbox.unsent == sorted(results.all, key=lambda result: result.index)
        assert {type(result.error) for result in results.all} == {ClosedError}
        assert {str(result.error) for result in results.all} == {
            "sms.send: not sent, because the outbox was closed first; sending it again is safe"
        }
        assert (outbox.waiting, outbox.in_flight, outbox.counts[NOT_ATTEMPTED]) == (0, 0, 8)

    @MOCK_TIME
    @pytest.mark.parametrize(("seconds", "elapsed"), [(None, 7.5), (2.0, 2.0), (0, 0.0)])
    async def test_closing(self, seconds: float | None, elapsed: float) -> None:
        """`aclose` takes at most its time-out, or else `drain_timeout`, and returns the unsent results."""
        gateway = RecordingGateway()
        async with outbox_over(gateway, drain_timeout=7.5, batch_size=2, concurrency=1, linger=FOREVER) as outbox:
            post(outbox, 2)
            await let_others_run()
            gateway.gate = anyio.Event()
            outbox.post(RECEIVER, "n0", track_id="N")
            began = anyio.current_time()
            left = await outbox.aclose(seconds)
            assert anyio.current_time() - began == elapsed
            assert [(one.index, one.status, one.track_id) for one in left] == [(2, NOT_ATTEMPTED, "N")]
            assert await outbox.aclose() == left
        assert (anyio.current_time() - began, outbox.unsent) == (elapsed, left)

    async def test_posting_after_the_end(self) -> None:
        """A post to a closed outbox raises, and an invalid time-out leaves the outbox open."""
        results = Results()
        async with outbox_over(RecordingGateway(), results) as outbox:
            with pytest.raises(InvalidInputError, match="timeout: expected a finite number of seconds"):
                await outbox.aclose(math.nan)
            post(outbox, 1)
            assert await outbox.aclose() == []
            with pytest.raises(ClosedError, match="not posted, because the outbox is closed"):
                outbox.post(RECEIVER, "text")
        with pytest.raises(ClosedError, match="not posted, because the outbox is closed"):
            outbox.post(RECEIVER, "text")
        assert results.statuses == {0: ACCEPTED}

    async def test_it_is_used_without_async(self) -> None:
        """Entering or iterating it like a plain object raises an error that says what to write."""
        outbox = outbox_over(RecordingGateway())
        with pytest.raises(TypeError) as entered, outbox:  # type: ignore[attr-defined]
            pass
        with pytest.raises(TypeError) as iterated:
            for _ in outbox:  # type: ignore[attr-defined]
                pass
        assert {str(one.value) for one in (entered, iterated)} == {
            "an outbox is entered with async with: async with client.sms.outbox() as outbox: ..."
        }

    async def test_the_timeout_of_its_requests(self) -> None:
        """Each request has the `timeout` of the outbox, or else that of the client."""
        transport = TimeoutRecorder(Emulator())
        async with AsyncWikipayam(DEFAULT_TOKEN, sender="10002000", timeout=7.0, transport=transport) as client:
            async with client.sms.outbox(timeout=2.5) as short, client.sms.outbox() as usual:
                short.post(RECEIVER, "text")
                await short.flush()
                usual.post(RECEIVER, "text")
            for invalid in (0, math.inf, "10"):
                wrong: Any = invalid
                with pytest.raises(InvalidInputError, match="timeout: expected a finite number of seconds above 0"):
                    client.sms.outbox(timeout=wrong)
        assert transport.timeouts == [2.5, 7.0]

    @pytest.mark.parametrize(
        ("beside", "field"),
        [({"message": "secret"}, "message"), ({"sender": "1000"}, "sender"), ({"track_id": "T"}, "track_id")],
    )
    async def test_values_beside_a_complete_message(self, beside: dict[str, Any], field: str) -> None:
        """They are refused: the message has its own. The error and its traceback do not hold the text."""
        async with outbox_over(RecordingGateway(), linger=0) as outbox:
            with pytest.raises(InvalidInputError) as caught:
                outbox.post(SmsMessage(RECEIVER, "text"), **beside)
            assert outbox.waiting == 0
        assert (caught.value.field, caught.value.rule) == (
            field,
            "expected none beside an SmsMessage, which has its own",
        )
        trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        package = Path(wikipayam_async.__file__).parent
        frames = [frame for frame in trace.stack if Path(frame.filename).is_relative_to(package)]
        assert len(frames) >= 2
        assert not any("secret" in str(frame.locals) for frame in frames)

    async def test_it_is_entered_once(self) -> None:
        """An outbox cannot be used before it is entered, nor entered twice."""
        outbox = outbox_over(RecordingGateway())
        assert await outbox.aclose() == []
        with pytest.raises(ClosedError, match="enter the outbox first"):
            outbox.post(RECEIVER, "text")
        async with outbox:
            pass
        with pytest.raises(ClosedError, match="entered once"):
            await outbox.__aenter__()

    async def test_a_killed_worker(self) -> None:
        """Its exception is raised in a group; the other workers send the queued messages all the same."""
        gateway, results = RecordingGateway(Killed()), Results()
        outbox = outbox_over(gateway, results, batch_size=2, concurrency=2, linger=0)
        with pytest.raises(BaseExceptionGroup) as caught:
            await serve(outbox, 6)
        assert [type(error) for error in caught.value.exceptions] == [Killed]
        assert Counter(results.statuses.values()) == {NOT_ATTEMPTED: 2, ACCEPTED: 4}

    async def test_all_workers_are_killed(self) -> None:
        """The queued messages are unsent."""
        results = Results()
        outbox = outbox_over(RecordingGateway(Killed()), results, batch_size=2, concurrency=1, linger=0)
        with pytest.raises(BaseExceptionGroup):
            await serve(outbox, 6)
        assert results.statuses == all_of(6, NOT_ATTEMPTED)
        assert [result.index for result in outbox.unsent] == [2, 3, 4, 5]


class TestThroughTheClient:
    """The outbox of a client, against the emulator."""

    async def test_the_outbox_of_a_client(self) -> None:
        """`client.sms.outbox` uses the client and its line, checks its arguments, and its repr shows no text."""
        emulator, results = Emulator(), Results()
        async with AsyncWikipayam(DEFAULT_TOKEN, sender="10002000", transport=EmulatorTransport(emulator)) as client:
            async with client.sms.outbox(
                max_waiting=50, batch_size=100, linger=0.001, concurrency=2, drain_timeout=5.0, on_outcome=results
            ) as outbox:
                assert outbox.post(RECEIVER, "text", track_id="T") == "T"
                assert repr(outbox) == (
                    "<Outbox Batching(batch_size=100, linger=0.001, concurrency=2, max_waiting=50), "
                    "1 waiting, 0 in flight>"
                )
            invalid_arguments: list[dict[str, Any]] = [
                {"batch_size": 0},
                {"linger": -1},
                {"concurrency": 0},
                {"max_waiting": 0},
                {"drain_timeout": math.inf},
            ]
            for invalid in invalid_arguments:
                with pytest.raises(InvalidInputError, match=next(iter(invalid))):
                    client.sms.outbox(**invalid)
        (entry,) = emulator.ledger
        (result,) = results.all
        assert (result.id, result.track_id, result.status) == (entry.id, "T", ACCEPTED)

    async def test_no_message_is_lost_or_sent_twice(self) -> None:
        """However short the draining is, the gateway's ledger holds exactly the accepted messages, once each."""
        emulator, results = Emulator(), Results()
        async with AsyncWikipayam(DEFAULT_TOKEN, sender="10002000", transport=EmulatorTransport(emulator)) as client:
            with anyio.CancelScope() as scope:
                async with client.sms.outbox(
                    batch_size=5, concurrency=2, drain_timeout=0, on_outcome=results
                ) as outbox:
                    post(outbox, 200)
                    while len(emulator.ledger) < 20:
                        await checkpoint()
                    scope.cancel()
        taken = sorted(str(entry.track_id) for entry in emulator.ledger)
        assert sorted(str(result.track_id) for result in results.all if result.status is ACCEPTED) == taken
        assert len(results.statuses) == 200
        assert {result.status for result in results.all} == {ACCEPTED, NOT_ATTEMPTED}
        assert len(outbox.unsent) == 200 - len(taken) > 0

    async def test_threads(self) -> None:
        """A post from a worker thread raises an error that names the way that works."""
        results = Results()
        async with outbox_over(RecordingGateway(), results) as outbox:

            def work() -> str:
                with pytest.raises(RuntimeError, match=r"anyio\.from_thread\.run_sync\(outbox\.post"):
                    outbox.post(RECEIVER, "text")
                return anyio.from_thread.run_sync(outbox.post, RECEIVER, "text")

            track_id = await anyio.to_thread.run_sync(work)
            other = anyio.to_thread.run_sync(partial(self._post_elsewhere, outbox))
            assert await other == "ClosedError"
        assert [(result.status, result.track_id) for result in results.all] == [(ACCEPTED, track_id)]

    @staticmethod
    def _post_elsewhere(outbox: Outbox) -> str:
        async def post_here() -> str:
            try:
                return outbox.post(RECEIVER, "text")
            except RuntimeError as error:
                return type(error).__name__

        return anyio.run(post_here)

    async def test_the_class_of_the_error_of_a_full_outbox(self) -> None:
        """It is a `WikipayamError` and not a `ValueError`."""
        assert issubclass(OutboxFullError, WikipayamError)
        assert not issubclass(OutboxFullError, ValueError)

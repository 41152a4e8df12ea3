from __future__ import annotations

import asyncio
import logging
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from trio.testing import MockClock

from wikipayam_async import (
    APIConnectionError,
    AsyncWikipayam,
    AuthenticationError,
    ConfigurationError,
    InvalidInputError,
    OutboxFullError,
    PayloadTooLargeError,
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
from wikipayam_async.core.operation import Observer
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, EmulatorTransport
from wikipayam_async.messages.payload import Batch, prepare_sms
from wikipayam_async.messages.track_ids import TrackIds

pytestmark = pytest.mark.anyio

RECEIVER = "09123456789"
MOCK_TIME = pytest.mark.parametrize("anyio_backend", [("trio", {"clock": MockClock(autojump_threshold=0)})])
ON_ASYNCIO = pytest.mark.parametrize("anyio_backend", ["asyncio"])
FOR_EVER = 86_400.0
ACCEPTED, REJECTED, UNKNOWN, NOT_ATTEMPTED = SendStatus


class Struck(BaseException):
    """What no worker survives."""


class Road:
    """Stands in for the pipeline: writes down what leaves, and accepts it.

    Attributes:
        requests: The texts of every request.
        gate: Requests wait for it, where a test closes it.
        failures: What the next requests raise.
    """

    def __init__(self, *failures: BaseException) -> None:
        self.requests: list[list[str | None]] = []
        self.gate = anyio.Event()
        self.gate.set()
        self.failures = list(failures)

    async def __call__(self, batch: Batch[SmsMessage], _: Observer) -> Sequence[SentMessage | None]:
        """Take one request."""
        self.requests.append([message.message for message in batch.messages])
        await checkpoint()
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


class Told:
    """A callback that keeps what it is told."""

    def __init__(self) -> None:
        self.results: list[SendResult] = []

    def __call__(self, result: SendResult) -> None:
        """Take a result."""
        self.results.append(result)

    @property
    def statuses(self) -> dict[int, SendStatus]:
        """The status of every post; each has to have been told once."""
        assert {result.index: 1 for result in self.results} == Counter(result.index for result in self.results)
        return {result.index: result.status for result in sorted(self.results, key=lambda result: result.index)}


def outbox_over(
    road: Callable[..., Awaitable[Any]], told: Any = None, *, drain_timeout: float = 60.0, **how: Any
) -> Outbox:
    """Make an outbox over a road."""
    prepare = partial(prepare_sms, sender="1000", track_ids=TrackIds())
    return Outbox(road, prepare, Batching(**how), longest_pause=1.0, drain_timeout=drain_timeout, on_outcome=told)


def post(outbox: Outbox, count: int) -> None:
    """Post so many messages."""
    for number in range(count):
        outbox.post(RECEIVER, f"m{number}", track_id=f"T{number}")


async def serve(outbox: Outbox, count: int, error: BaseException | None = None) -> None:
    """Post so many messages in an outbox's block, and raise or go on for ever."""
    async with outbox:
        post(outbox, count)
        if error is not None:
            raise error
        await anyio.sleep_forever()


async def rest() -> None:
    """Let all other tasks do what they can."""
    for _ in range(20):
        await checkpoint()


def all_of(count: int, status: SendStatus) -> dict[int, SendStatus]:
    """Give so many posts the same status."""
    return dict.fromkeys(range(count), status)


class TestPosting:
    """Taking messages in, and telling what became of them."""

    async def test_a_post_does_not_wait(self) -> None:
        """Nothing has left when a post returns; then few requests leave, and every message has its own outcome."""
        road, told = Road(), Told()
        async with outbox_over(road, told, linger=FOR_EVER) as outbox:
            post(outbox, 250)
            assert (road.requests, outbox.waiting, outbox.in_flight) == ([], 250, 0)
        assert road.sizes == [100, 100, 50]
        assert told.statuses == all_of(250, ACCEPTED)
        message = SmsMessage(RECEIVER, "m7", track_id="T7")
        assert next(result for result in told.results if result.index == 7) == SendResult(
            7, message, ACCEPTED, "id-m7", None, "T7"
        )
        assert dict(outbox.counts) == {ACCEPTED: 250, REJECTED: 0, UNKNOWN: 0, NOT_ATTEMPTED: 0}
        assert (outbox.waiting, outbox.in_flight, outbox.undelivered) == (0, 0, [])

    async def test_all_that_a_message_may_have(self) -> None:
        """PendingQueue, reference, spelling and note go the way they go with every other send; the reference is returned."""
        payloads: list[Any] = []

        async def road(batch: Batch[SmsMessage], _: object) -> list[SentMessage]:
            sent: Sequence[Any] = batch.payloads
            payloads.extend((one.receiver, one.sender, one.track_id, one.message or one.note) for one in sent)
            return [SentMessage("id") for _ in batch.payloads]

        async with outbox_over(road) as outbox:
            names = [
                outbox.post("+98 912 345 6789", "one", "2000", "A"),
                outbox.post("1800", "two", normalize=False),
                outbox.post_message(SmsMessage("1800", note="three", track_id="C"), normalize=False),
            ]
        assert payloads == [
            (RECEIVER, "2000", "A", "one"),
            ("1800", "1000", names[1], "two"),
            ("1800", "1000", "C", "three"),
        ]

    async def test_flush(self) -> None:
        """A flush returns when the outcomes of all that were posted before it are told."""
        road, told = Road(), Told()
        async with outbox_over(road, told, linger=FOR_EVER) as outbox:
            post(outbox, 3)
            await outbox.flush()
            assert told.statuses == all_of(3, ACCEPTED)

    @pytest.mark.parametrize(
        ("failure", "status"),
        [
            (UnknownOutcomeError("who knows"), UNKNOWN),
            (UnprocessableError("no", status_code=422), REJECTED),
            (AuthenticationError("no", status_code=401), REJECTED),
            (RateLimitError("no", status_code=429, retry_after=99.0), NOT_ATTEMPTED),
            (APIConnectionError("away"), NOT_ATTEMPTED),
            (ZeroDivisionError(), NOT_ATTEMPTED),
        ],
        ids=lambda value: type(value).__name__,
    )
    async def test_outcomes(self, failure: Exception, status: SendStatus) -> None:
        """A failure is the outcome of the messages of its request, and touches no other; it is not left over."""
        told = Told()
        async with outbox_over(Road(failure), told, linger=0) as outbox:
            post(outbox, 2)
            await outbox.flush()
            outbox.post(RECEIVER, "later")
        assert told.statuses == {0: status, 1: status, 2: ACCEPTED}
        expected = ConfigurationError if isinstance(failure, ZeroDivisionError) else type(failure)
        assert [type(result.error) for result in told.results] == [expected, expected, type(None)]
        assert (outbox.counts[status], outbox.undelivered) == (2, [])

    async def test_the_same_error_may_mean_two_outcomes(self) -> None:
        """When half of a request is refused for a wrong token, the other half is not tried, and told as that."""
        road = Road(PayloadTooLargeError("no", status_code=413), AuthenticationError("no", status_code=401))
        told = Told()
        async with outbox_over(road, told, linger=0) as outbox:
            post(outbox, 4)
        assert road.sizes == [4, 2]
        assert told.statuses == {0: REJECTED, 1: REJECTED, 2: NOT_ATTEMPTED, 3: NOT_ATTEMPTED}
        assert {type(result.error) for result in told.results} == {AuthenticationError}

    async def test_without_a_callback(self) -> None:
        """Outcomes are counted also if nobody listens."""
        async with outbox_over(Road()) as outbox:
            post(outbox, 3)
        assert outbox.counts[ACCEPTED] == 3

    async def test_counts_are_no_window(self) -> None:
        """What was read of the counts does not change afterwards, and cannot be written to."""
        async with outbox_over(Road()) as outbox:
            counts = outbox.counts
            post(outbox, 3)
        assert (counts[ACCEPTED], hasattr(counts, "update")) == (0, False)


class TestRoom:
    """Bounds."""

    @MOCK_TIME
    async def test_a_full_outbox(self) -> None:
        """So many messages wait and no more; the guess for the next try grows with the time that the oldest has waited."""
        road, told = Road(), Told()
        road.gate = anyio.Event()
        async with outbox_over(road, told, max_waiting=3, max_size=2, concurrency=1, linger=0) as outbox:
            post(outbox, 2)
            await rest()
            for number in range(3):
                outbox.post(RECEIVER, f"n{number}")
            guesses: list[float] = []
            for pause in (0.5, 6.5, 100.0):
                await anyio.sleep(pause)
                with pytest.raises(OutboxFullError, match="3 messages wait already") as caught:
                    outbox.post(RECEIVER, "too many")
                guesses.append(caught.value.retry_after)
            assert (outbox.waiting, outbox.in_flight) == (3, 2)
            road.gate.set()
            await rest()
            outbox.post(RECEIVER, "in time")
        assert [round(guess, 6) for guess in guesses] == [1.0, 7.0, 60.0]
        assert told.statuses == all_of(6, ACCEPTED)
        assert [text for request in road.requests for text in request][-1] == "in time"

    async def test_a_bad_message_is_told_first(self) -> None:
        """What breaks a rule is refused as such, whether there is room or not, and nothing is posted."""
        async with outbox_over(Road(), max_waiting=1, linger=FOR_EVER) as outbox:
            for _ in range(2):
                with pytest.raises(InvalidInputError, match="receiver"):
                    outbox.post("nobody", "text")
                with pytest.raises(InvalidInputError, match="expected an SmsMessage"):
                    outbox.post_message("text")  # type: ignore[arg-type]
                if not outbox.waiting:
                    outbox.post(RECEIVER, "text")
            assert outbox.waiting == 1

    async def test_no_sender_anywhere(self) -> None:
        """Without any line the configuration is at fault."""
        prepare = partial(prepare_sms, sender=None, track_ids=TrackIds())
        outbox = Outbox(Road(), prepare, Batching(), longest_pause=1.0, drain_timeout=1.0, on_outcome=None)
        async with outbox:
            with pytest.raises(ConfigurationError, match="sender: none given"):
                outbox.post(RECEIVER, "text")
        assert sum(outbox.counts.values()) == 0


class TestCallback:
    """What the callback may do."""

    async def test_a_callback_that_raises(self, caplog: pytest.LogCaptureFixture) -> None:
        """It is logged by its type, and every other message has its outcome."""
        told = Told()

        def callback(result: SendResult) -> None:
            told(result)
            raise ValueError(result.message.message)

        with caplog.at_level(logging.ERROR, "wikipayam_async"):
            async with outbox_over(Road(), callback) as outbox:
                post(outbox, 2)
        assert told.statuses == all_of(2, ACCEPTED)
        assert [record.getMessage() for record in caplog.records] == [
            "on_outcome raised ValueError; the outbox goes on"
        ] * 2

    async def test_a_callback_may_post(self) -> None:
        """What could not be sent may be posted again from the callback, as long as the outbox is open."""
        told = Told()

        def callback(result: SendResult) -> None:
            told(result)
            if result.status is NOT_ATTEMPTED:
                outbox.post_message(result.message)

        async with outbox_over(Road(APIConnectionError("away")), callback, linger=0) as outbox:
            outbox.post(RECEIVER, "text")
            await rest()
        assert told.statuses == {0: NOT_ATTEMPTED, 1: ACCEPTED}

    @pytest.mark.parametrize("kind", ["async function", "async object", "no function"])
    async def test_what_is_no_callback(self, kind: str) -> None:
        """Only a plain function is taken."""

        async def function(result: SendResult) -> None:
            pass

        class Callable_:  # noqa: N801 - the name says what it is
            async def __call__(self, result: SendResult) -> None:
                pass

        callback = {"async function": function, "async object": Callable_(), "no function": 1}[kind]
        with pytest.raises(ConfigurationError, match="on_outcome: expected a plain function that returns at once"):
            outbox_over(Road(), callback)

    async def test_every_outcome_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        """By track id and status, also as fields: accepted ones as information, all others as warnings; no text, no number."""
        with caplog.at_level(logging.INFO, "wikipayam_async"):
            async with outbox_over(Road(APIConnectionError("away")), linger=0) as outbox:
                outbox.post(RECEIVER, "secret", track_id="A")
                await outbox.flush()
                outbox.post(RECEIVER, "secret", track_id="B")
        found: list[Any] = caplog.records
        assert [(one.levelname, one.message, one.wikipayam_track_id, one.wikipayam_status) for one in found] == [
            ("WARNING", "sms.outbox A: not_attempted", "A", "not_attempted"),
            ("INFO", "sms.outbox B: accepted", "B", "accepted"),
        ]
        assert all("secret" not in str(vars(one)) and "912345" not in str(vars(one)) for one in found)

    async def test_a_callback_that_ends_the_program(self) -> None:
        """What it raises then comes out, and those of its request that were not told by then are told as unknown."""
        told = Told()

        def callback(result: SendResult) -> None:
            told(result)
            if result.index == 1:
                raise Struck

        outbox = outbox_over(Road(), callback, linger=0)
        with pytest.raises(BaseExceptionGroup) as caught:
            await serve(outbox, 4)
        assert [type(error) for error in caught.value.exceptions] == [Struck]
        assert told.statuses == {0: ACCEPTED, 1: ACCEPTED, 2: UNKNOWN, 3: UNKNOWN}
        error = told.results[-1].error
        assert isinstance(error, UnknownOutcomeError)
        assert (error.track_ids, error.messages) == (("T3",), (SmsMessage(RECEIVER, "m3", track_id="T3"),))


class TestDraining:
    """How a block ends."""

    @pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
    async def test_the_blocks_own_exception(self, error: type[BaseException]) -> None:
        """What waits is sent all the same, and the exception comes out as it is."""
        road, told = Road(), Told()
        own = error()
        with pytest.raises(error) as caught:
            await serve(outbox_over(road, told, linger=FOR_EVER), 250, own)
        assert caught.value is own
        assert told.statuses == all_of(250, ACCEPTED)

    async def test_cancelling_the_block(self) -> None:
        """A server that shuts down cancels: what waits is sent first, and then the cancellation is delivered."""
        road, told = Road(), Told()
        with anyio.CancelScope() as scope:
            async with outbox_over(road, told, linger=FOR_EVER, concurrency=2) as outbox:
                post(outbox, 450)
                await rest()
                scope.cancel()
                await anyio.sleep_forever()
        assert (scope.cancelled_caught, told.statuses) == (True, all_of(450, ACCEPTED))

    async def test_cancelling_while_it_drains(self) -> None:
        """A cancellation that comes while the block is being left waits for the draining too."""
        road, told = Road(), Told()
        road.gate = anyio.Event()

        async def stop() -> None:
            await rest()
            scope.cancel()
            await rest()
            with anyio.CancelScope(shield=True):
                await rest()
            road.gate.set()

        async with anyio.create_task_group() as group:
            with anyio.CancelScope() as scope:
                async with outbox_over(road, told, linger=FOR_EVER) as outbox:
                    post(outbox, 3)
                    group.start_soon(stop)
                await checkpoint()
        assert (scope.cancelled_caught, told.statuses) == (True, all_of(3, ACCEPTED))

    @ON_ASYNCIO
    async def test_a_cancellation_of_asyncios_own(self) -> None:
        """The first lets it drain, the second is impatient: what has not left by then is told as not attempted."""
        road, told = Road(), Told()
        outbox = outbox_over(road, told, linger=FOR_EVER, max_size=2, concurrency=1)

        async def serve() -> None:
            async with outbox:
                post(outbox, 2)
                await rest()
                road.gate = anyio.Event()
                for number in range(5):
                    outbox.post(RECEIVER, f"n{number}")
                await anyio.sleep_forever()

        task = asyncio.create_task(serve())
        for _ in range(2):
            await rest()
            await rest()
            task.cancel()
            await rest()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert told.statuses == {0: ACCEPTED, 1: ACCEPTED} | dict.fromkeys(range(2, 7), NOT_ATTEMPTED)
        assert [result.index for result in outbox.undelivered] == [2, 3, 4, 5, 6]

    @MOCK_TIME
    @pytest.mark.parametrize("cancelled", [False, True])
    async def test_the_draining_has_an_end(self, cancelled: bool) -> None:
        """After its time what has not left is told as not attempted and is there to be read; nothing is silent."""
        road, told = Road(), Told()
        road.gate = anyio.Event()
        outbox = outbox_over(road, told, drain_timeout=7.5, max_size=2, concurrency=1, linger=0)
        began = anyio.current_time()
        with anyio.CancelScope() as scope:
            async with outbox:
                post(outbox, 8)
                if cancelled:
                    scope.cancel()
        assert anyio.current_time() - began == 7.5
        assert road.sizes == [2]
        assert told.statuses == all_of(8, NOT_ATTEMPTED)
        assert outbox.undelivered == sorted(told.results, key=lambda result: result.index)
        assert {type(result.error) for result in told.results} == {ConfigurationError}
        assert (outbox.waiting, outbox.in_flight, outbox.counts[NOT_ATTEMPTED]) == (0, 0, 8)

    @MOCK_TIME
    @pytest.mark.parametrize(("seconds", "elapsed"), [(None, 7.5), (2.0, 2.0), (0, 0.0)])
    async def test_closing(self, seconds: float | None, elapsed: float) -> None:
        """Closed by hand, it takes as long as is said, or as it would at the end, and returns what is left over."""
        road = Road()
        async with outbox_over(road, drain_timeout=7.5, max_size=2, concurrency=1, linger=FOR_EVER) as outbox:
            post(outbox, 2)
            await rest()
            road.gate = anyio.Event()
            outbox.post(RECEIVER, "n0", track_id="N")
            began = anyio.current_time()
            left = await outbox.aclose(seconds)
            assert anyio.current_time() - began == elapsed
            assert [(one.index, one.status, one.track_id) for one in left] == [(2, NOT_ATTEMPTED, "N")]
            assert await outbox.aclose() == left
        assert (anyio.current_time() - began, outbox.undelivered) == (elapsed, left)

    async def test_nothing_is_taken_after_the_end(self) -> None:
        """A post to a closed outbox is refused at once, and a bad time closes nothing."""
        told = Told()
        async with outbox_over(Road(), told) as outbox:
            with pytest.raises(InvalidInputError, match="timeout: expected seconds"):
                await outbox.aclose(math.nan)
            post(outbox, 1)
            assert await outbox.aclose() == []
            with pytest.raises(ConfigurationError, match="not posted, because the outbox is closed"):
                outbox.post(RECEIVER, "text")
        with pytest.raises(ConfigurationError, match="not posted, because the outbox is closed"):
            outbox.post(RECEIVER, "text")
        assert told.statuses == {0: ACCEPTED}

    async def test_it_is_entered_once(self) -> None:
        """An outbox that was not entered, or was left, says so."""
        outbox = outbox_over(Road())
        assert await outbox.aclose() == []
        with pytest.raises(RuntimeError, match="enter the outbox first"):
            outbox.post(RECEIVER, "text")
        async with outbox:
            pass
        with pytest.raises(RuntimeError, match="entered once"):
            await outbox.__aenter__()

    async def test_a_worker_that_is_struck_down(self) -> None:
        """What ends the program comes out in a group; the other workers send what waits all the same."""
        road, told = Road(Struck()), Told()
        outbox = outbox_over(road, told, max_size=2, concurrency=2, linger=0)
        with pytest.raises(BaseExceptionGroup) as caught:
            await serve(outbox, 6)
        assert [type(error) for error in caught.value.exceptions] == [Struck]
        assert Counter(told.statuses.values()) == {NOT_ATTEMPTED: 2, ACCEPTED: 4}

    async def test_all_workers_are_struck_down(self) -> None:
        """Nobody is left to send what waits: it is left over."""
        told = Told()
        outbox = outbox_over(Road(Struck()), told, max_size=2, concurrency=1, linger=0)
        with pytest.raises(BaseExceptionGroup):
            await serve(outbox, 6)
        assert told.statuses == all_of(6, NOT_ATTEMPTED)
        assert [result.index for result in outbox.undelivered] == [2, 3, 4, 5]


class TestThroughTheClient:
    """The outbox as users meet it, on the emulator."""

    async def test_the_clients_own(self) -> None:
        """`client.sms.outbox` sends over the client, from its line, checks its arguments, and shows no text."""
        emulator, told = Emulator(), Told()
        async with AsyncWikipayam(DEFAULT_TOKEN, sender="10002000", transport=EmulatorTransport(emulator)) as client:
            async with client.sms.outbox(
                max_waiting=50, max_size=100, linger=0.001, concurrency=2, drain_timeout=5.0, on_outcome=told
            ) as outbox:
                assert outbox.post(RECEIVER, "text", track_id="T") == "T"
                assert repr(outbox) == (
                    "<Outbox Batching(max_size=100, linger=0.001, concurrency=2, max_waiting=50), "
                    "1 waiting, 0 in flight>"
                )
            wrongs: list[dict[str, Any]] = [
                {"max_size": 0},
                {"linger": -1},
                {"concurrency": 0},
                {"max_waiting": 0},
                {"drain_timeout": math.inf},
            ]
            for wrong in wrongs:
                with pytest.raises(InvalidInputError, match=next(iter(wrong))):
                    client.sms.outbox(**wrong)
        (entry,) = emulator.ledger
        (result,) = told.results
        assert (result.id, result.track_id, result.status) == (entry.id, "T", ACCEPTED)

    async def test_nothing_lost_and_nothing_twice(self) -> None:
        """However short the draining is: what the gateway has is what was told as accepted, once each."""
        emulator, told = Emulator(), Told()
        async with AsyncWikipayam(DEFAULT_TOKEN, sender="10002000", transport=EmulatorTransport(emulator)) as client:
            with anyio.CancelScope() as scope:
                async with client.sms.outbox(max_size=5, concurrency=2, drain_timeout=0, on_outcome=told) as outbox:
                    post(outbox, 200)
                    while len(emulator.ledger) < 20:
                        await checkpoint()
                    scope.cancel()
        taken = sorted(str(entry.track_id) for entry in emulator.ledger)
        assert sorted(str(result.track_id) for result in told.results if result.status is ACCEPTED) == taken
        assert len(told.statuses) == 200
        assert {result.status for result in told.results} == {ACCEPTED, NOT_ATTEMPTED}
        assert len(outbox.undelivered) == 200 - len(taken) > 0

    async def test_threads(self) -> None:
        """A post from a worker thread is refused with a word of advice, and following it helps."""
        told = Told()
        async with outbox_over(Road(), told) as outbox:

            def work() -> str:
                with pytest.raises(RuntimeError, match=r"anyio\.from_thread\.run_sync\(outbox\.post"):
                    outbox.post(RECEIVER, "text")
                return anyio.from_thread.run_sync(outbox.post, RECEIVER, "text", None, "T")

            assert await anyio.to_thread.run_sync(work) == "T"
            other = anyio.to_thread.run_sync(partial(self._post_elsewhere, outbox))
            assert await other == "RuntimeError"
        assert told.statuses == {0: ACCEPTED}

    @staticmethod
    def _post_elsewhere(outbox: Outbox) -> str:
        async def try_it() -> str:
            try:
                return outbox.post(RECEIVER, "text")
            except RuntimeError as error:
                return type(error).__name__

        return anyio.run(try_it)

    async def test_the_error_of_a_full_outbox_is_one_of_ours(self) -> None:
        """It is caught with the root, and is no mistake of the caller's."""
        assert issubclass(OutboxFullError, WikipayamError)
        assert not issubclass(OutboxFullError, ValueError)

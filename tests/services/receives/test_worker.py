from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from trio.testing import MockClock

from tests.support.misuse import misuse
from wikipayam_async import (
    APIConnectionError,
    AsyncWikipayam,
    AuthenticationError,
    InboundWorker,
    InvalidInputError,
    MarkReadResult,
    ReceivedMessage,
    UnreadPage,
    WorkerHealth,
)
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, EmulatorTransport
from wikipayam_async.services.receives.worker import WorkerOptions

pytestmark = pytest.mark.anyio

MOCK_TIME = pytest.mark.parametrize("anyio_backend", [("trio", {"clock": MockClock(autojump_threshold=0)})])
ON_ASYNCIO = pytest.mark.parametrize("anyio_backend", ["asyncio"])
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
WRONG_TOKEN = AuthenticationError("no", status_code=401)


class Struck(BaseException):
    """An exception that no worker survives."""


class Gateway:
    """The unread messages of a gateway in virtual time.

    Attributes:
        unread: The ids of the messages.
        poll_errors: The errors of the next polls; None for a success.
        mark_errors: The errors of the next mark-as-read requests; None for a success.
        slept: The delays.
        log: Handled and marked messages, in order.
        delays: The number of delays before the virtual time stops.
        stopped: Set when the virtual time stops.
        hangs: Whether mark-as-read requests are never answered.
    """

    def __init__(self, *ids: str, delays: int = 0) -> None:
        self.unread = list(ids)
        self.poll_errors: list[Exception | None] = []
        self.mark_errors: list[Exception | None] = []
        self.slept: list[float] = []
        self.log: list[Any] = []
        self.delays = delays
        self.stopped = anyio.Event()
        self.hangs = False

    async def fetch(self, limit: int, offset: int) -> UnreadPage:
        """Return the unread messages."""
        await checkpoint()
        if self.poll_errors and (error := self.poll_errors.pop(0)):
            raise error
        page = self.unread[offset : offset + limit]
        return UnreadPage(
            len(self.unread), tuple(ReceivedMessage(id_, "989120000000", "1", f"text of {id_}") for id_ in page)
        )

    async def mark(self, ids: Sequence[str]) -> MarkReadResult:
        """Mark messages as read."""
        await checkpoint()
        if self.hangs:
            await anyio.sleep_forever()
        if self.mark_errors and (error := self.mark_errors.pop(0)):
            raise error
        self.log.append(("marked", *ids))
        self.unread = [id_ for id_ in self.unread if id_ not in ids]
        return MarkReadResult(len(ids), len(ids))

    async def sleep(self, seconds: float) -> None:
        """Skip the delay; after the last one, sleep forever."""
        self.slept.append(seconds)
        if len(self.slept) > self.delays:
            self.stopped.set()
            await anyio.sleep_forever()
        await checkpoint()

    def clock(self) -> float:
        """Return the virtual time."""
        return sum(self.slept)

    def now(self) -> datetime:
        """Return the virtual time of day."""
        return NOON + timedelta(seconds=self.clock())

    def handle(self, message: ReceivedMessage) -> None:
        """Record a message."""
        self.log.append(message.id)

    def worker(self, handler: Any = None, *, on_error: Any = None, concurrency: int = 1, **how: Any) -> InboundWorker:
        """Return a worker over this gateway."""
        options = WorkerOptions(
            handler=handler or self.handle,
            on_error=on_error,
            poll_interval=5.0,
            concurrency=concurrency,
            stop_timeout=how.pop("stop_timeout", 10.0),
            name=how.pop("name", "inbound"),
        )
        return InboundWorker(
            self.fetch,
            self.mark,
            options,
            clock=self.clock,
            sleep=self.sleep,
            uniform=how.pop("uniform", lambda _, upper: upper),
            now=self.now,
        )


class Handler:
    """A handler that waits.

    Attributes:
        started: The ids of started messages.
        done: The ids of finished messages.
        cancelled: The ids of cancelled messages.
        gate: The event that it waits for.
        waits: Set when it waits.
    """

    def __init__(self) -> None:
        self.started: list[str] = []
        self.done: list[str] = []
        self.cancelled: list[str] = []
        self.gate = anyio.Event()
        self.waits = anyio.Event()

    async def __call__(self, message: ReceivedMessage, *_: object) -> None:
        """Handle a message."""
        self.started.append(message.id)
        self.waits.set()
        try:
            await self.gate.wait()
        except anyio.get_cancelled_exc_class():
            self.cancelled.append(message.id)
            raise
        self.done.append(message.id)


async def rest() -> None:
    """Let all other tasks run until they are idle."""
    for _ in range(30):
        await checkpoint()


async def until_stopped(gateway: Gateway, worker: InboundWorker) -> WorkerHealth:
    """Run a worker until the virtual time stops; return its health."""
    async with worker:
        with anyio.fail_after(5):
            await gateway.stopped.wait()
        return worker.health


class TestRunning:
    """A worker in normal operation."""

    async def test_it_consumes(self) -> None:
        """The worker handles and marks messages, polls after the interval, and `health` reflects it."""
        gateway = Gateway("a", "b", delays=2)
        worker = gateway.worker()
        assert worker.health == WorkerHealth(
            running=False, last_poll=None, handled=0, failed=0, restarts=0, last_error=None
        )
        health = await until_stopped(gateway, worker)
        assert gateway.log == ["a", ("marked", "a"), "b", ("marked", "b")]
        assert gateway.slept == [5.0, 5.0, 5.0]
        assert health == WorkerHealth(
            running=True, last_poll=NOON + timedelta(seconds=10), handled=2, failed=0, restarts=0, last_error=None
        )
        assert not worker.health.running

    async def test_run_never_returns(self) -> None:
        """`run` continues until its task is cancelled."""
        gateway = Gateway("a")
        worker = gateway.worker()
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(worker.run)
                await gateway.stopped.wait()
                assert worker.health.running
                scope.cancel()
        assert (scope.cancelled_caught, worker.health.running, worker.health.handled) == (True, False, 1)

    async def test_failures_are_counted(self) -> None:
        """A handler that raises is counted; its message is passed to `on_error` and retried."""
        gateway = Gateway("a", delays=7)
        errors: list[tuple[str, str]] = []
        tries: list[str] = []

        def handler(message: ReceivedMessage) -> None:
            tries.append(message.id)
            if len(tries) < 3:
                raise ValueError("mine")

        worker = gateway.worker(handler, on_error=lambda message, error: errors.append((message.id, repr(error))))
        health = await until_stopped(gateway, worker)
        assert (health.handled, health.failed, health.restarts, health.last_error) == (1, 2, 0, None)
        assert errors == [("a", "ValueError('mine')")] * 2

    async def test_a_gateway_that_is_away(self) -> None:
        """A transient error, which the consumer retries, is no restart, and `health` shows it."""
        gateway = Gateway(delays=1)
        gateway.poll_errors = [APIConnectionError("away")]
        health = await until_stopped(gateway, gateway.worker())
        assert (health.restarts, health.last_error) == (0, "APIConnectionError")
        assert gateway.slept == [10.0, 5.0]


class TestRestarting:
    """Errors that end the consumer, but not the worker."""

    async def test_a_wrong_token(self, caplog: pytest.LogCaptureFixture) -> None:
        """The worker restarts after delays that grow to a minute; a successful poll resets them."""
        gateway = Gateway(delays=12)
        gateway.poll_errors = [*[WRONG_TOKEN] * 9, None, WRONG_TOKEN, WRONG_TOKEN]
        with caplog.at_level(logging.WARNING, "wikipayam_async"):
            health = await until_stopped(gateway, gateway.worker(name="shop"))
        assert gateway.slept == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 5.0, 1.0, 2.0, 5.0]
        assert (health.restarts, health.last_error, health.handled) == (11, "AuthenticationError", 0)
        assert health.last_poll == NOON + timedelta(seconds=sum(gateway.slept[:-1]))
        assert [record.getMessage() for record in caplog.records][:2] == [
            "receives.worker shop: AuthenticationError; restarting in 1.0 s",
            "receives.worker shop: AuthenticationError; restarting in 2.0 s",
        ]

    async def test_delays_are_random(self) -> None:
        """A delay is any time between 0 and the full delay."""
        gateway = Gateway(delays=1)
        gateway.poll_errors = [WRONG_TOKEN]
        asked: list[tuple[float, float]] = []

        def uniform(least: float, upper: float) -> float:
            asked.append((least, upper))
            return 0.25

        await until_stopped(gateway, gateway.worker(uniform=uniform))
        assert (asked, gateway.slept) == ([(0.0, 1.0)], [0.25, 5.0])

    async def test_a_refused_marking_is_retried_after_the_restart(self) -> None:
        """A handled message that could not be marked is marked after the restart, and not handled again."""
        gateway = Gateway("a", delays=1)
        gateway.mark_errors = [WRONG_TOKEN]
        health = await until_stopped(gateway, gateway.worker())
        assert gateway.log == ["a", ("marked", "a")]
        assert (health.handled, health.restarts, health.last_error) == (1, 1, "AuthenticationError")

    async def test_on_error_that_raises(self, caplog: pytest.LogCaptureFixture) -> None:
        """An exception of `on_error` causes a restart; its text is not logged."""
        gateway = Gateway("a", "b", delays=1)

        def handler(message: ReceivedMessage) -> None:
            if message.id == "a":
                raise ValueError
            gateway.handle(message)

        async def on_error(message: ReceivedMessage, _: Exception) -> None:
            await checkpoint()
            raise KeyError(message.message)

        with caplog.at_level(logging.WARNING, "wikipayam_async"):
            health = await until_stopped(gateway, gateway.worker(handler, on_error=on_error))
        assert (health.failed, health.handled, health.restarts, health.last_error) == (1, 1, 1, "KeyError")
        assert gateway.log == ["b", ("marked", "b")]
        assert "text of" not in caplog.text

    async def test_what_ends_the_program_ends_the_worker(self) -> None:
        """A `BaseException` ends the worker."""
        gateway = Gateway("a")

        def handler(_: ReceivedMessage) -> None:
            raise Struck

        worker = gateway.worker(handler)
        with pytest.raises(BaseExceptionGroup) as caught:
            await worker.run()
        assert caught.group_contains(Struck)
        assert not worker.health.running


Stop = Callable[[InboundWorker, Handler], Any]


async def leave_the_block(worker: InboundWorker, handler: Handler) -> None:
    """Stop a worker by leaving its block."""
    async with worker:
        await handler.waits.wait()


async def raise_in_the_block(worker: InboundWorker, handler: Handler) -> None:
    """Stop a worker by an exception."""
    own = KeyError()
    try:
        async with worker:
            await handler.waits.wait()
            raise own
    except KeyError as error:
        assert error is own  # noqa: PT017 - whichever exception it is, it is not in a group


async def cancel_the_block(worker: InboundWorker, handler: Handler) -> None:
    """Stop a worker by cancelling its block."""
    with anyio.CancelScope() as scope:
        async with worker:
            await handler.waits.wait()
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught


async def cancel_run(worker: InboundWorker, handler: Handler) -> None:
    """Stop a worker by cancelling the task that runs it."""
    async with anyio.create_task_group() as group:
        group.start_soon(worker.run)
        await handler.waits.wait()
        group.cancel_scope.cancel()


STOPS = pytest.mark.parametrize("stop", [leave_the_block, raise_in_the_block, cancel_the_block, cancel_run])


class TestStopping:
    """How a worker stops."""

    @STOPS
    async def test_running_handlers_finish(self, stop: Stop) -> None:
        """Running handlers finish, their messages are marked, and no other handler starts."""
        gateway, handler = Gateway("a", "b", "c", "d"), Handler()
        worker = gateway.worker(handler, concurrency=2)

        async def open_the_gate() -> None:
            await handler.waits.wait()
            await rest()
            handler.gate.set()

        async with anyio.create_task_group() as group:
            group.start_soon(open_the_gate)
            await stop(worker, handler)
        assert (sorted(handler.done), handler.cancelled, sorted(gateway.unread)) == (["a", "b"], [], ["c", "d"])
        assert (worker.health.running, worker.health.handled) == (False, 2)

    @MOCK_TIME
    @STOPS
    async def test_handlers_are_cancelled_after_the_timeout(self, stop: Stop) -> None:
        """After `stop_timeout` a handler is cancelled; its message stays unread and is not counted."""
        gateway, handler = Gateway("a", "b", "c"), Handler()
        worker = gateway.worker(handler, concurrency=2, stop_timeout=7.5)
        began = anyio.current_time()
        await stop(worker, handler)
        assert anyio.current_time() - began == 7.5
        assert (sorted(handler.cancelled), handler.done, gateway.unread) == (["a", "b"], [], ["a", "b", "c"])
        health = worker.health
        assert (health.running, health.handled, health.failed, health.restarts) == (False, 0, 0, 0)

    @MOCK_TIME
    async def test_on_error_finishes_within_the_timeout(self) -> None:
        """`on_error` may finish like a handler, and is cancelled at once if it starts after `stop_timeout`."""
        gateway, slow = Gateway("a", "b"), Handler()

        async def handler(message: ReceivedMessage) -> None:
            if message.id == "a":
                raise ValueError
            with anyio.CancelScope(shield=True):
                await anyio.sleep(9.0)
            raise ValueError

        worker = gateway.worker(handler, on_error=slow, concurrency=2, stop_timeout=7.5)
        began = anyio.current_time()
        await leave_the_block(worker, slow)
        assert anyio.current_time() - began == 9.0
        assert (slow.started, slow.cancelled, worker.health.failed) == (["a", "b"], ["a", "b"], 2)

    @MOCK_TIME
    @pytest.mark.parametrize(("works", "elapsed"), [(0.0, 7.5), (9.0, 9.0)], ids=["hangs", "comes too late"])
    async def test_marking_finishes_within_the_timeout(self, works: float, elapsed: float) -> None:
        """A gateway that does not answer does not delay a shutdown: unmarked messages stay unread."""
        gateway, handler = Gateway("a"), Handler()
        gateway.hangs = True

        async def work(message: ReceivedMessage) -> None:
            handler.waits.set()
            with anyio.CancelScope(shield=True):
                await anyio.sleep(works)

        worker = gateway.worker(work, stop_timeout=7.5)
        began = anyio.current_time()
        await leave_the_block(worker, handler)
        assert anyio.current_time() - began == elapsed
        assert (worker.health.handled, worker.health.running, gateway.unread) == (1, False, ["a"])

    @ON_ASYNCIO
    @pytest.mark.parametrize("patient", [True, False])
    async def test_a_cancelled_asyncio_task(self, patient: bool) -> None:
        """A task created and cancelled by asyncio is stopped in the same way."""
        gateway, handler = Gateway("a", "b"), Handler()
        worker = gateway.worker(handler, stop_timeout=60.0 if patient else 0.0)
        task = asyncio.create_task(worker.run())
        await handler.waits.wait()
        task.cancel()
        await rest()
        handler.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (handler.done, gateway.unread) == ((["a"], ["b"]) if patient else ([], ["a", "b"]))

    @pytest.mark.parametrize("through", ["run", "block"])
    async def test_aclose(self, through: str) -> None:
        """`aclose` starts no more handlers and waits for the running one; then `run` returns, or the block continues."""
        gateway, handler = Gateway("a", "b"), Handler()
        worker = gateway.worker(handler, stop_timeout=60.0)
        ended: list[str] = []

        async def run() -> None:
            await worker.run()
            ended.append("run")

        async def close() -> None:
            await worker.aclose()
            ended.append("aclose")

        async with AsyncExitStack() as stack:
            if through == "block":
                await stack.enter_async_context(worker)
            group = await stack.enter_async_context(anyio.create_task_group())
            if through == "run":
                group.start_soon(run)
            await handler.waits.wait()
            group.start_soon(close)
            group.start_soon(close)
            await rest()
            assert (ended, worker.health.running) == ([], True)
            handler.gate.set()
        assert sorted(ended) == ["aclose", "aclose", *(["run"] if through == "run" else [])]
        assert (handler.started, handler.done, gateway.unread) == (["a"], ["a"], ["b"])
        assert not worker.health.running

    @MOCK_TIME
    async def test_aclose_with_a_slow_handler(self) -> None:
        """`aclose` cancels a handler that takes longer than `stop_timeout`; its message stays unread."""
        gateway, handler = Gateway("a"), Handler()
        worker = gateway.worker(handler, stop_timeout=7.5)
        async with worker:
            await handler.waits.wait()
            began = anyio.current_time()
            await worker.aclose()
            assert anyio.current_time() - began == 7.5
            assert (handler.cancelled, gateway.unread, worker.health.running) == (["a"], ["a"], False)

    async def test_aclose_at_other_times(self) -> None:
        """`aclose` does nothing before the start and after the end; a worker closed before its first step never polls."""
        gateway = Gateway("a", delays=1)
        worker = gateway.worker()
        await worker.aclose()
        async with worker:
            await worker.aclose()
        await worker.aclose()
        assert (gateway.log, worker.health.last_poll) == ([], None)
        assert (await until_stopped(gateway, worker)).handled == 1

    @pytest.mark.parametrize("keyword", ["with", "for"])
    async def test_plain_keywords(self, keyword: str) -> None:
        """A plain `with` and a plain `for` raise a `TypeError` that says what to write."""
        worker: Any = Gateway("a").worker()
        with pytest.raises(TypeError) as caught:
            await misuse(worker, keyword)
        assert str(caught.value) == (
            "a worker is entered with async with: async with client.receives.worker(handler) as worker: ...; "
            "to run it in a task of your own, write await worker.run()"
        )
        assert not worker.health.running

    async def test_during_a_delay(self) -> None:
        """A worker that waits for a restart is stopped at once."""
        gateway = Gateway()
        gateway.poll_errors = [WRONG_TOKEN]
        assert (await until_stopped(gateway, gateway.worker())).restarts == 1
        assert gateway.slept == [1.0]

    async def test_one_at_a_time(self) -> None:
        """A running worker cannot be started again; a stopped one can, and keeps its counts."""
        gateway = Gateway("a")
        worker = gateway.worker()
        async with worker:
            with pytest.raises(RuntimeError, match="already running"):
                await worker.run()
            with pytest.raises(RuntimeError, match="already running"):
                await worker.__aenter__()
            await gateway.stopped.wait()
        gateway.unread, gateway.delays, gateway.stopped = ["b"], 1, anyio.Event()
        health = await until_stopped(gateway, worker)
        assert (gateway.log, health.handled) == (["a", ("marked", "a"), "b", ("marked", "b")], 2)


class TestThroughTheClient:
    """`client.receives.worker` on the emulator."""

    async def test_worker(self) -> None:
        """Messages of the sender are handled and read afterwards, and the health has the time of day."""
        emulator = Emulator()
        emulator.inbound(sender="989127782175", message="لغو ۱۱ ")
        emulator.inbound(sender="989120000000", message="of somebody else")
        seen: list[str] = []
        done = anyio.Event()

        async def handler(message: ReceivedMessage) -> None:
            seen.append(message.message)
            if len(seen) == 2:
                done.set()
            else:
                emulator.inbound(sender="989127782175", message="the second")

        before = datetime.now(UTC)
        async with AsyncWikipayam(DEFAULT_TOKEN, transport=EmulatorTransport(emulator)) as client:
            worker = client.receives.worker(
                handler, poll_interval=0.001, concurrency=2, sender="989127782175", name="shop"
            )
            async with worker as entered:
                assert entered is worker
                with anyio.fail_after(5):
                    await done.wait()
        assert seen == ["لغو ۱۱ ", "the second"]
        assert [message.is_read for message in emulator.inbox()] == [True, False, True]
        assert (worker.name, worker.health.handled) == ("shop", 2)
        assert worker.health.last_poll is not None
        assert before <= worker.health.last_poll <= datetime.now(UTC)

    async def test_its_repr(self) -> None:
        """The repr shows the name and the health."""
        async with AsyncWikipayam(DEFAULT_TOKEN, transport=EmulatorTransport(Emulator())) as client:
            worker = client.receives.worker(print)
        assert repr(worker) == (
            "<InboundWorker 'inbound', WorkerHealth(running=False, last_poll=None, handled=0, failed=0, restarts=0, "
            "last_error=None, unmarked=(), parked=(), unreadable=())>"
        )

    @pytest.mark.parametrize(
        "wrong",
        [{"handler": 1}, {"on_error": 1}, {"poll_interval": 0}, {"concurrency": 0}, {"stop_timeout": -1}],
        ids=str,
    )
    async def test_arguments(self, wrong: dict[str, Any]) -> None:
        """Invalid arguments are refused when the worker is created."""
        given: dict[str, Any] = {"handler": print} | wrong
        async with AsyncWikipayam(DEFAULT_TOKEN, transport=EmulatorTransport(Emulator())) as client:
            with pytest.raises(InvalidInputError) as caught:
                client.receives.worker(**given)
        assert [caught.value.field] == list(wrong)

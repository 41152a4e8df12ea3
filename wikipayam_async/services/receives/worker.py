"""The inbound worker: passes received messages to a handler while a service runs, and restarts after errors."""

from __future__ import annotations

import functools
import logging
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint_if_cancelled
from attrs import frozen

from wikipayam_async.checks import check_seconds
from wikipayam_async.core.loops import LoopOwner
from wikipayam_async.errors import APITimeoutError
from wikipayam_async.misuse import AsyncOnly
from wikipayam_async.publish import publish_in_package
from wikipayam_async.services.receives.consumer import (
    Consumer,
    MessageErrorHandler,
    MessageHandler,
    check_handler,
    finish,
)
from wikipayam_async.services.receives.handled import HandledMessages
from wikipayam_async.services.receives.health import HealthRecord, WorkerHealth
from wikipayam_async.services.receives.marking import MarkRead
from wikipayam_async.services.receives.models import MarkReadResult, ReceivedMessage, UnreadPage
from wikipayam_async.services.receives.scanning import Fetch

if TYPE_CHECKING:
    from wikipayam_async.core.limits import Clock, Sleep
    from wikipayam_async.core.retry import Uniform

__all__ = ["InboundWorker", "WorkerOptions"]

logger = logging.getLogger("wikipayam_async")

_FIRST_DELAY = 1.0
_MAX_DELAY = 60.0
_uniform = random.SystemRandom().uniform


def _utc_now() -> datetime:
    return datetime.now(UTC)


@frozen(kw_only=True)
class WorkerOptions:
    """A worker's options.

    Attributes:
        handler: Called with each message.
        on_error: Called with a message and the exception that its handler raised.
        poll_interval: Seconds between polls of an empty inbox.
        concurrency: The maximum number of concurrent handlers.
        stop_timeout: Seconds that running handlers get to finish when the worker stops.
        name: The worker's name in the log.
    """

    handler: MessageHandler
    on_error: MessageErrorHandler | None
    poll_interval: float
    concurrency: int
    stop_timeout: float
    name: str


class _OnErrorRaised(Exception):  # noqa: N818 - it carries an error
    """Ends the consumer with an exception of `on_error`, which the consumer must not take for a failed poll."""

    def __init__(self, failure: Exception) -> None:
        super().__init__()
        self.failure = failure


class InboundWorker(AsyncOnly):
    """Passes received messages to a handler for as long as a service runs. Created by `client.receives.worker()`.

    Use it as `async with client.receives.worker(handler):`, or run `await worker.run()` in a task of your own. After an
    error that ends `receives.consume`, such as a wrong token, the worker restarts after a delay of up to 1 second,
    which grows to 60; `health` and the log record it.

    When it is stopped, by leaving the block, by `aclose` or by cancelling `run`, it starts no more handlers. Running
    handlers get `stop_timeout` seconds to finish, marking included, and are then cancelled: their messages stay unread.

    Run one worker per deployment: two of them handle every message twice.

    Attributes:
        name (str): The worker's name in the log.
    """

    _usage: ClassVar[str] = (
        "a worker is entered with async with: async with client.receives.worker(handler) as worker: ...; "
        "to run it in a task of your own, write await worker.run()"
    )

    def __init__(
        self,
        fetch: Fetch,
        mark_read: MarkRead,
        options: WorkerOptions,
        *,
        handled: HandledMessages | None = None,
        clock: Clock = anyio.current_time,
        sleep: Sleep = anyio.sleep,
        uniform: Uniform = _uniform,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        check_seconds("stop_timeout", options.stop_timeout)
        check_handler("handler", options.handler)
        if options.on_error is not None:
            check_handler("on_error", options.on_error)
        self.name = options.name
        self._fetch = fetch
        self._mark_read = mark_read
        self._options = options
        self._sleep = sleep
        self._uniform = uniform
        self._now = now
        # Kept across restarts: it knows which handled messages are not marked yet and must not be handled again.
        self._consumer = Consumer(
            fetch=self._poll,
            mark_read=self._mark,
            handler=self._handle,
            on_error=None if options.on_error is None else functools.partial(self._call_on_error, options.on_error),
            poll_interval=options.poll_interval,
            concurrency=options.concurrency,
            handled=handled,
            clock=clock,
            sleep=sleep,
        )
        self._record = HealthRecord(clock=clock, poll_interval=options.poll_interval)
        self._on_error_failure: Exception | None = None
        self._running = False
        self._loop = LoopOwner("inbound worker", "call it in the event loop that runs the worker")
        self._stop_expired = False
        self._shields: dict[anyio.CancelScope, None] = {}
        self._group: TaskGroup
        self._scope: anyio.CancelScope
        self._stopped: anyio.Event

    @property
    def health(self) -> WorkerHealth:
        """The worker's current health."""
        handled = self._consumer.handled
        return self._record.health(
            running=self._running,
            unmarked=handled.unmarked,
            parked=handled.parked,
            unreadable=self._consumer.unreadable,
        )

    @property
    def healthy(self) -> bool:
        """Whether the worker does its work: it runs, the gateway answers its polls, and no message is stuck.

        False before the first answer, after an error that made the worker restart until the next answer, and if neither
        a poll was answered nor a message handled for a minute (or three times `poll_interval`, if that is longer).
        A message is stuck if it cannot be read, if the gateway refuses to mark it as read, or if three attempts to
        mark it failed; `health` names it.
        """
        is_stuck = self._consumer.handled.is_stuck or bool(self._consumer.unreadable)
        return self._running and not is_stuck and self._record.is_recent

    async def __aenter__(self) -> Self:
        self._begin()
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._group.start_soon(self._run)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._group.cancel_scope.cancel()
        # The group would wrap the block's exception.
        await self._group.__aexit__(None, None, None)

    async def run(self) -> None:
        """Handle messages until cancelled, or until `aclose` is called (`GET /receives/unread`).

        Raises:
            RuntimeError: The worker is already running.
        """
        self._begin()
        await self._run()

    async def aclose(self) -> None:
        """Stop the worker: start no more handlers, and wait up to `stop_timeout` seconds for the running ones.

        Any task may call it, any number of times. A `run` then returns. A handler must not call it: it would wait for
        itself.

        Raises:
            ClosedError: The worker runs in another event loop.
        """
        if self._running:
            self._loop.check("receives.worker: not stopped")
            self._scope.cancel()
            await self._stopped.wait()

    def __repr__(self) -> str:
        return f"<InboundWorker {self.name!r}, {self.health}>"

    def _begin(self) -> None:
        if self._running:
            raise RuntimeError("this worker is already running; one worker handles all messages")
        self._running = True
        self._loop.enter()
        self._scope = anyio.CancelScope()
        self._stopped = anyio.Event()

    async def _run(self) -> None:
        finished = anyio.Event()
        self._stop_expired = False
        try:
            with self._scope:
                # Both in tasks of their own, so that a cancellation from outside anyio reaches both.
                async with anyio.create_task_group() as group:
                    group.start_soon(self._limit_stopping, finished)
                    group.start_soon(self._supervise, finished)
        finally:
            self._running = False
            self._stopped.set()

    async def _limit_stopping(self, finished: anyio.Event) -> None:
        """Wait until cancelled, then up to `stop_timeout` for the running handlers, then cancel them."""
        try:
            await anyio.sleep_forever()
        finally:
            deadline = anyio.current_time() + self._options.stop_timeout
            with anyio.CancelScope(deadline=deadline, shield=True):
                await finished.wait()
            self._stop_expired = True
            for scope in self._shields:
                scope.cancel()

    async def _supervise(self, finished: anyio.Event) -> None:
        failures = 0
        try:
            while True:
                polls = self._record.polls
                error = await self._consume()
                failures = failures + 1 if self._record.polls == polls else 1
                self._record.restarts += 1
                delay = self._uniform(0.0, min(_MAX_DELAY, _FIRST_DELAY * 2.0 ** min(failures - 1, 10)))
                logger.warning("receives.worker %s: %s; restarting in %.1f s", self.name, error, delay)
                await self._sleep(delay)
        finally:
            finished.set()

    async def _consume(self) -> str:
        """Consume until an error is raised; return its type."""
        try:
            await self._consumer.run()
        except Exception as raised:  # noqa: BLE001 - whatever it is: nothing else would restart the consumer
            error = raised.failure if isinstance(raised, _OnErrorRaised) else raised
            self._record.ended(error)
            return type(error).__name__

    async def _poll(self, limit: int, offset: int) -> UnreadPage:
        if self._on_error_failure is not None:
            failure, self._on_error_failure = self._on_error_failure, None
            raise _OnErrorRaised(failure)
        try:
            page = await self._fetch(limit, offset)
        except Exception as error:
            self._record.last_error = type(error).__name__
            raise
        self._record.polled(self._now())
        return page

    async def _handle(self, message: ReceivedMessage) -> None:
        await checkpoint_if_cancelled()  # a stopping worker starts no handler
        try:
            await self._finish(functools.partial(self._options.handler, message))
        except Exception:
            self._record.failed += 1
            self._record.progressed()
            raise
        self._record.handled += 1
        self._record.progressed()

    async def _call_on_error(self, on_error: MessageErrorHandler, message: ReceivedMessage, error: Exception) -> None:
        try:
            await self._finish(functools.partial(on_error, message, error))
        except Exception as failure:  # noqa: BLE001 - raised by the next poll: the messages read already are handled first
            self._on_error_failure = failure

    async def _mark(self, ids: Sequence[str]) -> MarkReadResult:
        with self._shielded():
            return await self._mark_read(ids)
        raise APITimeoutError("receives.mark_read: aborted because the worker is stopping")

    async def _finish(self, call: Callable[[], object]) -> None:
        """Call a function of the user; when the worker stops, let it finish within `stop_timeout`."""
        with self._shielded() as scope:
            await finish(call())
        if scope.cancelled_caught:
            await checkpoint_if_cancelled()  # it was cancelled, so its message must not count as handled

    @contextmanager
    def _shielded(self) -> Iterator[anyio.CancelScope]:
        """Shield from cancellation until `stop_timeout` has expired."""
        with anyio.CancelScope(shield=True) as scope:
            if self._stop_expired:
                scope.cancel()
            self._shields[scope] = None
            try:
                yield scope
            finally:
                del self._shields[scope]


publish_in_package(["InboundWorker"], globals())

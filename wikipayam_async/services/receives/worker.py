"""An inbound worker: received messages handed to a handler for as long as a service runs, whatever happens meanwhile."""

from __future__ import annotations

import functools
import inspect
import logging
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint_if_cancelled
from attrs import define, frozen

from wikipayam_async.checks import check_seconds
from wikipayam_async.core.limits import Clock, Sleep
from wikipayam_async.core.retry import Uniform
from wikipayam_async.errors import APITimeoutError, InvalidInputError
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.services.receives.consumer import Consumer, ErrorHandler, Fetch, Handler, Mark
from wikipayam_async.services.receives.models import MarkReadResult, Receive, UnreadPage

__all__ = ["InboundWorker", "WorkerHealth", "WorkerOptions"]

logger = logging.getLogger("wikipayam_async")

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_uniform = random.SystemRandom().uniform


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _check_callable(name: str, value: object) -> None:
    if not callable(value):
        raise InvalidInputError(name, rule="expected a function", got=shape_of(value))


@frozen
class WorkerHealth:
    """How a worker is doing.

    Attributes:
        running: Whether it is at work, or pauses between two tries.
        last_poll: When the gateway last answered a look for messages; None if it never did.
        handled: How many messages its handler took.
        failed: How often its handler raised.
        restarts: How often an error ended the consuming, which then began again.
        last_error: The type of the last error that the gateway, or `on_error`, gave it; None if there was none. It
            stays when all is well again: `last_poll` tells.
    """

    running: bool
    last_poll: datetime | None
    handled: int
    failed: int
    restarts: int
    last_error: str | None


@frozen(kw_only=True)
class WorkerOptions:
    """What a worker is set to.

    Attributes:
        handler: Called with each message.
        on_error: Called with a message and what its handler raised.
        poll_interval: Seconds between two looks at an empty inbox.
        concurrency: How many handlers may run at once.
        stop_timeout: How many seconds a handler that is in flight at the end is given.
        name: Stands in the log.
    """

    handler: Handler
    on_error: ErrorHandler | None
    poll_interval: float
    concurrency: int
    stop_timeout: float
    name: str


@define
class _Tally:
    """What a worker counts."""

    polls: int = 0
    last_poll: datetime | None = None
    handled: int = 0
    failed: int = 0
    restarts: int = 0
    last_error: str | None = None


class InboundWorker:
    """Hands received messages to a handler for as long as a service runs. Made by `client.receives.worker()`.

    Use it as `async with client.receives.worker(handler):`, or run `await worker.run()` in a task of your own. An error
    that ends `receives.consume`, as a wrong token does, ends no worker: it begins again after a pause, which grows from
    1 second to 60, and `health` and the log tell of it.

    When it is stopped, by leaving the block or by cancelling `run`, it takes no more messages. Handlers that are under
    way are given `stop_timeout` seconds, the marking of their messages included, and are cancelled then: their messages
    stay unread.

    One worker for each deployment: two of them hand every message out twice.

    Attributes:
        name: Stands in the log.
    """

    def __init__(
        self,
        fetch: Fetch,
        mark: Mark,
        options: WorkerOptions,
        *,
        clock: Clock = anyio.current_time,
        sleep: Sleep = anyio.sleep,
        uniform: Uniform = _uniform,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        check_seconds("stop_timeout", options.stop_timeout)
        _check_callable("handler", options.handler)
        if options.on_error is not None:
            _check_callable("on_error", options.on_error)
        self.name = options.name
        self._fetch = fetch
        self._mark = mark
        self._options = options
        self._sleep = sleep
        self._uniform = uniform
        self._now = now
        # One for all restarts: it knows what was handled and is not marked yet, which is not to be handed over again.
        self._consumer = Consumer(
            fetch=self._poll,
            mark=self._mark_read,
            handler=self._hand_over,
            on_error=None if options.on_error is None else functools.partial(self._tell, options.on_error),
            poll_interval=options.poll_interval,
            concurrency=options.concurrency,
            clock=clock,
            sleep=sleep,
        )
        self._tally = _Tally()
        self._running = False
        self._patient = True
        self._in_flight: dict[anyio.CancelScope, None] = {}
        self._group: TaskGroup

    @property
    def health(self) -> WorkerHealth:
        """How it is doing at this moment."""
        tally = self._tally
        return WorkerHealth(
            self._running, tally.last_poll, tally.handled, tally.failed, tally.restarts, tally.last_error
        )

    async def __aenter__(self) -> Self:
        self._check_idle()
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._running = True
        self._group.start_soon(self._run)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._group.cancel_scope.cancel()
        # The block's own exception is not shown to the group, which would wrap it.
        await self._group.__aexit__(None, None, None)

    async def run(self) -> None:
        """Hand messages over until cancelled (`GET /receives/unread`). It never returns by itself.

        Raises:
            RuntimeError: It runs already.
        """
        self._check_idle()
        self._running = True
        await self._run()

    def __repr__(self) -> str:
        return f"<InboundWorker {self.name!r}, {self.health}>"

    def _check_idle(self) -> None:
        if self._running:
            raise RuntimeError("this worker runs already; one of them is enough for all messages")

    async def _run(self) -> None:
        finished = anyio.Event()
        self._patient = True
        try:
            # Neither is this task itself: so a cancellation from outside anyio, too, comes to both of them.
            async with anyio.create_task_group() as group:
                group.start_soon(self._limit_stopping, finished)
                group.start_soon(self._supervise, finished)
        finally:
            self._running = False

    async def _limit_stopping(self, finished: anyio.Event) -> None:
        """Wait until this is cancelled, and then for the handlers that are in flight, but not for ever."""
        try:
            await anyio.sleep_forever()
        finally:
            deadline = anyio.current_time() + self._options.stop_timeout
            with anyio.CancelScope(deadline=deadline, shield=True):
                await finished.wait()
            self._patient = False
            for scope in self._in_flight:
                scope.cancel()

    async def _supervise(self, finished: anyio.Event) -> None:
        failures = 0
        try:
            while True:
                polls = self._tally.polls
                trouble = await self._consume()
                failures = failures + 1 if self._tally.polls == polls else 1
                self._tally.restarts += 1
                pause = self._uniform(0.0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(failures - 1, 10)))
                logger.warning("receives.worker %s: %s; begins again in %.1f s", self.name, trouble, pause)
                await self._sleep(pause)
        finally:
            finished.set()

    async def _consume(self) -> str:
        """Consume until an error ends it; return its type."""
        try:
            await self._consumer.run()
        except Exception as error:  # noqa: BLE001 - whatever it is: nobody else would begin again
            self._tally.last_error = type(error).__name__
            return type(error).__name__

    async def _poll(self, limit: int, offset: int) -> UnreadPage:
        try:
            page = await self._fetch(limit, offset)
        except Exception as error:
            self._tally.last_error = type(error).__name__
            raise
        self._tally.polls += 1
        self._tally.last_poll = self._now()
        return page

    async def _hand_over(self, message: Receive) -> None:
        await checkpoint_if_cancelled()  # a worker that is being stopped begins nothing
        try:
            await self._finish(functools.partial(self._options.handler, message))
        except Exception:
            self._tally.failed += 1
            raise
        self._tally.handled += 1

    async def _tell(self, on_error: ErrorHandler, message: Receive, error: Exception) -> None:
        await self._finish(functools.partial(on_error, message, error))

    async def _mark_read(self, ids: Sequence[str]) -> MarkReadResult:
        with self._in_time():
            return await self._mark(ids)
        raise APITimeoutError("receives.mark_read: given up, because the worker is being stopped")

    async def _finish(self, call: Callable[[], object]) -> None:
        """Call a function of the user's, and let it finish even if the worker is stopped, while there is time."""
        with self._in_time() as scope:
            result = call()
            if inspect.isawaitable(result):
                await result
        if scope.cancelled_caught:
            await checkpoint_if_cancelled()  # it was cut off, and so did not do its work

    @contextmanager
    def _in_time(self) -> Iterator[anyio.CancelScope]:
        """Hold the stopping of the worker off, while there is time."""
        with anyio.CancelScope(shield=True) as scope:
            if not self._patient:
                scope.cancel()
            self._in_flight[scope] = None
            try:
                yield scope
            finally:
                del self._in_flight[scope]

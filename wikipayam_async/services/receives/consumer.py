"""Handing unread messages to a handler, and marking them as read only afterwards."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn, Protocol, TypeAlias

import anyio
from attrs import define

from wikipayam_async.checks import check_number, is_id
from wikipayam_async.core.limits import Clock, Sleep
from wikipayam_async.errors import (
    InvalidInputError,
)
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.services.base import TRANSIENT
from wikipayam_async.services.receives.models import MarkReadResult, Receive, UnreadPage
from wikipayam_async.services.receives.paging import MAX_PAGE

__all__ = ["Consumer", "ErrorHandler", "Fetch", "Handler", "Mark"]

Handler: TypeAlias = Callable[[Receive], Awaitable[object] | object]
ErrorHandler: TypeAlias = Callable[[Receive, Exception], Awaitable[object] | object]
Mark: TypeAlias = Callable[[Sequence[str]], Awaitable[MarkReadResult]]

logger = logging.getLogger("wikipayam_async")

_LONGEST_PAUSE = 3600.0
_LONGEST_POLL_PAUSE = 60.0


class Fetch(Protocol):
    """Reads one page of unread messages."""

    def __call__(self, limit: int, offset: int) -> Awaitable[UnreadPage]:
        """Return the page."""
        ...


@define
class _Failed:
    """A message whose handler raised.

    Attributes:
        times: How often.
        not_before: When it may be tried again.
    """

    times: int
    not_before: float


class Consumer:
    """One consumer at work.

    It always reads from the front of the unread messages, because their offsets shift as messages are marked, and
    looks further back only past those that failed and wait for another try.
    """

    def __init__(
        self,
        *,
        fetch: Fetch,
        mark: Mark,
        handler: Handler,
        on_error: ErrorHandler | None,
        poll_interval: float,
        concurrency: int,
        clock: Clock = anyio.current_time,
        sleep: Sleep = anyio.sleep,
    ) -> None:
        if not callable(handler):
            raise InvalidInputError("handler", rule="expected a function", got=shape_of(handler))
        if isinstance(poll_interval, bool) or not isinstance(poll_interval, int | float) or not poll_interval > 0:
            raise InvalidInputError("poll_interval", rule="expected seconds above 0", got=shape_of(poll_interval))
        self._fetch = fetch
        self._mark = mark
        self._handler = handler
        self._on_error = on_error
        self._poll_interval = poll_interval
        self._concurrency = check_number(concurrency, field="concurrency", minimum=1)
        self._clock = clock
        self._sleep = sleep
        self._failed: dict[str, _Failed] = {}
        self._handled: dict[str, None] = {}
        self._marking = anyio.Lock()

    async def run(self) -> NoReturn:
        """Poll until cancelled."""
        troubles = 0
        while True:
            try:
                # First what is still to be marked: otherwise it would be listed again, and handled again.
                await self._mark_handled()
                batch = await self._next_batch()
                troubles = 0
            except TRANSIENT as error:
                troubles += 1
                pause = min(_LONGEST_POLL_PAUSE, self._poll_interval * 2.0 ** min(troubles, 10))
                logger.warning("receives.consume: %s; the next look in %.0f s", type(error).__name__, pause)
                await self._sleep(pause)
                continue
            if batch:
                await self._handle_all(batch)
            else:
                await self._sleep(self._poll_interval)

    async def _next_batch(self) -> list[Receive]:
        """Read from the front until a page holds something to do; forget failures that are not unread any more."""
        offset = 0
        waiting: set[str] = set()
        while True:
            page = await self._fetch(MAX_PAGE, offset)
            now = self._clock()
            due: dict[str, Receive] = {}
            for message in page.receives:
                failed = self._failed.get(message.id)
                if failed is not None and failed.not_before > now:
                    waiting.add(message.id)
                elif is_id(message.id):
                    due[message.id] = message
                else:
                    logger.warning(
                        "receives.consume: a message without a usable id cannot be marked, and is left alone"
                    )
            if due or not page.receives or offset > len(waiting) + MAX_PAGE:
                if not due:
                    self._failed = {id_: failed for id_, failed in self._failed.items() if id_ in waiting}
                return list(due.values())
            offset += len(page.receives)

    async def _handle_all(self, batch: Sequence[Receive]) -> None:
        """Hand a batch over, so many at once; the first exception of ours or of `on_error` ends all."""
        pending = iter(batch)
        trouble: list[Exception] = []

        async def work(scope: anyio.CancelScope) -> None:
            for message in pending:
                try:
                    await self._handle(message)
                except Exception as error:  # noqa: BLE001 - raised again below, without a group around it
                    trouble.append(error)
                    scope.cancel()
                    return

        async with anyio.create_task_group() as group:
            for _ in range(min(self._concurrency, len(batch))):
                group.start_soon(work, group.cancel_scope)
        if trouble:
            raise trouble[0]

    async def _handle(self, message: Receive) -> None:
        try:
            result = self._handler(message)
            if inspect.isawaitable(result):
                await result
        except Exception as error:  # noqa: BLE001 - a handler may raise anything; the message stays unread
            await self._note_failure(message, error)
            return
        self._failed.pop(message.id, None)
        self._handled[message.id] = None
        try:
            await self._mark_in_any_case()
        except TRANSIENT as error:
            logger.warning("receives.consume: marking failed (%s); it is tried again", type(error).__name__)

    async def _note_failure(self, message: Receive, error: Exception) -> None:
        times = self._failed[message.id].times + 1 if message.id in self._failed else 1
        pause = min(_LONGEST_PAUSE, self._poll_interval * 2.0 ** min(times, 20))
        self._failed[message.id] = _Failed(times, self._clock() + pause)
        if self._on_error is None:
            logger.error(
                "receives.consume: the handler raised %s for message %s; it stays unread, the next try in %.0f s",
                type(error).__name__,
                message.id,
                pause,
            )
            return
        result = self._on_error(message, error)
        if inspect.isawaitable(result):
            await result

    async def _mark_in_any_case(self) -> None:
        """Mark what was handled, even if the consumer is being cancelled: otherwise it would be handled again."""
        with anyio.CancelScope(shield=True):
            try:
                await self._mark_handled()
            except anyio.get_cancelled_exc_class():
                # No scope holds this off: at the end of `asyncio.run` every task is cancelled. To mark twice is harmless.
                await self._mark_handled()
                raise

    async def _mark_handled(self) -> None:
        """Mark what was handled. Handlers that end while a request is in flight share the next one."""
        async with self._marking:
            ids = list(self._handled)
            if ids:
                await self._mark(ids)
                for id_ in ids:
                    self._handled.pop(id_, None)

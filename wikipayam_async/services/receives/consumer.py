"""The consumer: passes unread messages to a handler, and marks each as read only after its handler returned."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, NoReturn, Protocol, TypeAlias

import anyio
from attrs import define

from wikipayam_async.checks import check_number, is_id
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.services.base import TRANSIENT
from wikipayam_async.services.receives.models import MarkReadResult, ReceivedMessage, UnreadPage
from wikipayam_async.services.receives.paging import MAX_PAGE

if TYPE_CHECKING:
    from wikipayam_async.core.limits import Clock, Sleep

__all__ = ["Consumer", "Fetch", "MarkRead", "MessageErrorHandler", "MessageHandler"]

MessageHandler: TypeAlias = Callable[[ReceivedMessage], Awaitable[object] | object]
"""Called with each received message; may be async."""

MessageErrorHandler: TypeAlias = Callable[[ReceivedMessage, Exception], Awaitable[object] | object]
"""Called with a received message and the exception that its handler raised; may be async."""

MarkRead: TypeAlias = Callable[[Sequence[str]], Awaitable[MarkReadResult]]

logger = logging.getLogger("wikipayam_async")

_MAX_HANDLER_DELAY = 3600.0
_MAX_POLL_DELAY = 60.0


class Fetch(Protocol):
    """Fetches one page of unread messages."""

    def __call__(self, limit: int, offset: int) -> Awaitable[UnreadPage]:
        """Return the page."""
        ...


@define
class _Failure:
    """The failed attempts to handle a message.

    Attributes:
        attempts: The number of attempts.
        not_before: The earliest time of the next attempt.
    """

    attempts: int
    not_before: float


class Consumer:
    """Polls for unread messages and passes them to a handler.

    It always reads from the first unread message, because the offsets shift as messages are marked; it skips only
    messages whose handler raised and whose next attempt is not due.
    """

    def __init__(
        self,
        *,
        fetch: Fetch,
        mark_read: MarkRead,
        handler: MessageHandler,
        on_error: MessageErrorHandler | None,
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
        self._mark_read = mark_read
        self._handler = handler
        self._on_error = on_error
        self._poll_interval = poll_interval
        self._concurrency = check_number(concurrency, field="concurrency", minimum=1)
        self._clock = clock
        self._sleep = sleep
        self._failures: dict[str, _Failure] = {}
        self._to_mark: dict[str, None] = {}
        self._marking = anyio.Lock()

    async def run(self) -> NoReturn:
        """Poll until cancelled."""
        failed_polls = 0
        while True:
            try:
                # Before polling: a message that is not marked yet would be listed, and handled, again.
                await self._mark_handled()
                messages = await self._next_messages()
                failed_polls = 0
            except TRANSIENT as error:
                failed_polls += 1
                delay = min(_MAX_POLL_DELAY, self._poll_interval * 2.0 ** min(failed_polls, 10))
                logger.warning("receives.consume: %s; polling again in %.0f s", type(error).__name__, delay)
                await self._sleep(delay)
                continue
            if messages:
                await self._handle_all(messages)
            else:
                await self._sleep(self._poll_interval)

    async def _next_messages(self) -> list[ReceivedMessage]:
        """Return the due messages of the first page that has any; forget failures of messages no longer unread."""
        offset = 0
        delayed: set[str] = set()
        while True:
            page = await self._fetch(MAX_PAGE, offset)
            now = self._clock()
            due: dict[str, ReceivedMessage] = {}
            for message in page.receives:
                failure = self._failures.get(message.id)
                if failure is not None and failure.not_before > now:
                    delayed.add(message.id)
                elif is_id(message.id):
                    due[message.id] = message
                else:
                    logger.warning(
                        "receives.consume: skipped a message that cannot be marked as read, because it has no valid id"
                    )
            if due or not page.receives or offset > len(delayed) + MAX_PAGE:
                if not due:
                    self._failures = {id_: failure for id_, failure in self._failures.items() if id_ in delayed}
                return list(due.values())
            offset += len(page.receives)

    async def _handle_all(self, messages: Sequence[ReceivedMessage]) -> None:
        """Handle messages with limited concurrency; the first exception of this class or of `on_error` stops it."""
        pending = iter(messages)
        errors: list[Exception] = []

        async def work(scope: anyio.CancelScope) -> None:
            for message in pending:
                try:
                    await self._handle(message)
                except Exception as error:  # noqa: BLE001 - raised again below, outside an exception group
                    errors.append(error)
                    scope.cancel()
                    return

        async with anyio.create_task_group() as group:
            for _ in range(min(self._concurrency, len(messages))):
                group.start_soon(work, group.cancel_scope)
        if errors:
            raise errors[0]

    async def _handle(self, message: ReceivedMessage) -> None:
        try:
            result = self._handler(message)
            if inspect.isawaitable(result):
                await result
        except Exception as error:  # noqa: BLE001 - a handler may raise anything; the message stays unread
            await self._record_failure(message, error)
            return
        self._failures.pop(message.id, None)
        self._to_mark[message.id] = None
        try:
            await self._mark_despite_cancellation()
        except TRANSIENT as error:
            logger.warning("receives.consume: marking as read failed (%s); it will be retried", type(error).__name__)

    async def _record_failure(self, message: ReceivedMessage, error: Exception) -> None:
        attempts = self._failures[message.id].attempts + 1 if message.id in self._failures else 1
        delay = min(_MAX_HANDLER_DELAY, self._poll_interval * 2.0 ** min(attempts, 20))
        self._failures[message.id] = _Failure(attempts, self._clock() + delay)
        if self._on_error is None:
            logger.error(
                "receives.consume: the handler raised %s for message %s; it stays unread, next attempt in %.0f s",
                type(error).__name__,
                message.id,
                delay,
            )
            return
        result = self._on_error(message, error)
        if inspect.isawaitable(result):
            await result

    async def _mark_despite_cancellation(self) -> None:
        """Mark handled messages even while being cancelled: otherwise they would be handled again."""
        with anyio.CancelScope(shield=True):
            try:
                await self._mark_handled()
            except anyio.get_cancelled_exc_class():
                # `asyncio.run` cancels every task at its end, past any shield. Marking twice is harmless.
                await self._mark_handled()
                raise

    async def _mark_handled(self) -> None:
        """Mark handled messages as read. Handlers that return during a request share the next one."""
        async with self._marking:
            ids = list(self._to_mark)
            if ids:
                await self._mark_read(ids)
                for id_ in ids:
                    self._to_mark.pop(id_, None)

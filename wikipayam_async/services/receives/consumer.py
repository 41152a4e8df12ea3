"""The consumer: passes unread messages to a handler, and marks each as read only after its handler returned."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TYPE_CHECKING, NoReturn, TypeAlias

import anyio
from anyio.lowlevel import cancel_shielded_checkpoint, checkpoint_if_cancelled

from wikipayam_async.checks import check_number
from wikipayam_async.errors import InvalidInputError, WikipayamError
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.services.base import is_transient
from wikipayam_async.services.pauses import MAX_PAUSE, MIN_INTERVAL, Pause
from wikipayam_async.services.receives.handled import HandledMessages
from wikipayam_async.services.receives.marking import Marker, MarkRead, shown_ids
from wikipayam_async.services.receives.models import ReceivedMessage
from wikipayam_async.services.receives.scanning import Fetch, UnreadScanner

if TYPE_CHECKING:
    from wikipayam_async.core.limits import Clock, Sleep

__all__ = ["Consumer", "MessageErrorHandler", "MessageHandler", "check_handler", "finish"]

MessageHandler: TypeAlias = Callable[[ReceivedMessage], Awaitable[object] | object]
"""Called with each received message; may be async."""

MessageErrorHandler: TypeAlias = Callable[[ReceivedMessage, Exception], Awaitable[object] | object]
"""Called with a received message and the exception that its handler raised; may be async."""

logger = logging.getLogger("wikipayam_async")

_MAX_POLL_DELAY = 60.0
_TICKS_OF_A_CANCELLATION = 3


class Consumer:
    """Polls for unread messages and passes them to a handler.

    Every turn of its loop handles a message that it never handled before, or waits. A message whose handler raised is
    skipped until its next attempt is due.

    Args:
        fetch: Fetches a page of unread messages.
        mark_read: Marks messages as read.
        handler: Called with each message.
        on_error: Called with a message and the exception that its handler raised.
        poll_interval: Seconds between polls of an empty inbox.
        concurrency: The maximum number of concurrent handlers.
        handled: The messages that were handled before; shared by the consumers of an account.
        clock: Returns the time.
        sleep: Waits.
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
        handled: HandledMessages | None = None,
        clock: Clock = anyio.current_time,
        sleep: Sleep = anyio.sleep,
    ) -> None:
        check_handler("handler", handler)
        if on_error is not None:
            check_handler("on_error", on_error)
        if isinstance(poll_interval, bool) or not isinstance(poll_interval, int | float) or not poll_interval > 0:
            raise InvalidInputError("poll_interval", rule="expected seconds above 0", got=shape_of(poll_interval))
        self._handler = handler
        self._on_error = on_error
        self._interval = interval = max(poll_interval, MIN_INTERVAL)
        self._concurrency = check_number(concurrency, field="concurrency", minimum=1)
        self._clock = clock
        self._sleep = sleep
        self._failures: dict[str, Pause] = {}
        self.handled = HandledMessages() if handled is None else handled
        self._marker = Marker(mark_read, self.handled, interval=interval, clock=clock)
        self._scanner = UnreadScanner(fetch, interval=interval, clock=clock)

    @property
    def unreadable(self) -> tuple[int, ...]:
        """The offsets of the unread messages that cannot be read or handled."""
        return self._scanner.unreadable

    async def run(self) -> NoReturn:
        """Poll until cancelled."""
        try:
            await self._run()
        finally:
            left = self.handled.unmarked
            if left:
                logger.warning(
                    "receives.consume: stopped while %d handled messages are not marked as read: %s. Another process "
                    "will handle them again",
                    len(left),
                    shown_ids(left),
                )

    async def _run(self) -> NoReturn:
        failed_polls = 0
        while True:
            try:
                await self._marker.mark_due()
                messages = await self._next_messages()
                failed_polls = 0
            except WikipayamError as error:
                if not is_transient(error):
                    raise
                failed_polls += 1
                delay = min(_MAX_POLL_DELAY, self._interval * 2.0 ** min(failed_polls, 10))
                delay = max(delay, min(getattr(error, "retry_after", None) or 0.0, MAX_PAUSE))
                logger.warning("receives.consume: %s; polling again in %.0f s", type(error).__name__, delay)
                await self._sleep(delay)
                continue
            if messages:
                await self._handle_all(messages)
            else:
                await self._sleep(self._interval)

    async def _next_messages(self) -> Sequence[ReceivedMessage]:
        """Return the messages to handle now; forget failures of messages that are no longer unread."""
        scan = await self._scanner.scan(self._is_due)
        now = self._clock()
        self._marker.note_listed_again(self.handled.note_listed(scan.listed, now, self._interval))
        if scan.complete:
            self._forget_absent(scan.listed)
        return scan.due

    def _is_due(self, id_: str) -> bool:
        failure = self._failures.get(id_)
        return id_ not in self.handled and (failure is None or failure.is_over(self._clock()))

    def _forget_absent(self, listed: Collection[str]) -> None:
        self.handled.note_absent(listed)
        self._failures = {id_: failure for id_, failure in self._failures.items() if id_ in listed}

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
        if not self.handled.take(message.id):
            return
        try:
            await finish(self._handler(message))
        except Exception as error:  # noqa: BLE001 - a handler may raise anything; the message stays unread
            self.handled.put_back(message.id)
            await self._record_failure(message, error)
        except BaseException as error:
            self.handled.put_back(message.id)
            if not _is_cancellation(error):
                raise
            await _raise_if_cancelled()
            # The handler awaited something of its own that was cancelled.
            await self._record_failure(message, RuntimeError("the handler was cancelled, but not by its consumer"))
        else:
            self.handled.add(message.id)
            self._failures.pop(message.id, None)
            await self._mark_despite_cancellation()

    async def _record_failure(self, message: ReceivedMessage, error: Exception) -> None:
        failure = self._failures.setdefault(message.id, Pause())
        failure.fail(self._clock(), self._interval)
        if self._on_error is None:
            logger.error(
                "receives.consume: the handler raised %s for message %s; it stays unread, next attempt in %.0f s",
                type(error).__name__,
                message.id,
                failure.seconds,
            )
            return
        await finish(self._on_error(message, error))

    async def _mark_despite_cancellation(self) -> None:
        """Mark handled messages even while being cancelled: otherwise they would be handled again."""
        with anyio.CancelScope(shield=True):
            try:
                await self._marker.mark_due()
            except anyio.get_cancelled_exc_class():
                # `asyncio.run` cancels every task at its end, past any shield. Marking twice is harmless.
                await self._marker.mark_due()
                raise


def check_handler(name: str, function: object) -> None:
    """Check that an argument is a function whose call runs it.

    Raises:
        InvalidInputError: It is not. A call of a function with a `yield` runs nothing.
    """
    if not callable(function):
        raise InvalidInputError(name, rule="expected a function", got=shape_of(function))
    called = (function, getattr(function, "__call__", None))  # noqa: B004 - of an object it says what its call does
    if any(inspect.isgeneratorfunction(one) or inspect.isasyncgenfunction(one) for one in called):
        raise InvalidInputError(name, rule="expected a function without `yield`: a call would run nothing", got="one")


async def finish(returned: object) -> None:
    """Await what a handler returned, if it is to be awaited.

    Raises:
        TypeError: It is a generator, so nothing of it has run: the message is not handled.
    """
    if inspect.isawaitable(returned):
        await returned
    elif inspect.isgenerator(returned) or inspect.isasyncgen(returned):
        raise TypeError("the handler returned a generator, of which nothing has run")


def _is_cancellation(error: BaseException) -> bool:
    """Return whether an exception is a cancellation, or a group of cancellations and ordinary exceptions."""
    kinds = (Exception, anyio.get_cancelled_exc_class())
    if isinstance(error, BaseExceptionGroup):
        return error.split(kinds)[1] is None
    return isinstance(error, kinds)


async def _raise_if_cancelled() -> None:
    """Raise the cancellation of this task, if it is cancelled.

    A cancellation past anyio, as by `asyncio.run` at its end, reaches every task at once: the one that waits for this
    task needs a few ticks to cancel it in anyio's sense.
    """
    for _ in range(_TICKS_OF_A_CANCELLATION):
        await cancel_shielded_checkpoint()
    await checkpoint_if_cancelled()

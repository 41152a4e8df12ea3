"""Marking handled messages as read: in common requests, one by one after a refusal, and again after growing pauses."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import anyio

from wikipayam_async.errors import WikipayamError
from wikipayam_async.services.base import FailureScope, chunked, failure_scope
from wikipayam_async.services.pauses import MAX_PAUSE
from wikipayam_async.services.receives.handled import HandledMessages
from wikipayam_async.services.receives.models import MarkReadResult

if TYPE_CHECKING:
    from wikipayam_async.core.limits import Clock

__all__ = ["MarkRead", "Marker", "shown_ids"]

MarkRead: TypeAlias = Callable[[Sequence[str]], Awaitable[MarkReadResult]]

logger = logging.getLogger("wikipayam_async")

_IDS_PER_REQUEST = 500
_MAX_FAILED_ALONE = 3
_SHOWN_IDS = 5


def shown_ids(ids: Sequence[str]) -> str:
    """Return the first ids, for a log line."""
    return ", ".join(ids[:_SHOWN_IDS]) + (", …" if len(ids) > _SHOWN_IDS else "")


class _GrowthWarning:
    """Logs a warning about a number only if it has doubled since the last one, so that the log is not flooded."""

    def __init__(self) -> None:
        self._last = 0

    def warn(self, count: int, text: str) -> None:
        if count >= 2 * self._last:
            self._last = max(count, 1)
            logger.warning(
                "receives.consume: %s. Such messages: %d. They are not handled again, and are marked again after "
                "growing pauses",
                text,
                count,
            )

    def reset(self) -> None:
        """Let the next one be logged."""
        self._last = 0


class Marker:
    """Marks handled messages as read.

    Args:
        mark_read: Marks messages as read.
        handled: The handled messages.
        interval: Half of the first pause after a failure, in seconds.
        clock: Returns the time.
    """

    def __init__(self, mark_read: MarkRead, handled: HandledMessages, *, interval: float, clock: Clock) -> None:
        self._mark_read = mark_read
        self._handled = handled
        self._interval = interval
        self._clock = clock
        self._lock = anyio.Lock()
        self._warnings = {kind: _GrowthWarning() for kind in ("failed", "refused", "listed")}

    async def mark_due(self) -> None:
        """Mark what is due. Handlers that return during a request share the next one.

        Raises:
            WikipayamError: The gateway refused the account (401, 402, 403), or the client is closed.
        """
        async with self._lock:
            together, alone = self._handled.due(self._clock())
            for chunk in chunked(together, _IDS_PER_REQUEST):
                await self._mark_together(chunk)
            await self._mark_alone(alone)
            if not self._handled.unmarked:
                for warning in self._warnings.values():
                    warning.reset()

    def note_listed_again(self, ids: Sequence[str]) -> None:
        """Warn about messages that are listed as unread after they were marked."""
        if ids:
            text = f"messages are listed as unread although they were marked as read: {shown_ids(ids)}"
            self._warnings["listed"].warn(len(self._handled.unmarked), text)

    async def _mark_together(self, ids: Sequence[str]) -> None:
        scope = await self._mark(ids)
        if scope is FailureScope.ITEM:
            await self._mark_alone(ids)
        elif scope is FailureScope.UNCLEAR:
            self._handled.separate(ids)  # from now on: one of them may be what the gateway fails at

    async def _mark_alone(self, ids: Sequence[str]) -> None:
        """Mark messages one by one, until several requests in a row failed for another reason than a refusal."""
        failed = 0
        for index, id_ in enumerate(ids):
            scope = await self._mark([id_])
            failed = 0 if scope in {None, FailureScope.ITEM} else failed + 1
            if failed == _MAX_FAILED_ALONE:
                # The pause is shorter than that of those that failed: these are the next ones.
                self._handled.postpone(ids[index + 1 :], self._clock(), self._interval)
                return

    async def _mark(self, ids: Sequence[str]) -> FailureScope | None:
        """Mark messages in one request; return what it failed at, or None."""
        try:
            await self._mark_read(ids)
        except WikipayamError as error:
            scope = failure_scope(error)
            if scope is FailureScope.ACCOUNT:
                raise
            if scope is not FailureScope.ITEM:
                self._note_failure(ids, error)
            elif len(ids) == 1:
                self._refuse(ids[0], error)
            return scope
        self._handled.marked(ids)
        return None

    def _note_failure(self, ids: Sequence[str], error: WikipayamError) -> None:
        wait: float | None = getattr(error, "retry_after", None)
        self._handled.failed(ids, self._clock(), self._interval, at_least=min(wait or 0.0, MAX_PAUSE))
        text = f"marking as read failed ({type(error).__name__}); it will be retried: {shown_ids(ids)}"
        self._warnings["failed"].warn(len(self._handled.unmarked), text)

    def _refuse(self, id_: str, error: WikipayamError) -> None:
        self._handled.refuse(id_, self._clock())
        text = f"the gateway refuses to mark message {id_} as read ({type(error).__name__})"
        self._warnings["refused"].warn(len(self._handled.parked), text)

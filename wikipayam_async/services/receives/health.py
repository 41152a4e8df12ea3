"""The health of an inbound worker: counts, times, and what is stuck."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from wikipayam_async.publish import publish_in_package

if TYPE_CHECKING:
    from wikipayam_async.core.limits import Clock

__all__ = ["HealthRecord", "WorkerHealth"]

_RECENT = 60.0
_RECENT_POLLS = 3
_SHOWN = 5


def _shown(values: Sequence[object]) -> str:
    if not values:
        return "()"
    return f"<{len(values)}: {', '.join(map(str, values[:_SHOWN]))}{', …' if len(values) > _SHOWN else ''}>"


@frozen
class WorkerHealth:
    """A worker's health.

    Attributes:
        running: Whether the worker is running; the delay before a restart counts as running.
        last_poll: The time of the gateway's last answer to a poll; None if there was none.
        handled: The number of messages that the handler handled.
        failed: The number of times that the handler raised.
        restarts: The number of restarts after an error.
        last_error: The type of the last error of a poll or of `on_error`; None if there was none. A later success does
            not reset it: compare `last_poll`.
        unmarked: The ids of messages that were handled, but could not be marked as read, or are listed as unread
            although they were marked. They are not handled again.
        parked: Those of `unmarked` that the gateway refused to mark; they are tried again after an hour.
        unreadable: The offsets, in the list of unread messages, of those that cannot be read, or have no id. The others
            are handled.
    """

    running: bool
    last_poll: datetime | None
    handled: int
    failed: int
    restarts: int
    last_error: str | None
    unmarked: tuple[str, ...] = field(default=(), repr=_shown)
    parked: tuple[str, ...] = field(default=(), repr=_shown)
    unreadable: tuple[int, ...] = field(default=(), repr=_shown)


@define
class HealthRecord:
    """What a worker notes while it runs.

    Attributes:
        clock: Returns the time.
        poll_interval: Seconds between polls of an empty inbox.
        polls: The number of answered polls.
        last_poll: The time of day of the last one.
        handled: The number of handled messages.
        failed: The number of times that the handler raised.
        restarts: The number of restarts.
        last_error: The type of the last error.
    """

    clock: Clock = field(kw_only=True)
    poll_interval: float = field(kw_only=True)
    polls: int = 0
    last_poll: datetime | None = None
    handled: int = 0
    failed: int = 0
    restarts: int = 0
    last_error: str | None = None
    _progress: float | None = field(default=None, init=False)

    @property
    def is_recent(self) -> bool:
        """Whether a poll was answered, or a message handled, not long ago. False after an error until the next answer."""
        longest = max(_RECENT, _RECENT_POLLS * self.poll_interval)
        return self._progress is not None and self.clock() - self._progress <= longest

    def polled(self, at: datetime) -> None:
        """Note the gateway's answer to a poll."""
        self.polls += 1
        self.last_poll = at
        self._progress = self.clock()

    def progressed(self) -> None:
        """Note that a handler ended."""
        if self._progress is not None:
            self._progress = self.clock()

    def ended(self, error: Exception) -> None:
        """Note an error that ended the consumer."""
        self.last_error = type(error).__name__
        self._progress = None

    def health(
        self, *, running: bool, unmarked: Sequence[str], parked: Sequence[str], unreadable: Sequence[int]
    ) -> WorkerHealth:
        """Return a snapshot."""
        return WorkerHealth(
            running,
            self.last_poll,
            self.handled,
            self.failed,
            self.restarts,
            self.last_error,
            tuple(unmarked),
            tuple(parked),
            tuple(unreadable),
        )


publish_in_package(["WorkerHealth"], globals())

"""Whether an outbox or a batcher can send: its last success, its last failure, and what follows from them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from attrs import frozen

from wikipayam_async.errors import (
    APIConnectionError,
    AuthenticationError,
    ClosedError,
    ConfigurationError,
    InsufficientBalanceError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    UnknownOutcomeError,
    WikipayamError,
)
from wikipayam_async.publish import publish_in_package

__all__ = ["HealthRecord", "SendingHealth"]

_PERMANENT = (AuthenticationError, ClosedError, ConfigurationError, NotFoundError, PermissionDeniedError)
"""Every later message fails in the same way, until somebody changes a setting."""
_TRANSIENT = (APIConnectionError, InsufficientBalanceError, RateLimitError, ServerError, UnknownOutcomeError)
"""A later message may succeed. Any other error is the fault of one message or one request."""
_MEMORY = 60.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


@frozen(kw_only=True)
class SendingHealth:
    """The health of an outbox or a batcher.

    Attributes:
        healthy: Whether messages are taken and likely to be sent: it is `running`, not `full`, and its last request did
            not fail for a reason that concerns other messages too. A refused token, line or setting counts until a
            message is accepted; an unreachable gateway, an unknown outcome, a rate limit or an empty account counts for
            60 seconds, so that a service that a load balancer has taken out of use can come back.
        running: Whether it is entered and not closed.
        full: Whether `max_waiting` messages are queued, so that no more are taken at once.
        waiting: The number of queued messages.
        in_flight: The number of messages in requests in flight.
        last_accepted: The time when a message was last accepted; None if there was none.
        last_failure: The time of the last failure that concerns other messages too; None if there was none.
        last_error: The type of that failure, such as `AuthenticationError`; None if there was none. A later success does
            not reset it: compare `last_accepted`.
    """

    healthy: bool
    running: bool
    full: bool
    waiting: int
    in_flight: int
    last_accepted: datetime | None = None
    last_failure: datetime | None = None
    last_error: str | None = None


class HealthRecord:
    """Records outcomes, and decides from them whether sending works.

    Args:
        clock: Returns monotonic seconds.
        now: Returns the current time.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, now: Callable[[], datetime] = _utc_now) -> None:
        self._clock = clock
        self._now = now
        self._last_accepted: datetime | None = None
        self._last_failure: datetime | None = None
        self._last_error: str | None = None
        self._failing = False
        self._recovers_at: float | None = None

    def note(self, outcome: object) -> None:
        """Record the outcome of a message: an error, or the answer to an accepted message."""
        if not isinstance(outcome, WikipayamError):
            self._last_accepted = self._now()
            self._failing = False
        elif isinstance(outcome, _PERMANENT + _TRANSIENT):
            self._last_failure = self._now()
            self._last_error = type(outcome).__name__
            self._failing = True
            self._recovers_at = None if isinstance(outcome, _PERMANENT) else self._clock() + _MEMORY

    def report(self, *, running: bool, full: bool, waiting: int, in_flight: int) -> SendingHealth:
        """Return the current health."""
        failing = self._failing and (self._recovers_at is None or self._clock() < self._recovers_at)
        return SendingHealth(
            healthy=running and not full and not failing,
            running=running,
            full=full,
            waiting=waiting,
            in_flight=in_flight,
            last_accepted=self._last_accepted,
            last_failure=self._last_failure,
            last_error=self._last_error,
        )


publish_in_package(["SendingHealth"], globals())

"""Whether a failed attempt may be tried again, and when: pure decisions. Promises P1 and P2 rest on this module."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeAlias

from attrs import field, frozen

from wikipayam_async.checks import not_negative, whole_from_one
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.operation import Replay

__all__ = ["RetryBudget", "RetryPolicy", "RetryDecision", "judge_fault", "judge_status", "parse_retry_after"]

Uniform: TypeAlias = Callable[[float, float], float]

_LONGEST_NUMBER = 18
_REFUSED_FROM, _REFUSED_TO = 400, 500
_SUCCESS_FROM, _SUCCESS_TO = 200, 300
_TOO_MANY_REQUESTS = 429
_MAY_HAVE_BEEN_TAKEN = frozenset({408, 409})
_TRANSIENT = frozenset({502, 503, 504})


class RetryDecision(enum.Enum):
    """What follows from a failed attempt."""

    RETRY = enum.auto()
    """It may be tried again; once tries are used up, it is an ordinary failure."""
    FAIL = enum.auto()
    """It is an ordinary failure: of a send, nothing was accepted."""
    UNKNOWN = enum.auto()
    """A send whose outcome is not known."""


def judge_fault(replay: Replay, fault: ExchangeFault) -> RetryDecision:
    """Decide what follows from an exchange that broke."""
    if fault.kind is ExchangeFaultKind.CERTIFICATE:
        return RetryDecision.FAIL
    if replay is Replay.SEND:
        return RetryDecision.UNKNOWN if fault.handed_over else RetryDecision.RETRY
    if fault.kind in {ExchangeFaultKind.UNREADABLE, ExchangeFaultKind.TOO_LARGE}:
        return RetryDecision.FAIL
    return RetryDecision.RETRY


def judge_status(replay: Replay, status: int) -> RetryDecision | None:
    """Decide what follows from an answer's status; None means success."""
    if _SUCCESS_FROM <= status < _SUCCESS_TO:
        return None
    if status == _TOO_MANY_REQUESTS:
        return RetryDecision.RETRY
    if replay is Replay.SEND:
        refused = _REFUSED_FROM <= status < _REFUSED_TO and status not in _MAY_HAVE_BEEN_TAKEN
        return RetryDecision.FAIL if refused else RetryDecision.UNKNOWN
    return RetryDecision.RETRY if status in _TRANSIENT else RetryDecision.FAIL


@frozen
class RetryPolicy:
    """How often, and after which pauses, a call is tried again.

    The pause before try n+1 is random between 0 and `first_pause * 2**(n-1)`, at most `longest_pause` ("full
    jitter"), and never shorter than the gateway's `Retry-After`. A call is given up early, with `retry_after` on the
    error, if the gateway asks for more than `longest_retry_after` or for more than the caller's deadline leaves.

    What may be retried at all is not a matter of policy: a send is tried again only if nothing can have been accepted.

    Attributes:
        attempts: The most tries a call gets, the first included. 1 turns retries off.
        first_pause: Seconds; the upper bound of the first pause.
        longest_pause: Seconds; the upper bound of every pause.
        longest_retry_after: Seconds; the longest `Retry-After` that is waited for (never less than `longest_pause`).

    Raises:
        ConfigurationError: A value is out of its bounds.
    """

    attempts: int = field(default=3, validator=whole_from_one)
    first_pause: float = field(default=0.5, validator=not_negative)
    longest_pause: float = field(default=8.0, validator=not_negative)
    longest_retry_after: float = field(default=60.0, validator=not_negative)

    @property
    def longest_wait(self) -> float:
        """The longest pause, in seconds, that is waited out at all."""
        return max(self.longest_retry_after, self.longest_pause)

    def pause(self, attempt: int, retry_after: float | None, uniform: Uniform) -> float:
        """Return the seconds to wait after the given try (counted from 1)."""
        ceiling = min(self.longest_pause, self.first_pause * 2.0 ** min(attempt - 1, 64))
        return max(uniform(0.0, ceiling), retry_after or 0.0)

    def allows(self, attempt: int, pause: float, remaining: float) -> bool:
        """Tell whether another try may follow the given one after the pause.

        Args:
            attempt: The try that failed, counted from 1.
            pause: Seconds until the next.
            remaining: Seconds until the caller's own deadline.
        """
        return attempt < self.attempts and pause <= self.longest_wait and pause < remaining


class RetryBudget:
    """Keeps a client from multiplying the load on a gateway that is down.

    It holds 100 tokens at most; a retry takes 5, a success gives 1 back. Without tokens, calls get one try each.
    """

    __slots__ = ("_capacity", "_price", "tokens")

    def __init__(self, capacity: float = 100, price: float = 5) -> None:
        self._capacity = capacity
        self._price = price
        self.tokens = capacity

    def take(self) -> bool:
        """Pay for one retry; False if there is not enough left."""
        if self.tokens < self._price:
            return False
        self.tokens -= self._price
        return True

    def succeed(self) -> None:
        """Note a success."""
        self.tokens = min(self._capacity, self.tokens + 1)


def parse_retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Read a `Retry-After` header, which is a number of seconds or a date.

    Returns:
        Seconds, never below zero; None for a header that is missing or unreadable.
    """
    if value is None:
        return None
    text = value.strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return float(text[:_LONGEST_NUMBER])
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())

"""Retry decisions, without I/O. The promises once-only and bounded retries depend on this module."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeAlias

from attrs import field, frozen

from wikipayam_async.checks import at_least_one, not_negative
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.loops import MUTEX
from wikipayam_async.core.operation import Replay
from wikipayam_async.publish import publish_in_package

__all__ = [
    "RetryBudget",
    "RetryDecision",
    "RetryPolicy",
    "judge_fault",
    "judge_status",
    "longest_delay",
    "may_retry",
    "parse_retry_after",
    "retry_delay",
]

Uniform: TypeAlias = Callable[[float, float], float]

_MAX_DIGITS = 18
_REJECTED_FROM, _REJECTED_TO = 400, 500
_SUCCESS_FROM, _SUCCESS_TO = 200, 300
_TOO_MANY_REQUESTS = 429
_MAY_BE_ACCEPTED = frozenset({408, 409})
_TRANSIENT = frozenset({502, 503, 504})


class RetryDecision(enum.Enum):
    """The consequence of a failed attempt."""

    RETRY = enum.auto()
    """Another attempt may follow. Without one, the call fails and no message was accepted."""
    FAIL = enum.auto()
    """The call fails. No message of a send was accepted."""
    UNKNOWN = enum.auto()
    """The call is a send, and its outcome is unknown."""


def judge_fault(replay: Replay, fault: ExchangeFault) -> RetryDecision:
    """Return the decision after a failed exchange."""
    if fault.kind is ExchangeFaultKind.CERTIFICATE:
        return RetryDecision.FAIL
    if replay is Replay.SEND:
        return RetryDecision.UNKNOWN if fault.handed_over else RetryDecision.RETRY
    if fault.kind in {ExchangeFaultKind.UNREADABLE, ExchangeFaultKind.TOO_LARGE}:
        return RetryDecision.FAIL
    return RetryDecision.RETRY


def judge_status(replay: Replay, status: int) -> RetryDecision | None:
    """Return the decision after an answer with the given status; None means success."""
    if _SUCCESS_FROM <= status < _SUCCESS_TO:
        return None
    if status == _TOO_MANY_REQUESTS:
        return RetryDecision.RETRY
    if replay is Replay.SEND:
        rejected = _REJECTED_FROM <= status < _REJECTED_TO and status not in _MAY_BE_ACCEPTED
        return RetryDecision.FAIL if rejected else RetryDecision.UNKNOWN
    return RetryDecision.RETRY if status in _TRANSIENT else RetryDecision.FAIL


@frozen(kw_only=True)
class RetryPolicy:
    """The number of attempts of a call, and the delays between them.

    The delay after attempt n is random between 0 and `initial_delay * 2**(n-1)`, at most `max_delay` ("full jitter"),
    and at least the gateway's `Retry-After`. A call fails without another attempt, with `retry_after` on the error, if
    the delay exceeds `max_retry_after` or the caller's deadline.

    A policy does not decide what is retried: a send is retried only if provably nothing was accepted.

    Attributes:
        max_attempts: The maximum number of attempts per call, including the first. 1 turns retries off.
        initial_delay: The upper bound of the first delay, in seconds.
        max_delay: The upper bound of every delay, in seconds.
        max_retry_after: The longest `Retry-After` to wait for, in seconds; never less than `max_delay`.

    Raises:
        ConfigurationError: A value is out of bounds.
    """

    max_attempts: int = field(default=3, validator=at_least_one)
    initial_delay: float = field(default=0.5, validator=not_negative)
    max_delay: float = field(default=8.0, validator=not_negative)
    max_retry_after: float = field(default=60.0, validator=not_negative)


def longest_delay(policy: RetryPolicy) -> float:
    """Return the longest delay, in seconds, that is waited for."""
    return max(policy.max_retry_after, policy.max_delay)


def retry_delay(policy: RetryPolicy, attempt: int, retry_after: float | None, uniform: Uniform) -> float:
    """Return the delay in seconds after the given attempt, counted from 1."""
    ceiling = min(policy.max_delay, policy.initial_delay * 2.0 ** min(attempt - 1, 64))
    return max(uniform(0.0, ceiling), retry_after or 0.0)


def may_retry(policy: RetryPolicy, attempt: int, delay: float, remaining: float) -> bool:
    """Return whether another attempt may follow after the delay.

    Args:
        policy: The policy.
        attempt: The number of the failed attempt, counted from 1.
        delay: The delay in seconds.
        remaining: Seconds until the caller's deadline.
    """
    return attempt < policy.max_attempts and delay <= longest_delay(policy) and delay < remaining


class RetryBudget:
    """A budget that keeps retries from multiplying the load on a failing gateway. Threads may share it.

    It holds at most 100 tokens. A retry takes 5; a success returns 1. Without enough tokens, calls are not retried.

    Attributes:
        tokens: The tokens left.
    """

    __slots__ = ("_capacity", "_price", "tokens")

    def __init__(self, capacity: float = 100, price: float = 5) -> None:
        self._capacity = capacity
        self._price = price
        self.tokens = capacity

    def take(self) -> bool:
        """Take the tokens for one retry; return False if too few are left."""
        with MUTEX:
            if self.tokens < self._price:
                return False
            self.tokens -= self._price
            return True

    def succeed(self) -> None:
        """Return a token after a success."""
        if self.tokens == self._capacity:  # the rule; no retry takes tokens at the same time, or it comes after this
            return
        with MUTEX:
            self.tokens = min(self._capacity, self.tokens + 1)


def parse_retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Parse a `Retry-After` header, a number of seconds or a date.

    Returns:
        The seconds, at least 0; None if the header is missing or unreadable.
    """
    if value is None:
        return None
    text = value.strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return float(text[:_MAX_DIGITS])
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())


publish_in_package(["RetryPolicy"], globals())

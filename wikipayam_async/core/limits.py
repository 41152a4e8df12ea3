"""Holding back: a rate limit (GCRA) and the gate that a 429 closes for the whole client."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import anyio
from attrs import field, frozen

from wikipayam_async.core.checks import not_negative, positive_or_none

__all__ = ["Gate", "Gcra", "RateLimit", "RateLimiter"]

Clock: TypeAlias = Callable[[], float]
Sleep: TypeAlias = Callable[[float], Awaitable[None]]

_LONGEST_CLOSURE = 3600.0


@frozen(kw_only=True)
class RateLimit:
    """How fast a client may go. Both limits hold at once; a limit of None is none.

    Attributes:
        requests_per_second: Requests of any kind, retries included.
        messages_per_second: Messages sent (SMS, codes, calls).
        burst: Seconds' worth of either that may go at once after a rest. 1.0 lets a full second's allowance go
            together; 0 spaces everything evenly.

    Raises:
        ConfigurationError: A value is out of its bounds.
    """

    requests_per_second: float | None = field(default=None, validator=positive_or_none)
    messages_per_second: float | None = field(default=None, validator=positive_or_none)
    burst: float = field(default=1.0, validator=not_negative)


class Gcra:
    """The generic cell rate algorithm: pure arithmetic on one number, the theoretical arrival time.

    Args:
        rate: Units a second.
        burst: Seconds that may be used ahead.
    """

    __slots__ = ("_arrival", "_burst", "_interval")

    def __init__(self, rate: float, burst: float) -> None:
        self._interval = 1 / rate
        self._burst = burst
        self._arrival = -math.inf

    def reserve(self, now: float, units: float = 1) -> float:
        """Take the next free place for so many units; return the seconds until it comes.

        Places are given in the order of asking. More units than a burst holds are let through together once the
        time that they stand for has been saved up by those before.
        """
        arrival = max(self._arrival, now)
        cost = units * self._interval
        wait = max(0.0, arrival + min(cost, self._burst) - now - self._burst)
        self._arrival = arrival + cost
        return wait


class RateLimiter:
    """A `RateLimit` at work. Shared by everything that uses one client's connections."""

    def __init__(self, limit: RateLimit, *, clock: Clock = anyio.current_time, sleep: Sleep = anyio.sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        requests, messages = limit.requests_per_second, limit.messages_per_second
        self._requests = Gcra(requests, limit.burst) if requests else None
        self._messages = Gcra(messages, limit.burst) if messages else None

    async def wait(self, messages: int = 0) -> None:
        """Wait for the turn of one request with so many messages."""
        now = self._clock()
        wait = self._requests.reserve(now) if self._requests else 0.0
        if messages and self._messages:
            wait = max(wait, self._messages.reserve(now, messages))
        if wait > 0:
            await self._sleep(wait)


class Gate:
    """The time before which nothing may be sent, because the gateway said so."""

    __slots__ = ("not_before",)

    def __init__(self) -> None:
        self.not_before = -math.inf

    def close(self, now: float, seconds: float) -> None:
        """Let nothing pass for so many seconds (an hour at most: a gateway's slip must not close a client for good)."""
        self.not_before = max(self.not_before, now + min(seconds, _LONGEST_CLOSURE))

    def remaining(self, now: float) -> float:
        """Return the seconds until it opens; 0 if it is open."""
        return max(0.0, self.not_before - now)

"""Holding back: a rate limit (GCRA) and the gate that a 429 closes for the whole client."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import anyio
from anyio.lowlevel import EventLoopToken, current_token
from attrs import field, frozen

from wikipayam_async.checks import not_negative, positive_or_none
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.redact.masks import shape_of

__all__ = ["Gate", "Gcra", "RateLimit", "RateLimiter", "limiter_of"]

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

    __slots__ = ("_ahead", "_arrival", "_burst", "_interval")

    def __init__(self, rate: float, burst: float) -> None:
        self._interval = 1 / rate
        self._burst = burst
        self._arrival = -math.inf
        self._ahead = 0.0

    def pause(self, now: float, units: float = 1) -> float:
        """Return the seconds until there is a place for so many units.

        More units than a burst holds are let through together once the time that they stand for has been saved up by
        those before.
        """
        # A client may go from one event loop to the next, whose clock may be far behind.
        self._arrival = min(self._arrival, now + self._ahead)
        return max(0.0, max(self._arrival, now) + min(units * self._interval, self._burst) - now - self._burst)

    def reserve(self, now: float, units: float = 1) -> float:
        """Take the next free place for so many units; return the seconds until it comes."""
        pause = self.pause(now, units)
        self._arrival = max(self._arrival, now) + units * self._interval
        self._ahead = self._arrival - now
        return pause


class RateLimiter:
    """A `RateLimit` at work. Shared by everything that uses one client's connections.

    Turns are given in the order of coming. A place is taken only when its call goes, so that one who is cancelled while
    waiting leaves no gap: otherwise a storm of cancelled calls would hold up those after it.
    """

    def __init__(self, limit: RateLimit, *, clock: Clock = anyio.current_time, sleep: Sleep = anyio.sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        requests, messages = limit.requests_per_second, limit.messages_per_second
        self._requests = Gcra(requests, limit.burst) if requests else None
        self._messages = Gcra(messages, limit.burst) if messages else None
        self._home: EventLoopToken | None = None
        self._turn: anyio.Lock
        self._sending: anyio.Lock

    async def wait(self, messages: int = 0) -> None:
        """Wait for the turn of one request with so many messages."""
        token = current_token()
        if self._home != token:  # a lock that was held when its event loop ended would stay so
            self._home = token
            self._turn, self._sending = anyio.Lock(fast_acquire=True), anyio.Lock(fast_acquire=True)
        if not messages or self._messages is None:
            await self._wait_for_request()
            return
        async with self._sending:
            await self._rest(self._messages.pause(self._clock(), messages))
            await self._wait_for_request()
            self._messages.reserve(self._clock(), messages)

    async def _wait_for_request(self) -> None:
        if self._requests is not None:
            async with self._turn:
                await self._rest(self._requests.pause(self._clock()))
                self._requests.reserve(self._clock())

    async def _rest(self, pause: float) -> None:
        if pause > 0:
            await self._sleep(pause)


def limiter_of(limit: RateLimit | None) -> RateLimiter | None:
    """Return what keeps to a limit; None for none.

    Raises:
        ConfigurationError: It is no `RateLimit`.
    """
    if limit is None:
        return None
    if not isinstance(limit, RateLimit):
        raise ConfigurationError(f"rate_limit: expected a RateLimit; got {shape_of(limit)}")
    return RateLimiter(limit)


class Gate:
    """The time before which nothing may be sent, because the gateway said so."""

    __slots__ = ("_ahead", "not_before")

    def __init__(self) -> None:
        self.not_before = -math.inf
        self._ahead = 0.0

    def close(self, now: float, seconds: float) -> None:
        """Let nothing pass for so many seconds (an hour at most: a gateway's slip must not close a client for good)."""
        self._ahead = max(self.remaining(now), min(seconds, _LONGEST_CLOSURE))
        self.not_before = now + self._ahead

    def remaining(self, now: float) -> float:
        """Return the seconds until it opens; 0 if it is open."""
        # A client may go from one event loop to the next, whose clock may be far behind.
        self.not_before = min(self.not_before, now + self._ahead)
        return max(0.0, self.not_before - now)

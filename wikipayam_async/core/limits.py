"""Limits on sending: the client's rate limit (GCRA), and the gate that a 429 closes."""

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
    """The rate limit of a client. Both limits apply together.

    Attributes:
        requests_per_second: Requests of any kind, retries included. None means no limit.
        messages_per_second: Messages sent (SMS, codes, calls). None means no limit.
        burst_seconds: The allowance, in seconds, that may be used at once after an idle time. 1.0 allows one second's worth
            at once; 0 spaces requests evenly.

    Raises:
        ConfigurationError: A value is out of bounds.
    """

    requests_per_second: float | None = field(default=None, validator=positive_or_none)
    messages_per_second: float | None = field(default=None, validator=positive_or_none)
    burst_seconds: float = field(default=1.0, validator=not_negative)


class Gcra:
    """The generic cell rate algorithm (GCRA), which keeps one number: the theoretical arrival time.

    Args:
        rate: Units per second.
        burst: Seconds that may be used in advance.
    """

    __slots__ = ("_ahead", "_arrival", "_burst", "_interval")

    def __init__(self, rate: float, burst: float) -> None:
        self._interval = 1 / rate
        self._burst = burst
        self._arrival = -math.inf
        self._ahead = 0.0

    def delay(self, now: float, units: float = 1) -> float:
        """Return the seconds until the given number of units is allowed.

        More units than a burst are allowed together once the full burst is available.
        """
        # A client may move to another event loop, whose clock may be far behind.
        self._arrival = min(self._arrival, now + self._ahead)
        return max(0.0, max(self._arrival, now) + min(units * self._interval, self._burst) - now - self._burst)

    def reserve(self, now: float, units: float = 1) -> float:
        """Use the allowance for the given number of units; return the seconds until they are allowed."""
        delay = self.delay(now, units)
        self._arrival = max(self._arrival, now) + units * self._interval
        self._ahead = self._arrival - now
        return delay


class RateLimiter:
    """Applies a `RateLimit` to all clients that share connections.

    Calls proceed in order of arrival. The allowance is used only when a call proceeds, so a call that is cancelled while
    it waits does not delay those behind it.
    """

    def __init__(self, limit: RateLimit, *, clock: Clock = anyio.current_time, sleep: Sleep = anyio.sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        requests, messages = limit.requests_per_second, limit.messages_per_second
        self._requests = Gcra(requests, limit.burst_seconds) if requests else None
        self._messages = Gcra(messages, limit.burst_seconds) if messages else None
        self._loop: EventLoopToken | None = None
        self._request_lock: anyio.Lock
        self._message_lock: anyio.Lock

    async def wait(self, messages: int = 0) -> None:
        """Wait until one request with the given number of messages is allowed."""
        token = current_token()
        if self._loop != token:  # a lock that was held when its event loop ended is never released
            self._loop = token
            self._request_lock, self._message_lock = anyio.Lock(fast_acquire=True), anyio.Lock(fast_acquire=True)
        if not messages or self._messages is None:
            await self._wait_for_request()
            return
        async with self._message_lock:
            await self._wait_out(self._messages.delay(self._clock(), messages))
            await self._wait_for_request()
            self._messages.reserve(self._clock(), messages)

    async def _wait_for_request(self) -> None:
        if self._requests is not None:
            async with self._request_lock:
                await self._wait_out(self._requests.delay(self._clock()))
                self._requests.reserve(self._clock())

    async def _wait_out(self, delay: float) -> None:
        if delay > 0:
            await self._sleep(delay)


def limiter_of(limit: RateLimit | None) -> RateLimiter | None:
    """Return a limiter for a rate limit; None for None.

    Raises:
        ConfigurationError: The value is not a `RateLimit`.
    """
    if limit is None:
        return None
    if not isinstance(limit, RateLimit):
        raise ConfigurationError(
            f"rate_limit: expected a RateLimit, such as RateLimit(messages_per_second=10); got {shape_of(limit)}"
        )
    return RateLimiter(limit)


class Gate:
    """The time before which no request may be sent, set by the gateway's 429.

    Attributes:
        not_before: The time when the gate opens.
    """

    __slots__ = ("_ahead", "not_before")

    def __init__(self) -> None:
        self.not_before = -math.inf
        self._ahead = 0.0

    def close(self, now: float, seconds: float) -> None:
        """Close the gate for the given seconds, an hour at most: a gateway's mistake must not block a client forever."""
        self._ahead = max(self.remaining(now), min(seconds, _LONGEST_CLOSURE))
        self.not_before = now + self._ahead

    def remaining(self, now: float) -> float:
        """Return the seconds until the gate opens; 0 if it is open."""
        # A client may move to another event loop, whose clock may be far behind.
        self.not_before = min(self.not_before, now + self._ahead)
        return max(0.0, self.not_before - now)

"""Limits on sending: the client's rate limit (GCRA), and the gate that a 429 closes."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import anyio
from attrs import field, frozen

from wikipayam_async.checks import not_negative, positive_or_none
from wikipayam_async.core.loops import MUTEX, PerLoop, loop_offset, process_time
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.publish import publish_in_package
from wikipayam_async.redact.masks import shape_of

__all__ = ["Gate", "Gcra", "RateLimit", "RateLimiter", "limiter_of"]

Clock: TypeAlias = Callable[[], float]
Sleep: TypeAlias = Callable[[float], Awaitable[None]]

_LONGEST_CLOSURE = 3600.0
_SKEW = 1.0
"""Seconds by which the clocks of the event loops of a process may differ."""
_ROUNDING = 1e-6
"""Seconds of a delay that are not waited for: what the rounding of times adds up to."""
_TURN = 0.001
"""Seconds between the looks of event loops that wait for the same allowance."""


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
        # The clock may have been replaced by one that is far behind. Those of several event loops differ by
        # milliseconds, which must not add up.
        if self._arrival > now + self._ahead + _SKEW:
            self._arrival = now + self._ahead
        return max(0.0, max(self._arrival, now) + min(units * self._interval, self._burst) - now - self._burst)

    def reserve(self, now: float, units: float = 1) -> float:
        """Use the allowance for the given number of units; return the seconds until they are allowed."""
        delay = self.delay(now, units)
        self._arrival = max(self._arrival, now) + units * self._interval
        self._ahead = self._arrival - now
        return delay


class _Line:
    """The calls of one event loop, in order of arrival: only the first waits for the limit itself."""

    __slots__ = ("messages", "requests")

    def __init__(self) -> None:
        self.requests, self.messages = anyio.Lock(fast_acquire=True), anyio.Lock(fast_acquire=True)


class _Limit:
    """A limit, and the event loops whose first call waits for it, in order of arrival. `MUTEX` guards it.

    Event loops do not wake each other, since one that has stopped would block the others. Each call looks again when it
    could be allowed; a call that came later looks a moment later, and finds the allowance used.
    """

    __slots__ = ("_gcra", "_waiting", "reserve")

    def __init__(self, rate: float, burst: float) -> None:
        self._gcra = Gcra(rate, burst)
        self._waiting: dict[_Line, None] = {}
        self.reserve = self._gcra.reserve

    def allows(self, now: float, units: int) -> bool:
        """Return whether the units are allowed now."""
        return self._gcra.delay(now, units) <= _ROUNDING

    def delay(self, now: float, units: int, line: _Line) -> float:
        """Return the seconds until the call of an event loop should look again; 0 if it is allowed."""
        if self.allows(now, units):
            return 0.0
        self._waiting.setdefault(line)
        return self._gcra.delay(now, units) + _TURN * list(self._waiting).index(line)

    def leave(self, line: _Line) -> None:
        """Forget an event loop, whose call no longer waits."""
        self._waiting.pop(line, None)


class RateLimiter:
    """Applies a `RateLimit` to all clients that share connections, in any number of event loops and threads.

    The calls of an event loop proceed in order of arrival. The allowance is used only when a call proceeds, so a call that
    is cancelled while it waits does not delay those behind it.
    """

    def __init__(self, limit: RateLimit, *, clock: Clock = process_time, sleep: Sleep = anyio.sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        requests, messages = limit.requests_per_second, limit.messages_per_second
        self._requests = _Limit(requests, limit.burst_seconds) if requests else None
        self._messages = _Limit(messages, limit.burst_seconds) if messages else None
        self._lines = PerLoop(_Line)

    async def wait(self, messages: int = 0) -> None:
        """Wait until one request with the given number of messages is allowed."""
        if not messages or self._messages is None:
            if self._requests is not None:
                await self._wait_for_request(await self._lines.get(), 0)
            return
        line = await self._lines.get()
        async with line.messages:
            await self._wait_out(line, self._messages, messages)
            while not await self._wait_for_request(line, messages):
                await self._wait_out(line, self._messages, messages)

    async def _wait_for_request(self, line: _Line, messages: int) -> bool:
        """Wait for a request, then use both allowances; False if that for messages was used elsewhere meanwhile."""
        if self._requests is None:
            return self._take(messages) is None
        async with line.requests:
            await self._wait_out(line, self._requests, 1)
            while (refusing := self._take(messages)) is self._requests:
                await self._wait_out(line, self._requests, 1)
            return refusing is None

    def _take(self, messages: int) -> _Limit | None:
        """Use the allowances for one request and its messages; return the limit that does not allow it, if any."""
        pairs = [(self._requests, 1), (self._messages if messages else None, messages)]
        limits = [(limit, units) for limit, units in pairs if limit is not None]
        with MUTEX:
            now = self._clock()
            for limit, units in limits:
                if not limit.allows(now, units):
                    return limit
            for limit, units in limits:
                limit.reserve(now, units)
        return None

    async def _wait_out(self, line: _Line, limit: _Limit, units: int) -> None:
        """Wait until a limit allows the units, unless another event loop uses them first."""
        try:
            while (delay := self._look(line, limit, units)) > 0:
                await self._sleep(delay)
        finally:
            with MUTEX:
                limit.leave(line)

    def _look(self, line: _Line, limit: _Limit, units: int) -> float:
        with MUTEX:
            return limit.delay(self._clock(), units, line)


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
    """The time before which no request may be sent, set by the gateway's 429. It holds in every event loop and thread.

    Attributes:
        not_before: The time when the gate opens, on the clock that all event loops share.
    """

    __slots__ = ("_ahead", "not_before")

    def __init__(self) -> None:
        self.not_before = -math.inf
        self._ahead = 0.0

    def close(self, now: float, seconds: float) -> None:
        """Close the gate for the given seconds, an hour at most: a gateway's mistake must not block a client forever.

        Args:
            now: The time of the running event loop.
            seconds: The seconds. A gate that is closed for longer stays closed.
        """
        now += loop_offset()
        with MUTEX:
            self._ahead = max(self._remaining(now), min(seconds, _LONGEST_CLOSURE))
            self.not_before = now + self._ahead

    def remaining(self, now: float) -> float:
        """Return the seconds until the gate opens; 0 if it is open.

        Args:
            now: The time of the running event loop.
        """
        if self.not_before == -math.inf:  # the rule; the rest costs more
            return 0.0
        now += loop_offset()
        with MUTEX:
            return self._remaining(now)

    def _remaining(self, now: float) -> float:
        # The clock may have been replaced by one that is far behind.
        self.not_before = min(self.not_before, now + self._ahead)
        return max(0.0, self.not_before - now)


publish_in_package(["RateLimit"], globals())

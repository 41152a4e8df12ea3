"""Virtual time for tests: a sleep costs nothing and moves the clock."""

from __future__ import annotations

import anyio

__all__ = ["VirtualClock"]


class VirtualClock:
    """A clock that a sleep moves forward at once.

    Attributes:
        slept: The seconds that each sleep asked for, in order.
        ahead: Seconds by which the clock is ahead of the event loop's.
    """

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.ahead = 0.0

    def now(self) -> float:
        """Return the event loop's time plus everything slept."""
        return anyio.current_time() + self.ahead

    async def sleep(self, seconds: float) -> None:
        """Move the clock forward."""
        self.slept.append(seconds)
        self.ahead += seconds
        await anyio.lowlevel.checkpoint()

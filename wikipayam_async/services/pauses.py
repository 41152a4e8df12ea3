"""The growing pause before something that failed is tried again. Pure."""

from __future__ import annotations

from attrs import define

__all__ = ["MAX_PAUSE", "MIN_INTERVAL", "Pause"]

MIN_INTERVAL = 0.1
"""The shortest time, in seconds, between two polls of a loop without news, whatever interval it is given."""

MAX_PAUSE = 3600.0
"""The longest pause, in seconds, before something is tried again."""


@define
class Pause:
    """The pause before something that failed is tried again. It doubles with every failure.

    Attributes:
        failures: The number of failures.
        begin: The time of the last one.
        seconds: The length of the pause.
    """

    failures: int = 0
    begin: float = 0.0
    seconds: float = 0.0

    def fail(self, now: float, interval: float, *, longest: float = MAX_PAUSE) -> None:
        """Note a failure.

        Args:
            now: The time.
            interval: Half of the first pause, in seconds.
            longest: The longest pause, in seconds.
        """
        self.failures += 1
        self.begin = now
        self.seconds = min(longest, interval * 2.0 ** min(self.failures, 40))

    def wait(self, now: float, seconds: float) -> None:
        """Wait without a failure."""
        self.begin, self.seconds = now, seconds

    def is_over(self, now: float) -> bool:
        """Return whether it may be tried again. A clock that was set back does not prolong the pause."""
        return not self.begin <= now < self.begin + self.seconds

"""The emulator's time zone, and a clock that tests advance by hand."""

from datetime import datetime, timedelta, timezone

from attrs import define

TEHRAN = timezone(timedelta(hours=3, minutes=30))
"""The emulator's time zone. Iran has no daylight saving time. The gateway's own time zone is not documented."""


def zoned(moment: datetime) -> datetime:
    """Convert a datetime to the emulator's time zone; one without a time zone is already in it."""
    return moment.astimezone(TEHRAN) if moment.tzinfo else moment.replace(tzinfo=TEHRAN)


@define
class ManualClock:
    """A clock for tests that moves only when it is advanced: `Emulator(clock=ManualClock())`.

    Attributes:
        seconds: The current reading.
    """

    seconds: float = 0.0

    def __call__(self) -> float:
        """Return the current reading, in seconds."""
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Move the clock forward.

        Args:
            seconds: The number of seconds.
        """
        self.seconds += seconds

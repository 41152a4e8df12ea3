"""The emulator's time zone, and a clock that goes only when it is told to."""

from datetime import datetime, timedelta, timezone

from attrs import define

TEHRAN = timezone(timedelta(hours=3, minutes=30))
"""The emulator's time zone. Iran keeps no summer time; which zone the gateway means is documented nowhere."""


def zoned(moment: datetime) -> datetime:
    """Put a moment into the emulator's time zone.

    Args:
        moment: The moment; without a zone it is the emulator's already.

    Returns:
        The moment there.
    """
    return moment.astimezone(TEHRAN) if moment.tzinfo else moment.replace(tzinfo=TEHRAN)


@define
class ManualClock:
    """Stands in for the emulator's clock, so that a test waits for nothing: ``Emulator(clock=ManualClock())``.

    Attributes:
        seconds: What it shows.
    """

    seconds: float = 0.0

    def __call__(self) -> float:
        """Tell the time.

        Returns:
            What it shows.
        """
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Let time pass.

        Args:
            seconds: How much of it.
        """
        self.seconds += seconds

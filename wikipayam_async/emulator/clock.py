"""A clock that goes only when it is told to."""

from attrs import define


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

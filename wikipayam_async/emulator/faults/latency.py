"""The ordinary response time of the gateway and the network, independent of faults."""

import re
from math import inf

from attrs import Factory, define, field, frozen

from wikipayam_async.emulator.gateway.pseudorandom import fraction

_duration = re.compile(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)(ms|s)?").fullmatch


@frozen
class Latency:
    """The response time in seconds: `Latency(0.05)`, or `Latency(0.05, 0.2)` for a range.

    Attributes:
        shortest: The minimum.
        longest: The maximum; by default the same. Within a range each request gets a random time.

    Raises:
        ValueError: A time is negative or infinite, or the maximum is below the minimum.
    """

    shortest: float
    longest: float = field(default=Factory(lambda self: self.shortest, takes_self=True))

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.shortest <= self.longest < inf:
            raise ValueError("expected finite times from 0, the shorter one first")


@define
class DelaySource:
    """Chooses the delay of each response, the same ones in every run.

    Attributes:
        seed: Determines the random delays.
        latency: The bounds of the delays.
    """

    seed: int
    latency: Latency
    _responses: int = field(init=False, default=0)

    def take(self) -> float:
        """Return the delay of the next response, in seconds."""
        shortest, longest = self.latency.shortest, self.latency.longest
        if shortest == longest:
            return shortest
        self._responses += 1
        return shortest + (longest - shortest) * fraction("latency", self.seed, self._responses)


def parse_duration(text: str) -> float:
    """Parse a duration, and return seconds: `0.05` and `0.05s` are seconds, `50ms` are milliseconds.

    Raises:
        ValueError: The text is not a duration.
    """
    match = _duration(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write seconds (0.05 or 0.05s) or milliseconds (50ms)")
    return float(match[1]) / (1000 if match[2] == "ms" else 1)


def parse_latency(text: str) -> Latency:
    """Parse a latency as the command line takes it: `0.05`, `20ms`, or `50ms-200ms` for a range.

    Each time has its own unit; without a unit it is in seconds.

    Args:
        text: The text.

    Raises:
        ValueError: The text is not a latency, or its second time is shorter than the first.
    """
    shortest, hyphen, longest = text.partition("-")
    least = parse_duration(shortest)
    most = parse_duration(longest) if hyphen else least
    if most < least:
        raise ValueError(f"{text!r} is not a range: the second time is shorter; each time has its own unit")
    return Latency(least, most)

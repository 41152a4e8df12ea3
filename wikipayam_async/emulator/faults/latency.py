"""How long every answer takes: the ordinary time of a gateway and of the way there, apart from faults."""

import re
from math import inf

from attrs import Factory, define, field, frozen

from wikipayam_async.emulator.gateway.random_ids import fraction

_duration = re.compile(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)(ms|s)?").fullmatch


@frozen
class Latency:
    """How long every answer takes, in seconds: ``Latency(0.05)``, or ``Latency(0.05, 0.2)`` for a range.

    Attributes:
        shortest: The least.
        longest: The most; by default the same. Between the two, chance decides anew for every request.

    Raises:
        ValueError: A time is negative or has no end, or the range does not rise.
    """

    shortest: float
    longest: float = field(default=Factory(lambda self: self.shortest, takes_self=True))

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.shortest <= self.longest < inf:
            raise ValueError("a latency is not negative, has an end, and a range of it rises")


@define
class Lag:
    """Says how long each answer takes, the same way in every run.

    Attributes:
        seed: Decides the order of the times.
        latency: Between which bounds they lie.
    """

    seed: int
    latency: Latency
    _answers: int = field(init=False, default=0)

    def take(self) -> float:
        """Tell how long the next answer takes.

        Returns:
            Seconds.
        """
        shortest, longest = self.latency.shortest, self.latency.longest
        if shortest == longest:
            return shortest
        self._answers += 1
        return shortest + (longest - shortest) * fraction("latency", self.seed, self._answers)


def parse_duration(text: str) -> float:
    """Read a length of time: ``0.05`` and ``0.05s`` are seconds, ``50ms`` are milliseconds.

    Args:
        text: The text.

    Returns:
        Seconds.

    Raises:
        ValueError: It is something else.
    """
    match = _duration(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no length of time; write seconds (0.05 or 0.05s) or milliseconds (50ms)")
    return float(match[1]) / (1000 if match[2] == "ms" else 1)


def parse_latency(text: str) -> Latency:
    """Read a latency as the command line has it: a time, or two with a hyphen between them.

    ``0.05``, ``20ms`` and ``50ms-200ms`` are latencies. Every time has its own unit, and without one it is in seconds.

    Args:
        text: The text.

    Returns:
        The latency.

    Raises:
        ValueError: It is something else, or the second time is the shorter.
    """
    shortest, hyphen, longest = text.partition("-")
    least = parse_duration(shortest)
    most = parse_duration(longest) if hyphen else least
    if most < least:
        raise ValueError(f"{text!r} is no range, for its second time is the shorter; every time has its own unit")
    return Latency(least, most)

"""From the figures of one process to 100 million messages a day, on paper. Pure.

Every formula stands in the docstring of what applies it, and in words on the page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from attrs import frozen

from tests.benchmarks.tables import number, table

__all__ = [
    "BATCH",
    "DAY",
    "LOADS",
    "MESSAGES",
    "Costs",
    "Load",
    "accounts_table",
    "loads_table",
    "roads_table",
]

MESSAGES = 100_000_000
BATCH = 100
DAY = 86_400

_SHARE_OF_A_CORE = 0.5
"""How much of a core one process may use: the rest is for the program around it, and for bursts."""

_ANSWERS = (0.05, 1.0)
"""Seconds that a gateway may take for a request."""

_ACCOUNT_RATES = (100, 1000, 10_000)


@frozen
class Costs:
    """What a message costs.

    Attributes:
        cpu: µs of the client's CPU.
        up: Bytes to the gateway, heads included.
        down: Bytes from the gateway, heads included.
    """

    cpu: float
    up: float
    down: float


@frozen
class Load:
    """So many messages in so much time.

    Attributes:
        name: As the table calls it.
        messages: How many.
        seconds: In what time.
    """

    name: str
    messages: int
    seconds: float

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    def requests(self, batch: int) -> float:
        """Requests a second: messages a second, divided by the messages of a request."""
        return self.rate / batch

    def lanes(self, batch: int, answer: float) -> int:
        """Requests in flight at once: requests a second, times the seconds that one takes."""
        return math.ceil(round(self.requests(batch) * answer, 9))

    def cores(self, costs: Costs) -> float:
        """Cores in use: messages a second, times the CPU seconds of one."""
        return self.rate * costs.cpu / 1e6

    def processes(self, costs: Costs) -> int:
        """Processes, each with half a core to itself."""
        return math.ceil(round(self.cores(costs) / _SHARE_OF_A_CORE, 9))

    def megabits(self, size: float) -> float:
        """Mbit/s: messages a second, times the bytes of one, times eight bits."""
        return self.rate * size * 8 / 1e6


LOADS = (
    Load("24 hours", MESSAGES, DAY),
    Load("12 hours", MESSAGES, DAY / 2),
    Load("one hour", MESSAGES, DAY / 24),
)


def loads_table(costs: Costs) -> str:
    """Show what 100 million messages need, by the time in which they have to be out."""
    rows = [
        [
            load.name,
            number(load.rate),
            number(load.requests(BATCH)),
            *(f"{load.lanes(BATCH, answer):,}" for answer in _ANSWERS),
            number(load.cores(costs)),
            f"{load.processes(costs):,}",
            f"{number(load.megabits(costs.up))} / {number(load.megabits(costs.down))}",
        ]
        for load in LOADS
    ]
    lanes = (f"lanes at {answer * 1000:,.0f} ms" for answer in _ANSWERS)
    return table(["spread over", "messages/s", "requests/s", *lanes, "cores", "processes", "Mbit/s up / down"], rows)


def roads_table(roads: Sequence[tuple[str, int, Costs]]) -> str:
    """Show what a day of 100 million messages needs by the road they take.

    Args:
        roads: Each with its name, the messages of a request, and what a message costs.
    """
    day = LOADS[0]
    rows = [
        [
            name,
            number(costs.cpu),
            number(day.cores(costs)),
            f"{day.lanes(batch, _ANSWERS[0]):,}",
            f"{number(costs.up)} / {number(costs.down)}",
            number(MESSAGES * (costs.up + costs.down) / 1e9),
        ]
        for name, batch, costs in roads
    ]
    return table(["road", "CPU µs a message", "cores", "lanes at 50 ms", "bytes up / down", "GB a day"], rows)


def accounts_table() -> str:
    """Show how long 100 million messages take by what an account may send: messages, divided by messages a second."""
    rows = [[f"{rate:,}", number(MESSAGES / rate / DAY), number(rate * DAY / 1e6)] for rate in _ACCOUNT_RATES]
    return table(["the account's messages/s", "days for 100 million", "millions a day"], rows)

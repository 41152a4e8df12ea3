"""Extrapolate the figures of one process to 100 million messages per day. Pure.

Every formula is in the docstring of its function, and in words on the page.
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
    "methods_table",
]

MESSAGES = 100_000_000
BATCH = 100
DAY = 86_400

_SHARE_OF_A_CORE = 0.5
"""The share of a core that one process may use; the rest is for the program around it and for bursts."""

_ANSWERS = (0.05, 1.0)
"""The gateway's response times, in seconds."""

_ACCOUNT_RATES = (100, 1000, 10_000)


@frozen
class Costs:
    """The cost of a message.

    Attributes:
        cpu: The client's CPU in µs.
        up: Bytes to the gateway, including headers.
        down: Bytes from the gateway, including headers.
    """

    cpu: float
    up: float
    down: float


@frozen
class Load:
    """A number of messages in a duration.

    Attributes:
        name: The name in the table.
        messages: The number of messages.
        seconds: The duration in seconds.
    """

    name: str
    messages: int
    seconds: float

    @property
    def rate(self) -> float:
        """Messages per second."""
        return self.messages / self.seconds

    def requests(self, batch: int) -> float:
        """Requests per second: messages per second divided by the batch size."""
        return self.rate / batch

    def lanes(self, batch: int, answer: float) -> int:
        """Requests in flight: requests per second times the response time."""
        return math.ceil(round(self.requests(batch) * answer, 9))

    def cores(self, costs: Costs) -> float:
        """Cores in use: messages per second times the CPU seconds of a message."""
        return self.rate * costs.cpu / 1e6

    def processes(self, costs: Costs) -> int:
        """Processes: cores divided by the share of a core per process."""
        return math.ceil(round(self.cores(costs) / _SHARE_OF_A_CORE, 9))

    def megabits(self, size: float) -> float:
        """Mbit/s: messages per second times the bytes of a message times eight."""
        return self.rate * size * 8 / 1e6


LOADS = (
    Load("24 hours", MESSAGES, DAY),
    Load("12 hours", MESSAGES, DAY / 2),
    Load("one hour", MESSAGES, DAY / 24),
)


def loads_table(costs: Costs) -> str:
    """Return a table of the resources that 100 million messages need, by duration."""
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


def methods_table(methods: Sequence[tuple[str, int, Costs]]) -> str:
    """Return a table of the resources that 100 million messages per day need, by method.

    Args:
        methods: Each method's name, batch size, and costs per message.
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
        for name, batch, costs in methods
    ]
    return table(["method", "CPU µs per message", "cores", "lanes at 50 ms", "bytes up / down", "GB per day"], rows)


def accounts_table() -> str:
    """Return a table of the days that 100 million messages take, by the account's rate."""
    rows = [[f"{rate:,}", number(MESSAGES / rate / DAY), number(rate * DAY / 1e6)] for rate in _ACCOUNT_RATES]
    return table(["the account's messages/s", "days for 100 million", "millions per day"], rows)

"""The section on networks: latency with jitter, TLS, and a gateway that fails 1 % of the requests, all at once."""

from __future__ import annotations

from attrs import frozen

from tests.benchmarks.implementations import registry
from tests.benchmarks.implementations.interface import LANES
from tests.benchmarks.job import Job
from tests.benchmarks.measured import Cell
from tests.benchmarks.plan import Bench, Entry

__all__ = ["NETWORK_BULK", "NETWORK_CASES", "NETWORK_SINGLE", "NETWORK_TASKS", "NetworkCase", "bulk_case", "network"]

NETWORK_TASKS = 100
"""The number of concurrent single sends, and of connections."""

NETWORK_SINGLE = (
    registry.NEAR_LIMIT,
    registry.AIOHTTP,
    registry.SDK,
    registry.SDK_TRIO,
    registry.ON_AIOHTTP,
    registry.HTTPX2,
    registry.SEMAPHORE,
)
NETWORK_BULK = (registry.NEAR_LIMIT, registry.AIOHTTP, registry.SDK, registry.SDK_STREAM)


@frozen
class NetworkCase:
    """A network.

    Attributes:
        latency: The least latency in milliseconds.
        singles: The single sends of a full run.
        few: Those of a slow implementation.
        messages: The messages of a bulk send in a full run.
    """

    latency: int
    singles: int
    few: int
    messages: int

    @property
    def name(self) -> str:
        """The name in the tables."""
        return f"{self.latency} ms"


NETWORK_CASES = (
    NetworkCase(20, singles=3000, few=800, messages=32_000),
    NetworkCase(50, singles=2000, few=800, messages=16_000),
    NetworkCase(200, singles=1000, few=800, messages=6400),
)


def bulk_case(case: NetworkCase) -> str:
    """Return the name of the case's bulk sends."""
    return f"{case.name}, bulk"


def network(bench: Bench) -> None:
    """Measure single and bulk sends on networks; the time of each single send, too."""
    entries = []
    for case in NETWORK_CASES:
        for name in NETWORK_SINGLE:
            messages = case.few if name in registry.SLOW else case.singles
            job = Job(
                kind="burst",
                implementation=name,
                messages=bench.profile.scaled(messages, minimum=4 * NETWORK_TASKS),
                tasks=NETWORK_TASKS,
                connections=NETWORK_TASKS,
            )
            entries.append(Entry(Cell("network", case.name, name), bench.gateway.network(job, case.latency)))
        for name in NETWORK_BULK:
            messages = bench.profile.scaled(case.messages, minimum=3200)
            job = Job(kind="bulk", implementation=name, messages=messages, connections=LANES, built="inside")
            entries.append(Entry(Cell("network", bulk_case(case), name), bench.gateway.network(job, case.latency)))
    bench.run(entries)

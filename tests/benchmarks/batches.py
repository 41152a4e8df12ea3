"""The section on batches: bulk sends by batch size, with messages built before and inside the measurement; and columns."""

from __future__ import annotations

from itertools import product

from tests.benchmarks.implementations import registry
from tests.benchmarks.implementations.interface import LANES
from tests.benchmarks.job import Built, Job
from tests.benchmarks.measured import Cell
from tests.benchmarks.plan import Bench, Entry

__all__ = ["BUILT", "PUBLISHED", "SIZES", "batch_case", "batches", "compared"]

SIZES = (100, 500, 1000)
"""The numbers of messages in a request."""
BUILT: tuple[Built, ...] = ("inside", "before")

_FEW = (registry.NEAR_LIMIT, registry.AIOHTTP, registry.SDK, registry.SDK_STREAM)
_MESSAGES, _MESSAGES_OF_SLOW, _FEWEST = 48_000, 16_000, 8000


def batch_case(size: int, built: Built) -> str:
    """Return the name of the case with this batch size."""
    return f"{size:,}, built {built}"


PUBLISHED = batch_case(100, "inside")
"""The case of the README: what a caller pays for, in batches of the default size."""


def compared(case: str) -> tuple[str, ...]:
    """Return the implementations of a case: all of them for the published one."""
    return registry.BULK if case == PUBLISHED else _FEW


def batches(bench: Bench) -> None:
    """Measure bulk sends by batch size, with messages built before and inside; and in columns."""
    entries = []
    for size, built in product(SIZES, BUILT):
        case = batch_case(size, built)
        entries += [_entry(bench, case, name, size, built) for name in compared(case)]
    for case, names in registry.COLUMNS.items():
        entries += [_entry(bench, case, name, SIZES[0], "inside") for name in names]
    bench.run(entries, rounds=bench.profile.more_rounds)


def _entry(bench: Bench, case: str, name: str, size: int, built: Built) -> Entry:
    messages = _MESSAGES_OF_SLOW if name in registry.SLOW else _MESSAGES
    job = Job(
        kind="bulk",
        implementation=name,
        messages=bench.profile.scaled(messages, minimum=_FEWEST),
        connections=LANES,
        batch=size,
        built=built,
    )
    return Entry(Cell("batches", case, name), bench.gateway.target(job))

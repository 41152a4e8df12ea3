"""The goals, and whether the figures reach them. Pure; a missed goal is no error."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product

from attrs import frozen

from tests.benchmarks.batches import BUILT, SIZES, batch_case
from tests.benchmarks.implementations import registry
from tests.benchmarks.job import Built
from tests.benchmarks.measured import Cell, Results, Spread
from tests.benchmarks.sections import CAMPAIGN_WAYS, HELPS, IMPORTS, MEMORY_METHODS, REFUSING, SWEEP, sweep_case
from tests.benchmarks.tables import number, spread, table

__all__ = ["LINGER", "Goal", "goals", "goals_table"]

LINGER = 5.0
"""The default linger of a batcher, in milliseconds."""

_SINGLE_BOUNDS: Mapping[str, float] = {sweep_case(1): 0.65}
_SINGLE_BOUND = 0.6
_BATCH_BOUNDS: Mapping[tuple[int, Built], float] = {(100, "before"): 0.95, (100, "inside"): 0.85}
_LARGE_BATCH_BOUNDS: Mapping[Built, float] = {"before": 1.1, "inside": 0.85}

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "≤": operator.le,
    "≥": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}


@frozen
class Goal:
    """A goal and its figure.

    Attributes:
        text: The description.
        sign: The comparison of the figure with the bound.
        bound: The bound.
        measured: The figure; None if it was not measured.
        unit: The unit of both; empty for ratios.
    """

    text: str
    sign: str
    bound: float
    measured: Spread | None
    unit: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the median reaches the goal; None if it was not measured."""
        return None if self.measured is None else _COMPARE[self.sign](self.measured.median, self.bound)


def goals(results: Results) -> list[Goal]:
    """Return all goals with their figures."""
    return [
        *_single(results),
        *_batches(results),
        *_bulk(results),
        *_memory(results),
        *_campaign(results),
        *_batcher(results),
        *_reading(results),
        *_start(results),
    ]


def goals_table(some: Iterable[Goal]) -> str:
    """Return a table of goals."""
    words = {True: "reached", False: "**not reached**", None: "not measured"}
    rows = [
        [goal.text, f"{goal.sign} {number(goal.bound)}{goal.unit}", spread(goal.measured), words[goal.reached]]
        for goal in some
    ]
    return table(["goal", "target", "measured", ""], rows)


def _single(results: Results) -> Iterator[Goal]:
    cases = [sweep_case(tasks) for tasks in SWEEP]
    for case in cases:
        ours, theirs = Cell("single", case, registry.SDK), Cell("single", case, registry.AIOHTTP)
        figure = results.ratio(ours, theirs, "cpu")
        bound = _SINGLE_BOUNDS.get(case, _SINGLE_BOUND)
        yield Goal(f"single sends, {case}: CPU per send, relative to aiohttp + orjson", "≤", bound, figure)
    for case in cases:
        ours = Cell("single", case, registry.SDK)
        plain = [
            results.ratio(Cell("single", case, name), ours, "cpu") for name in (registry.GATHER, registry.SEMAPHORE)
        ]
        better = min(filter(None, plain), key=lambda one: one.median, default=None)
        yield Goal(
            f"single sends, {case}: CPU per send of the better plain httpx, relative to this SDK", "≥", 4.0, better
        )
    most, fifty = (Cell("single", sweep_case(tasks), registry.SDK) for tasks in (5000, 50))
    figure = results.ratio(most, fifty, "rate")
    yield Goal("single sends: throughput at 5,000 tasks, relative to 50 tasks", "≥", 0.9, figure)


def _bulk(results: Results) -> Iterator[Goal]:
    ways = {"`send_bulk`": registry.SDK, "`bulk()`": registry.SDK_STREAM}
    for case, bound in (("0 ms", 0.40), ("50 ms", 0.97)):
        for word, name in ways.items():
            figure = results.ratio(Cell("bulk", case, name), Cell("bulk", case, registry.NEAR_LIMIT), "rate")
            yield Goal(f"{word}, {case}: throughput, relative to the near-limit client", "≥", bound, figure)
    for case in ("0 ms", "TLS"):
        for word, name in ways.items():
            figure = results.ratio(Cell("bulk", case, name), Cell("bulk", case, registry.AIOHTTP), "rate")
            yield Goal(f"{word}, {case}: throughput, relative to aiohttp + orjson", ">", 1.0, figure)
    refused, never = (Cell("bulk", case, registry.SDK) for case in (REFUSING, "50 ms"))
    figure = results.ratio(refused, never, "rate")
    text = "`send_bulk`, 50 ms: throughput with 1 % of 429 and `Retry-After: 0`, relative to none"
    yield Goal(text, "≥", 0.95, figure)
    ours, on_trio = (Cell("bulk", "0 ms", name) for name in (registry.SDK, registry.SDK_TRIO))
    figure = results.ratio(ours, on_trio, "rate")
    yield Goal("`send_bulk`, 0 ms: throughput on asyncio, relative to trio", "≤", 1.5, figure)


def _batches(results: Results) -> Iterator[Goal]:
    ways = {"`send_bulk`": registry.SDK, "`bulk()`": registry.SDK_STREAM}
    for (size, built), (word, name) in product(product(SIZES, BUILT), ways.items()):
        case = batch_case(size, built)
        figure = results.ratio(Cell("batches", case, name), Cell("batches", case, registry.AIOHTTP), "cpu")
        text = f"{word}, batches of {size:,}, messages built {built}: CPU per message, relative to aiohttp + orjson"
        yield Goal(text, "≤", _BATCH_BOUNDS.get((size, built), _LARGE_BATCH_BOUNDS[built]), figure)
    by_hand, columns, limit = (
        Cell("batches", "one text", name)
        for name in (registry.AIOHTTP_ONE_TEXT, registry.ONE_TEXT, registry.NEAR_LIMIT_ONE_TEXT)
    )
    figure = results.ratio(columns, by_hand, "cpu")
    yield Goal("one text to many numbers: CPU per message, relative to aiohttp + orjson", "≤", 0.55, figure)
    figure = results.ratio(columns, limit, "rate")
    yield Goal("one text to many numbers: throughput, relative to the near-limit client", "≥", 0.65, figure)


def _memory(results: Results) -> Iterator[Goal]:
    generator, on_trio, stream, whole, _ = (Cell("memory", "a million", method) for method in MEMORY_METHODS)
    growth = results.spread(generator, "growth")
    yield Goal("`bulk()` over 1,000,000 messages: growth of the peak memory", "<", 20.0, growth, " MiB")
    growth = results.spread(on_trio, "growth")
    yield Goal("`bulk()` over 1,000,000 messages on trio: growth of the peak memory", "<", 20.0, growth, " MiB")
    held = results.spread(whole, "bytes")
    yield Goal("`send_bulk` of 1,000,000 messages: memory of the results, per message", "<", 500.0, held, " bytes")
    figure = results.ratio(stream, whole, "rate")
    yield Goal("`bulk()` over 1,000,000 messages: throughput, relative to `send_bulk`", "≥", 0.9, figure)


def _campaign(results: Results) -> Iterator[Goal]:
    for case, bound in (("20 ms", 1.35), ("50 ms", 1.15)):
        stream, kept = (Cell("campaign", case, way) for way in CAMPAIGN_WAYS)
        figure = results.ratio(kept, stream, "seconds")
        yield Goal(f"a campaign, {case}: time of a run, relative to `bulk()`", "≤", bound, figure)
    million = Cell("campaign", "a million", registry.CAMPAIGN)
    planned = "a campaign of 1,000,000 messages"
    rate = results.spread(million, "rate")
    yield Goal(f"{planned}: messages planned per second", "≥", 250_000.0, rate)
    growth = results.spread(million, "growth")
    yield Goal(f"{planned}: growth of the peak memory while planning", "<", 20.0, growth, " MiB")
    yield Goal(f"{planned}: its status, from opening the file", "<", 100.0, results.spread(million, "status"), " ms")
    resumed = results.spread(million, "resume")
    yield Goal(f"{planned}: resumed, from opening the file to the first response", "<", 100.0, resumed, " ms")


def _batcher(results: Results) -> Iterator[Goal]:
    alone, together = (Cell("batcher", "burst", name) for name in (registry.SDK, registry.BATCHER))
    burst = "1,000 sends at once, 20 ms"
    yield Goal(
        f"{burst}: requests of single sends, relative to the batcher",
        "≥",
        10.0,
        results.ratio(alone, together, "requests"),
    )
    yield Goal(
        f"{burst}: throughput of the batcher, relative to single sends",
        ">",
        1.0,
        results.ratio(together, alone, "rate"),
    )
    yield Goal(
        f"{burst}: p99 of the batcher, relative to single sends", "<", 1.0, results.ratio(together, alone, "p99")
    )
    added = results.spread(Cell("batcher", "trickle", registry.BATCHER), "added")
    text = "one send per second: latency added by the batcher, at most its linger"
    yield Goal(text, "≤", LINGER, added, " ms")
    filled = results.spread(Cell("batcher", "full batch", registry.BATCHER), "filled")
    yield Goal("a full batch, 20 ms: time to the responses, with a linger of 1,000 ms", "<", 100.0, filled, " ms")


def _reading(results: Results) -> Iterator[Goal]:
    figure = results.quotient(Cell("decode", "a page", "decoder"), "ours", "msgspec")
    yield Goal("decoding a page of 500 messages: CPU, relative to msgspec into the same classes", "≤", 2.0, figure)


def _start(results: Results) -> Iterator[Goal]:
    theirs, ours = (Cell("start", "import", name) for name in IMPORTS)
    yield Goal("import: CPU, relative to httpx and cattrs", "≤", 1.0, results.ratio(ours, theirs, "cpu"))
    extras = results.spread(Cell("start", "extras", registry.SDK), "count")
    yield Goal("import: packages of extras imported", "=", 0.0, extras)
    text, cell = "`wikipayam --help`: CPU of the process", Cell("start", "help", list(HELPS)[-1])
    yield Goal(text, "≤", 150.0, results.spread(cell, "cpu"), " ms")
    client = Cell("start", "client", registry.SDK)
    for word in ("first", "later"):
        yield Goal(f"creating a client, the {word}", "<", 1000.0, results.spread(client, word), " µs")

"""The table of the README, whose figures are those of the page. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from tests.benchmarks.batches import PUBLISHED
from tests.benchmarks.implementations import registry
from tests.benchmarks.measured import Cell, Results, Spread
from tests.benchmarks.sections import IMPORTS, MEMORY_METHODS, sweep_case
from tests.benchmarks.tables import NOTHING, number

__all__ = ["readme_table"]

_HTTPX = (registry.GATHER, registry.SEMAPHORE)
_TASKS = (1, 10, 50)


def readme_table(results: Results) -> str:
    """Return the summary; what was not measured is marked."""
    rows = [
        ("CPU of a single send, 1, 10 and 50 tasks", f"{_singles(results)} of hand-written aiohttp + orjson"),
        ("the same, compared with plain httpx", f"{_httpx(results)} times less"),
        (
            "CPU of `send_bulk` and `bulk()`, with all features on and the messages built within",
            f"{_listed(_bulk(results))} of hand-written aiohttp + orjson",
        ),
        ("CPU of one text to many numbers", f"{_figure(_columns(results))} of hand-written aiohttp + orjson"),
        (
            "bulk sends at 50 ms of latency",
            f"{_figure(_at_50_ms(results))} of the throughput of a raw-socket client without checks, matching or retries",
        ),
        (
            "a million messages",
            (
                f"`bulk()` grows by {_figure(_memory(results, 0, 'growth'))} MiB; "
                f"`send_bulk` holds {_figure(_memory(results, 3, 'bytes'))} bytes for each result"
            ),
        ),
        (
            "1,000 tasks that each send one message",
            (
                f"with the batcher: {_figure(_batcher(results, 'requests', of=registry.SDK))} times fewer requests, "
                f"{_figure(_batcher(results, 'rate', of=registry.BATCHER))} times the rate"
            ),
        ),
        ("CPU of the import", f"{_figure(_start(results))} of that of httpx and cattrs"),
    ]
    return "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {figure} |" for name, figure in rows)])


def _figure(found: Spread | None) -> str:
    return NOTHING if found is None else number(found.median)


def _listed(found: Iterable[Spread | None]) -> str:
    *first, last = map(_figure, found)
    return f"{', '.join(first)} and {last}"


def _singles(results: Results) -> str:
    cases = (sweep_case(tasks) for tasks in _TASKS)
    return _listed(_single(results, case, registry.SDK, registry.AIOHTTP) for case in cases)


def _single(results: Results, case: str, name: str, to: str) -> Spread | None:
    return results.ratio(Cell("single", case, name), Cell("single", case, to), "cpu")


def _httpx(results: Results) -> str:
    """Return the least and the greatest ratio of the better plain httpx."""
    ratios = []
    for case in map(sweep_case, _TASKS):
        plain = [found.median for name in _HTTPX if (found := _single(results, case, name, registry.SDK))]
        ratios += [min(plain)] if plain else []
    return f"{number(min(ratios))} to {number(max(ratios))}" if ratios else NOTHING


def _bulk(results: Results) -> list[Spread | None]:
    by_hand = Cell("batches", PUBLISHED, registry.AIOHTTP)
    names = (registry.SDK, registry.SDK_STREAM)
    return [results.ratio(Cell("batches", PUBLISHED, name), by_hand, "cpu") for name in names]


def _columns(results: Results) -> Spread | None:
    ours, by_hand = (Cell("batches", "one text", name) for name in (registry.ONE_TEXT, registry.AIOHTTP_ONE_TEXT))
    return results.ratio(ours, by_hand, "cpu")


def _at_50_ms(results: Results) -> Spread | None:
    ours, limit = (Cell("bulk", "50 ms", name) for name in (registry.SDK, registry.NEAR_LIMIT))
    return results.ratio(ours, limit, "rate")


def _memory(results: Results, method: int, figure: str) -> Spread | None:
    return results.spread(Cell("memory", "a million", MEMORY_METHODS[method]), figure)


def _batcher(results: Results, figure: str, *, of: str) -> Spread | None:
    """Return the figure of one way, relative to the other."""
    (other,) = {registry.BATCHER, registry.SDK} - {of}
    return results.ratio(Cell("batcher", "burst", of), Cell("batcher", "burst", other), figure)


def _start(results: Results) -> Spread | None:
    theirs, ours = (Cell("start", "import", name) for name in IMPORTS)
    return results.ratio(ours, theirs, "cpu")

"""What was set as a goal, and whether the figures reach it. Pure; nothing fails here."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping

from attrs import frozen

from tests.benchmarks.contenders import registry as known
from tests.benchmarks.measured import Book, Cell, Spread
from tests.benchmarks.sections import IMPORTS, MEMORY_WAYS, SWEEP, sweep_case
from tests.benchmarks.tables import number, spread, table

__all__ = ["LINGER", "Goal", "goals", "goals_table"]

LINGER = 5.0
"""Milliseconds that a batcher waits for company, unless it is told otherwise."""

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "≤": operator.le,
    "≥": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}


@frozen
class Goal:
    """A goal, and what was measured.

    Attributes:
        text: What it is about.
        sign: How the figure has to compare with the bound.
        bound: The bound.
        found: What was measured; None if it was not.
        unit: The unit of both; ratios have none.
    """

    text: str
    sign: str
    bound: float
    found: Spread | None
    unit: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the median reaches it; None if it was not measured."""
        return None if self.found is None else _COMPARE[self.sign](self.found.median, self.bound)


def goals(book: Book) -> list[Goal]:
    """Return all goals with their figures."""
    return [*_single(book), *_bulk(book), *_memory(book), *_batcher(book), *_reading(book), *_start(book)]


def goals_table(some: Iterable[Goal]) -> str:
    """Make a table of goals."""
    words = {True: "reached", False: "**not reached**", None: "not measured"}
    rows = [
        [goal.text, f"{goal.sign} {number(goal.bound)}{goal.unit}", spread(goal.found), words[goal.reached]]
        for goal in some
    ]
    return table(["goal", "wanted", "measured", ""], rows)


def _single(book: Book) -> Iterator[Goal]:
    cases = [sweep_case(tasks) for tasks in SWEEP]
    for case in cases:
        ours, theirs = Cell("single", case, known.SDK), Cell("single", case, known.AIOHTTP)
        found = book.ratio(ours, theirs, "cpu")
        yield Goal(f"single sends, {case}: CPU a send, to that of aiohttp + orjson", "≤", 1.0, found)
    for case in cases:
        ours = Cell("single", case, known.SDK)
        plain = [book.ratio(Cell("single", case, name), ours, "cpu") for name in (known.GATHER, known.SEMAPHORE)]
        better = min(filter(None, plain), key=lambda one: one.median, default=None)
        yield Goal(f"single sends, {case}: CPU a send of the better plain httpx, to ours", "≥", 4.0, better)
    most, fifty = (Cell("single", sweep_case(tasks), known.SDK) for tasks in (5000, 50))
    found = book.ratio(most, fifty, "rate")
    yield Goal("single sends: throughput at 5,000 tasks, to that at 50", "≥", 0.9, found)


def _bulk(book: Book) -> Iterator[Goal]:
    ways = {"`send_bulk`": known.SDK, "`bulk()`": known.SDK_STREAM}
    for case, bound in (("0 ms", 0.45), ("50 ms", 0.97)):
        for word, name in ways.items():
            found = book.ratio(Cell("bulk", case, name), Cell("bulk", case, known.NEAR_LIMIT), "rate")
            yield Goal(f"{word}, {case}: throughput, to that of the near-limit client", "≥", bound, found)
    for case in ("0 ms", "TLS"):
        for word, name in ways.items():
            found = book.ratio(Cell("bulk", case, name), Cell("bulk", case, known.AIOHTTP), "rate")
            yield Goal(f"{word}, {case}: throughput, to that of aiohttp + orjson", ">", 1.0, found)
    ours, on_trio = (Cell("bulk", "0 ms", name) for name in (known.SDK, known.SDK_TRIO))
    found = book.ratio(ours, on_trio, "rate")
    yield Goal("`send_bulk`, 0 ms: throughput on asyncio, to that on trio", "≤", 1.5, found)


def _memory(book: Book) -> Iterator[Goal]:
    generator, stream, whole = (Cell("memory", "a million", way) for way in MEMORY_WAYS)
    growth = book.spread(generator, "growth")
    yield Goal("`bulk()` over 1,000,000 messages: growth of the peak", "<", 20.0, growth, " MiB")
    found = book.ratio(stream, whole, "rate")
    yield Goal("`bulk()` over 1,000,000 messages: throughput, to that of `send_bulk`", "≥", 0.9, found)


def _batcher(book: Book) -> Iterator[Goal]:
    alone, together = (Cell("batcher", "burst", name) for name in (known.SDK, known.BATCHER))
    burst = "1,000 sends at once, 20 ms"
    yield Goal(
        f"{burst}: requests of single sends, to the batcher's", "≥", 10.0, book.ratio(alone, together, "requests")
    )
    yield Goal(f"{burst}: throughput of the batcher, to single sends", ">", 1.0, book.ratio(together, alone, "rate"))
    yield Goal(f"{burst}: p99 of the batcher, to single sends", "<", 1.0, book.ratio(together, alone, "p99"))
    added = book.spread(Cell("batcher", "trickle", known.BATCHER), "added")
    text = "one send a second: what the batcher adds, at most its linger"
    yield Goal(text, "≤", LINGER, added, " ms")
    filled = book.spread(Cell("batcher", "full batch", known.BATCHER), "filled")
    yield Goal("a full batch, 20 ms: time to the answers, with a linger of 1,000 ms", "<", 100.0, filled, " ms")


def _reading(book: Book) -> Iterator[Goal]:
    found = book.quotient(Cell("decode", "a page", "decoder"), "ours", "msgspec")
    yield Goal("reading a page of 500 messages: CPU, to msgspec into the same classes", "≤", 2.0, found)


def _start(book: Book) -> Iterator[Goal]:
    theirs, ours = (Cell("start", "import", name) for name in IMPORTS)
    yield Goal("import: CPU beyond that of httpx and cattrs", "≤", 60.0, book.difference(ours, theirs, "cpu"), " ms")
    extras = book.spread(Cell("start", "extras", known.SDK), "count")
    yield Goal("import: packages of extras that come along", "=", 0.0, extras)
    client = Cell("start", "client", known.SDK)
    for word in ("first", "later"):
        yield Goal(f"building a client, the {word}", "<", 1000.0, book.spread(client, word), " µs")

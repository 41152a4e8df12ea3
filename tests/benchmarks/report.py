"""The tables of everything that was measured, by the names under which the page's template asks for them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from tests.benchmarks import scale
from tests.benchmarks.clock import SATURATED
from tests.benchmarks.contenders import registry as known
from tests.benchmarks.goals import goals, goals_table
from tests.benchmarks.measured import Book, Cell
from tests.benchmarks.sections import (
    IMPORTS,
    MEMORY_WAYS,
    MORE_CONNECTIONS,
    SINGLE_CASES,
    SWEEP,
    sweep_case,
)
from tests.benchmarks.tables import NOTHING, number, spread, table

__all__ = ["NOT_MEASURED", "TITLES", "pieces"]

NOT_MEASURED = "Not measured."

TITLES: Mapping[str, tuple[str, str]] = {
    "single_cpu": ("single", "Single sends: CPU µs a send"),
    "single_to_aiohttp": ("single", "Single sends: CPU, to that of aiohttp + orjson"),
    "single_to_limit": ("single", "Single sends: CPU, to that of the near-limit client"),
    "single_rate": ("single", "Single sends: sends a second"),
    "single_ways": ("single", "Single sends: latency and TLS"),
    "single_notes": ("single", "Single sends: remarks"),
    "bulk_0": ("bulk", "Bulk, 0 ms"),
    "bulk_20": ("bulk", "Bulk, 20 ms"),
    "bulk_50": ("bulk", "Bulk, 50 ms"),
    "bulk_tls": ("bulk", "Bulk, TLS, 0 ms"),
    "building": ("bulk", "Building the messages"),
    "memory": ("memory", "Memory"),
    "batcher": ("batcher", "1,000 sends at once, 20 ms"),
    "trickle": ("batcher", "A trickle, and a full batch"),
    "decode": ("decode", "Reading a page of 500 received messages"),
    "start": ("start", "Starting"),
    "scale_loads": ("bulk", "100 million messages, by the time they may take"),
    "scale_roads": ("bulk", "100 million messages a day, by the road they take"),
}
"""The tables of a run, each with the section it shows and its title in the terminal."""

_SWEEP = [sweep_case(tasks) for tasks in SWEEP]
_WAYS = [way.name for way in SINGLE_CASES if way.name not in _SWEEP]


def pieces(book: Book) -> dict[str, str]:
    """Return all tables by name; one whose section was not measured says so."""
    makers: Mapping[str, Callable[[Book], str]] = {
        "single_cpu": lambda book: _by_case(book, lambda cell: spread(book.spread(cell, "cpu"))),
        "single_rate": lambda book: _by_case(book, lambda cell: _rate(book, cell)),
        "single_to_aiohttp": lambda book: _by_case(book, lambda cell: _ratio(book, cell, known.AIOHTTP, "cpu")),
        "single_to_limit": lambda book: _by_case(book, lambda cell: _ratio(book, cell, known.NEAR_LIMIT, "cpu")),
        "single_ways": _single_ways,
        "single_notes": _single_notes,
        "bulk_0": lambda book: _bulk(book, "0 ms"),
        "bulk_20": lambda book: _bulk(book, "20 ms"),
        "bulk_50": lambda book: _bulk(book, "50 ms"),
        "bulk_tls": lambda book: _bulk(book, "TLS"),
        "building": _building,
        "memory": _memory,
        "batcher": _batcher,
        "trickle": _trickle,
        "decode": _decode,
        "start": _start,
        "scale_loads": _scale_loads,
        "scale_roads": _scale_roads,
    }
    measured = {record.cell.section for record in book.records}
    made = {name: make(book) if TITLES[name][0] in measured else NOT_MEASURED for name, make in makers.items()}
    machine = "\n".join(f"- {name}: {fact}" for name, fact in book.machine.items())
    return made | {"goals": goals_table(goals(book)), "scale_accounts": scale.accounts_table(), "machine": machine}


def _by_case(book: Book, show: Callable[[Cell], str]) -> str:
    rows = [[name, *(show(Cell("single", case, name)) for case in _SWEEP)] for name in known.SINGLE]
    return table(["", *_SWEEP], rows)


def _rate(book: Book, cell: Cell) -> str:
    """Show a rate; a star says that the gateway was too busy to be outrun, a dagger that there is a remark."""
    marks = "†" if book.note(cell) else ""
    if (book.median(cell, "server") or 0) > SATURATED:
        marks += "\\*"
    return spread(book.spread(cell, "rate"), marks)


def _ratio(book: Book, cell: Cell, to: str, figure: str) -> str:
    return spread(book.ratio(cell, Cell(cell.section, cell.case, to), figure))


def _single_ways(book: Book) -> str:
    head = ["", *(f"{way}: {word}" for way in _WAYS for word in ("sends/s", "CPU µs"))]
    rows = []
    for name in known.SINGLE:
        cells = [Cell("single", way, name) for way in _WAYS]
        rows.append([name, *(text for cell in cells for text in (_rate(book, cell), number(book.median(cell, "cpu"))))])
    return table(head, rows)


def _single_notes(book: Book) -> str:
    cells = (Cell("single", way.name, name) for way in SINGLE_CASES for name in known.SINGLE)
    notes = [f"- † {cell.contender}, {cell.case}: {note}" for cell in cells if (note := book.note(cell))]
    return "\n".join(notes) or "- † Nothing was broken off, and no send failed."


def _bulk(book: Book, case: str) -> str:
    rows = []
    for name in known.BULK:
        cell = Cell("bulk", case, name)
        share = book.median(cell, "server")
        rows.append(
            [
                f"{name}, `send_bulk`" if name in {known.SDK, known.SDK_TRIO} else name,
                _rate(book, cell),
                number(book.median(cell, "cpu")),
                _ratio(book, cell, known.NEAR_LIMIT, "rate"),
                _ratio(book, cell, known.AIOHTTP, "rate"),
                NOTHING if share is None else f"{share:.2f}",
            ]
        )
    head = ["", "messages/s", "CPU µs a message", "of near-limit", "of aiohttp + orjson", "gateway's core"]
    return table(head, rows)


def _building(book: Book) -> str:
    cell = Cell("bulk", "building", "builder")
    ways = {
        "`SmsMessage`, this SDK": "SmsMessage",
        "msgspec `Struct`, the near-limit client": "Struct",
        "`dict`, the others": "dict",
    }
    return table(["built before the clock starts", "µs a message"], _figures(book, cell, ways))


def _figures(book: Book, cell: Cell, names: Mapping[str, str]) -> list[list[str]]:
    return [[shown, spread(book.spread(cell, figure))] for shown, figure in names.items()]


def _memory(book: Book) -> str:
    rows = []
    whole = Cell("memory", "a million", MEMORY_WAYS[-1])
    for way in MEMORY_WAYS:
        cell = Cell("memory", "a million", way)
        figures: Iterable[str] = (spread(book.spread(cell, name)) for name in ("start", "top", "growth", "rate"))
        rows.append([way, *figures, spread(book.ratio(cell, whole, "rate"))])
    head = ["", "MiB at the start", "MiB at the peak", "growth", "messages/s", "of `send_bulk`"]
    return table(head, rows)


def _batcher(book: Book) -> str:
    rows = []
    for shown in (known.SDK, MORE_CONNECTIONS, known.BATCHER):
        cell = Cell("batcher", "burst", shown)
        name = f"{shown}, single sends" if shown == known.SDK else shown
        rows.append([name, *(spread(book.spread(cell, one)) for one in ("requests", "peak", "rate", "p50", "p99"))])
    return table(["", "requests", "most at once", "messages/s", "p50, ms", "p99, ms"], rows)


def _trickle(book: Book) -> str:
    names = {"one a second, alone": "alone", "one a second, through the batcher": "batched", "what that adds": "added"}
    rows = _figures(book, Cell("batcher", "trickle", known.BATCHER), names)
    full = {"100 at once, a full batch, with a linger of 1,000 ms": "filled"}
    rows += _figures(book, Cell("batcher", "full batch", known.BATCHER), full)
    return table(["a gateway of 20 ms", "ms"], rows)


def _decode(book: Book) -> str:
    cell = Cell("decode", "a page", "decoder")
    names = {"this SDK, tolerant": "ours", "msgspec into the same classes": "msgspec"}
    rows = [*_figures(book, cell, names), ["ratio", spread(book.quotient(cell, "ours", "msgspec"))]]
    return table(["", "CPU µs"], rows)


def _start(book: Book) -> str:
    theirs, ours = (Cell("start", "import", name) for name in IMPORTS)
    client = Cell("start", "client", known.SDK)
    rows: list[Sequence[str]] = [
        ["`import httpx, cattrs`, CPU ms", spread(book.spread(theirs, "cpu"))],
        ["`from wikipayam_async import AsyncWikipayam`, CPU ms", spread(book.spread(ours, "cpu"))],
        ["the difference, CPU ms", spread(book.difference(ours, theirs, "cpu"))],
        *_figures(
            book,
            client,
            {
                "the first client of a process, µs": "first",
                "a later one, µs": "later",
                "the TLS context, made once, with the first connection that needs it, µs": "tls",
                "for comparison: `httpx.AsyncClient()`, µs": "httpx",
            },
        ),
    ]
    return table(["", ""], rows)


def _costs(book: Book, cell: Cell) -> scale.Costs | None:
    cpu = book.median(cell, "cpu")
    up, down = (book.quotient(cell, name, "done") for name in ("received", "sent"))
    return None if cpu is None or up is None or down is None else scale.Costs(cpu, up.median, down.median)


def _scale_loads(book: Book) -> str:
    costs = _costs(book, Cell("bulk", "TLS", known.SDK_STREAM))
    return NOT_MEASURED if costs is None else scale.loads_table(costs)


def _scale_roads(book: Book) -> str:
    roads = [
        ("`bulk()`, 100 a request", scale.BATCH, _costs(book, Cell("bulk", "TLS", known.SDK_STREAM))),
        ("`send`, one a request", 1, _costs(book, Cell("single", "TLS", known.SDK))),
    ]
    return scale.roads_table([(name, batch, costs) for name, batch, costs in roads if costs is not None])

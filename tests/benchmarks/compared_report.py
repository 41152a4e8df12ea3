"""The tables of bulk sends, by batch size and in columns, and of networks. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from tests.benchmarks.batches import BUILT, PUBLISHED, SIZES, batch_case, compared
from tests.benchmarks.implementations import registry
from tests.benchmarks.measured import Cell, Results, Spread
from tests.benchmarks.network import NETWORK_BULK, NETWORK_CASES, NETWORK_SINGLE, bulk_case
from tests.benchmarks.sections import REFUSING
from tests.benchmarks.stopwatch import SATURATED
from tests.benchmarks.tables import NOTHING, number, spread, table

__all__ = [
    "batches",
    "bulk",
    "columns",
    "network_bulk",
    "network_single",
    "published",
    "rate",
    "refusing",
    "shown",
]

_RELATIVE_HEAD = [
    "",
    "messages/s",
    "CPU µs per message",
    "CPU, relative to aiohttp + orjson",
    "throughput, relative to near-limit",
]


def rate(results: Results, cell: Cell) -> str:
    """Format a rate; a star marks a saturated gateway, a dagger a remark."""
    marks = "†" if results.note(cell) else ""
    if (results.median(cell, "server") or 0) > SATURATED:
        marks += "\\*"
    return spread(results.spread(cell, "rate"), marks)


def shown(name: str) -> str:
    """Return the name of an implementation of bulk sends in the tables."""
    return f"{name}, `send_bulk`" if name in {registry.SDK, registry.SDK_TRIO} else name


def batches(results: Results) -> str:
    """Return the CPU by batch size, relative to aiohttp + orjson."""
    cases = [batch_case(size, built) for built in BUILT for size in SIZES]
    names = (registry.NEAR_LIMIT, registry.SDK, registry.SDK_STREAM)
    rows = [[shown(name), *(spread(_cpu(results, case, name, registry.AIOHTTP)) for case in cases)] for name in names]
    costs = [number(results.median(Cell("batches", case, registry.AIOHTTP), "cpu")) for case in cases]
    return table(["", *cases], [*rows, [f"{registry.AIOHTTP}, CPU µs per message", *costs]])


def published(results: Results) -> str:
    """Return all implementations in batches of 100, with messages built inside."""
    return _compared(results, PUBLISHED, compared(PUBLISHED), (registry.AIOHTTP, registry.NEAR_LIMIT))


def columns(results: Results) -> str:
    """Return one text to many numbers, and a template, by column and by hand."""
    tables = [
        _compared(results, case, names, (names[0], registry.NEAR_LIMIT_ONE_TEXT if case == "one text" else ""))
        for case, names in registry.COLUMNS.items()
    ]
    return "\n\n".join(tables)


def _compared(results: Results, case: str, names: Iterable[str], to: tuple[str, str]) -> str:
    by_hand, limit = (Cell("batches", case, name) for name in to)
    rows = []
    for name in names:
        cell = Cell("batches", case, name)
        ratios = (results.ratio(cell, by_hand, "cpu"), results.ratio(cell, limit, "rate"))
        rows.append([shown(name), rate(results, cell), number(results.median(cell, "cpu")), *map(spread, ratios)])
    return table(_RELATIVE_HEAD, rows)


def _cpu(results: Results, case: str, name: str, to: str) -> Spread | None:
    return results.ratio(Cell("batches", case, name), Cell("batches", case, to), "cpu")


def bulk(results: Results, case: str) -> str:
    """Return bulk sends with a latency or over TLS, relative to the near-limit client and to aiohttp + orjson."""
    rows = []
    for name in registry.BULK:
        cell = Cell("bulk", case, name)
        share = results.median(cell, "server")
        rows.append(
            [
                shown(name),
                rate(results, cell),
                number(results.median(cell, "cpu")),
                spread(results.ratio(cell, Cell("bulk", case, registry.NEAR_LIMIT), "rate")),
                spread(results.ratio(cell, Cell("bulk", case, registry.AIOHTTP), "rate")),
                NOTHING if share is None else f"{share:.2f}",
            ]
        )
    head = [
        "",
        "messages/s",
        "CPU µs per message",
        "relative to near-limit",
        "relative to aiohttp + orjson",
        "gateway's core",
    ]
    return table(head, rows)


def refusing(results: Results) -> str:
    """Return bulk sends of which 1 % are refused, and their throughput relative to none refused."""
    refused, never = (Cell("bulk", case, registry.SDK) for case in (REFUSING, "50 ms"))
    rows = [
        ["none refused", rate(results, never), number(results.median(never, "cpu")), "1"],
        [
            "1 % refused",
            rate(results, refused),
            number(results.median(refused, "cpu")),
            spread(results.ratio(refused, never, "rate")),
        ],
    ]
    return table(["", "messages/s", "CPU µs per message", "throughput, relative"], rows)


def network_single(results: Results) -> str:
    """Return single sends on networks: throughput, the time of a send, and CPU."""
    head = [
        "",
        *(f"{case.name}: {word}" for case in NETWORK_CASES for word in ("sends/s", "p50, ms", "p99, ms", "CPU µs")),
    ]
    rows = []
    for name in NETWORK_SINGLE:
        cells = [Cell("network", case.name, name) for case in NETWORK_CASES]
        figures = [
            text
            for cell in cells
            for text in (rate(results, cell), *(number(results.median(cell, one)) for one in ("p50", "p99", "cpu")))
        ]
        rows.append([name, *figures])
    return table(head, rows)


def network_bulk(results: Results) -> str:
    """Return bulk sends on networks: throughput and CPU."""
    head = ["", *(f"{case.name}: {word}" for case in NETWORK_CASES for word in ("messages/s", "relative", "CPU µs"))]
    rows = []
    for name in NETWORK_BULK:
        row = [shown(name)]
        for case in NETWORK_CASES:
            cell, by_hand = (Cell("network", bulk_case(case), one) for one in (name, registry.AIOHTTP))
            row += [
                rate(results, cell),
                spread(results.ratio(cell, by_hand, "rate")),
                number(results.median(cell, "cpu")),
            ]
        rows.append(row)
    return table(head, rows)

"""The tables of all measurements, by their names in the page's template. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from tests.benchmarks import compared_report, scale, workers_report
from tests.benchmarks.compared_report import rate
from tests.benchmarks.goals import goals, goals_table
from tests.benchmarks.implementations import registry
from tests.benchmarks.keys import KEY_CASES, WAYS
from tests.benchmarks.measured import Cell, Results
from tests.benchmarks.sections import (
    CAMPAIGN_CASES,
    CAMPAIGN_WAYS,
    HELPS,
    IMPORTS,
    MEMORY_METHODS,
    MORE_CONNECTIONS,
    PENDING,
    SINGLE_CASES,
    SWEEP,
    sweep_case,
)
from tests.benchmarks.tables import number, spread, table
from tests.support.run_facts import RUN_FACTS

__all__ = ["NOT_MEASURED", "TITLES", "pieces"]

NOT_MEASURED = "Not measured."

TITLES: Mapping[str, tuple[str, str]] = {
    "single_cpu": ("single", "Single sends: CPU µs per send"),
    "single_to_aiohttp": ("single", "Single sends: CPU, relative to aiohttp + orjson"),
    "single_to_limit": ("single", "Single sends: CPU, relative to the near-limit client"),
    "single_rate": ("single", "Single sends: sends per second"),
    "single_other": ("single", "Single sends: latency and TLS"),
    "single_notes": ("single", "Single sends: remarks"),
    "batches": ("batches", "Bulk sends by batch size: CPU, relative to aiohttp + orjson"),
    "batches_published": ("batches", "Bulk sends in batches of 100, messages built inside the measurement"),
    "columns": ("batches", "One text to many numbers, and templates"),
    "bulk_0": ("bulk", "Bulk, 0 ms"),
    "bulk_20": ("bulk", "Bulk, 20 ms"),
    "bulk_50": ("bulk", "Bulk, 50 ms"),
    "bulk_tls": ("bulk", "Bulk, TLS, 0 ms"),
    "building": ("bulk", "Building the messages"),
    "refusing": ("bulk", "Bulk, 50 ms, 1 % refused with 429 and Retry-After: 0"),
    "network_single": ("network", "Networks: single sends"),
    "network_bulk": ("network", "Networks: bulk sends"),
    "memory": ("memory", "Memory"),
    "campaign": ("campaign", "Runs of campaigns"),
    "planning": ("campaign", "A campaign of a million messages"),
    "workers": ("workers", "Campaigns in PostgreSQL, 50 ms"),
    "workers_cost": ("workers", "Campaigns in PostgreSQL: cost and connections"),
    "workers_kept": ("workers", "Campaigns in PostgreSQL: the plan, the rate limit"),
    "keys": ("idempotency", "Idempotency keys"),
    "batcher": ("batcher", "1,000 sends at once, 20 ms"),
    "trickle": ("batcher", "One send per second, and a full batch"),
    "verification": ("verification", "One-time codes: the verifier on the store in memory"),
    "decode": ("decode", "Decoding a page of 500 received messages"),
    "start": ("start", "Startup"),
    "scale_loads": ("bulk", "100 million messages, by duration"),
    "scale_methods": ("bulk", "100 million messages per day, by method"),
}
"""The tables of a run, each with its section and its title in the terminal."""

_SWEEP = [sweep_case(tasks) for tasks in SWEEP]
_OTHER_CASES = [case.name for case in SINGLE_CASES if case.name not in _SWEEP]


def pieces(results: Results) -> dict[str, str]:
    """Return all tables by name; the table of a section that was not measured says so."""
    makers: Mapping[str, Callable[[Results], str]] = {
        "single_cpu": lambda results: _by_case(results, lambda cell: spread(results.spread(cell, "cpu"))),
        "single_rate": lambda results: _by_case(results, lambda cell: rate(results, cell)),
        "single_to_aiohttp": lambda results: _by_case(
            results, lambda cell: _ratio(results, cell, registry.AIOHTTP, "cpu")
        ),
        "single_to_limit": lambda results: _by_case(
            results, lambda cell: _ratio(results, cell, registry.NEAR_LIMIT, "cpu")
        ),
        "single_other": _single_other,
        "single_notes": _single_notes,
        "batches": compared_report.batches,
        "batches_published": compared_report.published,
        "columns": compared_report.columns,
        "bulk_0": lambda results: compared_report.bulk(results, "0 ms"),
        "bulk_20": lambda results: compared_report.bulk(results, "20 ms"),
        "bulk_50": lambda results: compared_report.bulk(results, "50 ms"),
        "bulk_tls": lambda results: compared_report.bulk(results, "TLS"),
        "building": _building,
        "refusing": compared_report.refusing,
        "network_single": compared_report.network_single,
        "network_bulk": compared_report.network_bulk,
        "memory": _memory,
        "campaign": _campaign,
        "planning": _planning,
        "workers": workers_report.sending,
        "workers_cost": workers_report.cost,
        "workers_kept": workers_report.kept,
        "keys": _keys,
        "batcher": _batcher,
        "trickle": _trickle,
        "verification": _verification,
        "decode": _decode,
        "start": _start,
        "scale_loads": _scale_loads,
        "scale_methods": _scale_methods,
    }
    measured = {record.cell.section for record in results.records}
    made = {name: make(results) if TITLES[name][0] in measured else NOT_MEASURED for name, make in makers.items()}
    machine = "\n".join(f"- {name}: {fact}" for name, fact in results.machine.items() if name not in RUN_FACTS)
    return made | {"goals": goals_table(goals(results)), "scale_accounts": scale.accounts_table(), "machine": machine}


def _by_case(results: Results, show: Callable[[Cell], str]) -> str:
    rows = [[name, *(show(Cell("single", case, name)) for case in _SWEEP)] for name in registry.SINGLE]
    return table(["", *_SWEEP], rows)


def _ratio(results: Results, cell: Cell, to: str, figure: str) -> str:
    return spread(results.ratio(cell, Cell(cell.section, cell.case, to), figure))


def _single_other(results: Results) -> str:
    head = ["", *(f"{case}: {word}" for case in _OTHER_CASES for word in ("sends/s", "CPU µs"))]
    rows = []
    for name in registry.SINGLE:
        cells = [Cell("single", case, name) for case in _OTHER_CASES]
        rows.append(
            [name, *(text for cell in cells for text in (rate(results, cell), number(results.median(cell, "cpu"))))]
        )
    return table(head, rows)


def _single_notes(results: Results) -> str:
    cells = (Cell("single", case.name, name) for case in SINGLE_CASES for name in registry.SINGLE)
    notes = [f"† {cell.implementation}, {cell.case}: {note}" for cell in cells if (note := results.note(cell))]
    return "\n\n".join(notes) or "No measurement was stopped, and no send failed."


def _building(results: Results) -> str:
    cell = Cell("bulk", "building", "builder")
    names = {
        "`SmsMessage`, this SDK": "SmsMessage",
        "msgspec `Struct`, the near-limit client": "Struct",
        "`dict`, the others": "dict",
    }
    return table(["type", "µs per message"], _figures(results, cell, names))


def _figures(results: Results, cell: Cell, names: Mapping[str, str]) -> list[list[str]]:
    return [[shown, spread(results.spread(cell, figure))] for shown, figure in names.items()]


def _memory(results: Results) -> str:
    rows = []
    whole = Cell("memory", "a million", "send_bulk, from a list")
    for method in MEMORY_METHODS:
        cell = Cell("memory", "a million", method)
        figures: Iterable[str] = (
            spread(results.spread(cell, name)) for name in ("start", "top", "growth", "bytes", "rate")
        )
        rows.append([method, *figures, spread(results.ratio(cell, whole, "rate"))])
    head = [
        "",
        "MiB at the start",
        "MiB at the peak",
        "growth",
        "bytes per message",
        "messages/s",
        "relative to `send_bulk`",
    ]
    return table(head, rows)


def _campaign(results: Results) -> str:
    rows = []
    for case in CAMPAIGN_CASES:
        cells = [Cell("campaign", case.name, way) for way in CAMPAIGN_WAYS]
        for cell, shown in zip(cells, ("`bulk()`", "a campaign"), strict=True):
            ratios = (spread(results.ratio(cell, cells[0], figure)) for figure in ("seconds", "cpu"))
            figures = [
                rate(results, cell),
                number(results.median(cell, "cpu")),
                *ratios,
                spread(results.spread(cell, "load")),
            ]
            rows.append([f"{shown}, {case.name}", *figures])
    relative = ("time, relative to `bulk()`", "CPU, relative to `bulk()`")
    return table(["", "messages/s", "CPU µs per message", *relative, "load average"], rows)


def _planning(results: Results) -> str:
    names = {
        "planned, messages/s": "rate",
        "planned, CPU µs per message": "cpu",
        "MiB at the start": "start",
        "MiB at the peak": "top",
        "growth while planning, MiB": "growth",
        "file, MB": "size",
        "status, ms": "status",
        "resumed, ms": "resume",
        "load average": "load",
    }
    return table(["", ""], _figures(results, Cell("campaign", "a million", registry.CAMPAIGN), names))


def _keys(results: Results) -> str:
    rows = []
    for way in WAYS:
        row, loads = [way.name], []
        for case in KEY_CASES:
            cell, without = (Cell("idempotency", case.name, one.name) for one in (way, WAYS[0]))
            row += [
                rate(results, cell),
                spread(results.ratio(without, cell, "rate")),
                number(results.median(cell, "cpu")),
                spread(results.ratio(cell, without, "cpu")),
            ]
            loads.append(results.median(cell, "load") or 0.0)
        rows.append([*row, number(max(loads))])
    words = ("sends/s", "time, relative", "CPU µs", "CPU, relative")
    return table(["", *(f"{case.name}: {word}" for case in KEY_CASES for word in words), "load average"], rows)


def _batcher(results: Results) -> str:
    rows = []
    for shown in (registry.SDK, MORE_CONNECTIONS, registry.BATCHER):
        cell = Cell("batcher", "burst", shown)
        name = f"{shown}, single sends" if shown == registry.SDK else shown
        rows.append([name, *(spread(results.spread(cell, one)) for one in ("requests", "peak", "rate", "p50", "p99"))])
    return table(["", "requests", "peak in flight", "messages/s", "p50, ms", "p99, ms"], rows)


def _trickle(results: Results) -> str:
    names = {"one per second, single": "alone", "one per second, through the batcher": "batched", "added": "added"}
    rows = _figures(results, Cell("batcher", "trickle", registry.BATCHER), names)
    full = {"100 at once, a full batch, with a linger of 1,000 ms": "filled"}
    rows += _figures(results, Cell("batcher", "full batch", registry.BATCHER), full)
    return table(["gateway latency 20 ms", "ms"], rows)


def _verification(results: Results) -> str:
    cells = [Cell("verification", f"{pending:,} pending", "verifier") for pending in PENDING]
    names = {
        "`start`, in a second": "starts",
        "`start`, CPU µs": "start",
        "the store alone, CPU µs": "store_start",
        "`check`, in a second": "checks",
        "`check`, CPU µs": "check",
        "the store alone for a check, CPU µs": "store_check",
        "bytes per pending challenge": "memory",
        "load average": "load",
    }
    rows = [[shown, *(spread(results.spread(cell, name)) for cell in cells)] for shown, name in names.items()]
    return table(["", *(cell.case for cell in cells)], rows)


def _decode(results: Results) -> str:
    cell = Cell("decode", "a page", "decoder")
    names = {"this SDK, tolerant": "ours", "msgspec into the same classes": "msgspec"}
    rows = [*_figures(results, cell, names), ["ratio", spread(results.quotient(cell, "ours", "msgspec"))]]
    return table(["", "CPU µs"], rows)


def _start(results: Results) -> str:
    theirs, ours = (Cell("start", "import", name) for name in IMPORTS)
    libraries, shown = (Cell("start", "help", name) for name in HELPS)
    client = Cell("start", "client", registry.SDK)
    rows: list[Sequence[str]] = [
        ["`import httpx, cattrs`, CPU ms", spread(results.spread(theirs, "cpu"))],
        ["`from wikipayam_async import AsyncWikipayam`, CPU ms", spread(results.spread(ours, "cpu"))],
        ["the difference, CPU ms", spread(results.difference(ours, theirs, "cpu"))],
        ["`wikipayam --help`, a whole process, CPU ms", spread(results.spread(shown, "cpu"))],
        ["a process that imports its libraries (cyclopts, rich), CPU ms", spread(results.spread(libraries, "cpu"))],
        *_figures(
            results,
            client,
            {
                "the first client of a process, µs": "first",
                "a later client, µs": "later",
                "the TLS context, created once, with the first TLS connection, µs": "tls",
                "for comparison: `httpx.AsyncClient()`, µs": "httpx",
            },
        ),
    ]
    return table(["", ""], rows)


def _costs(results: Results, cell: Cell) -> scale.Costs | None:
    cpu = results.median(cell, "cpu")
    up, down = (results.quotient(cell, name, "done") for name in ("received", "sent"))
    return None if cpu is None or up is None or down is None else scale.Costs(cpu, up.median, down.median)


def _scale_loads(results: Results) -> str:
    costs = _costs(results, Cell("bulk", "TLS", registry.SDK_STREAM))
    return NOT_MEASURED if costs is None else scale.loads_table(costs)


def _scale_methods(results: Results) -> str:
    methods = [
        ("`bulk()`, 100 per request", scale.BATCH, _costs(results, Cell("bulk", "TLS", registry.SDK_STREAM))),
        ("`send`, one per request", 1, _costs(results, Cell("single", "TLS", registry.SDK))),
    ]
    return scale.methods_table([(name, batch, costs) for name, batch, costs in methods if costs is not None])

"""The tables of the section of workers. Pure."""

from __future__ import annotations

from tests.benchmarks.distribution import CHUNKS, KEPT, LIMITED, SENDERS
from tests.benchmarks.implementations.interface import BATCH
from tests.benchmarks.measured import Cell, Results, Spread
from tests.benchmarks.tables import NOTHING, spread, table

__all__ = ["cost", "kept", "sending"]


def _cell(name: str) -> Cell:
    return Cell("workers", "50 ms", name)


def sending(results: Results) -> str:
    """Return the table of rates."""
    base = _cell(SENDERS[1].name)
    rows = [
        [
            sender.name,
            spread(results.spread(cell, "rate")),
            spread(results.ratio(cell, base, "rate")),
            spread(results.spread(cell, "share")) if sender.workers > 1 else NOTHING,
            spread(results.spread(cell, "load")),
        ]
        for sender in SENDERS
        for cell in [_cell(sender.name)]
    ]
    head = [
        "",
        "messages/s",
        f"relative to {base.implementation}",
        "least share of a worker, 1 is equal",
        "load average",
    ]
    return table(head, rows)


def cost(results: Results) -> str:
    """Return the table of costs: CPU in milliseconds per chunk, bytes per message, connections per worker."""
    rows = []
    for sender in SENDERS:
        cell = _cell(sender.name)
        chunk = (spread(_scaled(results.spread(cell, name), BATCH / 1e3)) for name in ("cpu", "database"))
        others = (spread(results.spread(cell, name)) for name in ("log", "done", "idle", "busy"))
        rows.append([sender.name, *chunk, *others])
    head = [
        "",
        "sender, CPU ms per chunk",
        "PostgreSQL, CPU ms per chunk",
        "log, bytes per message",
        "database, bytes per message",
        "connections per idle worker",
        "connections per busy worker",
    ]
    return table(head, rows)


def kept(results: Results) -> str:
    """Return the table of a plan, and of the rate limit."""
    names = {
        "planned, messages/s": "rate",
        "database, bytes per message": "planned",
        "log, bytes per message": "log",
        "status, ms": "status",
        "looking for chunks without a job, ms": "top_up",
        "purged, messages/s": "purge",
        "load average": "load",
    }
    rows = [[shown, *(spread(results.spread(cell, name)) for cell in (KEPT, CHUNKS))] for shown, name in names.items()]
    limited = {"200 messages/s allowed, sent": "rate", "least share of a worker, 1 is equal": "share"}
    rows += [[shown, spread(results.spread(LIMITED, name)), NOTHING] for shown, name in limited.items()]
    return table(["", KEPT.implementation, CHUNKS.implementation], rows)


def _scaled(found: Spread | None, factor: float) -> Spread | None:
    return found and Spread(found.median * factor, found.low * factor, found.high * factor)

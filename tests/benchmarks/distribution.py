"""The section of workers: a campaign in PostgreSQL by 1 to 3 workers, and by one process."""

from __future__ import annotations

import pytest
from attrs import frozen

from tests.benchmarks.implementations.interface import BATCH, LANES
from tests.benchmarks.job import Job
from tests.benchmarks.machine import disk_folder
from tests.benchmarks.measured import Cell
from tests.benchmarks.plan import Bench, Entry
from tests.support.servers import postgres_server

__all__ = ["CHUNKS", "KEPT", "LIMITED", "SENDERS", "Sender", "workers"]

_ROUNDS = 3
_LATENCY = 50


@frozen
class Sender:
    """What sends a campaign.

    Attributes:
        name: The name in the tables.
        workers: The number of workers; 0 for `run()` in one process.
        shared: Whether the campaign is in PostgreSQL, not in a file.
    """

    name: str
    workers: int = 0
    shared: bool = True


SENDERS = (
    Sender("`run()`, SQLite", shared=False),
    Sender("`run()`, PostgreSQL"),
    Sender("1 worker", 1),
    Sender("2 workers", 2),
    Sender("3 workers", 3),
)
"""The second is what the others are compared with."""
LIMITED = Cell("workers", "limited", "3 workers")
KEPT = Cell("workers", "a plan", "100 messages per chunk")
CHUNKS = Cell("workers", "a plan", "1 message per chunk")


def workers(bench: Bench) -> None:
    """Measure campaigns by workers and by one process at 50 ms, and what planning and keeping them takes."""
    try:
        with postgres_server(fsync=True, folder=disk_folder()) as url:
            _measure(bench, url)
    except pytest.skip.Exception:
        bench.log("workers: PostgreSQL is not installed")


def _measure(bench: Bench, url: str) -> None:
    entries = []
    for sender in SENDERS:
        job = Job(
            kind="workers",
            implementation=sender.name,
            messages=bench.profile.scaled(12_000, minimum=2400),
            tasks=sender.workers,
            connections=LANES,
            store=url if sender.shared else "",
        )
        target = bench.gateway.target(job, _LATENCY)
        entries.append(Entry(Cell("workers", "50 ms", sender.name), target, fresh=True))
    bench.run(entries, rounds=min(_ROUNDS, bench.profile.rounds))
    job = Job(
        kind="workers limited",
        implementation="3 workers",
        messages=bench.profile.scaled(2000, minimum=1200),
        tasks=3,
        connections=LANES,
        store=url,
    )
    bench.run([Entry(LIMITED, bench.gateway.target(job, _LATENCY), fresh=True)], rounds=1)
    kept = []
    for cell, batch in ((KEPT, BATCH), (CHUNKS, 1)):
        job = Job(
            kind="keeping",
            implementation=cell.implementation,
            messages=bench.profile.scaled(100_000),
            tasks=batch,
            connections=LANES,
            store=url,
        )
        kept.append(Entry(cell, bench.gateway.target(job), fresh=True))
    bench.run(kept, rounds=min(2, bench.profile.rounds))

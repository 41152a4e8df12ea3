"""The section of workers, and its tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
from attrs import field, frozen

from tests.benchmarks import distribution
from tests.benchmarks.distribution import CHUNKS, KEPT, LIMITED, SENDERS, workers
from tests.benchmarks.job import Job, Measurement
from tests.benchmarks.measured import Cell, Record, Results
from tests.benchmarks.plan import FULL, Bench
from tests.benchmarks.processes import Gateway, Workers
from tests.benchmarks.report import pieces


@frozen
class FakeWorkers:
    """Workers that only record their jobs."""

    jobs: list[Job] = field(factory=list)

    def measure(self, job: Job, *, fresh: bool = False) -> list[Measurement]:
        """Record the job."""
        assert fresh
        self.jobs.append(job)
        return [Measurement()]


@contextmanager
def a_server(*, fsync: bool, folder: Path) -> Iterator[str]:
    """A server that only has a URL; its commits are synchronized with a disk."""
    assert (fsync, folder.is_dir()) == (True, True)
    yield "postgresql://server/postgres"


@contextmanager
def no_server(**_: object) -> Iterator[str]:
    """Skip, as the server does that is not installed."""
    pytest.skip("not installed")
    yield ""


def run_section() -> tuple[list[Job], list[Record]]:
    """Run the section without measuring; return its jobs and records."""
    fake = FakeWorkers()
    bench = Bench(Gateway({"http 0": 1, "http 50": 2}, ""), cast("Workers", fake), FULL)
    workers(bench)
    return fake.jobs, bench.records


def test_all_send_the_same_campaign(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many messages over as many connections each, at 50 ms; only the one with the file has no database."""
    monkeypatch.setattr(distribution, "postgres_server", a_server)
    jobs, records = run_section()
    sending = [job for job in jobs if job.kind == "workers"]
    assert {(job.messages, job.connections, job.url) for job in sending} == {(12_000, 8, "http://127.0.0.1:2")}
    assert {job.implementation for job in sending if not job.store} == {"`run()`, SQLite"}
    assert sorted(job.tasks for job in sending) == sorted(3 * [0, 0, 1, 2, 3])
    others = {(job.kind, job.tasks) for job in jobs if job.kind != "workers"}
    assert others == {("workers limited", 3), ("keeping", 100), ("keeping", 1)}
    assert {LIMITED, KEPT, CHUNKS} < {record.cell for record in records}


def test_nothing_is_measured_without_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other sections go on."""
    monkeypatch.setattr(distribution, "postgres_server", no_server)
    assert run_section() == ([], [])


def rows_of(table: str) -> dict[str, list[str]]:
    """Return the cells of a table's rows by the first one."""
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]
    return {name: rest for name, *rest in cells}


def test_the_tables_show_ratios_and_chunks() -> None:
    """Rates are relative to one process on PostgreSQL, and CPU is in milliseconds per chunk of 100 messages."""
    figures = {
        "`run()`, SQLite": {"rate": 8000.0, "cpu": 30.0},
        "`run()`, PostgreSQL": {"rate": 2000.0, "cpu": 60.0, "database": 20.0, "log": 250.0, "done": 450.0},
        "2 workers": {"rate": 3000.0, "cpu": 75.0, "database": 25.0, "share": 0.9, "idle": 3.0, "busy": 8.0},
    }
    records = [Record(Cell("workers", "50 ms", name), 0, one) for name, one in figures.items()]
    records += [
        Record(KEPT, 0, {"rate": 60_000.0, "planned": 248.0}),
        Record(LIMITED, 0, {"rate": 199.5, "share": 0.95}),
    ]
    tables = pieces(Results("full", {}, records))
    rates, costs = rows_of(tables["workers"]), rows_of(tables["workers_cost"])
    assert list(rates) == [sender.name for sender in SENDERS]
    assert rates["`run()`, SQLite"] == ["8,000", "4", "–", "–"]
    assert rates["2 workers"] == ["3,000", "1.50", "0.900", "–"]
    assert costs["`run()`, PostgreSQL"] == ["6", "2", "250", "450", "–", "–"]
    assert costs["2 workers"] == ["7.50", "2.50", "–", "–", "3", "8"]
    kept = rows_of(tables["workers_kept"])
    assert kept["planned, messages/s"] == ["60,000", "–"]
    assert kept["200 messages/s allowed, sent"] == ["200", "–"]

"""The section of idempotency keys."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import cast

import attrs
import pytest

from tests.benchmarks import keys, probes
from tests.benchmarks.implementations import registry
from tests.benchmarks.job import Job, Measurement
from tests.benchmarks.keys import KEY_CASES, WAYS, Way, idempotency
from tests.benchmarks.measured import Cell, Record, Results
from tests.benchmarks.plan import FULL, Bench
from tests.benchmarks.processes import Gateway, Workers
from tests.benchmarks.report import pieces


def send(port: int, implementation: str, store: str = "") -> dict[str, float]:
    """Send ten messages with two tasks; return the figures."""
    job = Job(
        kind="single",
        implementation=implementation,
        url=f"http://127.0.0.1:{port}",
        statistics_port=port,
        messages=10,
        tasks=2,
        connections=2,
        store=store,
    )
    [measurement] = probes.single(job)
    assert measurement.note == ""
    return measurement.figures


@pytest.mark.parametrize("implementation", [registry.KEYS_MEMORY, registry.KEYS_SQLITE])
def test_every_send_with_a_key_is_a_request(port: int, implementation: str) -> None:
    """No key is used twice, so no send is answered from the store, in a second round neither."""
    rounds = [send(port, implementation) for _ in range(2)]
    assert [(one["done"], one["requests"]) for one in rounds] == [(10.0, 10.0), (10.0, 10.0)]


def test_every_send_with_a_key_in_postgresql_is_a_request(port: int, postgres_url: str) -> None:
    """The store of a job is the server that it names."""
    assert send(port, registry.KEYS_POSTGRES, postgres_url)["requests"] == 10.0


def test_every_send_with_a_key_in_redis_is_a_request(port: int, redis_url: str) -> None:
    """The store of a job is the server that it names."""
    assert send(port, registry.KEYS_REDIS, redis_url)["requests"] == 10.0


class FakeWorkers:
    """Workers that only record their jobs."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def measure(self, job: Job, *, fresh: bool = False) -> list[Measurement]:
        """Record the job."""
        self.jobs.append(job)
        return [Measurement()]


def server_of(name: str) -> AbstractContextManager[str]:
    """Return a server that only has a name."""
    return nullcontext(name)


def no_server() -> AbstractContextManager[str]:
    """Skip, as the servers do that are not installed."""
    pytest.skip("not installed")


def test_every_way_sends_the_same_in_every_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each case has as many messages, tasks and connections, with a key or without; only the store differs."""
    servers = [attrs.evolve(way, server=way.server and partial(server_of, way.name)) for way in WAYS]
    monkeypatch.setattr(keys, "WAYS", servers)
    workers = FakeWorkers()
    idempotency(Bench(Gateway({"http 0": 1}, ""), cast("Workers", workers), FULL))
    sizes = {(job.messages, job.tasks, job.connections) for job in workers.jobs}
    assert sizes == {(case.messages, case.tasks, case.tasks) for case in KEY_CASES}
    assert len(workers.jobs) == FULL.rounds * len(KEY_CASES) * len(WAYS)
    assert {job.store for job in workers.jobs} == {"", *(way.name for way in WAYS[3:])}


def test_a_store_without_its_server_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are measured all the same."""
    monkeypatch.setattr(keys, "WAYS", (WAYS[0], Way("missing", registry.KEYS_REDIS, no_server)))
    run = Bench(Gateway({"http 0": 1}, ""), cast("Workers", FakeWorkers()), FULL)
    idempotency(run)
    assert {record.cell.implementation for record in run.records} == {"no key"}


def test_a_key_is_shown_relative_to_no_key() -> None:
    """Time and CPU are ratios within a round; a store that was not measured has dashes."""
    figures = {
        "no key": {"rate": 1000.0, "cpu": 100.0, "load": 0.5},
        "SQLite": {"rate": 250.0, "cpu": 300.0, "load": 2.0},
    }
    records = [
        Record(Cell("idempotency", case.name, way), 0, one) for case in KEY_CASES for way, one in figures.items()
    ]
    rows = {
        name.strip(): [cell.strip() for cell in cells]
        for name, *cells in (
            row.strip("|").split("|") for row in pieces(Results("full", {}, records))["keys"].splitlines()
        )
    }
    assert rows["no key"] == [*["1,000", "1", "100", "1"] * 2, "0.500"]
    assert rows["SQLite"] == [*["250", "4", "300", "3"] * 2, "2"]
    assert rows["memory"] == [*["–"] * 8, "0"]

"""The probes of campaigns in PostgreSQL: one process, workers, their common rate, and what the database takes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import psycopg
from attrs import field, frozen

from tests.benchmarks.campaigns import Builder
from tests.benchmarks.claims import Sample, smallest_share, steady_rate
from tests.benchmarks.fanout import run
from tests.benchmarks.implementations.interface import BATCH, LANES
from tests.benchmarks.implementations.sdk import make_client
from tests.benchmarks.job import Job, Measurement
from tests.benchmarks.machine import disk_folder, load
from tests.benchmarks.processor import children_of, cpu_of, parent_of
from wikipayam_async import RateLimit
from wikipayam_async.campaigns import Campaign
from wikipayam_async.integrations.procrastinate import PostgresJournal, migrate

__all__ = ["LIMIT", "keeping", "limited", "sending"]

LIMIT = 200
"""Messages per second of the case with a limit."""
_LIMITED_BATCH = 20
_LOOK_SECONDS = 0.02
_IDLE_SECONDS = 1.0
_LOOKS = 5
_STATE = """
    SELECT count(*) FILTER (WHERE state <> 'done'), coalesce(sum(count) FILTER (WHERE state <> 'pending'), 0)
    FROM wikipayam.chunk
"""
_CONNECTIONS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
_SHARES = "SELECT sum(count) FROM wikipayam.chunk GROUP BY worker"


@frozen
class Database:
    """A database of a measurement, and a connection that looks at it.

    Attributes:
        url: Its URL.
        connection: The connection.
    """

    url: str
    connection: psycopg.Connection[tuple[int, ...]] = field(repr=False)

    def number(self, statement: str) -> int:
        """Return the first figure of the answer."""
        row = self.connection.execute(statement.encode()).fetchone()
        assert row is not None
        return int(row[0])

    def size(self) -> int:
        """Return its bytes."""
        return self.number("SELECT pg_database_size(current_database())")

    def written(self) -> int:
        """Return the bytes of the write-ahead log until now."""
        return self.number("SELECT pg_current_wal_insert_lsn() - '0/0'")

    def cpu(self) -> float:
        """Return the CPU seconds of the whole server."""
        server = parent_of(self.connection.info.backend_pid)
        return cpu_of([server, *children_of(server)])


@contextmanager
def _database(server: str) -> Iterator[Database]:
    """Make a database with the tables of journals."""
    name = f"campaigns_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = f"{server.rpartition('/')[0]}/{name}"
    with psycopg.connect(url, autocommit=True) as connection:
        yield Database(url, connection)


@contextmanager
def _workers(job: Job, database: Database) -> Iterator[list[int]]:
    """Run workers, each a process; yield their ids once all of them wait for jobs."""
    command = [sys.executable, "-m", "tests.benchmarks.campaign_worker", job.url, database.url]
    processes = [subprocess.Popen(command) for _ in range(job.tasks)]  # noqa: S603 - our own module
    try:
        while database.number("SELECT count(*) FROM wikipayam.worker WHERE campaign IS NULL") < job.tasks:
            time.sleep(_LOOK_SECONDS)
        time.sleep(_IDLE_SECONDS)
        yield [process.pid for process in processes]
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


async def _plan(job: Job, journal: PostgresJournal | Path, batch: int = BATCH) -> float:
    """Plan a campaign; return the seconds without those of building the messages."""
    builder, begun = Builder(), time.perf_counter()
    async with make_client(job) as client, Campaign.open(client, journal) as campaign:
        await campaign.plan(builder.messages(job.messages), batch_size=batch)
    return time.perf_counter() - begun - builder.seconds


async def _run(job: Job, journal: PostgresJournal | Path) -> tuple[float, float]:
    """Send in this process; return the seconds, and those of its CPU."""
    async with make_client(job) as client, Campaign.open(client, journal) as campaign:
        begun, cpu = time.perf_counter(), time.process_time()
        report = await campaign.run(concurrency=LANES)
        assert report.accepted == job.messages
        return time.perf_counter() - begun, time.process_time() - cpu


async def _enqueue(job: Job, journal: PostgresJournal, limit: RateLimit | None = None) -> None:
    async with make_client(job) as client, Campaign.open(client, journal) as campaign:
        await campaign.enqueue(rate_limit=limit)


@frozen
class _Watched:
    """What was seen of workers until they were done."""

    samples: list[Sample]
    connections: int


def _watch(database: Database) -> _Watched:
    """Look at the chunks until all are done."""
    samples, connections, left = [], 0, 1
    while left:
        time.sleep(_LOOK_SECONDS)
        row = database.connection.execute(_STATE.encode()).fetchone()
        assert row is not None
        left, claimed = row
        samples.append(Sample(time.perf_counter(), int(claimed)))
        connections = max(connections, database.number(_CONNECTIONS))
    return _Watched(samples, connections)


def _free() -> None:
    """Let this process and those that it starts use all cores that the whole run may use."""
    if hasattr(os, "sched_getaffinity"):
        os.sched_setaffinity(0, os.sched_getaffinity(os.getppid()))


def sending(job: Job) -> list[Measurement]:
    """Send a campaign: by `run()` in this process, in a file or in PostgreSQL, or by workers.

    Figures: `rate`; CPU µs per message of what sends (`cpu`) and of PostgreSQL (`database`); `done` bytes of the database
    and `log` bytes of its write-ahead log per message; with workers, `idle` and `busy` connections per worker, and the
    `share` of the one that sent least.
    """
    _free()
    if not job.store:
        with tempfile.TemporaryDirectory(dir=disk_folder()) as folder:
            path = Path(folder, "campaign.db")
            run(lambda: _plan(job, path), "asyncio")
            seconds, cpu = run(lambda: _run(job, path), "asyncio")
        return [Measurement(figures=_figures(job, seconds, cpu))]
    with _database(job.store) as database:
        anyio.run(migrate, database.url)
        before = database.size()
        run(lambda: _plan(job, PostgresJournal(database.url, "benchmark")), "asyncio")
        figures = _by_workers(job, database) if job.tasks else _alone(job, database)
        return [Measurement(figures=figures | {"done": (database.size() - before) / job.messages})]


def _figures(job: Job, seconds: float, cpu: float) -> dict[str, float]:
    return {"rate": job.messages / seconds, "seconds": seconds, "cpu": cpu / job.messages * 1e6} | load()


def _alone(job: Job, database: Database) -> dict[str, float]:
    used, written = database.cpu(), database.written()
    seconds, cpu = run(lambda: _run(job, PostgresJournal(database.url, "benchmark")), "asyncio")
    return _figures(job, seconds, cpu) | _of_the_server(job, database, used, written)


def _of_the_server(job: Job, database: Database, used: float, written: int) -> dict[str, float]:
    cpu = (database.cpu() - used) / job.messages * 1e6
    return {"database": cpu, "log": (database.written() - written) / job.messages}


def _by_workers(job: Job, database: Database) -> dict[str, float]:
    with _workers(job, database) as pids:
        idle = database.number(_CONNECTIONS)
        used, written, cpu = database.cpu(), database.written(), cpu_of(pids)
        begun = time.perf_counter()
        run(lambda: _enqueue(job, PostgresJournal(database.url, "benchmark")), "asyncio")
        watched = _watch(database)
        figures = _figures(job, watched.samples[-1].at - begun, cpu_of(pids) - cpu)
        figures |= _of_the_server(job, database, used, written)
    share = smallest_share([count for (count,) in database.connection.execute(_SHARES.encode())], job.tasks)
    return figures | {"idle": idle / job.tasks, "busy": watched.connections / job.tasks, "share": share}


def limited(job: Job) -> list[Measurement]:
    """Send under a limit of the rate, by workers. Figures: `rate` after the first burst, and the smallest `share`."""
    _free()
    with _database(job.store) as database:
        anyio.run(migrate, database.url)
        journal = PostgresJournal(database.url, "benchmark")
        run(lambda: _plan(job, journal, _LIMITED_BATCH), "asyncio")
        with _workers(job, database):
            limit = RateLimit(messages_per_second=LIMIT)
            run(lambda: _enqueue(job, PostgresJournal(database.url, "benchmark"), limit), "asyncio")
            watched = _watch(database)
        shares = [count for (count,) in database.connection.execute(_SHARES.encode())]
    rate = steady_rate(watched.samples, 2 * LIMIT)
    return [Measurement(figures={"rate": rate, "share": smallest_share(shares, job.tasks)} | load())]


def keeping(job: Job) -> list[Measurement]:
    """Keep a planned campaign.

    Figures: `rate` of planning, `planned` bytes and `log` bytes per message, `status` and `top_up` in milliseconds, and
    the messages that `purge` deletes per second. Batches of `job.tasks` messages make more chunks.
    """
    _free()
    with _database(job.store) as database:
        anyio.run(migrate, database.url)
        before, written = database.size(), database.written()
        seconds = run(lambda: _plan(job, PostgresJournal(database.url, "benchmark"), job.tasks), "asyncio")
        size, log = database.size() - before, database.written() - written
        figures = run(lambda: _look_and_purge(job, database.url), "asyncio")
    per_message = {"planned": size / job.messages, "log": log / job.messages}
    return [Measurement(figures={"rate": job.messages / seconds} | per_message | figures | load())]


async def _look_and_purge(job: Job, url: str) -> dict[str, float]:
    journal = PostgresJournal(url, "benchmark")
    async with make_client(job) as client, Campaign.open(client, journal) as campaign:
        await campaign.enqueue()
        begun = time.perf_counter()
        for _ in range(_LOOKS):
            await campaign.progress()
        status = (time.perf_counter() - begun) / _LOOKS
        begun = time.perf_counter()
        for _ in range(_LOOKS):
            await journal.enqueue()
        top_up = (time.perf_counter() - begun) / _LOOKS
        await campaign.cancel()
        begun = time.perf_counter()
        await campaign.purge()
        purged = time.perf_counter() - begun
    return {"status": status * 1e3, "top_up": top_up * 1e3, "purge": job.messages / purged}

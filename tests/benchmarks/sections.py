"""The parts of the suite: what each of them measures."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from itertools import product

from attrs import frozen

from tests.benchmarks.contenders import registry as known
from tests.benchmarks.contenders.road import LANES
from tests.benchmarks.job import Job
from tests.benchmarks.measured import Cell, Record
from tests.benchmarks.plan import Bench, Entry
from tests.benchmarks.processes import ROOT

__all__ = [
    "BULK_CASES",
    "BURST",
    "IMPORTS",
    "MEMORY_WAYS",
    "MORE_CONNECTIONS",
    "SECTIONS",
    "SINGLE_CASES",
    "SWEEP",
    "Way",
    "sweep_case",
]


@frozen
class Way:
    """Circumstances of a comparison.

    Attributes:
        name: As the tables call it.
        tasks: How many tasks share the sends.
        connections: The most connections of everybody.
        latency: The gateway's, in milliseconds.
        scheme: `http` or `https`.
        messages: How many the quick ones send in a full run.
        few: How many the slow ones do.
    """

    name: str
    messages: int
    few: int
    tasks: int = 1
    connections: int = LANES
    latency: int = 0
    scheme: str = "http"


SWEEP = (1, 10, 50, 500, 5000)
"""Numbers of concurrent tasks."""


def sweep_case(tasks: int) -> str:
    """Return what a number of tasks is called."""
    return f"{tasks:,} {'task' if tasks == 1 else 'tasks'}"


SINGLE_CASES = (
    Way(sweep_case(1), 3000, 800, tasks=1, connections=1),
    Way(sweep_case(10), 4000, 800, tasks=10, connections=10),
    Way(sweep_case(50), 5000, 400, tasks=50, connections=50),
    Way(sweep_case(500), 5000, 1000, tasks=500, connections=50),
    Way(sweep_case(5000), 10_000, 5000, tasks=5000, connections=50),
    Way("20 ms", 4000, 600, tasks=200, connections=200, latency=20),
    Way("50 ms", 4000, 600, tasks=200, connections=200, latency=50),
    Way("TLS", 5000, 400, tasks=50, connections=50, scheme="https"),
)
BULK_CASES = (
    Way("0 ms", 200_000, 20_000),
    Way("20 ms", 40_000, 40_000, latency=20),
    Way("50 ms", 32_000, 32_000, latency=50),
    Way("TLS", 100_000, 20_000, scheme="https"),
)
_CALLS_OF_PER_CALL = 60
_MOST_TASKS_OF_PER_CALL = 50

BURST = 1000
"""How many messages are sent at once, where single sends are held against a batcher."""
MORE_CONNECTIONS = "this SDK, 200 connections"
_DEFAULT_CONNECTIONS, _MORE_CONNECTIONS = 20, 200

MEMORY_WAYS = ("bulk(), from a generator", "bulk(), from a list", "send_bulk, from a list")

IMPORTS: Mapping[str, str] = {
    "httpx and cattrs": "import httpx, cattrs",
    "this SDK": "from wikipayam_async import AsyncWikipayam",
}
_IMPORT = """
import os, time
cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
if len(cores) > 1:
    os.sched_setaffinity(0, {{cores[-1]}})
begun = time.process_time()
{}
print((time.process_time() - begun) * 1e3)
"""
_EXTRAS = """
import re, sys, httpx, cattrs
before = set(sys.modules)
from wikipayam_async import AsyncWikipayam
from importlib.metadata import packages_distributions, requires
extras = {re.match(r"[\\w-]+", one)[0].lower() for one in requires("wikipayam_async") or () if "extra ==" in one}
new = {name.partition(".")[0] for name in set(sys.modules) - before}
found = {one.lower() for name in new for one in packages_distributions().get(name, ())}
print(len((found & extras) - {"wikipayam_async", "wikipayam-async"}))
"""


def single(bench: Bench) -> None:
    """Single sends: from more and more tasks, over latencies, and over TLS."""
    entries = []
    for way, name in product(SINGLE_CASES, known.SINGLE):
        messages = _messages_of(bench, way, name)
        if messages:
            job = Job(kind="single", contender=name, messages=messages, tasks=way.tasks, connections=way.connections)
            entries.append(Entry(Cell("single", way.name, name), bench.gateway.aim(job, way.latency, way.scheme)))
    bench.play(entries)


def _messages_of(bench: Bench, way: Way, name: str) -> int:
    """Return how many messages a contender sends; 0 where it would take too long to be told anything new by it."""
    profile = bench.profile
    if name == known.PER_CALL:
        alone = way.tasks <= _MOST_TASKS_OF_PER_CALL and not way.latency
        return profile.some(_CALLS_OF_PER_CALL, least=10) if alone else 0
    if name not in known.SLOW:
        return profile.some(way.messages, least=max(way.tasks, 500))
    if not profile.is_full and way.tasks > _MOST_TASKS_OF_PER_CALL:
        return 0
    return profile.some(way.few, least=max(way.tasks, 100))


def bulk(bench: Bench) -> None:
    """Bulk sends at batch 100 over eight lanes: over latencies, and over TLS; and what building the messages costs."""
    entries = []
    for way, name in product(BULK_CASES, known.BULK):
        messages = bench.profile.some(way.few if name in known.SLOW else way.messages, least=2400)
        job = Job(kind="bulk", contender=name, messages=messages, connections=LANES)
        entries.append(Entry(Cell("bulk", way.name, name), bench.gateway.aim(job, way.latency, way.scheme)))
    bench.play(entries)
    building = Job(
        kind="building", contender="builder", messages=bench.profile.some(100_000), tasks=bench.profile.rounds
    )
    bench.play([Entry(Cell("bulk", "building", "builder"), building, fresh=True)], rounds=1)


def memory(bench: Bench) -> None:
    """A million messages, each time from a fresh process."""
    entries = []
    for name in MEMORY_WAYS:
        job = Job(kind="memory", contender=name, messages=bench.profile.million, connections=LANES)
        entries.append(Entry(Cell("memory", "a million", name), bench.gateway.aim(job), fresh=True))
    bench.play(entries)


def batcher(bench: Bench) -> None:
    """A thousand sends at once through a batcher and alone; a trickle of them; and a batch that is full."""
    entries = []
    contenders = (
        (known.SDK, known.SDK, _DEFAULT_CONNECTIONS),
        (MORE_CONNECTIONS, known.SDK, _MORE_CONNECTIONS),
        (known.BATCHER, known.BATCHER, _DEFAULT_CONNECTIONS),
    )
    for shown, name, connections in contenders:
        job = Job(kind="burst", contender=name, messages=BURST, tasks=BURST, connections=connections)
        entries.append(Entry(Cell("batcher", "burst", shown), bench.gateway.aim(job, latency=20)))
    bench.play(entries)
    for case in ("trickle", "full batch"):
        job = Job(kind=case, contender=known.BATCHER, connections=_DEFAULT_CONNECTIONS)
        entry = Entry(Cell("batcher", case, known.BATCHER), bench.gateway.aim(job, latency=20))
        bench.play([entry], rounds=1 if case == "trickle" else None)


def decode(bench: Bench) -> None:
    """Read a page of 500 received messages."""
    job = Job(kind="decoding", contender="decoder", messages=5 * bench.profile.rounds)
    bench.play([Entry(Cell("decode", "a page", "decoder"), job, fresh=True)], rounds=1)


def start(bench: Bench) -> None:
    """Import the package into fresh interpreters, and build clients."""
    # Byte code, which an installed package has, is written by the first turn, wherever this runs.
    with tempfile.TemporaryDirectory() as byte_code:
        for turn in range(3 * bench.profile.rounds + 1):
            for name, line in list(IMPORTS.items())[:: 1 if turn % 2 else -1]:
                milliseconds = float(_run(_IMPORT.format(line), PYTHONPYCACHEPREFIX=byte_code))
                if turn:
                    bench.records.append(Record(Cell("start", "import", name), turn, {"cpu": milliseconds}))
    bench.records.append(Record(Cell("start", "extras", known.SDK), 0, {"count": float(_run(_EXTRAS))}))
    job = Job(kind="clients", contender="builder", messages=bench.profile.some(1000))
    bench.play([Entry(Cell("start", "client", known.SDK), job, fresh=True)])


def _run(code: str, **variables: str) -> str:
    """Run code in a fresh interpreter, and return what it printed."""
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


SECTIONS: Mapping[str, Callable[[Bench], None]] = {
    "single": single,
    "bulk": bulk,
    "memory": memory,
    "batcher": batcher,
    "decode": decode,
    "start": start,
}

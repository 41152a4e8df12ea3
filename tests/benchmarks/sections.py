"""The sections of the suite."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from itertools import product

from attrs import frozen

from tests.benchmarks.batches import batches
from tests.benchmarks.distribution import workers
from tests.benchmarks.implementations import registry
from tests.benchmarks.implementations.interface import LANES
from tests.benchmarks.job import Job
from tests.benchmarks.keys import idempotency
from tests.benchmarks.measured import Cell, Record
from tests.benchmarks.network import network
from tests.benchmarks.plan import Bench, Entry
from tests.benchmarks.processes import ROOT

__all__ = [
    "BULK_CASES",
    "BURST",
    "CAMPAIGN_CASES",
    "CAMPAIGN_WAYS",
    "HELPS",
    "IMPORTS",
    "MEMORY_METHODS",
    "MORE_CONNECTIONS",
    "PENDING",
    "QUICK_SECTIONS",
    "REFUSING",
    "SECTIONS",
    "SINGLE_CASES",
    "SWEEP",
    "Case",
    "sweep_case",
]


@frozen
class Case:
    """A case of a comparison.

    Attributes:
        name: The name in the tables.
        messages: The messages of a fast implementation in a full run.
        few: The messages of a slow implementation in a full run.
        tasks: The number of concurrent tasks.
        connections: The maximum number of connections.
        latency: The gateway's latency in milliseconds.
        scheme: `http` or `https`.
    """

    name: str
    messages: int
    few: int
    tasks: int = 1
    connections: int = LANES
    latency: int = 0
    scheme: str = "http"


SWEEP = (1, 10, 50, 500, 5000)
"""The numbers of concurrent tasks."""


def sweep_case(tasks: int) -> str:
    """Return the name of the case with this number of tasks."""
    return f"{tasks:,} {'task' if tasks == 1 else 'tasks'}"


SINGLE_CASES = (
    Case(sweep_case(1), 3000, 800, tasks=1, connections=1),
    Case(sweep_case(10), 4000, 800, tasks=10, connections=10),
    Case(sweep_case(50), 5000, 400, tasks=50, connections=50),
    Case(sweep_case(500), 5000, 500, tasks=500, connections=50),
    Case(sweep_case(5000), 10_000, 5000, tasks=5000, connections=50),
    Case("TLS", 5000, 400, tasks=50, connections=50, scheme="https"),
)
BULK_CASES = (
    Case("0 ms", 100_000, 10_000),
    Case("20 ms", 40_000, 40_000, latency=20),
    Case("50 ms", 32_000, 32_000, latency=50),
    Case("TLS", 60_000, 10_000, scheme="https"),
)
CAMPAIGN_CASES = (
    Case("20 ms", 80_000, 80_000, latency=20),
    Case("50 ms", 64_000, 64_000, latency=50),
)
CAMPAIGN_WAYS = (registry.SDK_STREAM, registry.CAMPAIGN)
REFUSING = "50 ms, 1 % of 429"
_FEWEST_TO_PLAN = 100_000
_CALLS_OF_PER_CALL = 60
_MOST_TASKS_OF_PER_CALL = 50
_OTHER_POOLS = frozenset({registry.HTTPX2, registry.ON_AIOHTTP})

BURST = 1000
"""The number of concurrent messages in the comparison of single sends and a batcher."""
MORE_CONNECTIONS = "this SDK, 200 connections"
_DEFAULT_CONNECTIONS, _MORE_CONNECTIONS = 20, 200

MEMORY_METHODS = (
    "bulk(), from a generator",
    "bulk() on trio, from a generator",
    "bulk(), from a list",
    "send_bulk, from a list",
    "send_bulk, one text",
)

PENDING = (1, 100_000)
"""The numbers of pending challenges."""

IMPORTS: Mapping[str, str] = {
    "httpx and cattrs": "import httpx, cattrs",
    "this SDK": "from wikipayam_async import AsyncWikipayam",
}
HELPS: Mapping[str, str] = {
    "its libraries": "import cyclopts, rich.console, rich.panel, rich.table",
    "this SDK": "from wikipayam_async.cli import main\nsys.argv[1:] = ['--help']\ntry: main()\nexcept SystemExit: pass",
}
"""The help of the command, and what the libraries that it is written with cost alone."""
_ON_ONE_CORE = """
import os, sys, time
cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
if len(cores) > 1:
    os.sched_setaffinity(0, {cores[-1]})
"""
_IMPORT = """
begun = time.process_time()
{}
print((time.process_time() - begun) * 1e3)
"""
_PROCESS = """
{}
print()
print(time.process_time() * 1e3)  # with the start of the interpreter
"""
_EXTRAS = """
import re, sys
before = set(sys.modules)
from wikipayam_async import AsyncWikipayam
from importlib.metadata import packages_distributions, requires
extras = {re.match(r"[\\w-]+", one)[0].lower() for one in requires("wikipayam_async") or () if "extra ==" in one}
new = {name.partition(".")[0] for name in set(sys.modules) - before}
found = {one.lower() for name in new for one in packages_distributions().get(name, ())}
print(len((found & extras) - {"wikipayam_async", "wikipayam-async"}))
"""


def single(bench: Bench) -> None:
    """Measure single sends with increasing numbers of tasks, and over TLS."""
    entries = []
    for case, name in product(SINGLE_CASES, registry.SINGLE):
        messages = _messages_of(bench, case, name)
        if messages:
            job = Job(
                kind="single", implementation=name, messages=messages, tasks=case.tasks, connections=case.connections
            )
            entries.append(Entry(Cell("single", case.name, name), bench.gateway.target(job, case.latency, case.scheme)))
    bench.run(entries, rounds=bench.profile.more_rounds)


def _messages_of(bench: Bench, case: Case, name: str) -> int:
    """Return the number of messages an implementation sends; 0 to skip a case that takes long and shows nothing new."""
    profile = bench.profile
    if not profile.is_full and case.tasks > _MOST_TASKS_OF_PER_CALL:
        return 0
    if name == registry.PER_CALL:
        feasible = case.tasks <= _MOST_TASKS_OF_PER_CALL and not case.latency
        return profile.scaled(_CALLS_OF_PER_CALL, minimum=10) if feasible else 0
    if name in _OTHER_POOLS and case.tasks > _MOST_TASKS_OF_PER_CALL:
        return 0
    if name not in registry.SLOW:
        return profile.scaled(case.messages, minimum=max(case.tasks, 500))
    return profile.scaled(case.few, minimum=max(case.tasks, 100))


def bulk(bench: Bench) -> None:
    """Measure bulk sends in batches of 100 over eight connections, with latencies, over TLS, with refusals; and building messages."""
    entries = []
    for case, name in product(BULK_CASES, registry.BULK):
        messages = bench.profile.scaled(case.few if name in registry.SLOW else case.messages, minimum=2400)
        job = Job(kind="bulk", implementation=name, messages=messages, connections=LANES)
        entries.append(Entry(Cell("bulk", case.name, name), bench.gateway.target(job, case.latency, case.scheme)))
    job = Job(kind="bulk", implementation=registry.SDK, messages=bench.profile.scaled(32_000), connections=LANES)
    entries.append(Entry(Cell("bulk", REFUSING, registry.SDK), bench.gateway.refusing(job)))
    bench.run(entries)
    building = Job(
        kind="building", implementation="builder", messages=bench.profile.scaled(100_000), tasks=bench.profile.rounds
    )
    bench.run([Entry(Cell("bulk", "building", "builder"), building, fresh=True)], rounds=1)


def memory(bench: Bench) -> None:
    """Measure a million messages, each time in a new process."""
    entries = []
    for name in MEMORY_METHODS:
        job = Job(kind="memory", implementation=name, messages=bench.profile.million, connections=LANES)
        entries.append(Entry(Cell("memory", "a million", name), bench.gateway.target(job), fresh=True))
    bench.run(entries)


def campaign(bench: Bench) -> None:
    """Measure runs of campaigns and `bulk()` with latencies; and planning, looking at and resuming a million."""
    entries = []
    for case, name in product(CAMPAIGN_CASES, CAMPAIGN_WAYS):
        messages = bench.profile.scaled(case.messages, minimum=16_000)
        job = Job(kind="bulk", implementation=name, messages=messages, connections=LANES)
        entries.append(Entry(Cell("campaign", case.name, name), bench.gateway.target(job, case.latency)))
    bench.run(entries)
    messages = max(bench.profile.million, _FEWEST_TO_PLAN)
    job = Job(kind="planning", implementation=registry.CAMPAIGN, messages=messages, connections=LANES)
    bench.run([Entry(Cell("campaign", "a million", registry.CAMPAIGN), bench.gateway.target(job), fresh=True)])


def batcher(bench: Bench) -> None:
    """Measure a thousand concurrent sends with and without a batcher, one send per second, and a full batch."""
    entries = []
    clients = (
        (registry.SDK, registry.SDK, _DEFAULT_CONNECTIONS),
        (MORE_CONNECTIONS, registry.SDK, _MORE_CONNECTIONS),
        (registry.BATCHER, registry.BATCHER, _DEFAULT_CONNECTIONS),
    )
    for shown, name, connections in clients:
        job = Job(kind="burst", implementation=name, messages=BURST, tasks=BURST, connections=connections)
        entries.append(Entry(Cell("batcher", "burst", shown), bench.gateway.target(job, latency=20)))
    bench.run(entries)
    for case in ("trickle", "full batch"):
        job = Job(kind=case, implementation=registry.BATCHER, connections=_DEFAULT_CONNECTIONS)
        entry = Entry(Cell("batcher", case, registry.BATCHER), bench.gateway.target(job, latency=20))
        bench.run([entry], rounds=1 if case == "trickle" else None)


def verification(bench: Bench) -> None:
    """Measure starts and checks of codes, without and with 100,000 challenges pending, each in a new process."""
    entries = []
    for pending in PENDING:
        job = Job(
            kind="verification",
            implementation="verifier",
            messages=bench.profile.scaled(10_000, minimum=500),
            tasks=bench.profile.scaled(pending),
        )
        entries.append(Entry(Cell("verification", f"{pending:,} pending", "verifier"), job, fresh=True))
    bench.run(entries)


def decode(bench: Bench) -> None:
    """Measure decoding a page of 500 received messages."""
    job = Job(kind="decoding", implementation="decoder", messages=5 * bench.profile.rounds)
    bench.run([Entry(Cell("decode", "a page", "decoder"), job, fresh=True)], rounds=1)


def start(bench: Bench) -> None:
    """Measure imports and the help of the command in new interpreters, and creating clients."""
    with tempfile.TemporaryDirectory() as byte_code:
        for case, template, programs in (("import", _IMPORT, IMPORTS), ("help", _PROCESS, HELPS)):
            # The first turn writes the byte code, which an installed package has.
            for turn in range(3 * bench.profile.rounds + 1):
                for name, line in list(programs.items())[:: 1 if turn % 2 else -1]:
                    printed = _run(_ON_ONE_CORE + template.format(line), PYTHONPYCACHEPREFIX=byte_code)
                    if turn:
                        milliseconds = float(printed.splitlines()[-1])
                        bench.records.append(Record(Cell("start", case, name), turn, {"cpu": milliseconds}))
    bench.records.append(Record(Cell("start", "extras", registry.SDK), 0, {"count": float(_run(_EXTRAS))}))
    job = Job(kind="clients", implementation="builder", messages=bench.profile.scaled(1000))
    bench.run([Entry(Cell("start", "client", registry.SDK), job, fresh=True)])


def _run(code: str, **variables: str) -> str:
    """Run code in a new interpreter, and return its output."""
    done = subprocess.run(  # noqa: S603 - a command of the project's own page
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
    "batches": batches,
    "bulk": bulk,
    "network": network,
    "memory": memory,
    "campaign": campaign,
    "workers": workers,
    "idempotency": idempotency,
    "batcher": batcher,
    "verification": verification,
    "decode": decode,
    "start": start,
}

QUICK_SECTIONS = ("single", "batches", "start")
"""The sections of a quick run."""

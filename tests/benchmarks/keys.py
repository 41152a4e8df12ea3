"""The section of idempotency keys: the same sends without a key, and with one in each kind of store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from itertools import product

import pytest
from attrs import frozen

from tests.benchmarks.implementations import registry
from tests.benchmarks.job import Job
from tests.benchmarks.machine import disk_folder
from tests.benchmarks.measured import Cell
from tests.benchmarks.plan import Bench, Entry
from tests.support.servers import postgres_server, redis_server

__all__ = ["KEY_CASES", "WAYS", "KeyCase", "Way", "idempotency"]


@frozen
class Way:
    """A way to send.

    Attributes:
        name: The name in the tables.
        implementation: What sends.
        server: Runs the server of the store, with its files on a disk; None for none.
    """

    name: str
    implementation: str
    server: Callable[[], AbstractContextManager[str]] | None = None


@frozen
class KeyCase:
    """A case of the comparison.

    Attributes:
        name: The name in the tables.
        tasks: The number of concurrent tasks, and of connections.
        messages: The messages of a full run.
    """

    name: str
    tasks: int
    messages: int


WAYS = (
    Way("no key", registry.SDK),
    Way("memory", registry.KEYS_MEMORY),
    Way("SQLite", registry.KEYS_SQLITE),
    Way("PostgreSQL", registry.KEYS_POSTGRES, lambda: postgres_server(fsync=True, folder=disk_folder())),
    Way(
        "Redis, `appendfsync everysec`",
        registry.KEYS_REDIS,
        lambda: redis_server("--appendonly", "yes", folder=disk_folder()),
    ),
    Way(
        "Redis, `appendfsync always`",
        registry.KEYS_REDIS,
        lambda: redis_server("--appendonly", "yes", "--appendfsync", "always", folder=disk_folder()),
    ),
)
"""The first is what the others are compared with."""

KEY_CASES = (KeyCase("1 task", 1, 200), KeyCase("50 tasks", 50, 1000))


def idempotency(bench: Bench) -> None:
    """Measure single sends with and without keys. A store whose server is not installed is left out."""
    with ExitStack() as stack:
        stores: Mapping[str, str] = {way.name: url for way in WAYS if (url := _start(stack, way)) is not None}
        entries = []
        for case, way in product(KEY_CASES, WAYS):
            if way.name in stores:
                job = Job(
                    kind="single",
                    implementation=way.implementation,
                    messages=bench.profile.scaled(case.messages, minimum=2 * case.tasks),
                    tasks=case.tasks,
                    connections=case.tasks,
                    store=stores[way.name],
                )
                entries.append(Entry(Cell("idempotency", case.name, way.name), bench.gateway.target(job)))
        bench.run(entries)


def _start(stack: ExitStack, way: Way) -> str | None:
    """Return the URL of a store; empty if it needs no server, and None if its server is not installed."""
    if way.server is None:
        return ""
    try:
        return stack.enter_context(way.server())
    except pytest.skip.Exception:
        return None

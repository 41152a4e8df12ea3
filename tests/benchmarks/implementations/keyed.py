"""This SDK, with an idempotency key for each send, in each kind of store."""

from __future__ import annotations

import itertools
import tempfile
import uuid
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path

from tests.benchmarks import payload
from tests.benchmarks.implementations.interface import Implementation, Single
from tests.benchmarks.implementations.sdk import make_client
from tests.benchmarks.job import Job
from tests.benchmarks.machine import disk_folder
from wikipayam_async.idempotency import IdempotencyStore, MemoryIdempotencyStore, SQLiteIdempotencyStore

__all__ = ["MEMORY", "POSTGRES", "REDIS", "SQLITE"]


@contextmanager
def _memory(_job: Job) -> Iterator[IdempotencyStore]:
    yield MemoryIdempotencyStore()


@contextmanager
def _sqlite(_job: Job) -> Iterator[IdempotencyStore]:
    with tempfile.TemporaryDirectory(dir=disk_folder()) as folder:
        yield SQLiteIdempotencyStore(Path(folder, "keys.db"))


@contextmanager
def _postgres(job: Job) -> Iterator[IdempotencyStore]:
    from wikipayam_async.integrations.postgres import PostgresIdempotencyStore  # noqa: PLC0415 - only if it is measured

    yield PostgresIdempotencyStore(job.store)


@contextmanager
def _redis(job: Job) -> Iterator[IdempotencyStore]:
    from wikipayam_async.integrations.redis import RedisIdempotencyStore  # noqa: PLC0415 - as above

    yield RedisIdempotencyStore(job.store)


def _implementation(name: str, open_store: Callable[[Job], AbstractContextManager[IdempotencyStore]]) -> Implementation:
    @asynccontextmanager
    async def single(job: Job) -> AsyncGenerator[Single]:
        """Single sends, each under a key that no other send has, those before the measurement included."""
        messages = payload.values(job.messages)
        run, count = uuid.uuid4().hex, itertools.count()
        with open_store(job) as store:
            async with make_client(job, store) as client:

                async def send(number: int) -> object:
                    receiver, text, track_id = messages[number]
                    return await client.sms.send(
                        receiver, text, track_id=track_id, idempotency_key=f"{run}:{next(count)}"
                    )

                yield send

    return Implementation(name, "asyncio", single=single)


MEMORY = _implementation("this SDK, keys in memory", _memory)
SQLITE = _implementation("this SDK, keys in SQLite", _sqlite)
POSTGRES = _implementation("this SDK, keys in PostgreSQL", _postgres)
REDIS = _implementation("this SDK, keys in Redis", _redis)

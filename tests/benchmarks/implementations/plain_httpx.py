"""Typical code with httpx: everything at once, with a semaphore, or with a client per call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import cattrs
import httpx

from tests.benchmarks import payload
from tests.benchmarks.implementations.interface import LANES, Bulk, Implementation, Single, chunks, tls_context
from tests.benchmarks.job import Job

__all__ = ["CLIENT_PER_CALL", "GATHER", "SEMAPHORE", "WITH_CATTRS"]

_HEADERS = {"Authorization": f"Bearer {payload.TOKEN}", "Accept": "application/json"}
_structure = cattrs.Converter(detailed_validation=False).structure


@attrs.frozen
class _Sent:
    id: str
    sender: str | None = None
    receiver: str | None = None
    track_id: str | None = None


async def _send(client: httpx.AsyncClient, messages: list[dict[str, str]]) -> list[_Sent]:
    response = await client.post(payload.API_PATH, json=messages)
    response.raise_for_status()
    return [_Sent(**one) for one in response.json()["data"]]


async def _send_with_cattrs(client: httpx.AsyncClient, messages: list[dict[str, str]]) -> list[_Sent]:
    response = await client.post(payload.API_PATH, json=messages)
    response.raise_for_status()
    return _structure(response.json()["data"], list[_Sent])


def _client(job: Job, **settings: Any) -> httpx.AsyncClient:
    verify = tls_context(job) if job.url.startswith("https") else True
    return httpx.AsyncClient(base_url=job.url, headers=_HEADERS, verify=verify, **settings)


def _limits(connections: int) -> httpx.Limits:
    return httpx.Limits(max_connections=connections, max_keepalive_connections=connections)


@asynccontextmanager
async def _gather(job: Job) -> AsyncGenerator[Single]:
    """As many concurrent sends as tasks, on a client with httpx's defaults."""
    messages = payload.rows(job.messages)
    async with _client(job) as client:

        async def send(number: int) -> object:
            return (await _send(client, [messages[number]]))[0]

        yield send


@asynccontextmanager
async def _semaphore(job: Job) -> AsyncGenerator[Single]:
    """At most as many concurrent sends as connections."""
    messages = payload.rows(job.messages)
    semaphore = asyncio.Semaphore(job.connections)
    async with _client(job, limits=_limits(job.connections)) as client:

        async def send(number: int) -> object:
            async with semaphore:
                return (await _send(client, [messages[number]]))[0]

        yield send


@asynccontextmanager
async def _client_per_call(job: Job) -> AsyncGenerator[Single]:
    """A client, a connection and a TLS context for every send: the pattern of aio-kavenegar."""
    messages = payload.rows(job.messages)

    async def send(number: int) -> object:
        async with _client(job) as client:
            return (await _send(client, [messages[number]]))[0]

    yield send


@asynccontextmanager
async def _bulk_with_cattrs(job: Job) -> AsyncGenerator[Bulk]:
    """Eight workers share the batches."""
    messages = payload.rows(job.messages)
    async with _client(job, limits=_limits(LANES)) as client:

        async def send(count: int) -> int:
            todo = chunks(messages, count)
            accepted: list[_Sent] = []

            async def work() -> None:
                for chunk in todo:
                    accepted.extend(await _send_with_cattrs(client, chunk))

            await asyncio.gather(*(work() for _ in range(LANES)))
            return len(accepted)

        yield send


@asynccontextmanager
async def _bulk_gather(job: Job) -> AsyncGenerator[Bulk]:
    """All batches at once."""
    messages = payload.rows(job.messages)
    async with _client(job, limits=_limits(LANES)) as client:

        async def send(count: int) -> int:
            accepted = await asyncio.gather(*(_send(client, chunk) for chunk in chunks(messages, count)))
            return sum(map(len, accepted))

        yield send


GATHER = Implementation("httpx + gather", "asyncio", single=_gather, bulk=_bulk_gather)
SEMAPHORE = Implementation("httpx + semaphore", "asyncio", single=_semaphore)
CLIENT_PER_CALL = Implementation("httpx, a client per call", "asyncio", single=_client_per_call)
WITH_CATTRS = Implementation("httpx + cattrs", "asyncio", bulk=_bulk_with_cattrs)

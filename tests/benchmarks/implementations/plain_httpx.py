"""Typical code with httpx: everything at once, with a semaphore, or with a client per call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias, cast

import attrs
import cattrs
import httpx

from tests.benchmarks import payload
from tests.benchmarks.implementations.interface import (
    LANES,
    Bulk,
    Implementation,
    Single,
    build_rows,
    chunks,
    share_out,
    supply,
    tls_context,
)
from tests.benchmarks.job import Job

__all__ = ["CLIENT_PER_CALL", "GATHER", "HTTPX2", "ON_AIOHTTP", "SEMAPHORE", "WITH_CATTRS"]

_HEADERS = {"Authorization": f"Bearer {payload.TOKEN}", "Accept": "application/json"}
_structure = cattrs.Converter(detailed_validation=False).structure

OpenClient: TypeAlias = Callable[[Job, int], httpx.AsyncClient]
"""Opens a client with this number of connections."""


@attrs.frozen
class _Sent:
    id: str
    sender: str | None = None
    receiver: str | None = None
    track_id: str | None = None


async def _send(client: httpx.AsyncClient, messages: Sequence[dict[str, str]]) -> list[_Sent]:
    response = await client.post(payload.API_PATH, json=messages)
    response.raise_for_status()
    return [_Sent(**one) for one in response.json()["data"]]


async def _send_with_cattrs(client: httpx.AsyncClient, messages: Sequence[dict[str, str]]) -> list[_Sent]:
    response = await client.post(payload.API_PATH, json=messages)
    response.raise_for_status()
    return _structure(response.json()["data"], list[_Sent])


def _client(job: Job, **settings: Any) -> httpx.AsyncClient:
    verify = tls_context(job) if job.url.startswith("https") else True
    return httpx.AsyncClient(base_url=job.url, headers=_HEADERS, verify=verify, **settings)


def _pooled(job: Job, connections: int) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    return _client(job, limits=limits)


def _on_aiohttp(job: Job, connections: int) -> httpx.AsyncClient:
    from httpx_aiohttp import AiohttpTransport  # noqa: PLC0415 - only if it is measured

    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    verify = tls_context(job) if job.url.startswith("https") else True
    return _client(job, transport=AiohttpTransport(verify=verify, limits=limits))


def _httpx2(job: Job, connections: int) -> httpx.AsyncClient:
    import httpx2  # noqa: PLC0415 - only if it is measured

    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
    verify = tls_context(job) if job.url.startswith("https") else True
    client = httpx2.AsyncClient(base_url=job.url, headers=_HEADERS, verify=verify, limits=limits)
    return cast("httpx.AsyncClient", client)  # the same methods


@asynccontextmanager
async def _gather(job: Job) -> AsyncGenerator[Single]:
    """As many concurrent sends as tasks, on a client with httpx's defaults."""
    messages = payload.rows(job.messages)
    async with _client(job) as client:

        async def send(number: int) -> object:
            return (await _send(client, [messages[number]]))[0]

        yield send


def _semaphore(open_client: OpenClient) -> Callable[[Job], AbstractAsyncContextManager[Single]]:
    """Return what sends at most as many messages at once as there are connections."""

    @asynccontextmanager
    async def single(job: Job) -> AsyncGenerator[Single]:
        messages = payload.rows(job.messages)
        semaphore = asyncio.Semaphore(job.connections)
        async with open_client(job, job.connections) as client:

            async def send(number: int) -> object:
                async with semaphore:
                    return (await _send(client, [messages[number]]))[0]

            yield send

    return single


@asynccontextmanager
async def _client_per_call(job: Job) -> AsyncGenerator[Single]:
    """A client, a connection and a TLS context for every send: the pattern of aio-kavenegar."""
    messages = payload.rows(job.messages)

    async def send(number: int) -> object:
        async with _client(job) as client:
            return (await _send(client, [messages[number]]))[0]

    yield send


def _workers(open_client: OpenClient) -> Callable[[Job], AbstractAsyncContextManager[Bulk]]:
    """Return what sends batches from eight workers."""

    @asynccontextmanager
    async def bulk(job: Job) -> AsyncGenerator[Bulk]:
        messages = supply(job, build_rows)
        async with open_client(job, LANES) as client:

            async def send_chunk(chunk: Sequence[dict[str, str]]) -> list[_Sent]:
                return await _send_with_cattrs(client, chunk)

            async def send(count: int) -> int:
                return await share_out(job, chunks(messages(count), job.batch), send_chunk)

            yield send

    return bulk


@asynccontextmanager
async def _bulk_gather(job: Job) -> AsyncGenerator[Bulk]:
    """All batches at once."""
    messages = supply(job, build_rows)
    async with _pooled(job, LANES) as client:

        async def send(count: int) -> int:
            accepted = await asyncio.gather(*(_send(client, one) for one in chunks(messages(count), job.batch)))
            return sum(map(len, accepted))

        yield send


GATHER = Implementation("httpx + gather", "asyncio", single=_gather, bulk=_bulk_gather)
SEMAPHORE = Implementation("httpx + semaphore", "asyncio", single=_semaphore(_pooled))
CLIENT_PER_CALL = Implementation("httpx, a client per call", "asyncio", single=_client_per_call)
WITH_CATTRS = Implementation("httpx + cattrs", "asyncio", bulk=_workers(_pooled))
ON_AIOHTTP = Implementation(
    "httpx on aiohttp's transport", "asyncio", single=_semaphore(_on_aiohttp), bulk=_workers(_on_aiohttp)
)
HTTPX2 = Implementation("httpx2", "asyncio", single=_semaphore(_httpx2), bulk=_workers(_httpx2))

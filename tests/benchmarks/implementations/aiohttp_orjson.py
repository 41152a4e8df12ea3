"""Hand-written for speed: aiohttp, orjson, a slotted dataclass, eight workers for a bulk send."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

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

__all__ = ["IMPLEMENTATION", "open_session", "send_rows"]


@dataclass(slots=True)
class _Sent:
    id: str
    sender: str
    receiver: str
    track_id: str


async def send_rows(session: aiohttp.ClientSession, url: str, messages: Sequence[dict[str, str]]) -> list[_Sent]:
    """Send messages in one request."""
    async with session.post(url, data=orjson.dumps(messages)) as response:
        response.raise_for_status()
        items: list[dict[str, Any]] = orjson.loads(await response.read())["data"]
    return [_Sent(one["id"], one["sender"], one["receiver"], one["track_id"]) for one in items]


@asynccontextmanager
async def open_session(job: Job, connections: int) -> AsyncGenerator[aiohttp.ClientSession]:
    """Open a session."""
    tls = tls_context(job) if job.url.startswith("https") else True
    connector = aiohttp.TCPConnector(limit=connections, ssl=tls)
    headers = {
        "Authorization": f"Bearer {payload.TOKEN}",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        yield session


@asynccontextmanager
async def _single(job: Job) -> AsyncGenerator[Single]:
    url = job.url + payload.API_PATH
    messages = payload.rows(job.messages)
    async with open_session(job, job.connections) as session:

        async def send(number: int) -> object:
            return (await send_rows(session, url, [messages[number]]))[0]

        yield send


@asynccontextmanager
async def _bulk(job: Job) -> AsyncGenerator[Bulk]:
    url = job.url + payload.API_PATH
    messages = supply(job, build_rows)
    async with open_session(job, LANES) as session:

        async def send_chunk(chunk: Sequence[dict[str, str]]) -> list[_Sent]:
            return await send_rows(session, url, chunk)

        async def send(count: int) -> int:
            return await share_out(job, chunks(messages(count), job.batch), send_chunk)

        yield send


IMPLEMENTATION = Implementation("aiohttp + orjson", "asyncio", single=_single, bulk=_bulk)

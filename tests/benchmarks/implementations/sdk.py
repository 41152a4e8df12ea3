"""This SDK, through its public interface."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.benchmarks import payload
from tests.benchmarks.implementations.interface import (
    LANES,
    Bulk,
    Implementation,
    Single,
    supply,
    tls_context,
    warm_up_messages,
)
from tests.benchmarks.job import Job
from tests.benchmarks.machine import disk_folder
from wikipayam_async import AsyncWikipayam, SendStatus, SmsMessage
from wikipayam_async.idempotency import IdempotencyStore

__all__ = ["BATCHER", "CAMPAIGN", "LIST", "ON_TRIO", "STREAM", "STREAM_ON_TRIO", "build_messages", "make_client"]


def make_client(job: Job, store: IdempotencyStore | None = None) -> AsyncWikipayam:
    """Create a client for a job's gateway, and with a store of idempotency keys if there is one."""
    tls = tls_context(job) if job.url.startswith("https") else None
    return AsyncWikipayam(
        payload.TOKEN,
        sender=payload.SENDER,
        base_url=job.url,
        max_connections=job.connections,
        ssl_context=tls,
        idempotency=store,
    )


def build_messages(count: int) -> list[SmsMessage]:
    """Build messages, as a caller would."""
    return _build(payload.values(count))


def _build(values: Sequence[payload.Values]) -> list[SmsMessage]:
    return [SmsMessage(receiver, text, track_id=track_id) for receiver, text, track_id in values]


@asynccontextmanager
async def _single(job: Job) -> AsyncGenerator[Single]:
    messages = payload.values(job.messages)
    async with make_client(job) as client:

        async def send(number: int) -> object:
            receiver, text, track_id = messages[number]
            return await client.sms.send(receiver, text, track_id=track_id)

        yield send


@asynccontextmanager
async def _batcher(job: Job) -> AsyncGenerator[Single]:
    """Single sends through a batcher."""
    messages = payload.values(job.messages)
    async with make_client(job) as client, client.sms.batcher() as batcher:

        async def send(number: int) -> object:
            receiver, text, track_id = messages[number]
            return await batcher.send(receiver, text, track_id=track_id)

        yield send


@asynccontextmanager
async def _list(job: Job) -> AsyncGenerator[Bulk]:
    messages = supply(job, _build)
    async with make_client(job) as client:

        async def send(count: int) -> int:
            report = await client.sms.send_bulk(messages(count), batch_size=job.batch, concurrency=LANES)
            return len(report.accepted)

        yield send


@asynccontextmanager
async def _stream(job: Job) -> AsyncGenerator[Bulk]:
    messages = supply(job, _build)
    async with make_client(job) as client:

        async def send(count: int) -> int:
            accepted = 0
            async with client.sms.bulk(messages(count), batch_size=job.batch, concurrency=LANES) as results:
                async for result in results:
                    accepted += result.status is SendStatus.ACCEPTED
            return accepted

        yield send


@asynccontextmanager
async def _campaign(job: Job) -> AsyncGenerator[Bulk]:
    """The runs of campaigns, which are planned before: one for the messages that do not count, and one for all."""
    from wikipayam_async.campaigns import Campaign  # noqa: PLC0415 - no other implementation needs it

    messages = build_messages(job.messages)
    with tempfile.TemporaryDirectory(dir=disk_folder()) as folder:

        async def plan(client: AsyncWikipayam, count: int) -> None:
            async with Campaign.open(client, Path(folder, f"{count}.db")) as campaign:
                await campaign.plan(messages[:count], batch_size=job.batch)

        async with make_client(job) as client:
            for count in {warm_up_messages(job), job.messages}:
                await plan(client, count)

            async def send(count: int) -> int:
                async with Campaign.open(client, Path(folder, f"{count}.db")) as campaign:
                    return (await campaign.run(concurrency=LANES)).accepted

            yield send


LIST = Implementation("this SDK", "asyncio", single=_single, bulk=_list)
ON_TRIO = Implementation("this SDK on trio", "trio", single=_single, bulk=_list)
STREAM = Implementation("this SDK, bulk()", "asyncio", bulk=_stream)
STREAM_ON_TRIO = Implementation("this SDK on trio, bulk()", "trio", bulk=_stream)
CAMPAIGN = Implementation("this SDK, campaign", "asyncio", bulk=_campaign)
BATCHER = Implementation("this SDK, batcher", "asyncio", single=_batcher)

"""One text to many numbers, and a template with a row a message: this SDK by column, and by hand with aiohttp and orjson.

The messages are built inside of the measurement: what is built before are the numbers and the rows.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

from tests.benchmarks import payload
from tests.benchmarks.implementations.aiohttp_orjson import open_session, send_rows
from tests.benchmarks.implementations.interface import LANES, Bulk, Implementation, share_out
from tests.benchmarks.implementations.near_limit import Message, open_lanes
from tests.benchmarks.implementations.sdk import make_client
from tests.benchmarks.job import Job
from wikipayam_async import SmsMessage
from wikipayam_async.templates import Template, messages_from

__all__ = [
    "AIOHTTP_ONE_TEXT",
    "AIOHTTP_TEMPLATE",
    "MESSAGES_OF_ONE_TEXT",
    "NEAR_LIMIT_ONE_TEXT",
    "ONE_TEXT",
    "ONE_TEXT_STREAM",
    "TEMPLATE",
]

TEXT = payload.text(1_000)
_TEMPLATE = Template("سلام، سفارش شماره {order} شما آماده شد و امروز فرستاده می‌شود.")


def _rows(count: int) -> list[dict[str, str]]:
    return [{"receiver": payload.receiver(number), "order": str(number)} for number in range(count)]


@asynccontextmanager
async def _one_text(job: Job) -> AsyncGenerator[Bulk]:
    numbers = [payload.receiver(number) for number in range(job.messages)]
    async with make_client(job) as client:

        async def send(count: int) -> int:
            report = await client.sms.send_bulk(numbers[:count], TEXT, batch_size=job.batch, concurrency=LANES)
            return len(report.accepted_ids)

        yield send


@asynccontextmanager
async def _messages_of_one_text(job: Job) -> AsyncGenerator[Bulk]:
    numbers = [payload.receiver(number) for number in range(job.messages)]
    async with make_client(job) as client:

        async def send(count: int) -> int:
            messages = [SmsMessage(number, TEXT) for number in numbers[:count]]
            report = await client.sms.send_bulk(messages, batch_size=job.batch, concurrency=LANES)
            return len(report.accepted_ids)

        yield send


@asynccontextmanager
async def _one_text_stream(job: Job) -> AsyncGenerator[Bulk]:
    numbers = [payload.receiver(number) for number in range(job.messages)]
    async with make_client(job) as client:

        async def send(count: int) -> int:
            accepted = 0
            async with client.sms.bulk(numbers[:count], TEXT, batch_size=job.batch, concurrency=LANES) as results:
                async for result in results:
                    accepted += result.ok
            return accepted

        yield send


@asynccontextmanager
async def _template(job: Job) -> AsyncGenerator[Bulk]:
    rows = _rows(job.messages)
    async with make_client(job) as client:

        async def send(count: int) -> int:
            messages = messages_from(_TEMPLATE, rows[:count])
            report = await client.sms.send_bulk(messages, batch_size=job.batch, concurrency=LANES)
            return len(report.accepted_ids)

        yield send


@asynccontextmanager
async def _aiohttp_one_text(job: Job) -> AsyncGenerator[Bulk]:
    numbers = [payload.receiver(number) for number in range(job.messages)]

    def batch(start: int, end: int) -> list[dict[str, str]]:
        return [
            {"sender": payload.SENDER, "receiver": number, "message": TEXT, "track_id": f"run-{start}.{at}"}
            for at, number in enumerate(numbers[start:end])
        ]

    async with _aiohttp(job, batch) as send:
        yield send


@asynccontextmanager
async def _aiohttp_template(job: Job) -> AsyncGenerator[Bulk]:
    rows = _rows(job.messages)

    def batch(start: int, end: int) -> list[dict[str, str]]:
        return [
            {
                "sender": payload.SENDER,
                "receiver": row["receiver"],
                "message": f"سلام، سفارش شماره {row['order']} شما آماده شد و امروز فرستاده می‌شود.",
                "track_id": f"run-{start}.{at}",
            }
            for at, row in enumerate(rows[start:end])
        ]

    async with _aiohttp(job, batch) as send:
        yield send


@asynccontextmanager
async def _aiohttp(job: Job, batch: Callable[[int, int], list[dict[str, str]]]) -> AsyncGenerator[Bulk]:
    url = job.url + payload.API_PATH
    async with open_session(job, LANES) as session:

        async def send(count: int) -> int:
            async def send_from(start: int) -> Sequence[object]:
                return await send_rows(session, url, batch(start, min(start + job.batch, count)))

            return await share_out(job, range(0, count, job.batch), send_from)

        yield send


@asynccontextmanager
async def _near_limit_one_text(job: Job) -> AsyncGenerator[Bulk]:
    numbers = [payload.receiver(number) for number in range(job.messages)]
    async with open_lanes(job, LANES) as lanes:

        async def send(count: int) -> int:
            async def send_from(start: int) -> Sequence[object]:
                some = numbers[start : min(start + job.batch, count)]
                messages = [
                    Message(payload.SENDER, number, TEXT, f"run-{start}.{at}") for at, number in enumerate(some)
                ]
                return await lanes.send(messages)

            return await share_out(job, range(0, count, job.batch), send_from)

        yield send


ONE_TEXT = Implementation("this SDK, one text", "asyncio", bulk=_one_text)
ONE_TEXT_STREAM = Implementation("this SDK, one text, bulk()", "asyncio", bulk=_one_text_stream)
MESSAGES_OF_ONE_TEXT = Implementation("this SDK, one text in messages", "asyncio", bulk=_messages_of_one_text)
TEMPLATE = Implementation("this SDK, template", "asyncio", bulk=_template)
AIOHTTP_ONE_TEXT = Implementation("aiohttp + orjson, one text", "asyncio", bulk=_aiohttp_one_text)
AIOHTTP_TEMPLATE = Implementation("aiohttp + orjson, template", "asyncio", bulk=_aiohttp_template)
NEAR_LIMIT_ONE_TEXT = Implementation("near-limit, one text", "asyncio", bulk=_near_limit_one_text)

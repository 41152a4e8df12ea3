"""The memory probe: a bulk send of any size, and the memory of the process during it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import TypeAlias, cast

from tests.benchmarks import payload
from tests.benchmarks.fanout import run
from tests.benchmarks.implementations.interface import BATCH, LANES
from tests.benchmarks.implementations.sdk import build_messages, make_client
from tests.benchmarks.job import Job, Measurement
from tests.benchmarks.machine import memory_now, memory_peak
from tests.benchmarks.stopwatch import Stopwatch
from wikipayam_async import AsyncWikipayam, SendStatus, SmsMessage
from wikipayam_async.bulk.options import BulkProgress

__all__ = ["LIST", "ONE_TEXT", "STREAM_OF_A_GENERATOR", "STREAM_OF_A_LIST", "STREAM_ON_TRIO", "memory"]

STREAM_OF_A_GENERATOR = "bulk(), from a generator"
STREAM_OF_A_LIST = "bulk(), from a list"
STREAM_ON_TRIO = "bulk() on trio, from a generator"
LIST = "send_bulk, from a list"
ONE_TEXT = "send_bulk, one text"

Source: TypeAlias = Iterable[SmsMessage] | list[str]

_POINTS = 50
_MIB = 1024**2


class _Curve:
    """Records the memory of the process during a run."""

    def __init__(self, messages: int) -> None:
        self.points: list[tuple[float, float]] = [(0.0, memory_now())]
        self._step = max(messages // _POINTS, 1)
        self._next = self._step

    def reach(self, done: int) -> None:
        """Record a point, if one is due."""
        if done >= self._next:
            self._next = done + self._step
            self.points.append((float(done), memory_now()))


def _generate(count: int) -> Iterator[SmsMessage]:
    """Yield messages one by one, as when read from a file."""
    for number in range(count):
        yield SmsMessage(payload.receiver(number), payload.text(number), track_id=payload.track_id(number))


def memory(job: Job) -> list[Measurement]:
    """Send messages in bulk from a new process; measure the throughput and the memory."""
    send = _WAYS[job.implementation]

    async def main() -> Measurement:
        # A client whose lanes have sent is part of the memory at the start; so is what the caller holds.
        source = _source(job)
        async with make_client(job) as client:
            await client.sms.send_bulk(build_messages(2 * LANES * BATCH), batch_size=BATCH, concurrency=LANES)
            curve = _Curve(job.messages)
            stopwatch = Stopwatch(job.statistics_port)
            done = await send(client, source, curve)
            figures = stopwatch.stop(done)
        begun, top = curve.points[0][1], memory_peak()
        growth = top - begun
        figures |= {"start": begun, "top": top, "growth": growth, "bytes": growth * _MIB / job.messages}
        note = "" if done == job.messages else f"{job.messages - done:,} not accepted"
        return Measurement(figures=figures, note=note, curve=curve.points)

    return [run(main, "trio" if job.implementation == STREAM_ON_TRIO else "asyncio")]


def _source(job: Job) -> Source:
    if job.implementation == ONE_TEXT:
        return [payload.receiver(number) for number in range(job.messages)]
    return _generate(job.messages) if job.implementation in _GENERATED else build_messages(job.messages)


async def _stream(client: AsyncWikipayam, source: Source, curve: _Curve) -> int:
    done = 0
    messages = cast("Iterable[SmsMessage]", source)
    async with client.sms.bulk(messages, batch_size=BATCH, concurrency=LANES) as results:
        async for result in results:
            done += result.status is SendStatus.ACCEPTED
            curve.reach(done)
    return done


async def _list(client: AsyncWikipayam, source: Source, curve: _Curve) -> int:
    def on_progress(progress: BulkProgress) -> None:
        curve.reach(progress.done)

    messages = cast("list[SmsMessage]", source)
    report = await client.sms.send_bulk(messages, batch_size=BATCH, concurrency=LANES, on_progress=on_progress)
    return report.counts[SendStatus.ACCEPTED]


async def _one_text(client: AsyncWikipayam, source: Source, curve: _Curve) -> int:
    def on_progress(progress: BulkProgress) -> None:
        curve.reach(progress.done)

    numbers, text = cast("list[str]", source), payload.text(1_000)
    report = await client.sms.send_bulk(numbers, text, batch_size=BATCH, concurrency=LANES, on_progress=on_progress)
    return report.counts[SendStatus.ACCEPTED]


_GENERATED = frozenset({STREAM_OF_A_GENERATOR, STREAM_ON_TRIO})
_WAYS: Mapping[str, Callable[[AsyncWikipayam, Source, _Curve], Awaitable[int]]] = {
    STREAM_OF_A_GENERATOR: _stream,
    STREAM_ON_TRIO: _stream,
    STREAM_OF_A_LIST: _stream,
    LIST: _list,
    ONE_TEXT: _one_text,
}

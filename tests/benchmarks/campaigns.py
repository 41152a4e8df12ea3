"""The probe of campaigns: plan, look at and resume one of any size, in a journal on a disk."""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import anyio

from tests.benchmarks import payload
from tests.benchmarks.fanout import run
from tests.benchmarks.implementations.interface import BATCH, LANES
from tests.benchmarks.implementations.sdk import make_client
from tests.benchmarks.job import Job, Measurement
from tests.benchmarks.machine import disk_folder, load, memory_now, memory_peak
from wikipayam_async import SmsMessage
from wikipayam_async.campaigns import Campaign, SQLiteJournal
from wikipayam_async.core.events import AttemptFinished, Event

__all__ = ["Builder", "plan_and_resume"]

_BLOCK = 1000
_LOOKS = 5


class Builder:
    """Builds messages while they are read, as from a file, and counts what that costs, which is not the plan's.

    Attributes:
        seconds: The seconds spent on building.
        cpu: The CPU seconds spent on building.
    """

    def __init__(self) -> None:
        self.seconds = self.cpu = 0.0

    def messages(self, count: int) -> Iterator[SmsMessage]:
        """Yield messages, which are built in blocks."""
        for first in range(0, count, _BLOCK):
            wall, cpu = time.perf_counter(), time.process_time()
            block = [SmsMessage(payload.receiver(n), payload.text(n)) for n in range(first, min(first + _BLOCK, count))]
            self.seconds += time.perf_counter() - wall
            self.cpu += time.process_time() - cpu
            yield from block


def plan_and_resume(job: Job) -> list[Measurement]:
    """Plan messages, crash with requests in flight, look at the campaign, and resume it until it sends.

    Figures: `rate` and `cpu` of planning, `growth` of the memory's peak meanwhile, `size` of the file in MB, and the
    milliseconds of `status` (the median of five looks) and of `resume` (until the first response).
    """

    async def main() -> Measurement:
        with tempfile.TemporaryDirectory(dir=disk_folder()) as folder:
            path = Path(folder, "campaign.db")
            figures = await _plan(job, path)
            figures["size"] = _megabytes(path)
            await _crash(path)
            figures["status"] = statistics.median([await _status(path) for _ in range(_LOOKS)]) * 1e3
            figures["resume"] = await _resume(job, path) * 1e3
            return Measurement(figures=figures | load())

    return [run(main, "asyncio")]


async def _plan(job: Job, path: Path) -> dict[str, float]:
    builder = Builder()
    async with make_client(job) as client, Campaign.open(client, path) as campaign:
        gc.collect()
        start, wall, cpu = memory_now(), time.perf_counter(), time.process_time()
        plan = await campaign.plan(builder.messages(job.messages), batch_size=BATCH)
        seconds = time.perf_counter() - wall - builder.seconds
        used = time.process_time() - cpu - builder.cpu
    assert plan.total == job.messages
    top = memory_peak()
    return {
        "rate": job.messages / seconds,
        "cpu": used / job.messages * 1e6,
        "start": start,
        "top": top,
        "growth": top - start,
    }


def _megabytes(path: Path) -> float:
    return path.stat().st_size / 1e6


async def _crash(path: Path) -> None:
    """Leave as many requests in flight as a run may have."""
    journal = SQLiteJournal(path)
    await journal.lock()
    for chunk in await journal.pending(-1, LANES):
        await journal.claim(chunk.no, "crash")
    await journal.aclose()


async def _status(path: Path) -> float:
    """Return the seconds of a look at the campaign, from opening the file to the answer."""
    begun = time.perf_counter()
    async with Campaign.open(None, path) as campaign:
        progress = await campaign.progress()
        seconds = time.perf_counter() - begun
    assert progress.sending == LANES * BATCH
    return seconds


async def _resume(job: Job, path: Path) -> float:
    """Return the seconds from opening the file until the gateway has answered the first request, without latency."""
    answers: list[float] = []

    def on_event(event: Event) -> None:
        if isinstance(event, AttemptFinished) and event.operation == "sms.send" and not answers:
            answers.append(time.perf_counter())
            scope.cancel()

    async with make_client(job) as client:
        watched = client.with_options(on_event=on_event)
        begun = time.perf_counter()
        async with Campaign.open(watched, path) as campaign:
            with anyio.CancelScope() as scope:
                await campaign.run(concurrency=LANES)
            progress = await campaign.progress()
    assert progress.unknown == LANES * BATCH
    return answers[0] - begun

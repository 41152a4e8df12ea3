"""The memory probe: a bulk send of any size, and the memory of the process during it."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks import payload
from tests.benchmarks.fanout import run
from tests.benchmarks.implementations.interface import BATCH, LANES
from tests.benchmarks.implementations.sdk import build_messages, make_client
from tests.benchmarks.job import Job, Measurement
from tests.benchmarks.machine import memory_now, memory_peak
from tests.benchmarks.stopwatch import Stopwatch
from wikipayam_async import SendStatus, SmsMessage
from wikipayam_async.bulk.options import BulkProgress

__all__ = ["LIST", "STREAM_OF_A_GENERATOR", "STREAM_OF_A_LIST", "memory"]

STREAM_OF_A_GENERATOR = "bulk(), from a generator"
STREAM_OF_A_LIST = "bulk(), from a list"
LIST = "send_bulk, from a list"

_POINTS = 50


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

    async def main() -> Measurement:
        messages = None if job.implementation == STREAM_OF_A_GENERATOR else build_messages(job.messages)
        async with make_client(job) as client:
            await client.sms.send_bulk(build_messages(2 * LANES * BATCH), batch_size=BATCH, concurrency=LANES)
            curve = _Curve(job.messages)
            stopwatch = Stopwatch(job.statistics_port)
            done = 0
            if job.implementation == LIST:

                def on_progress(progress: BulkProgress) -> None:
                    curve.reach(progress.done)

                assert messages is not None
                report = await client.sms.send_bulk(
                    messages, batch_size=BATCH, concurrency=LANES, on_progress=on_progress
                )
                done = len(report.accepted)
            else:
                source = messages or _generate(job.messages)
                async with client.sms.bulk(source, batch_size=BATCH, concurrency=LANES) as results:
                    async for result in results:
                        done += result.status is SendStatus.ACCEPTED
                        curve.reach(done)
            figures = stopwatch.stop(done)
        begun = curve.points[0][1]
        figures |= {"start": begun, "top": memory_peak(), "growth": memory_peak() - begun}
        note = "" if done == job.messages else f"{job.messages - done:,} not accepted"
        return Measurement(figures=figures, note=note, curve=curve.points)

    return [run(main, "asyncio")]

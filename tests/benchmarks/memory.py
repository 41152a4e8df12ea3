"""What a worker measures of memory: a bulk send of any size, and how much the process holds while it goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.benchmarks import payload
from tests.benchmarks.clock import Clock
from tests.benchmarks.contenders.road import BATCH, LANES
from tests.benchmarks.contenders.sdk import build_messages, make_client
from tests.benchmarks.fanout import run
from tests.benchmarks.job import Job, Outcome
from tests.benchmarks.machine import memory_now, memory_peak
from wikipayam_async import SendStatus, SmsMessage

__all__ = ["LIST", "STREAM_OF_A_GENERATOR", "STREAM_OF_A_LIST", "memory"]

STREAM_OF_A_GENERATOR = "bulk(), from a generator"
STREAM_OF_A_LIST = "bulk(), from a list"
LIST = "send_bulk, from a list"

_POINTS = 50


class _Curve:
    """Follows the memory of the process, at so many points of a run."""

    def __init__(self, messages: int) -> None:
        self.points: list[tuple[float, float]] = [(0.0, memory_now())]
        self._step = max(messages // _POINTS, 1)
        self._next = self._step

    def reach(self, done: int) -> None:
        """Take a point, if one is due."""
        if done >= self._next:
            self._next = done + self._step
            self.points.append((float(done), memory_now()))


def _generate(count: int) -> Iterator[SmsMessage]:
    """Make the messages one by one, as a file would give them."""
    for number in range(count):
        yield SmsMessage(payload.receiver(number), payload.text(number), track_id=payload.track_id(number))


def memory(job: Job) -> list[Outcome]:
    """Send messages in bulk from a fresh process; tell how fast that was, and what memory it took."""

    async def main() -> Outcome:
        messages = None if job.contender == STREAM_OF_A_GENERATOR else build_messages(job.messages)
        async with make_client(job) as client:
            await client.sms.send_bulk(build_messages(2 * LANES * BATCH), batch_size=BATCH, concurrency=LANES)
            curve = _Curve(job.messages)
            clock = Clock(job.books)
            done = 0
            if job.contender == LIST:

                def progress(so_far: int, total: int | None, counts: Mapping[SendStatus, int]) -> None:
                    curve.reach(so_far)

                assert messages is not None
                report = await client.sms.send_bulk(messages, BATCH, LANES, progress=progress)
                done = len(report.accepted)
            else:
                async with client.sms.bulk(messages or _generate(job.messages), BATCH, LANES) as results:
                    async for result in results:
                        done += result.status is SendStatus.ACCEPTED
                        curve.reach(done)
            figures = clock.stop(done)
        begun = curve.points[0][1]
        figures |= {"start": begun, "top": memory_peak(), "growth": memory_peak() - begun}
        note = "" if done == job.messages else f"{job.messages - done:,} not accepted"
        return Outcome(figures=figures, note=note, curve=curve.points)

    return [run(main, "asyncio")]

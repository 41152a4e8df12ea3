"""The probes over the wire: single sends, bulk sends, bursts, and a slow series of sends."""

from __future__ import annotations

import statistics
import time

import anyio
import attrs

from tests.benchmarks.fanout import Tally, fan_out, run
from tests.benchmarks.implementations.interface import BATCH, LANES, Backend, Single, warm_up_messages
from tests.benchmarks.implementations.registry import load
from tests.benchmarks.job import Job, Measurement
from tests.benchmarks.stopwatch import Stopwatch

__all__ = ["TICKS", "bulk", "burst", "full_batch", "single", "trickle"]

TICKS = 5
"""The number of sends of a slow series, one per second."""

_LONG_LINGER = 1.0
_FAILING_MARGIN = 3


def single(job: Job) -> list[Measurement]:
    """Send messages one by one from concurrent tasks."""
    implementation = load(job.implementation)
    assert implementation.single is not None
    open_client = implementation.single

    async def main() -> Measurement:
        async with open_client(job) as send:
            await _warm_up(send, job, implementation.backend)
            stopwatch = Stopwatch(job.statistics_port)
            tally = await fan_out(send, job.messages, job.tasks, implementation.backend)
            return Measurement(figures=stopwatch.stop(tally.done), note=_remark(job, tally))

    return [run(main, implementation.backend)]


def _remark(job: Job, tally: Tally) -> str:
    """Return the remark on sends that failed, without those that the gateway was to fail."""
    return "" if not tally.capped and tally.failed.total() <= _most_failures(job) else tally.note


def _most_failures(job: Job) -> float:
    return _FAILING_MARGIN * job.failing * job.messages


async def _warm_up(send: Single, job: Job, backend: Backend) -> Tally:
    """Open the connections and fill the caches."""
    sends = min(job.messages // 4, 2 * job.connections)
    return await fan_out(send, max(sends, 1), min(job.tasks, job.connections), backend)


def bulk(job: Job) -> list[Measurement]:
    """Send messages in batches over eight connections."""
    implementation = load(job.implementation)
    assert implementation.bulk is not None
    open_client = implementation.bulk

    async def main() -> Measurement:
        async with open_client(job) as send:
            await send(warm_up_messages(job))
            stopwatch = Stopwatch(job.statistics_port)
            accepted = await send(job.messages)
            missing = job.messages - accepted
            note = (
                ""
                if missing <= max(_most_failures(job), job.batch * bool(job.failing))
                else f"{missing:,} not accepted"
            )
            return Measurement(figures=stopwatch.stop(accepted), note=note)

    return [run(main, implementation.backend)]


def burst(job: Job) -> list[Measurement]:
    """Send messages one by one from concurrent tasks, often a task each, and measure the latency of each."""
    implementation = load(job.implementation)
    assert implementation.single is not None
    open_client = implementation.single
    latencies: list[float] = []

    async def main() -> Measurement:
        async with open_client(job) as send:

            async def timed(number: int) -> object:
                begun = time.perf_counter()
                sent = await send(number)
                latencies.append(time.perf_counter() - begun)
                return sent

            await _warm_up(send, job, implementation.backend)
            stopwatch = Stopwatch(job.statistics_port)
            tally = await fan_out(timed, job.messages, job.tasks, implementation.backend)
            figures = stopwatch.stop(tally.done)
            cuts = statistics.quantiles(latencies, n=100)
            return Measurement(
                figures=figures | {"p50": cuts[49] * 1e3, "p99": cuts[98] * 1e3}, note=_remark(job, tally)
            )

    return [run(main, implementation.backend)]


def trickle(job: Job) -> list[Measurement]:
    """Send one message per second, alternately without and through a batcher; measure the latency of each."""
    from tests.benchmarks.implementations.sdk import make_client  # noqa: PLC0415 - only in the measuring process

    async def main() -> list[Measurement]:
        measurements = []
        async with make_client(job) as client, client.sms.batcher() as batcher:
            await client.sms.send("09120000000", "warm")
            await batcher.send("09120000000", "warm")
            for _ in range(TICKS):
                await anyio.sleep(0.5)
                begun = time.perf_counter()
                await client.sms.send("09120000000", "alone")
                alone = (time.perf_counter() - begun) * 1e3
                await anyio.sleep(0.5)
                begun = time.perf_counter()
                await batcher.send("09120000000", "together")
                together = (time.perf_counter() - begun) * 1e3
                measurements.append(
                    Measurement(figures={"alone": alone, "batched": together, "added": together - alone})
                )
        return measurements

    measurements: list[Measurement] = run(main, "asyncio")
    return measurements


def full_batch(job: Job) -> list[Measurement]:
    """Fill one batch of a batcher with a linger of one second; measure the latency of its messages."""
    from tests.benchmarks.implementations.sdk import make_client  # noqa: PLC0415 - only in the measuring process

    async def main() -> Measurement:
        async with (
            make_client(attrs.evolve(job, connections=LANES)) as client,
            client.sms.batcher(batch_size=BATCH, linger=_LONG_LINGER) as batcher,
        ):
            await client.sms.send("09120000000", "warm")

            async def send(number: int) -> object:
                return await batcher.send("09120000000", f"message {number}")

            begun = time.perf_counter()
            await fan_out(send, BATCH, BATCH, "asyncio")
            return Measurement(figures={"filled": (time.perf_counter() - begun) * 1e3})

    return [run(main, "asyncio")]

"""What a worker measures over the wire: single sends, bulk sends, bursts, and a trickle of sends."""

from __future__ import annotations

import statistics
import time

import anyio
import attrs

from tests.benchmarks.clock import Clock
from tests.benchmarks.contenders.registry import contender
from tests.benchmarks.contenders.road import BATCH, LANES, Backend, Single
from tests.benchmarks.fanout import Tally, run, spread
from tests.benchmarks.job import Job, Outcome

__all__ = ["TICKS", "bulk", "burst", "full_batch", "single", "trickle"]

TICKS = 5
"""How many messages trickle, one a second."""

_PATIENT_LINGER = 1.0


def single(job: Job) -> list[Outcome]:
    """Send messages one by one, from as many tasks as the job says."""
    found = contender(job.contender)
    assert found.single is not None
    open_road = found.single

    async def main() -> Outcome:
        async with open_road(job) as send:
            await _warm_up(send, job, found.backend)
            clock = Clock(job.books)
            tally = await spread(send, job.messages, job.tasks, found.backend)
            return Outcome(figures=clock.stop(tally.done), note=tally.note)

    return [run(main, found.backend)]


async def _warm_up(send: Single, job: Job, backend: Backend) -> Tally:
    """Open the connections, and let every cache fill."""
    sends = min(job.messages // 4, 2 * job.connections)
    return await spread(send, max(sends, 1), min(job.tasks, job.connections), backend)


def bulk(job: Job) -> list[Outcome]:
    """Send messages in batches over eight lanes."""
    found = contender(job.contender)
    assert found.bulk is not None
    open_road = found.bulk

    async def main() -> Outcome:
        async with open_road(job) as send:
            await send(min(job.messages, 2 * LANES * BATCH))
            clock = Clock(job.books)
            accepted = await send(job.messages)
            note = "" if accepted == job.messages else f"{job.messages - accepted:,} not accepted"
            return Outcome(figures=clock.stop(accepted), note=note)

    return [run(main, found.backend)]


def burst(job: Job) -> list[Outcome]:
    """Send everything at once, a task each, and follow how long each had to wait."""
    found = contender(job.contender)
    assert found.single is not None
    open_road = found.single
    waits: list[float] = []

    async def main() -> Outcome:
        async with open_road(job) as send:

            async def timed(number: int) -> object:
                begun = time.perf_counter()
                sent = await send(number)
                waits.append(time.perf_counter() - begun)
                return sent

            await _warm_up(send, job, found.backend)
            clock = Clock(job.books)
            tally = await spread(timed, job.messages, job.tasks, found.backend)
            figures = clock.stop(tally.done)
            cuts = statistics.quantiles(waits, n=100)
            return Outcome(figures=figures | {"p50": cuts[49] * 1e3, "p99": cuts[98] * 1e3}, note=tally.note)

    return [run(main, found.backend)]


def trickle(job: Job) -> list[Outcome]:
    """Send one message a second, alternately through a batcher and alone; tell what each had to wait."""
    from tests.benchmarks.contenders.sdk import make_client  # noqa: PLC0415 - only in the process that measures it

    async def main() -> list[Outcome]:
        outcomes = []
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
                outcomes.append(Outcome(figures={"alone": alone, "batched": together, "added": together - alone}))
        return outcomes

    outcomes: list[Outcome] = run(main, "asyncio")
    return outcomes


def full_batch(job: Job) -> list[Outcome]:
    """Fill one batch of a batcher that would linger for a second; tell how long its messages had to wait."""
    from tests.benchmarks.contenders.sdk import make_client  # noqa: PLC0415 - only in the process that measures it

    async def main() -> Outcome:
        async with (
            make_client(attrs.evolve(job, connections=LANES)) as client,
            client.sms.batcher(max_size=BATCH, linger=_PATIENT_LINGER) as batcher,
        ):
            await client.sms.send("09120000000", "warm")

            async def send(number: int) -> object:
                return await batcher.send("09120000000", f"message {number}")

            begun = time.perf_counter()
            await spread(send, BATCH, BATCH, "asyncio")
            return Outcome(figures={"filled": (time.perf_counter() - begun) * 1e3})

    return [run(main, "asyncio")]

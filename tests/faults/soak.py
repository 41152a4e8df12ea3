"""A long mixed load under faults: `python -m tests.faults.soak --seconds 600`.

The gateway is an emulator in a process of its own. Twenty lanes carry sends, bulk sends, reads and random cancels; five
requests of a hundred are struck by a fault. In the end the gateway's ledger is held against what the client told.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import random
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import anyio
from attrs import define, field

from tests.faults.soak_gateway import served
from wikipayam_async import AsyncWikipayam, CallFinished, Event, RetryPolicy, SendStatus, SmsMessage, WikipayamError
from wikipayam_async.core.lanes import LaneLike
from wikipayam_async.core.options import Origin
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN

__all__ = ["LANES", "main", "soak"]

LANES = 20
WORKERS = 40


@define
class _Lane:
    """A lane that is counted while it is open."""

    lane: LaneLike
    books: _Books
    clean: bool = True
    idle_since: float = 0.0
    open: bool = True

    def is_usable(self, now: float, idle_expiry: float) -> bool:
        """Ask the lane."""
        self.lane.idle_since = self.idle_since
        return self.lane.is_usable(now, idle_expiry)

    async def exchange(self, outgoing: Any, progress: Any) -> Any:
        """Let the lane do it."""
        try:
            return await self.lane.exchange(outgoing, progress)
        finally:
            self.clean = self.lane.clean

    async def aclose(self) -> None:
        """Close the lane, and count it out."""
        self.books.sockets -= self.open
        self.open = False
        await self.lane.aclose()


@define
class _Books:
    """What was handed in, and what was told of it."""

    given: int = 0
    told: dict[str, list[SendStatus]] = field(factory=dict)
    untold: int = 0
    cancels: int = 0
    sockets: int = 0
    peak: int = 0

    def message(self) -> SmsMessage:
        """Make the next message."""
        self.given += 1
        track_id = f"S{self.given}"
        self.told[track_id] = []
        return SmsMessage(f"0912{self.given % 5000:07d}", "soak", track_id=track_id)

    def hear(self, event: Event) -> None:
        """Take the outcomes of a single request's messages."""
        if isinstance(event, CallFinished):
            for one in event.messages:
                self.told[one.track_id or ""].append(one.status)

    def count(self, client: AsyncWikipayam) -> None:
        """Count the sockets of a client."""
        carrier: Any = client._carrier
        lanes = carrier._transport._lanes
        open_lane = lanes._open_lane

        async def opened(origin: Origin) -> LaneLike:
            lane = _Lane(await open_lane(origin), self)
            self.sockets += 1
            self.peak = max(self.peak, self.sockets)
            return lane

        lanes._open_lane = opened


class _Worker:
    """Does one thing after the other until the time is up."""

    def __init__(self, client: AsyncWikipayam, books: _Books, seed: int) -> None:
        self._client = client
        self._quiet = client.with_options(on_event=None)
        self._books = books
        self._random = random.Random(seed)

    async def run(self, until: float) -> None:
        """Work."""
        deeds = [self._send, self._send_many, self._bulk, self._read]
        while anyio.current_time() < until:
            (deed,) = self._random.choices(deeds, [8, 3, 1, 4])
            cancelled = self._random.random() < 0.1
            with anyio.move_on_after(self._random.uniform(0, 0.03) if cancelled else None) as scope:
                await deed()
            self._books.cancels += scope.cancelled_caught

    async def _send(self) -> None:
        one = self._books.message()
        with contextlib.suppress(WikipayamError):  # `hear` knows
            await self._client.sms.send(one.receiver, "soak", track_id=one.track_id)

    async def _send_many(self) -> None:
        messages = [self._books.message() for _ in range(self._random.randint(1, 20))]
        with contextlib.suppress(WikipayamError):  # `hear` knows
            await self._client.sms.send_many(messages)

    async def _bulk(self) -> None:
        count, leave = self._random.randint(0, 150), self._random.choice([None, None, 10, 40])

        given: list[str | None] = []

        async def source() -> AsyncIterator[SmsMessage]:
            for _ in range(count):
                message = self._books.message()
                given.append(message.track_id)
                yield message

        run = self._quiet.sms.bulk(source(), batch_size=25, concurrency=4, ordered=self._random.random() < 0.5)
        taken = 0
        try:
            async with run:
                async for result in run:
                    self._books.told[result.track_id or ""].append(result.status)
                    taken += 1
                    if taken == leave:
                        break
        finally:
            for result in run.leftover:
                self._books.told[result.message.track_id or ""].append(result.status)
            self._books.untold += sum(not self._books.told[name or ""] for name in given)

    async def _read(self) -> None:
        client = self._quiet
        reads = (
            client.balance,
            client.receives.list,
            lambda: client.sms.delivery_status([f"{i:024x}" for i in range(9)]),
        )
        with contextlib.suppress(WikipayamError):  # a read that failed costs nobody anything
            await self._random.choice(reads)()


def _descriptors() -> int:
    return len(os.listdir("/dev/fd")) if os.path.isdir("/dev/fd") else 0  # noqa: PTH208, PTH112 - no more than a count


def _memory() -> int:
    """Return the bytes in use, without this module's own books."""
    gc.collect()
    shot = tracemalloc.take_snapshot().filter_traces(
        [tracemalloc.Filter(False, __file__), tracemalloc.Filter(False, tracemalloc.__file__)]
    )
    return sum(trace.size for trace in shot.traces)


async def _load(url: str, seconds: float, seed: int) -> dict[str, Any]:
    books = _Books()
    retry = RetryPolicy(first_pause=0.01, longest_pause=0.05)
    sizes: list[int] = []
    before = _descriptors()
    client = AsyncWikipayam(
        DEFAULT_TOKEN,
        sender=DEFAULT_LINE,
        base_url=url,
        timeout=1.0,
        retry=retry,
        max_connections=LANES,
        on_event=books.hear,
    )
    books.count(client)
    began = anyio.current_time()
    async with client:
        for end in (seconds * 0.3, seconds):  # first a warm-up
            async with anyio.create_task_group() as group:
                for number in range(WORKERS):
                    group.start_soon(_Worker(client, books, seed * 1000 + number + len(sizes) * 500).run, began + end)
            sizes.append(_memory())
    await anyio.sleep(0.1)
    return {
        "books": books,
        "seconds": round(anyio.current_time() - began, 1),
        "grown": sizes[1] - sizes[0],
        "descriptors": (before, _descriptors()),
    }


def soak(seconds: float, backend: str, *, seed: int = 1) -> dict[str, Any]:
    """Load a gateway for so many seconds, and return what came of it."""
    tracemalloc.start()
    try:
        with served(seed) as (url, line):
            done = anyio.run(_load, url, seconds, seed, backend=backend)
            time.sleep(1.2)  # what timed out may still be in flight
            line.send("stop")
            ledger, accepted, requests, faults = line.recv()
    finally:
        tracemalloc.stop()
    books: _Books = done["books"]
    outcomes = {name: told[0] if told else SendStatus.NOT_ATTEMPTED for name, told in books.told.items()}
    sure = {name for name, outcome in outcomes.items() if outcome is SendStatus.ACCEPTED}
    open_ = {name for name, outcome in outcomes.items() if outcome is SendStatus.UNKNOWN}
    counts = Counter(outcome.value for outcome in outcomes.values())
    return {
        "seconds": done["seconds"],
        "requests": requests,
        "messages": books.given,
        "outcomes": dict(sorted(counts.items())),
        "cancels": books.cancels,
        "faults": faults,
        "accepted_by_the_gateway": accepted,
        "lost": books.untold + len(sure - ledger.keys()) + len(ledger.keys() - sure - open_),
        "told_twice": sum(len(told) > 1 for told in books.told.values()),
        "doubled": sum(count - 1 for count in ledger.values()),
        "peak_sockets": books.peak,
        "sockets_left": books.sockets,
        "grown_kib": done["grown"] // 1024,
        "descriptors_before": done["descriptors"][0],
        "descriptors_after": done["descriptors"][1],
    }


def main() -> int:
    """Soak on both event loops, print the figures, and say whether anything was lost or doubled."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=600, help="for both event loops together (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    wrong = 0
    for backend in ("asyncio", "trio"):
        figures = soak(options.seconds / 2, backend, seed=options.seed)
        sys.stdout.write(json.dumps({backend: figures}, indent=1) + "\n")
        wrong += figures["lost"] + figures["doubled"] + figures["told_twice"]
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())

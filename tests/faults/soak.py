"""A long mixed load under faults: `python -m tests.faults.soak --seconds 600`.

The gateway is an emulator in another process. Twenty lanes carry sends, bulk sends, reads and random cancellations; 5 %
of the requests meet a fault. At the end the outcomes that the client reported are compared with the gateway's ledger.
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
from urllib.parse import urlsplit

import anyio
from attrs import define, field

from tests.faults.soak_gateway import served
from tests.support.ledger_gateway import ConnectionGauge
from wikipayam_async import AsyncWikipayam, CallFinished, Event, RetryPolicy, SendStatus, SmsMessage, WikipayamError
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN

__all__ = ["LANES", "main", "soak"]

LANES = 20
WORKERS = 40


@define
class _Messages:
    """The messages passed to the client and the outcomes that it reported.

    Attributes:
        made: The number of messages.
        outcomes: The outcomes reported for each message, by track id.
        unreported: The number of messages of bulk sends without an outcome.
        cancels: The number of cancelled calls.
    """

    made: int = 0
    outcomes: dict[str, list[SendStatus]] = field(factory=dict)
    unreported: int = 0
    cancels: int = 0

    def make(self) -> SmsMessage:
        """Return the next message."""
        self.made += 1
        track_id = f"S{self.made}"
        self.outcomes[track_id] = []
        return SmsMessage(f"0912{self.made % 5000:07d}", "soak", track_id=track_id)

    def record(self, event: Event) -> None:
        """Record the outcomes of an event."""
        if isinstance(event, CallFinished):
            for one in event.messages:
                self.outcomes[one.track_id or ""].append(one.status)


class _Worker:
    """Makes one call after another until the time is up."""

    def __init__(self, client: AsyncWikipayam, messages: _Messages, seed: int) -> None:
        self._client = client
        self._quiet = client.with_options(on_event=None)
        self._messages = messages
        self._random = random.Random(seed)

    async def run(self, until: float) -> None:
        """Make calls until a time; cancel one in ten."""
        kinds = [self._send, self._send_many, self._bulk, self._read]
        while anyio.current_time() < until:
            (call,) = self._random.choices(kinds, [8, 3, 1, 4])
            cancelled = self._random.random() < 0.1
            with anyio.move_on_after(self._random.uniform(0, 0.03) if cancelled else None) as scope:
                await call()
            self._messages.cancels += scope.cancelled_caught

    async def _send(self) -> None:
        one = self._messages.make()
        with contextlib.suppress(WikipayamError):  # `on_event` reports it
            await self._client.sms.send(one.receiver, "soak", track_id=one.track_id)

    async def _send_many(self) -> None:
        messages = [self._messages.make() for _ in range(self._random.randint(1, 20))]
        with contextlib.suppress(WikipayamError):  # `on_event` reports it
            await self._client.sms.send_many(messages)

    async def _bulk(self) -> None:
        count, leave_after = self._random.randint(0, 150), self._random.choice([None, None, 10, 40])
        pulled: list[str | None] = []

        async def source() -> AsyncIterator[SmsMessage]:
            for _ in range(count):
                message = self._messages.make()
                pulled.append(message.track_id)
                yield message

        run = self._quiet.sms.bulk(source(), batch_size=25, concurrency=4, ordered=self._random.random() < 0.5)
        taken = 0
        try:
            async with run:
                async for result in run:
                    self._messages.outcomes[result.track_id or ""].append(result.status)
                    taken += 1
                    if taken == leave_after:
                        break
        finally:
            for result in run.leftover:
                self._messages.outcomes[result.message.track_id or ""].append(result.status)
            self._messages.unreported += sum(not self._messages.outcomes[name or ""] for name in pulled)

    async def _read(self) -> None:
        client = self._quiet
        reads = (
            client.balance,
            client.receives.list,
            lambda: client.sms.delivery_status([f"{i:024x}" for i in range(9)]),
        )
        with contextlib.suppress(WikipayamError):  # a failed read loses no message
            await self._random.choice(reads)()


def _descriptors() -> int:
    return len(os.listdir("/dev/fd")) if os.path.isdir("/dev/fd") else 0  # noqa: PTH208, PTH112 - only a count


def _memory() -> int:
    """Return the bytes in use, without those of this module."""
    gc.collect()
    shot = tracemalloc.take_snapshot().filter_traces(
        [tracemalloc.Filter(False, __file__), tracemalloc.Filter(False, tracemalloc.__file__)]
    )
    return sum(trace.size for trace in shot.traces)


async def _connect_once(url: str) -> None:
    """Open and close a connection without the client: uvloop opens a descriptor of its own with its first one."""
    address = urlsplit(url)
    stream = await anyio.connect_tcp(address.hostname or "", address.port or 0)
    await stream.aclose()
    await anyio.sleep(0.1)


async def _load(url: str, seconds: float, seed: int) -> dict[str, Any]:
    messages = _Messages()
    retry = RetryPolicy(initial_delay=0.01, max_delay=0.05)
    sizes: list[int] = []
    await _connect_once(url)
    before = _descriptors()
    client = AsyncWikipayam(
        DEFAULT_TOKEN,
        sender=DEFAULT_LINE,
        base_url=url,
        timeout=1.0,
        retry=retry,
        max_connections=LANES,
        on_event=messages.record,
    )
    gauge = ConnectionGauge(client)
    began = anyio.current_time()
    async with client:
        for end in (seconds * 0.3, seconds):  # first a warm-up
            async with anyio.create_task_group() as group:
                for number in range(WORKERS):
                    group.start_soon(
                        _Worker(client, messages, seed * 1000 + number + len(sizes) * 500).run, began + end
                    )
            sizes.append(_memory())
    await anyio.sleep(0.1)
    return {
        "messages": messages,
        "gauge": gauge,
        "seconds": round(anyio.current_time() - began, 1),
        "grown": sizes[1] - sizes[0],
        "descriptors": (before, _descriptors()),
    }


def soak(seconds: float, backend: str, *, seed: int = 1) -> dict[str, Any]:
    """Load a gateway for a number of seconds, and return the figures."""
    tracemalloc.start()
    try:
        with served(seed) as (url, pipe):
            done = anyio.run(_load, url, seconds, seed, backend=backend)
            time.sleep(1.2)  # requests that timed out may still be in flight
            pipe.send("stop")
            ledger, accepted, requests, faults = pipe.recv()
    finally:
        tracemalloc.stop()
    messages: _Messages = done["messages"]
    gauge: ConnectionGauge = done["gauge"]
    outcomes = {
        name: reported[0] if reported else SendStatus.NOT_ATTEMPTED for name, reported in messages.outcomes.items()
    }
    sent = {name for name, outcome in outcomes.items() if outcome is SendStatus.ACCEPTED}
    unknown = {name for name, outcome in outcomes.items() if outcome is SendStatus.UNKNOWN}
    counts = Counter(outcome.value for outcome in outcomes.values())
    return {
        "seconds": done["seconds"],
        "requests": requests,
        "messages": messages.made,
        "outcomes": dict(sorted(counts.items())),
        "cancellations": messages.cancels,
        "faults": faults,
        "messages_accepted": accepted,
        "lost": messages.unreported + len(sent - ledger.keys()) + len(ledger.keys() - sent - unknown),
        "reported_twice": sum(len(reported) > 1 for reported in messages.outcomes.values()),
        "duplicated": sum(count - 1 for count in ledger.values()),
        "peak_sockets": gauge.peak,
        "open_sockets_at_the_end": gauge.now,
        "memory_growth_KiB": done["grown"] // 1024,
        "file_descriptors_before": done["descriptors"][0],
        "file_descriptors_after": done["descriptors"][1],
    }


def main() -> int:
    """Run the soak on both event loops and print the figures; return 1 if a message was lost or doubled."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=600, help="for both event loops together (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failures = 0
    for backend in ("asyncio", "trio"):
        figures = soak(options.seconds / 2, backend, seed=options.seed)
        sys.stdout.write(json.dumps({backend: figures}, indent=1) + "\n")
        failures += figures["lost"] + figures["duplicated"] + figures["reported_twice"]
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())

"""A connection that closes while it is being reused; which side is first is random."""

from __future__ import annotations

import random
from collections import Counter

import anyio
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.faults.matrix.setup import Ledger
from tests.support.net import connected
from tests.support.raw import answer, raw_server, read_request, reset

__all__ = ["race"]

MOMENT = 0.002
"""Both sides act within so many seconds."""


async def race(sends: int, seed: int) -> Counter[str]:
    """Send on idle connections that are being closed; count what each send raised and how often it was accepted.

    The gateway closes or resets the connection, or processes a request and closes without an answer. The first request
    of a connection is answered.
    """
    rng = random.Random(seed)
    ledger = Ledger()
    counts: Counter[str] = Counter()

    async def serve(stream: ByteStream) -> None:
        reader = BufferedByteReceiveStream(stream)
        request = await read_request(reader)
        await stream.send(answer(ledger.documented(request)))
        if request.method == "POST":
            return
        await anyio.sleep(rng.uniform(0, MOMENT))
        way = rng.choice(["close", "reset", "process and close"])
        if way == "process and close":
            with anyio.move_on_after(MOMENT):
                ledger.process(await read_request(reader))
        elif way == "reset":
            await reset(stream)

    async with raw_server(serve) as url, connected(url, timeout=5) as (client, *_):
        for number in range(sends):
            name = f"t-{number}"
            await client.balance()
            await anyio.sleep(rng.uniform(0, MOMENT))
            try:
                await client.sms.send("09123456780", "text", track_id=name)
                raised = "ok"
            except Exception as error:  # noqa: BLE001 - the source's own; raised to the consumer after the results
                raised = type(error).__name__
            counts[f"{raised}, accepted {ledger.processed[name]}"] += 1
    return counts

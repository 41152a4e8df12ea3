"""A connection that ends in the very moment in which it is used again: who is first is left to chance."""

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
"""Seconds within which both sides act."""


async def race(tries: int, seed: int) -> Counter[str]:
    """Send on warm connections that are being closed; return how often each pair of ends occurred.

    The gateway closes, resets, or takes what has come and closes without an answer. A new connection is served well.
    """
    chance = random.Random(seed)
    ledger = Ledger()
    ends: Counter[str] = Counter()

    async def serve(stream: ByteStream) -> None:
        reader = BufferedByteReceiveStream(stream)
        request = await read_request(reader)
        await stream.send(answer(ledger.documented(request)))
        if request.method == "POST":
            return
        await anyio.sleep(chance.uniform(0, MOMENT))
        way = chance.choice(["close", "reset", "take and close"])
        if way == "take and close":
            with anyio.move_on_after(MOMENT):
                ledger.carry_out(await read_request(reader))
        elif way == "reset":
            await reset(stream)

    async with raw_server(serve) as url, connected(url, timeout=5) as (client, _, _ear):
        for number in range(tries):
            name = f"t-{number}"
            await client.balance()
            await anyio.sleep(chance.uniform(0, MOMENT))
            try:
                await client.sms.send("09123456780", "text", track_id=name)
                told = "ok"
            except Exception as error:  # noqa: BLE001 - whatever comes out is what is to be seen
                told = type(error).__name__
            ends[f"{told}, accepted {ledger.carried_out[name]}"] += 1
    return ends

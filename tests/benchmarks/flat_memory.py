"""How much memory a bulk send takes, whatever its size: run `python tests/benchmarks/flat_memory.py [messages]`.

A minimal gateway in a process of its own accepts everything. The same stream is sent once with a tenth of the messages
and once with all of them, each in a fresh process; what counts is how little the second peak is above the first.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Iterator
from typing import Any

import anyio
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

from wikipayam_async import AsyncWikipayam, SendStatus, SmsMessage

TEXT = "سلام، سفارش شماره {} شما آماده شد و امروز فرستاده می‌شود."


async def accept_everything(stream: SocketStream) -> None:
    """Answer every send as documented, until the client goes."""
    reader = BufferedByteReceiveStream(stream)
    try:
        while True:
            head = await reader.receive_until(b"\r\n\r\n", 65_536)
            size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            messages = json.loads(await reader.receive_exactly(size))
            told = [
                {"id": f"{n:024x}", "receiver": m["receiver"], "track_id": m["track_id"]}
                for n, m in enumerate(messages)
            ]
            body = json.dumps({"data": told}).encode()
            await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError):
        await stream.aclose()


def serve(port: Any) -> None:
    """Run the gateway; tell its port through a pipe."""

    async def main() -> None:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port.send(listener.extra(SocketAttribute.local_port))
        await listener.serve(accept_everything)

    anyio.run(main)


def messages(count: int) -> Iterator[SmsMessage]:
    """Make the messages one by one, as a file would give them."""
    for number in range(count):
        yield SmsMessage(f"0912{number % 10_000_000:07}", TEXT.format(number))


def send(port: int, count: int, results: Any) -> None:
    """Send so many messages; tell how many were accepted, the seconds, and the peak in MiB."""

    async def main() -> None:
        accepted = 0
        url = f"http://127.0.0.1:{port}"
        async with AsyncWikipayam("token", sender="10002000", base_url=url) as client:
            begun = time.perf_counter()
            async with client.sms.bulk(messages(count)) as run:
                async for result in run:
                    accepted += result.status is SendStatus.ACCEPTED
            seconds = time.perf_counter() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        results.send((accepted, seconds, peak))

    anyio.run(main)


def measure(port: int, count: int) -> tuple[int, float, float]:
    """Send from a fresh process."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe(duplex=False)
    process = spawn.Process(target=send, args=(port, count, there))
    process.start()
    figures: tuple[int, float, float] = here.recv()
    process.join()
    return figures


def main(count: int) -> int:
    """Compare a small run with a large one."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe(duplex=False)
    server = spawn.Process(target=serve, args=(there,), daemon=True)
    server.start()
    port = here.recv()
    peaks: list[float] = []
    for size in (count // 10, count):
        accepted, seconds, peak = measure(port, size)
        peaks.append(peak)
        print(f"{size:>9,} messages: {accepted:,} accepted, {size / seconds:,.0f} a second, peak {peak:.1f} MiB")
    print(f"growth of the peak: {peaks[1] - peaks[0]:+.1f} MiB, ratio {peaks[1] / peaks[0]:.3f}")
    server.terminate()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))

"""Handle every inbound message once; it is marked as read after the handler has returned."""

import asyncio

from wikipayam_async import AsyncWikipayam, ReceivedMessage

stop = asyncio.Event()


async def handle(message: ReceivedMessage) -> None:
    print("received:", message.message)
    if message.message == "bye":
        stop.set()


async def main() -> None:
    async with AsyncWikipayam() as client, client.receives.worker(handle, poll_interval=0.1) as worker:
        await stop.wait()
    print(worker.health.handled, "handled")


if __name__ == "__main__":
    asyncio.run(main())

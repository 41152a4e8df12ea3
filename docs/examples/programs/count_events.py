"""Count requests, retries and outcomes by listening to events."""

import asyncio
from collections import Counter

from wikipayam_async import AsyncWikipayam
from wikipayam_async.events import AttemptStarted, CallFinished, Event, RetryScheduled

counts: Counter[str] = Counter()


def count(event: Event) -> None:
    match event:
        case AttemptStarted(operation=operation):
            counts[f"{operation} requests"] += 1
        case RetryScheduled(operation=operation, failure=failure):
            counts[f"{operation} retries after {failure}"] += 1
        case CallFinished(operation=operation, outcome=outcome):
            counts[f"{operation} {outcome}"] += 1


async def main() -> None:
    async with AsyncWikipayam(on_event=count) as client:
        await client.balance()
        await client.sms.send("09123456789", "Your seat is 14A.")
    for name, number in sorted(counts.items()):
        print(number, name)


if __name__ == "__main__":
    asyncio.run(main())

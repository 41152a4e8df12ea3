"""Send messages as a generator yields them: memory stays flat, however many there are."""

import asyncio
from collections.abc import AsyncIterator

from wikipayam_async import AsyncWikipayam, SmsMessage


async def customers() -> AsyncIterator[SmsMessage]:
    for number in range(250):  # in your program: the rows of a database cursor
        yield SmsMessage(f"0912{number:07}", "The shop is open until midnight.", track_id=f"OPEN-{number}")


async def main() -> None:
    accepted = 0
    async with AsyncWikipayam() as client, client.sms.bulk(customers(), batch_size=100) as results:
        async for result in results:
            if result.ok:
                accepted += 1
            else:
                print(result.track_id, result.status, result.error)
    print(f"{accepted} accepted")


if __name__ == "__main__":
    asyncio.run(main())

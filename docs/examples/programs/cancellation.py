"""Give up after a while. A send that has begun to leave is finished first, so `timeout=` is the tool for haste."""

import asyncio

from wikipayam_async import AsyncWikipayam, UnknownOutcomeError


async def main() -> None:
    async with AsyncWikipayam() as client:
        try:
            sent = await client.sms.send("09123456789", "Your code expires at noon.", timeout=0.3)
        except UnknownOutcomeError as error:
            print("unknown after", error.attempts[-1].phase)
        else:
            print("accepted as", sent.id)


if __name__ == "__main__":
    asyncio.run(main())

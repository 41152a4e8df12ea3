"""Give up after half a second. A send that was cut off may have been accepted: look it up before sending again."""

import asyncio

from wikipayam_async import AsyncWikipayam, UnknownOutcomeError


async def main() -> None:
    async with AsyncWikipayam() as client:
        try:
            sent = await client.sms.send("09123456789", "The bus leaves at noon.", track_id="BUS-1", timeout=0.5)
        except UnknownOutcomeError as error:
            print("unknown:", *error.track_ids)
        else:
            print("accepted as", sent.id)


if __name__ == "__main__":
    asyncio.run(main())

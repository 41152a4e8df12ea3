"""Send one SMS. The token, the line and the gateway come from the environment."""

import asyncio

from wikipayam_async import AsyncWikipayam


async def main() -> None:
    async with AsyncWikipayam() as client:
        sent = await client.sms.send("0912 345 6789", "Your order ORDER-1000 is ready.", track_id="ORDER-1000")
        print(sent.track_id, "was accepted as", sent.id)


if __name__ == "__main__":
    asyncio.run(main())

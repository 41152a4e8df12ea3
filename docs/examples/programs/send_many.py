"""Send a few messages in one request: all of them are accepted, or none is."""

import asyncio

from wikipayam_async import AsyncWikipayam, SmsMessage

MESSAGES = [
    SmsMessage("09120001001", "Dear Sara, your order is ready.", track_id="ORDER-1"),
    SmsMessage("09120001002", "Dear Reza, your order is ready.", track_id="ORDER-2"),
]


async def main() -> None:
    async with AsyncWikipayam() as client:
        for sent in await client.sms.send_many(MESSAGES):
            print(sent.track_id, sent.id)


if __name__ == "__main__":
    asyncio.run(main())

"""Send, then wait until the phones have the messages: the results of one call are the arguments of the next."""

import asyncio

from wikipayam_async import AsyncWikipayam, SmsMessage

MESSAGES = [
    SmsMessage("09120001001", "Good morning.", track_id="MORNING-1"),
    SmsMessage("09120001002", "Good morning.", track_id="MORNING-2"),
]


async def main() -> None:
    async with AsyncWikipayam() as client:
        report = await client.sms.send_bulk(MESSAGES)
        deliveries = await client.sms.wait_for_delivery(report.accepted_ids, timeout=60)
        print(deliveries.summary())
        for delivery in deliveries:
            print(delivery.track_id, delivery.status)


if __name__ == "__main__":
    asyncio.run(main())

"""Send at most 100 messages a second, evenly: the limit holds for everything that the client sends."""

import asyncio

from wikipayam_async import AsyncWikipayam, RateLimit, SmsMessage

LIMIT = RateLimit(messages_per_second=100, burst_seconds=0)


async def main() -> None:
    messages = [SmsMessage(f"0912000{number:04}", "The shop opens at nine.") for number in range(50)]
    async with AsyncWikipayam(rate_limit=LIMIT) as client:
        report = await client.sms.send_bulk(messages, batch_size=10)
    print(report.summary())


if __name__ == "__main__":
    asyncio.run(main())

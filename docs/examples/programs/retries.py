"""Be more patient with a gateway that is down. A send is repeated only if nothing can have been accepted."""

import asyncio

from wikipayam_async import AsyncWikipayam, RetryPolicy

RETRY = RetryPolicy(max_attempts=5, initial_delay=0.2, max_delay=2.0)


async def main() -> None:
    async with AsyncWikipayam(retry=RETRY) as client:
        balance = await client.balance()
        print(f"{balance.balance:,} {balance.currency}")
        impatient = client.with_options(retry=RetryPolicy(max_attempts=1), timeout=2)
        sent = await impatient.sms.send("09123456789", "Your table is ready.")
        print("accepted as", sent.id)


if __name__ == "__main__":
    asyncio.run(main())

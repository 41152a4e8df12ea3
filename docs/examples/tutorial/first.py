"""The first call and the first SMS."""

import anyio

from wikipayam_async import AsyncWikipayam


async def main() -> None:
    """Print the balance, and send one SMS."""
    async with AsyncWikipayam() as client:  # reads the environment
        balance = await client.balance()
        print(f"balance: {balance.balance:,} {balance.currency}")

        sent = await client.sms.send("+98 912 345 6789", "سفارش شما آماده است", track_id="ORDER-1000")
        print(f"accepted: {sent.track_id} as {sent.id}")

        for delivery in await client.sms.delivery_status(sent):
            print(f"delivery: {delivery.status}")


anyio.run(main)

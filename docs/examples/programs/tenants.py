"""Serve three customers, each with a token and a line of its own, over the same connections."""

import asyncio
import os

from wikipayam_async import AsyncWikipayam

SHOPS = {"north": "10002000", "south": "10002001", "west": "10002002"}


async def main() -> None:
    async with AsyncWikipayam(os.environ["TOKEN_NORTH"]) as client:
        clients = {
            shop: client.with_options(token=os.environ[f"TOKEN_{shop.upper()}"], sender=line)
            for shop, line in SHOPS.items()
        }
        for shop, tenant in clients.items():
            sent = await tenant.sms.send("09123456789", f"Greetings from {shop}.")
            print(shop, sent.sender)


if __name__ == "__main__":
    asyncio.run(main())

"""Reach the gateway through an HTTP proxy. The environment's proxies are not used."""

import asyncio
import os

from wikipayam_async import APIConnectionError, AsyncWikipayam


async def main() -> None:
    async with AsyncWikipayam(proxy=os.environ["SHOP_PROXY"], timeout=10) as client:
        try:
            balance = await client.balance()
        except APIConnectionError as error:
            print("not reached:", error)
        else:
            print(f"{balance.balance:,} {balance.currency}")


if __name__ == "__main__":
    asyncio.run(main())

"""Trust a certificate authority of your own instead of the public ones."""

import asyncio
import os
import ssl

from wikipayam_async import AsyncWikipayam


async def main() -> None:
    context = ssl.create_default_context(cafile=os.environ["SHOP_CA_FILE"])
    async with AsyncWikipayam(ssl_context=context) as client:
        balance = await client.balance()
        print(f"{balance.balance:,} {balance.currency}")


if __name__ == "__main__":
    asyncio.run(main())

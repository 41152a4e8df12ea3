"""Look at the status and the headers of an answer beside its value."""

import asyncio

from wikipayam_async import AsyncWikipayam


async def main() -> None:
    async with AsyncWikipayam() as client:
        response = await client.sms.with_raw_response.send("09123456789", "Your invoice is ready.")
        print(response.status_code, response.headers["content-type"], response.value.id)


if __name__ == "__main__":
    asyncio.run(main())

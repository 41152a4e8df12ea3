"""Read the inbox, then mark and delete what was read."""

import asyncio

from wikipayam_async import AsyncWikipayam


async def main() -> None:
    async with AsyncWikipayam() as client:
        page = await client.receives.unread(limit=50)
        for message in page:
            print(message.received_at, message.message)
        await client.receives.mark_read(page)
        result = await client.receives.delete_older_than(30)
        print(len(page), "read,", result.deleted_count, "deleted")


if __name__ == "__main__":
    asyncio.run(main())

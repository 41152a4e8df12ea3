"""Decide by the error whether a message may be sent again."""

import asyncio

from wikipayam_async import AsyncWikipayam, SendStatus, UnknownOutcomeError, WikipayamError


async def notify(client: AsyncWikipayam, mobile: str) -> str:
    try:
        sent = await client.sms.send(mobile, "Your order is ready.", track_id="ORDER-1000")
    except UnknownOutcomeError as error:
        return f"look in the panel before sending {error.track_ids} again"
    except WikipayamError as error:
        if error.send_status is SendStatus.NOT_ATTEMPTED:
            return "it never reached the gateway: try again later"
        return f"refused: {error}"
    return f"accepted as {sent.id}"


async def main() -> None:
    async with AsyncWikipayam() as client:
        print(await notify(client, "09123456789"))
        print(await notify(client, "1234"))


if __name__ == "__main__":
    asyncio.run(main())

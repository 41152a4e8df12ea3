"""Send over an `httpx.AsyncClient` of your own, with its pool, its hooks and its limits."""

import asyncio

import httpx

from wikipayam_async import AsyncWikipayam


async def log_response(response: httpx.Response) -> None:
    print(response.request.method, response.request.url.path, response.status_code)


async def main() -> None:
    async with (
        httpx.AsyncClient(event_hooks={"response": [log_response]}) as http_client,
        AsyncWikipayam(http_client=http_client) as client,
    ):
        sent = await client.sms.send("09123456789", "Your parcel is on its way.")
        print("accepted as", sent.id)


if __name__ == "__main__":
    asyncio.run(main())

"""Send a one-time code by SMS; where the SMS is refused, have it read out by a call."""

import asyncio
import secrets

from wikipayam_async import APIStatusError, AsyncWikipayam

PATTERN = 13  # the pattern that the panel holds for your codes


async def send_code(client: AsyncWikipayam, mobile: str) -> str:
    code = f"{secrets.randbelow(1_000_000):06}"
    try:
        await client.otp.send(mobile, code, otp_pattern_id=PATTERN, timeout=5)
    except APIStatusError:  # refused: nothing was sent
        await client.voice.send(mobile, code, timeout=5)
    return code


async def main() -> None:
    async with AsyncWikipayam() as client:
        code = await send_code(client, "09123456789")
        print("a code of", len(code), "digits was sent")


if __name__ == "__main__":
    asyncio.run(main())

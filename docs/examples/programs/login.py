"""Log a user in with a code: sent by SMS, or read out by a call where the SMS is refused."""

import asyncio
import secrets

from wikipayam_async import APIStatusError, AsyncWikipayam
from wikipayam_async.verification import MemoryStore, SmsChannel, Verifier, VoiceChannel

SECRET = secrets.token_hex(32)  # in a service: from its configuration
PATTERN = 13  # the pattern that the panel holds for your codes


async def log_in(client: AsyncWikipayam, mobile: str) -> bool:
    store = MemoryStore()
    by_sms = Verifier(client, store, secret=SECRET, channels=[SmsChannel(otp_pattern_id=PATTERN)])
    by_call = Verifier(client, store, secret=SECRET, channels=[VoiceChannel()])
    try:
        challenge = await by_sms.start(mobile, purpose="login")
    except APIStatusError:  # refused: nothing was sent
        challenge = await by_call.start(mobile, purpose="login")
    print("a code was sent by", challenge.channel)
    entered = await asyncio.to_thread(input, "the code: ")
    return bool(await by_sms.check(challenge.id, entered, purpose="login"))


async def main() -> None:
    async with AsyncWikipayam() as client:
        print("logged in:", await log_in(client, "09123456789"))


if __name__ == "__main__":
    asyncio.run(main())

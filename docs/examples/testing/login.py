"""The code under test: a login by code, with a voice call if the SMS is not delivered, and an opt-out list."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from wikipayam_async import AsyncWikipayam
from wikipayam_async.optout import OptOutList, is_opt_out
from wikipayam_async.verification import MemoryStore, SmsChannel, Verifier, VoiceChannel

SECRET = secrets.token_hex(32)  # in a service: from its configuration


def make_verifier(client: AsyncWikipayam, *, clock: Callable[[], float] = time.time) -> Verifier:
    """Return what sends the codes and checks them."""
    channels = [SmsChannel(otp_pattern_id=13), VoiceChannel()]
    return Verifier(client, MemoryStore(), secret=SECRET, channels=channels, clock=clock)


class Login:
    """Verifies that a user owns a mobile."""

    def __init__(self, client: AsyncWikipayam, *, clock: Callable[[], float] = time.time) -> None:
        self._verifier = make_verifier(client, clock=clock)

    async def begin(self, mobile: str) -> str:
        """Send a code; return the id of its challenge, which the page sends back with the code."""
        challenge = await self._verifier.start(mobile, purpose="login")
        return challenge.id

    async def call_undelivered(self) -> None:
        """Call those whose SMS was not delivered within 30 seconds. In a service, `async with verifier` does it."""
        await self._verifier.run_once()

    async def finish(self, challenge: str, code: str | None) -> str | None:
        """Return the mobile that is verified now; None if the code is wrong. A code is accepted once."""
        result = await self._verifier.check(challenge, code or "", purpose="login")
        return result.receiver


async def collect_opt_outs(client: AsyncWikipayam, opted_out: OptOutList) -> None:
    """Add the senders of opt-out words, such as `لغو`, to the list."""
    async for received in client.receives.iter_unread():
        if is_opt_out(received.message):
            opted_out.add(received.sender)
        await client.receives.mark_read(received)

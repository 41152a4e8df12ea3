"""The code under test: a login by code, with a voice call if the SMS is not delivered, and an opt-out list."""

from __future__ import annotations

import secrets

from wikipayam_async import AsyncWikipayam
from wikipayam_async.optout import OptOutList, is_opt_out


class Login:
    """Verifies that a user owns a mobile."""

    def __init__(self, client: AsyncWikipayam) -> None:
        self._client = client
        self._codes: dict[str, str] = {}
        self._ids: dict[str, str] = {}

    async def begin(self, mobile: str) -> None:
        """Send a code."""
        self._codes[mobile] = code = str(secrets.randbelow(900_000) + 100_000)
        sent = await self._client.otp.send(mobile, code)
        self._ids[mobile] = sent.id

    async def call_if_undelivered(self, mobile: str) -> None:
        """Call the mobile and read the code out, if the SMS was not delivered."""
        report = await self._client.sms.delivery_status(self._ids[mobile])
        if report.failed or report.undelivered:
            await self._client.voice.send(mobile, self._codes[mobile])

    def finish(self, mobile: str, code: str | None) -> bool:
        """Return whether the code is the one that was sent. A code allows one attempt."""
        return code is not None and self._codes.pop(mobile, None) == code


async def collect_opt_outs(client: AsyncWikipayam, opted_out: OptOutList) -> None:
    """Add the senders of opt-out words, such as `لغو`, to the list."""
    async for received in client.receives.iter_unread():
        if is_opt_out(received.message):
            opted_out.add(received.sender)
        await client.receives.mark_read(received)

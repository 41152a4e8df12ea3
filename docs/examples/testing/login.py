"""What is tested here: a login by code, with a call where the SMS does not arrive, and a list of who wants no more."""

from __future__ import annotations

import secrets

from wikipayam_async import AsyncWikipayam, DeliveryState
from wikipayam_async.optout import OptOutList, is_opt_out


class Login:
    """Proves that somebody has a mobile."""

    def __init__(self, client: AsyncWikipayam) -> None:
        self._client = client
        self._codes: dict[str, str] = {}
        self._ids: dict[str, str] = {}

    async def begin(self, mobile: str) -> None:
        """Send a code."""
        self._codes[mobile] = code = str(secrets.randbelow(900_000) + 100_000)
        sent = await self._client.otp.send(mobile, code)
        self._ids[mobile] = sent.id

    async def speak_if_undelivered(self, mobile: str) -> None:
        """Call, and say the code, where the SMS did not arrive."""
        (known,) = await self._client.sms.delivery_status(self._ids[mobile])
        if known.status is DeliveryState.UNDELIVERED:
            await self._client.voice.send(mobile, self._codes[mobile])

    def finish(self, mobile: str, code: str | None) -> bool:
        """Tell whether the code is the one that was sent; each is good for one try."""
        return code is not None and self._codes.pop(mobile, None) == code


async def collect_opt_outs(client: AsyncWikipayam, opted_out: OptOutList) -> None:
    """Put whoever wrote a word such as `لغو` on the list."""
    async for received in client.receives.iter_unread():
        if is_opt_out(received.message):
            opted_out.add(received.sender)
        await client.receives.mark_read(received.id)

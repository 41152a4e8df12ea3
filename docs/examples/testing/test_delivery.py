"""Delivery, with a manual clock (pytest-asyncio in strict mode)."""

import pytest
from login import Login

from wikipayam_async import AsyncWikipayam
from wikipayam_async.testing import UNDELIVERED, Emulator, ManualClock, waiting_then


@pytest.mark.asyncio
async def test_an_undelivered_code_is_sent_by_voice(
    wikipayam_client: AsyncWikipayam, wikipayam_emulator: Emulator, wikipayam_clock: ManualClock
) -> None:
    """There is no call while the SMS is pending, and one after its delivery has failed."""
    wikipayam_emulator.delivery.choose("09123456789", waiting_then(UNDELIVERED, after=30))
    login = Login(wikipayam_client, clock=wikipayam_clock)
    await login.begin("09123456789")
    await login.call_undelivered()
    assert [entry.kind for entry in wikipayam_emulator.sent_to("09123456789")] == ["otp"]
    wikipayam_clock.advance(30)
    await login.call_undelivered()
    assert [entry.kind for entry in wikipayam_emulator.sent_to("09123456789")] == ["otp", "voice"]

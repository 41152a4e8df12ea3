"""What happens while nobody waits: a virtual clock (pytest-asyncio in its strict mode)."""

import pytest
from login import Login

from wikipayam_async import AsyncWikipayam
from wikipayam_async.testing import UNDELIVERED, Emulator, ManualClock, waiting_then


@pytest.mark.asyncio
async def test_a_code_that_does_not_arrive_is_spoken(
    wikipayam_client: AsyncWikipayam, wikipayam_emulator: Emulator, wikipayam_clock: ManualClock
) -> None:
    """There is no call while the SMS is on its way, and one after it was given up."""
    wikipayam_emulator.delivery.choose("09123456789", waiting_then(UNDELIVERED, after=30))
    login = Login(wikipayam_client)
    await login.begin("09123456789")
    await login.speak_if_undelivered("09123456789")
    assert [entry.kind for entry in wikipayam_emulator.sent_to("09123456789")] == ["otp"]
    wikipayam_clock.advance(30)
    await login.speak_if_undelivered("09123456789")
    assert [entry.kind for entry in wikipayam_emulator.sent_to("09123456789")] == ["otp", "voice"]

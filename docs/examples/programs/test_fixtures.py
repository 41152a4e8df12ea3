"""Test a program against the emulator, with the fixtures of the pytest plugin."""

import pytest

from wikipayam_async import AsyncWikipayam
from wikipayam_async.testing import Emulator

pytestmark = pytest.mark.anyio


async def remind(client: AsyncWikipayam, mobile: str) -> None:
    await client.sms.send(mobile, "Your appointment is tomorrow at nine.")


async def test_the_reminder_is_sent(wikipayam_client: AsyncWikipayam, wikipayam_emulator: Emulator) -> None:
    await remind(wikipayam_client, "09123456789")
    (sent,) = wikipayam_emulator.sent_to("09123456789")
    assert sent.message == "Your appointment is tomorrow at nine."

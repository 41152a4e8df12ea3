"""Test a program with a mock in place of the client: it knows the services and the arguments of their methods."""

from unittest.mock import create_autospec

import pytest

from wikipayam_async import AsyncWikipayam, SentMessage

pytestmark = pytest.mark.anyio


async def remind(client: AsyncWikipayam, mobile: str) -> str:
    sent = await client.sms.send(mobile, "Your appointment is tomorrow at nine.")
    return sent.id


async def test_the_reminder_is_sent() -> None:
    client = create_autospec(AsyncWikipayam, instance=True)
    client.sms.send.return_value = SentMessage(id="6651a5")
    assert await remind(client, "09123456789") == "6651a5"
    client.sms.send.assert_awaited_once_with("09123456789", "Your appointment is tomorrow at nine.")


async def test_a_wrong_argument_is_an_error() -> None:
    client = create_autospec(AsyncWikipayam, instance=True)
    with pytest.raises(TypeError):
        await client.sms.send("09123456789", text="no such argument")

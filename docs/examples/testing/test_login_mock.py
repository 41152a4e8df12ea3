"""A login, with a mock in place of the client."""

from unittest.mock import create_autospec

import pytest
from login import Login

from wikipayam_async import AsyncWikipayam, SentMessage


@pytest.mark.asyncio
async def test_the_code_is_sent_to_the_mobile() -> None:
    """The mock records the call. It knows the services, their methods and their arguments."""
    client = create_autospec(AsyncWikipayam, instance=True)
    client.otp.send.return_value = SentMessage(id="6651a5")
    login = Login(client)
    challenge = await login.begin("09123456789")
    ((mobile, code), _) = client.otp.send.await_args
    assert mobile == "09123456789"
    assert await login.finish(challenge, code) == "09123456789"

"""A login, with respx in place of the gateway. The transport is httpx's own, because respx sees no other."""

import httpx
import pytest
import respx
from login import Login

from wikipayam_async import AsyncWikipayam


@pytest.mark.asyncio
async def test_the_code_is_sent(respx_mock: respx.MockRouter) -> None:
    """The request holds the code, and nothing leaves the machine."""
    route = respx_mock.post("https://wikipayam.ir/api/v1/otp/sms/send")
    route.respond(json={"data": [{"id": "6651a5", "receiver": "09123456789"}]})
    async with AsyncWikipayam("test-token", otp_pattern_id=13, transport=httpx.AsyncHTTPTransport()) as client:
        login = Login(client)
        await login.begin("09123456789")
    assert b"09123456789" in route.calls.last.request.content

"""A login, with pytest-httpx in place of the gateway. The transport is httpx's own, because it sees no other."""

import httpx
import pytest
from login import Login
from pytest_httpx import HTTPXMock

from wikipayam_async import AsyncWikipayam


@pytest.mark.asyncio
async def test_the_code_is_sent(httpx_mock: HTTPXMock) -> None:
    """The request holds the code, and nothing leaves the machine."""
    answer = {"data": [{"id": "6651a5", "receiver": "09123456789"}]}
    httpx_mock.add_response(method="POST", url="https://wikipayam.ir/api/v1/otp/sms/send", json=answer)
    async with AsyncWikipayam("test-token", otp_pattern_id=13, transport=httpx.AsyncHTTPTransport()) as client:
        login = Login(client)
        await login.begin("09123456789")
    request = httpx_mock.get_request()
    assert request is not None
    assert b"09123456789" in request.content

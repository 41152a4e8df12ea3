from __future__ import annotations

import httpx
import pytest

from tests.support.raw import answer, raw_gateway
from wikipayam_async import APIConnectionError, AsyncWikipayam, RetryPolicy

pytestmark = pytest.mark.anyio


async def test_a_request_that_the_callers_client_cannot_build_was_not_sent() -> None:
    """A cookie in the caller's jar that fits into no header fails the call before anything leaves, and says so."""
    async with raw_gateway(lambda request, stream: stream.send(answer({}))) as gateway:
        async with httpx.AsyncClient(cookies={"taste": "\u06f1"}, trust_env=False) as http:
            client = AsyncWikipayam(
                "t", sender="10002000", base_url=gateway.url, http_client=http, retry=RetryPolicy(attempts=1)
            )
            with pytest.raises(APIConnectionError) as caught:
                await client.sms.send("09123456789", "hi")
        seen = len(gateway.requests)
    assert str(caught.value) == "sms.send: the HTTP client could not build the request (UnicodeEncodeError)"
    assert seen == 0

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
import httpx
import pytest
from anyio.abc import ByteStream

from tests.support.net import BALANCE, TOKEN, connected
from tests.support.raw import RawRequest, answer, raw_gateway
from wikipayam_async import APIConnectionError, AsyncWikipayam, ResponseError, RetryPolicy

pytestmark = pytest.mark.anyio


async def test_a_request_that_httpx_cannot_build_was_not_sent() -> None:
    """A cookie that is not valid in a header fails the call before anything is sent."""
    async with raw_gateway(lambda request, stream: stream.send(answer({}))) as gateway:
        async with httpx.AsyncClient(cookies={"taste": "\u06f1"}, trust_env=False) as http:
            client = AsyncWikipayam(
                "t", sender="10002000", base_url=gateway.url, http_client=http, retry=RetryPolicy(max_attempts=1)
            )
            with pytest.raises(APIConnectionError) as caught:
                await client.sms.send("09123456789", "hi")
        seen = len(gateway.requests)
    assert str(caught.value) == "sms.send: the HTTP client could not build the request (UnicodeEncodeError)"
    assert seen == 0


async def balance(_: RawRequest, _stream: ByteStream) -> object:
    """Answer with a balance."""
    return BALANCE


class Body(httpx.AsyncByteStream):
    """A body of a given number of pieces."""

    def __init__(self, size: int) -> None:
        self.size = size

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield a balance, then a megabyte of spaces per piece."""
        yield b'{"data": {"balance": 7}}'
        for _ in range(self.size - 1):
            yield b" " * 1_000_000


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
class TestHttpxCarrier:
    """A client or transport that the caller passed."""

    @pytest.mark.parametrize(("size", "ok"), [(1, True), (10, True), (18, False)])
    async def test_an_answer_is_read_up_to_16_mib(self, size: int, ok: bool) -> None:
        """The limit applies to passed transports too."""
        transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Body(size)))
        async with connected("http://127.0.0.1:1", "given", transport=transport) as (client, _, _recorder):
            if ok:
                assert (await client.balance()).balance == 7
            else:
                with pytest.raises(ResponseError, match="larger than"):
                    await client.balance()

    async def test_a_passed_client_keeps_its_hooks(self) -> None:
        """The hooks of an `http_client=` see the request."""
        seen: list[str] = []

        async def hook(request: httpx.Request) -> None:
            await anyio.lowlevel.checkpoint()
            seen.append(request.url.path)

        async with raw_gateway(balance) as gateway, httpx.AsyncClient(event_hooks={"request": [hook]}) as http:
            await AsyncWikipayam(TOKEN, base_url=gateway.url, http_client=http).balance()
        assert seen == ["/api/v1/user/balance"]

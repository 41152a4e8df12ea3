from __future__ import annotations

import ssl
import sys
from typing import Any, Self

import anyio
import httpx
import pytest
from anyio.abc import ByteStream

from tests.support.net import BALANCE, RECEIVER, TOKEN, connected
from tests.support.raw import RawRequest, raw_gateway
from wikipayam_async import AsyncWikipayam, ClosedError, ConfigurationError, SendStatus
from wikipayam_async.core.carrier import LaneCarrier
from wikipayam_async.core.httpx_adapter import HttpxCarrier
from wikipayam_async.core.httpx_transport import LaneTransport
from wikipayam_async.core.lanes import Connections
from wikipayam_async.emulator import DEFAULT_PREFIX, DEFAULT_TOKEN, Emulator, serve

pytestmark = pytest.mark.anyio


async def balance(_: RawRequest, _stream: ByteStream) -> object:
    """Answer with a balance."""
    return BALANCE


class TestLaneCarrier:
    """The default carrier, with and without event hooks."""

    async def test_event_hooks_see_every_attempt(self) -> None:
        """Hooks get the URL without its query, and results are the same with and without hooks."""
        seen: list[str] = []

        async def on_request(request: httpx.Request) -> None:
            seen.append(f"{request.method} {request.url.raw_path.decode()} {'authorization' in request.headers}")

        async def on_response(response: httpx.Response) -> None:
            seen.append(str(response.status_code))

        async with raw_gateway(balance) as gateway, AsyncWikipayam(TOKEN, base_url=gateway.url) as client:
            before = await client.balance()
            client.http_client.event_hooks = {"request": [on_request]}
            during = await client.balance()
            client.http_client.event_hooks = {"response": [on_response]}
            await client.balance()
            client.http_client.event_hooks = {}
            after = await client.balance()
        assert (before, after) == (during, during)
        assert seen == ["GET /api/v1/user/balance False", "200"]
        assert ["authorization" in request.headers for request in gateway.requests] == [True] * 4

    async def test_a_response_hook_that_raises_leaves_a_send_unknown(self) -> None:
        """The gateway has answered by then, so the message is not reported as not sent."""

        async def on_response(_: httpx.Response) -> None:
            raise LookupError

        async with raw_gateway(balance) as gateway, connected(gateway.url) as (client, _, recorder):
            client.http_client.event_hooks = {"response": [on_response]}
            with pytest.raises(LookupError):
                await client.sms.send(RECEIVER, "hi", sender="1")
        assert [outcome.status for outcome in recorder.outcomes] == [SendStatus.UNKNOWN]

    async def test_a_send_needs_no_httpx(self, anyio_backend_name: str) -> None:
        """A program that makes a client and sends a message never loads it."""
        with serve(Emulator()) as gateway:
            program = (
                "import sys, anyio\nfrom wikipayam_async import AsyncWikipayam\n"
                "async def main():\n"
                f"    client = AsyncWikipayam({DEFAULT_TOKEN!r}, base_url={gateway.url!r}, api_prefix={DEFAULT_PREFIX!r})\n"
                "    async with client:\n"
                f"        await client.sms.send({RECEIVER!r}, 'hi', sender='10002000')\n"
                f"anyio.run(main, backend={anyio_backend_name!r})\nprint('httpx' in sys.modules)"
            )
            done = await anyio.run_process([sys.executable, "-c", program])
        assert (done.stdout.strip(), len(gateway.emulator.ledger)) == (b"False", 1)

    async def test_the_httpx_client_is_made_once(self) -> None:
        """Hooks set on it are those that the requests call."""
        async with AsyncWikipayam(TOKEN) as client:
            assert client.http_client is client.http_client

    @pytest.mark.parametrize("asked", [True, False])
    async def test_a_closed_client_sends_nothing(self, asked: bool) -> None:
        """Whether its `httpx.AsyncClient` was asked for or not, it and the client refuse further requests."""
        async with raw_gateway(balance) as gateway:
            client = AsyncWikipayam(TOKEN, base_url=gateway.url)
            if asked:
                await client.http_client.get(gateway.url)
            await client.aclose()
            with pytest.raises(ClosedError, match="the client is closed; nothing was sent"):
                await client.balance()
            with pytest.raises(RuntimeError if asked else ClosedError, match="closed"):
                await client.http_client.get(gateway.url)
        assert len(gateway.requests) == asked

    async def test_closing_the_httpx_client_closes_the_client(self) -> None:
        """The connections are the same."""
        client = AsyncWikipayam(TOKEN)
        await client.http_client.aclose()
        with pytest.raises(ClosedError, match="the client is closed; nothing was sent"):
            await client.balance()

    async def test_http_client_is_the_client_that_was_passed(self) -> None:
        """The property returns the caller's own object."""
        async with httpx.AsyncClient(transport=httpx.MockTransport(_never)) as http:
            assert AsyncWikipayam(TOKEN, http_client=http).http_client is http


class Duck:
    """A transport by its methods alone."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer with a balance."""
        return httpx.Response(200, json={"data": {"balance": 7}})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def aclose(self) -> None:
        """Close nothing."""


class TestMakeCarrier:
    """The choice of a carrier."""

    async def test_a_transport_is_recognized_by_its_methods(self) -> None:
        """It needs no base class of httpx."""
        transport: Any = Duck()
        async with AsyncWikipayam("t", transport=transport) as client:
            assert (await client.balance()).balance == 7

    def test_the_carrier_follows_from_the_settings(self) -> None:
        """Lanes are the default, also for a `LaneTransport`; other transports use httpx."""
        assert isinstance(AsyncWikipayam("t")._carrier, LaneCarrier)
        assert isinstance(AsyncWikipayam("t", transport=LaneTransport())._carrier, LaneCarrier)
        assert isinstance(AsyncWikipayam("t", transport=httpx.MockTransport(_never))._carrier, HttpxCarrier)

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            (
                {"http_client": httpx.AsyncClient(), "transport": httpx.MockTransport(lambda _: httpx.Response(200))},
                "only one of",
            ),
            (
                {"transport": httpx.MockTransport(lambda _: httpx.Response(200)), "proxy": "http://x"},
                "proxy: would be ignored beside transport",
            ),
            (
                {"http_client": httpx.AsyncClient(), "ssl_context": ssl.create_default_context()},
                "ssl_context: would be ignored",
            ),
            ({"http_client": httpx.Client()}, "http_client: expected"),
            ({"transport": httpx.HTTPTransport()}, "transport: expected"),
            ({"proxy": "no url"}, "proxy: expected"),
            ({"proxy": "ftp://127.0.0.1"}, "proxy: expected"),
            ({"proxy": 5}, "proxy: expected"),
            ({"proxy": "socks5://127.0.0.1"}, "proxy: SOCKS needs an extra package"),
            ({"proxy": "http://[::1"}, "proxy: expected"),
            ({"ssl_context": "x"}, "ssl_context: expected"),
            ({"max_connections": 0}, "max_connections: expected"),
            ({"idle_expiry": -1.0}, "idle_expiry: expected"),
            ({"http_client": httpx.AsyncClient(), "max_connections": 5}, "max_connections: would be ignored"),
            (
                {"transport": httpx.MockTransport(lambda _: httpx.Response(200)), "idle_expiry": 1.0},
                "idle_expiry: would",
            ),
            ({"http_client": httpx.AsyncClient}, "http_client: expected"),
        ],
    )
    def test_contradicting_settings_are_refused(
        self, options: dict[str, Any], text: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each error names the setting, and none quotes the password of a proxy."""
        monkeypatch.setitem(sys.modules, "socksio", None)  # not installed
        with pytest.raises(ConfigurationError, match=text):
            AsyncWikipayam("t", **options)


def _never(_: httpx.Request) -> httpx.Response:
    raise AssertionError


async def test_connections_of_a_passed_client_are_unknown() -> None:
    """`client.connections` is None for a passed httpx client; a `LaneTransport` counts its connections."""
    transport = LaneTransport()
    async with httpx.AsyncClient() as http, AsyncWikipayam("token", http_client=http) as client:
        assert client.connections is None
    async with AsyncWikipayam("token", transport=transport) as client:
        assert client.connections == transport.connections == Connections(in_use=0, idle=0, waiting=0)

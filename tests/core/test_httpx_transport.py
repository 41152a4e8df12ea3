from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import anyio
import httpx
import pytest
from anyio.abc import ByteStream

from tests.support.net import BALANCE, TOKEN, client_tls, connected, server_tls, tunnel
from tests.support.raw import RawRequest, answer, raw_gateway, reset
from wikipayam_async import AsyncWikipayam, ResponseError
from wikipayam_async.core.httpx_adapter import HttpxCarrier
from wikipayam_async.core.httpx_transport import LaneTransport

pytestmark = pytest.mark.anyio


async def balance(_: RawRequest, _stream: ByteStream) -> object:
    """Answer with a balance."""
    return BALANCE


class TestLaneTransport:
    """A `LaneTransport` in an `httpx.AsyncClient` that the caller built."""

    async def test_it_behaves_like_any_transport(self) -> None:
        """Method, query, headers and body are sent as given; status, headers and body are returned."""

        async def handle(request: RawRequest, _: ByteStream) -> object:
            return answer(request.body or "none", 201, {"X-Target": request.target, "X-Odd": "\xe9"})

        async with (
            raw_gateway(handle) as gateway,
            httpx.AsyncClient(transport=LaneTransport(), trust_env=False) as http,
        ):
            got = await http.post(f"{gateway.url}/a", params={"b": "ü"}, json={"c": 1}, headers={"X-D": "e"})
            plain = await http.get(gateway.url)
        assert (got.status_code, got.json(), got.headers["x-target"]) == (201, {"c": 1}, "/a?b=%C3%BC")
        assert got.headers["x-odd"] == "\xe9"
        assert (gateway.requests[0].headers["x-d"], plain.text) == ("e", "none")
        assert gateway.opened == 1

    async def test_head_requests_and_tls_work(self) -> None:
        """An answer to HEAD has a content length and no body."""

        async def head(_: RawRequest, stream: ByteStream) -> object:
            await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
            return True

        transport = LaneTransport(ssl_context=client_tls())
        async with raw_gateway(head, tls=server_tls()) as gateway, httpx.AsyncClient(transport=transport) as http:
            got = await http.head(gateway.url, timeout=2)
        assert (got.status_code, got.headers["content-length"], got.content) == (200, "500", b"")

    @pytest.mark.parametrize(
        ("kind", "expected"),
        [
            ("refused", httpx.ConnectError),
            ("certificate", httpx.ConnectError),
            ("handshake", httpx.ConnectTimeout),
            ("silence", httpx.ReadTimeout),
            ("reset", httpx.ReadError),
            ("nonsense", httpx.RemoteProtocolError),
            ("gzip", httpx.RemoteProtocolError),
        ],
    )
    async def test_faults_become_httpx_exceptions(self, kind: str, expected: type[httpx.TransportError]) -> None:
        """Each fault raises the matching httpx exception."""

        async def handle(_: RawRequest, stream: ByteStream) -> object:
            if kind == "reset":
                await reset(stream)
            if kind == "silence":
                await anyio.sleep_forever()
            if kind == "gzip":
                return answer(b"x", headers={"Content-Encoding": "gzip"})
            return b"nonsense\r\n\r\n"

        tls = server_tls("example.org") if kind == "certificate" else None
        async with raw_gateway(handle, tls=tls) as gateway:
            url = "http://127.0.0.1:1" if kind == "refused" else gateway.url
            transport = LaneTransport(ssl_context=client_tls())
            timeout = 0.2 if kind in {"handshake", "silence"} else 5
            async with httpx.AsyncClient(transport=transport, timeout=timeout) as http:
                if kind == "handshake":
                    url = await _https_url_of_silent_server(gateway.url)
                with pytest.raises(expected) as caught:
                    await http.get(url)
        assert caught.value.request.url == url

    async def test_a_client_without_a_time_out_gets_the_default_one(self) -> None:
        """`timeout=None` means the default time-out of an attempt."""

        async def handle(_: RawRequest, _stream: ByteStream) -> object:
            return BALANCE

        async with (
            raw_gateway(handle) as gateway,
            httpx.AsyncClient(transport=LaneTransport(), timeout=None) as http,  # noqa: S113 - the case under test
        ):
            assert (await http.get(gateway.url)).status_code == 200

    async def test_it_works_in_a_client_passed_as_http_client(self) -> None:
        """The client is then driven as any `http_client=`."""
        async with raw_gateway(balance) as gateway, httpx.AsyncClient(transport=LaneTransport()) as http:
            client = AsyncWikipayam(TOKEN, base_url=gateway.url, http_client=http)
            assert (await client.balance()).balance == 7
            assert isinstance(client._carrier, HttpxCarrier)


async def _https_url_of_silent_server(url: str) -> str:
    """Return an https URL of a server that speaks no TLS and keeps waiting."""
    await anyio.lowlevel.checkpoint()
    return url.replace("http:", "https:") + "/" + "x"


class TestProxyLane:
    """A lane through a proxy."""

    async def test_a_tunnel_is_reused_until_it_expires(self) -> None:
        """After the idle expiry a new tunnel is opened."""
        async with (
            raw_gateway(balance, tls=server_tls()) as gateway,
            raw_gateway(tunnel(gateway.port)) as proxy,
            connected(gateway.url, proxy=proxy.url) as (client, _, _recorder),
        ):
            await client.balance()
            await client.balance()
            carrier: Any = client._carrier
            carrier._lanes._lanes._idle_expiry = 0.01
            await anyio.sleep(0.02)
            await client.balance()
        assert (len(proxy.requests), len(gateway.requests)) == (2, 3)

    async def test_a_tunnel_idles_as_long_as_the_client_allows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not the connection's own limit, but `idle_expiry` decides when a new tunnel is opened."""
        later = SimpleNamespace(monotonic=lambda: time.monotonic() + 30.0)
        async with (
            raw_gateway(balance, tls=server_tls()) as gateway,
            raw_gateway(tunnel(gateway.port)) as proxy,
            connected(gateway.url, proxy=proxy.url, idle_expiry=60.0) as (client, _, _recorder),
        ):
            await client.balance()
            monkeypatch.setattr("httpcore._async.http11.time", later)
            await client.balance()
        assert (len(proxy.requests), len(gateway.requests)) == (1, 2)

    async def test_an_unreadable_answer_closes_the_tunnel(self) -> None:
        """The next call opens a new tunnel."""

        async def odd(_: RawRequest, _stream: ByteStream) -> object:
            return answer("x", headers={"Content-Encoding": "br"}) if len(gateway.requests) == 1 else BALANCE

        async with (
            raw_gateway(odd, tls=server_tls()) as gateway,
            raw_gateway(tunnel(gateway.port)) as proxy,
            connected(gateway.url, proxy=proxy.url) as (client, _, _recorder),
        ):
            with pytest.raises(ResponseError):
                await client.balance()
            await client.balance()
        assert len(proxy.requests) == 2

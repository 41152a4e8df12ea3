from __future__ import annotations

import ssl
import sys
import time
from types import SimpleNamespace
from typing import Any, Self

import anyio
import httpx
import pytest
from anyio.abc import ByteStream

from tests.support.net import BALANCE, RECEIVER, TOKEN, TRANSPORT_KINDS, client_tls, connected, server_tls, tunnel
from tests.support.raw import RawRequest, answer, closed_port, raw_gateway, raw_server, reset
from wikipayam_async import AsyncWikipayam, ConfigurationError, ResponseError, SendStatus
from wikipayam_async.core.lanes import Connections
from wikipayam_async.core.transport import HttpxCarrier, LaneCarrier, LaneTransport, default_ssl_context

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

    def test_the_default_tls_context_is_shared(self) -> None:
        """All clients use one context, which verifies certificates and host names."""
        context = default_ssl_context()
        assert context is default_ssl_context()
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def _never(_: httpx.Request) -> httpx.Response:
    raise AssertionError


async def test_connections_of_a_passed_client_are_unknown() -> None:
    """`client.connections` is None for a passed httpx client; a `LaneTransport` counts its connections."""
    transport = LaneTransport()
    async with httpx.AsyncClient() as http, AsyncWikipayam("token", http_client=http) as client:
        assert client.connections is None
    async with AsyncWikipayam("token", transport=transport) as client:
        assert client.connections == transport.connections == Connections(in_use=0, idle=0, waiting=0)


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
            carrier._transport._lanes._idle_expiry = 0.01
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


class TestRequestsOnTheWire:
    """The bytes of a request, with every header as it was sent."""

    @pytest.mark.parametrize("via", [*TRANSPORT_KINDS, "tunnel", "hooks"])
    async def test_no_header_is_sent_twice(self, via: str) -> None:
        """`Host` and `Content-Length` are sent once, whoever adds them, and the token once."""
        heads: list[bytes] = []

        async def serve(stream: ByteStream) -> None:
            head, _, rest = (await stream.receive()).partition(b"\r\n\r\n")
            size = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            while len(rest) < size:
                rest += await stream.receive()
            heads.append(head)
            await stream.send(answer({"data": [{"id": "1", "track_id": "t"}]}))

        tls = server_tls() if via == "tunnel" else None
        async with raw_server(serve, tls=tls) as url, raw_gateway(tunnel(int(url.rpartition(":")[2]))) as proxy:
            options = {"proxy": proxy.url} if via == "tunnel" else {}
            kind = via if via in TRANSPORT_KINDS else "lanes"
            async with connected(url, kind, **options) as (client, *_):
                if via == "hooks":
                    client.http_client.event_hooks = {"request": [look], "response": []}
                await client.sms.send(RECEIVER, "text", track_id="t")
        names = [line.partition(b":")[0].lower() for line in heads[0].split(b"\r\n")[1:]]
        assert sorted(names) == sorted(set(names))
        assert {b"host", b"content-length", b"authorization", b"content-type"} <= set(names)

    async def test_a_client_over_the_lanes_sends_no_header_twice(self) -> None:
        """An `httpx.AsyncClient` sets `Host` and `Content-Length` itself, which the lanes set, too."""
        heads: list[bytes] = []

        async def serve(stream: ByteStream) -> None:
            heads.append(await stream.receive())
            await stream.send(answer({}))

        async with raw_server(serve) as url, httpx.AsyncClient(transport=LaneTransport(), trust_env=False) as http:
            await http.post(url, content=b"abc")
        names = [line.partition(b":")[0].lower() for line in heads[0].partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]]
        assert [names.count(name) for name in (b"host", b"content-length")] == [1, 1]

    @pytest.mark.parametrize("via", ["lanes", "transport"])
    async def test_the_proxies_of_the_environment_are_not_used(self, via: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither with event hooks, when the request passes through httpx, nor over a transport of the caller."""
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        seen.clear()

        async def serve(_: RawRequest, _stream: ByteStream) -> object:
            return BALANCE

        async with raw_gateway(serve) as gateway, connected(gateway.url, via) as (client, *_):
            client.http_client.event_hooks = {"request": [look], "response": []}
            assert (await client.balance()).balance == 7
            assert (
                client.http_client.trust_env is False
            )  # httpx may use it for more one day than it does beside a transport
        assert (len(gateway.requests), seen) == (1, [f"{gateway.url}/api/v1/user/balance"])


seen: list[str] = []


async def look(request: httpx.Request) -> None:
    """Stand in for an event hook."""
    seen.append(str(request.url))

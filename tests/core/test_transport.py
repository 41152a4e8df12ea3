from __future__ import annotations

import ssl
import sys
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import pytest
from anyio.abc import ByteStream

from tests.support.net import BALANCE, RECEIVER, TOKEN, client_tls, connected, server_tls, tunnel
from tests.support.raw import RawRequest, answer, raw_gateway, reset
from wikipayam_async import AsyncWikipayam, ConfigurationError, LaneTransport, ResponseError, SendStatus
from wikipayam_async.core.transport import HttpxCarrier, LaneCarrier, default_ssl_context

pytestmark = pytest.mark.anyio


async def balance(_: RawRequest, _stream: ByteStream) -> object:
    """Answer with a balance."""
    return BALANCE


class TestLaneTransportForOthers:
    """A `LaneTransport` in an `httpx.AsyncClient` that somebody else built."""

    async def test_it_behaves_like_any_transport(self) -> None:
        """Method, query, headers and body go out as httpx has them; status, headers and body come back."""

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
        """An answer to HEAD has a length and no body."""

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
    async def test_faults_become_httpxs_exceptions(self, kind: str, expected: type[httpx.TransportError]) -> None:
        """Who uses httpx gets httpx's words for what went wrong."""

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
            patience = 0.2 if kind in {"handshake", "silence"} else 5
            async with httpx.AsyncClient(transport=transport, timeout=patience) as http:
                if kind == "handshake":
                    url = await _silent(gateway.url)
                with pytest.raises(expected) as caught:
                    await http.get(url)
        assert caught.value.request.url == url

    async def test_a_client_without_a_time_out_gets_the_default_one(self) -> None:
        """`timeout=None` does not mean for ever."""

        async def handle(_: RawRequest, _stream: ByteStream) -> object:
            return BALANCE

        async with (
            raw_gateway(handle) as gateway,
            httpx.AsyncClient(transport=LaneTransport(), timeout=None) as http,  # noqa: S113 - the point of it
        ):
            assert (await http.get(gateway.url)).status_code == 200

    async def test_as_a_foreign_client_it_proves_nothing(self) -> None:
        """An `http_client=` over lanes works, by the rules for foreign clients."""
        async with raw_gateway(balance) as gateway, httpx.AsyncClient(transport=LaneTransport()) as http:
            client = AsyncWikipayam(TOKEN, base_url=gateway.url, http_client=http)
            assert (await client.balance()).balance == 7
            assert isinstance(client._carrier, HttpxCarrier)


async def _silent(url: str) -> str:
    """Make an https URL of one whose server speaks no TLS and waits for more."""
    await anyio.lowlevel.checkpoint()
    return url.replace("http:", "https:") + "/" + "x"


class TestLaneCarrier:
    """The client's own `httpx.AsyncClient`, and the short way past it."""

    async def test_hooks_see_every_attempt_while_there_are_any(self) -> None:
        """Hooks are called with the URL that may be logged, and what comes back is the same with and without them."""
        heard: list[str] = []

        async def on_request(request: httpx.Request) -> None:
            heard.append(f"{request.method} {request.url.raw_path.decode()} {'authorization' in request.headers}")

        async def on_response(response: httpx.Response) -> None:
            heard.append(str(response.status_code))

        async with raw_gateway(balance) as gateway, AsyncWikipayam(TOKEN, base_url=gateway.url) as client:
            before = await client.balance()
            client.http_client.event_hooks = {"request": [on_request]}
            during = await client.balance()
            client.http_client.event_hooks = {"response": [on_response]}
            await client.balance()
            client.http_client.event_hooks = {}
            after = await client.balance()
        assert (before, after) == (during, during)
        assert heard == ["GET /api/v1/user/balance False", "200"]
        assert ["authorization" in request.headers for request in gateway.requests] == [True] * 4

    async def test_a_response_hook_that_raises_leaves_a_send_unknown(self) -> None:
        """By then the gateway had answered: what became of the message is not told as if it had not been sent."""

        async def on_response(_: httpx.Response) -> None:
            raise LookupError

        async with raw_gateway(balance) as gateway, connected(gateway.url) as (client, _, ear):
            client.http_client.event_hooks = {"response": [on_response]}
            with pytest.raises(LookupError):
                await client.sms.send(RECEIVER, "hi", sender="1")
        assert [outcome.status for outcome in ear.outcomes] == [SendStatus.UNKNOWN]

    async def test_a_client_that_was_handed_in_is_the_one_that_is_told(self) -> None:
        """`http_client` names what carries the requests, whoever made it."""
        async with httpx.AsyncClient(transport=httpx.MockTransport(_never)) as http:
            assert AsyncWikipayam(TOKEN, http_client=http).http_client is http


class TestMakeCarrier:
    """What a client may be given to send with."""

    def test_the_default_is_the_clients_own_lanes(self) -> None:
        """And a `LaneTransport` counts as such."""
        assert isinstance(AsyncWikipayam("t")._carrier, LaneCarrier)
        assert isinstance(AsyncWikipayam("t", transport=LaneTransport())._carrier, LaneCarrier)
        assert isinstance(AsyncWikipayam("t", transport=httpx.MockTransport(_never))._carrier, HttpxCarrier)

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            (
                {"http_client": httpx.AsyncClient(), "transport": httpx.MockTransport(lambda _: httpx.Response(200))},
                "one of",
            ),
            ({"transport": httpx.MockTransport(lambda _: httpx.Response(200)), "proxy": "http://x"}, "one of"),
            ({"http_client": httpx.AsyncClient(), "ssl_context": ssl.create_default_context()}, "one of"),
            ({"http_client": httpx.Client()}, "http_client: expected"),
            ({"transport": httpx.HTTPTransport()}, "transport: expected"),
            ({"proxy": "no url"}, "proxy: expected"),
            ({"proxy": "ftp://127.0.0.1"}, "proxy: expected"),
            ({"proxy": 5}, "proxy: expected"),
            ({"proxy": "socks5://127.0.0.1"}, "proxy: SOCKS needs an extra package"),
            ({"proxy": "http://[::1"}, "proxy: expected"),
            ({"ssl_context": "x"}, "ssl_context: expected"),
            ({"max_connections": 0}, "max_connections: expected"),
        ],
    )
    def test_contradictions_are_refused(
        self, options: dict[str, Any], text: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One way to send at a time, and of the right kind; an error quotes no proxy's password."""
        monkeypatch.setitem(sys.modules, "socksio", None)  # not installed
        with pytest.raises(ConfigurationError, match=text):
            AsyncWikipayam("t", **options)

    def test_the_context_is_made_once(self) -> None:
        """All clients share it, and it offers HTTP/1.1."""
        context = default_ssl_context()
        assert context is default_ssl_context()
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def _never(_: httpx.Request) -> httpx.Response:
    raise AssertionError


class Body(httpx.AsyncByteStream):
    """A body that is larger than it may be, or whose end raises."""

    def __init__(self, *, closing: Exception | None = None, size: int = 1) -> None:
        self.closing = closing
        self.size = size

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give a balance, or many megabytes."""
        yield b'{"data": {"balance": 7}}'
        for _ in range(self.size - 1):
            yield b" " * 1_000_000

    async def aclose(self) -> None:
        """Raise, if so told."""
        if self.closing is not None:
            raise self.closing


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
class TestForeignCarrier:
    """A transport that the caller brought."""

    @pytest.mark.parametrize(("size", "ok"), [(1, True), (10, True), (18, False)])
    async def test_an_answer_is_read_within_bounds(self, size: int, ok: bool) -> None:
        """16 MiB is the most, on foreign roads too."""
        transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Body(size=size)))
        async with connected("http://127.0.0.1:1", "given", transport=transport) as (client, _, _ear):
            if ok:
                assert (await client.balance()).balance == 7
            else:
                with pytest.raises(ResponseError, match="larger than"):
                    await client.balance()

    async def test_a_client_of_the_callers_keeps_its_hooks(self) -> None:
        """The hooks of an `http_client=` see the request."""
        seen: list[str] = []

        async def hook(request: httpx.Request) -> None:
            await anyio.lowlevel.checkpoint()
            seen.append(request.url.path)

        async with raw_gateway(balance) as gateway, httpx.AsyncClient(event_hooks={"request": [hook]}) as http:
            await AsyncWikipayam(TOKEN, base_url=gateway.url, http_client=http).balance()
        assert seen == ["/api/v1/user/balance"]


class TestProxyLane:
    """A lane through a proxy."""

    async def test_it_rests_and_expires(self) -> None:
        """A tunnel is used again, unless it rested too long."""
        async with (
            raw_gateway(balance, tls=server_tls()) as gateway,
            raw_gateway(tunnel(gateway.port)) as proxy,
            connected(gateway.url, proxy=proxy.url) as (client, _, _ear),
        ):
            await client.balance()
            await client.balance()
            carrier: Any = client._carrier
            carrier._transport._lanes._idle_expiry = 0.01
            await anyio.sleep(0.02)
            await client.balance()
        assert (len(proxy.requests), len(gateway.requests)) == (2, 3)

    async def test_an_answer_that_breaks_ends_the_tunnel(self) -> None:
        """The next call makes a new one."""

        async def odd(_: RawRequest, _stream: ByteStream) -> object:
            return answer("x", headers={"Content-Encoding": "br"}) if len(gateway.requests) == 1 else BALANCE

        async with (
            raw_gateway(odd, tls=server_tls()) as gateway,
            raw_gateway(tunnel(gateway.port)) as proxy,
            connected(gateway.url, proxy=proxy.url) as (client, _, _ear),
        ):
            with pytest.raises(ResponseError):
                await client.balance()
            await client.balance()
        assert len(proxy.requests) == 2

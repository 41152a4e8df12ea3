from __future__ import annotations

import ssl

import certifi
import httpx
import pytest
from anyio.abc import ByteStream

from tests.support.net import BALANCE, RECEIVER, TRANSPORT_KINDS, connected, server_tls, tunnel
from tests.support.raw import RawRequest, answer, closed_port, raw_gateway, raw_server
from wikipayam_async.core.httpx_transport import LaneTransport
from wikipayam_async.core.transport import default_ssl_context

pytestmark = pytest.mark.anyio


def test_the_default_tls_context_is_shared() -> None:
    """All clients use one context, which verifies certificates and host names."""
    context = default_ssl_context()
    assert context is default_ssl_context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_the_default_roots_are_those_of_certifi_and_httpx(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client trusts what it trusted when httpx made the context, whatever the environment says."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    default_ssl_context.cache_clear()
    roots = default_ssl_context().get_ca_certs()
    assert roots == httpx.create_ssl_context(trust_env=False).get_ca_certs()
    assert roots == ssl.create_default_context(cafile=certifi.where()).get_ca_certs()


async def balance(_: RawRequest, _stream: ByteStream) -> object:
    """Answer with a balance."""
    return BALANCE


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

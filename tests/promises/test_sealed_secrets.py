"""The sealed-secrets promise: no error, log, event or `repr` shows a secret."""

from __future__ import annotations

import copy
import logging
import pickle
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import anyio
import httpx
import pytest
from anyio.abc import ByteStream

from tests.support.net import connected, on_virtual_time, server_tls
from tests.support.raw import RawRequest, accept_all, answer, never_answer, raw_gateway, reset_after_request
from tests.support.secrets import CALLS as SECRET_CALLS
from tests.support.secrets import CALLS_WITH_QUERY, NUMBER, TEXT, TOKEN, leaks, locals_of, shown_of
from wikipayam_async import (
    AsyncWikipayam,
    AuthenticationError,
    ConfigurationError,
    InvalidInputError,
    SmsMessage,
    WikipayamError,
)
from wikipayam_async.core.loops import runs_asyncio
from wikipayam_async.core.transport import default_ssl_context

pytestmark = pytest.mark.anyio

CALLS: dict[str, Callable[[AsyncWikipayam], Awaitable[object]]] = {
    **SECRET_CALLS,
    "sms.send_bulk": lambda client: client.sms.send_bulk([SmsMessage(NUMBER, TEXT)]),
}


def echo(status: int) -> Callable[[RawRequest], bytes]:
    """Return an answer that repeats the whole request."""

    def reply(request: RawRequest) -> bytes:
        body = request.body.decode()
        echoed = f"You sent {request.method} {request.target} {request.headers} {body}"
        fields = {
            "0.message": [echoed, body, request.target],
            body: echoed,
            unquote(request.target): unquote(request.target),
        }
        headers = {
            "X-Echo": echoed.encode().decode("latin-1"),
            "X-Token": TOKEN,
            "X-Body": body.encode().decode("latin-1"),
            "Set-Cookie": f"token={TOKEN}",
            "Retry-After": "5",
        }
        return answer({"message": echoed, "errors": fields}, status, headers)

    return reply


def echo_as_html(request: RawRequest) -> bytes:
    """Return an HTML page that repeats the whole request."""
    return answer(
        f"<h1>{request.target} {request.headers} {request.body.decode()}</h1>", headers={"Content-Type": "text/html"}
    )


def accept_and_echo(request: RawRequest) -> bytes:
    """Return a successful answer to any request, with the request's values in it."""
    if isinstance(request.json if request.body else None, list):
        return accept_all(request)
    return answer(
        {"data": {"id": "5", "message": "queued", "receives": [{"id": "1", "message": TEXT, "sender": NUMBER}]}}
    )


BEHAVIOURS: dict[str, Callable[[RawRequest], bytes | None]] = {
    "accepted": accept_and_echo,
    "html": echo_as_html,
    "invalid json": lambda request: answer(request.body[:-1] + b"x"),
    "closed": lambda _: None,
    "bad http": lambda request: b"HTTP/1.1 " + request.body + b"\r\n\r\n",
    **{str(status): echo(status) for status in (302, 400, 401, 404, 409, 413, 422, 429, 500, 503)},
}


async def observe(
    behave: Callable[[RawRequest], bytes | None], via: str, call: Callable[[AsyncWikipayam], Awaitable[object]]
) -> tuple[list[str], BaseException | None]:
    """Make a call; return everything that is shown of it, and its error."""

    async def handle(request: RawRequest, _: ByteStream) -> object:
        return behave(request) or False

    shown: list[str] = []
    caught: BaseException | None = None
    async with raw_gateway(handle) as gateway, raw_gateway(handle) as proxy:
        options: dict[str, Any] = {"proxy": proxy.url} if via == "proxy" else {}
        async with connected(gateway.url, via if via == "pool" else "lanes", **options) as (plain, _, recorder):
            secret = AsyncWikipayam(TOKEN, base_url=gateway.url)._options.token
            object.__setattr__(plain._options, "token", secret)
            shown += [repr(plain), str(plain), repr(plain._options)]
            try:
                result = await call(plain)
                if not isinstance(result, dict):  # `client.request` returns the plain JSON
                    shown += [repr(result), str(result)]
            except (WikipayamError, StopAsyncIteration) as error:
                caught = error
                shown += shown_of(error)
            shown += [repr(event) for event in recorder.events]
        assert len(gateway.requests) + len(proxy.requests) >= 1
    return shown, caught


class TestSealedSecrets:
    """No token, text, code or full number is shown anywhere."""

    @pytest.mark.parametrize("via", ["lanes", "proxy", "pool"])
    @pytest.mark.parametrize("behave", BEHAVIOURS.values(), ids=BEHAVIOURS.keys())
    async def test_nothing_secret_is_shown(self, via: str, behave: Any, caplog: pytest.LogCaptureFixture) -> None:
        """Logs of every library, reprs, events, errors, pickles and tracebacks hold no secret."""
        caplog.set_level(logging.DEBUG)
        for name in ("httpx", "httpcore", "anyio", "wikipayam_async", "asyncio"):
            caplog.set_level(logging.DEBUG, name)
        for name, call in CALLS.items():
            if via == "pool" and name in CALLS_WITH_QUERY:
                continue  # the caller's httpx client logs its URLs, as documented
            shown, _ = await observe(behave, via, call)
            assert (name, leaks(shown)) == (name, [])
        records = [record for record in caplog.records if not (via != "lanes" and record.name.startswith("httpcore"))]
        assert leaks([f"{record.getMessage()} {record.__dict__}" for record in records]) == []
        requests = [r.getMessage() for r in caplog.records if "send_request" in r.getMessage()]
        assert leaks(requests) == []

    @pytest.mark.parametrize("kind", ["refused", "reset", "timeout"])
    async def test_nothing_secret_is_shown_when_the_connection_fails(
        self, kind: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A failed connection shows no secret either."""
        caplog.set_level(logging.DEBUG)

        async with raw_gateway(reset_after_request if kind == "reset" else never_answer) as gateway:
            url = "http://127.0.0.1:1" if kind == "refused" else gateway.url
            client = AsyncWikipayam(TOKEN, sender="1000", username="u", otp_pattern_id=1, base_url=url, timeout=0.03)
            async with client:
                on_virtual_time(client)
                for name, call in CALLS.items():
                    if name == "sms.send_bulk":
                        continue
                    with pytest.raises(WikipayamError) as caught:
                        await call(client)
                    assert (name, leaks(shown_of(caught.value))) == (name, [])
        assert leaks([f"{record.getMessage()} {record.__dict__}" for record in caplog.records]) == []

    @pytest.mark.parametrize("name", CALLS)
    async def test_a_traceback_with_locals_shows_no_secret(self, name: str) -> None:
        """The locals of the package's frames, as rich prints them, hold no secret."""
        _, caught = await observe(echo(422), "lanes", CALLS[name])
        assert (caught is None) == (name == "sms.send_bulk")
        assert caught is None or leaks(locals_of(caught)) == []

    async def test_a_cancelled_call_shows_no_token(self) -> None:
        """The locals of a call cancelled while it reads hold neither token nor text."""
        lines: list[str] = []
        arrived = anyio.Event()

        async def never(_request: RawRequest, _stream: ByteStream) -> object:
            arrived.set()
            await anyio.sleep_forever()
            return False

        async def call(client: AsyncWikipayam) -> None:
            try:
                await client.request("GET", "x", params={"q": TEXT, "to": NUMBER})
            except anyio.get_cancelled_exc_class() as error:
                lines.extend(locals_of(error))
                raise

        async with (
            raw_gateway(never) as gateway,
            connected(gateway.url) as (client, *_),
            anyio.create_task_group() as group,
        ):
            group.start_soon(call, client)
            await arrived.wait()
            group.cancel_scope.cancel()
        reading = "wait: self" if runs_asyncio() else "_receive"
        assert any(reading in line for line in lines)
        assert leaks(lines) == []

    async def test_holoo_get_shows_its_query_only_on_the_wire(self, caplog: pytest.LogCaptureFixture) -> None:
        """The legacy endpoint's query holds the token; httpx, its hooks and its log get the URL without it."""
        caplog.set_level(logging.DEBUG)
        hooked: list[str] = []

        async def hook(request: httpx.Request) -> None:
            hooked.append(str(request.url))

        targets: list[tuple[str, Mapping[str, str]]] = []

        async def handle(request: RawRequest, _: ByteStream) -> object:
            targets.append((request.target, request.headers))
            return answer({"data": {"id": "5"}})

        async with raw_gateway(handle) as gateway, connected(gateway.url) as (client, *_):
            client.http_client.event_hooks["request"].append(hook)
            await client.holoo.send_via_url(NUMBER, TEXT)
        assert hooked == [f"{gateway.url}/api/v1/service/holoo"]
        ((target, headers),) = targets
        assert target.startswith("/api/v1/service/holoo?username=shop&password=")
        assert f"to={NUMBER}" in target
        assert headers == {"host": f"127.0.0.1:{gateway.port}"}
        urls = [record.getMessage() for record in caplog.records if record.name == "httpx"]
        assert urls == [f'HTTP Request: GET {gateway.url}/api/v1/service/holoo "HTTP/1.1 200 OK"']

    async def test_a_client_is_not_pickled_or_copied(self) -> None:
        """A client holds the token, so pickling and copying raise `TypeError`."""
        client = AsyncWikipayam(TOKEN)
        for refuse in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="cannot be pickled") as caught:
                refuse(client)
            assert TOKEN not in str(caught.value)

    async def test_the_environment_is_ignored(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Proxies, netrc and certificate files that the environment names are not used."""
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login somebody password else\n", "utf-8")
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("SSL_CERT_FILE", str(netrc))
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
        default_ssl_context.cache_clear()
        assert len(default_ssl_context().get_ca_certs()) > 50

        async def handle(request: RawRequest, _: ByteStream) -> object:
            return answer({"data": {"balance": 1}})

        for tls in (None, server_tls()):
            async with raw_gateway(handle, tls=tls) as gateway, connected(gateway.url) as (client, *_):
                await client.balance()
            assert gateway.requests[0].headers["authorization"] == "Bearer token-5f3a9c"
            assert gateway.requests[0].target == "/api/v1/user/balance"

    async def test_only_public_authorities_are_trusted_by_default(self) -> None:
        """A certificate of a private authority is not accepted without `ssl_context`."""

        async def handle(_: RawRequest, _stream: ByteStream) -> object:
            return answer({})

        async with (
            raw_gateway(handle, tls=server_tls()) as gateway,
            connected(gateway.url, ssl_context=None) as (client, *_),
        ):
            with pytest.raises(WikipayamError, match="certificate"):
                await client.balance()
        assert gateway.requests == []

    @pytest.mark.parametrize(
        "url",
        [
            "http://wikipayam.ir",
            "http://10.0.0.1",
            "http://localhost.example.org",
            "http://127.0.0.1.example.org",
            "ftp://wikipayam.ir",
            "wikipayam.ir",
            "https://",
            f"https://user:{TOKEN}@wikipayam.ir",
            f"https://wikipayam.ir?token={TOKEN}",
            f"https://wikipayam.ir#{TOKEN}",
            "https://wikipayam.ir/a b",
            "https://wikipayam.ir/../x",
            "https://wikipayam.ir:99999",
        ],
    )
    async def test_a_base_url_that_would_show_the_token_is_refused(self, url: str) -> None:
        """Plain http beyond loopback and secrets in the URL are refused; the error does not quote the URL."""
        with pytest.raises(ConfigurationError, match="base_url") as caught:
            AsyncWikipayam(TOKEN, base_url=url)
        assert leaks(shown_of(caught.value)) == []

    @pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:80", "https://a.b/c"])
    async def test_a_safe_base_url_is_accepted(self, url: str) -> None:
        """Https to any host and http to this machine are accepted."""
        client = AsyncWikipayam(TOKEN, base_url=url)
        assert client._options.origin.url == url.removesuffix(":80")

    @pytest.mark.parametrize("bad", [f"{TOKEN}\r\nX: y", f"{TOKEN} ", f"{TOKEN}\u06f1", f"{TOKEN}\x00", "", "\n"])
    async def test_a_token_that_is_no_header_value_is_refused(self, bad: str) -> None:
        """A token must be visible ASCII; the error does not quote it."""
        with pytest.raises(ConfigurationError, match="token") as caught:
            AsyncWikipayam(bad)
        assert leaks(shown_of(caught.value)) == []

    @pytest.mark.parametrize(
        "bad", ["../user/balance", "a/b", "a?x=1", "a#b", "", "a b", "a\r\nb", "%2e", "x" * 65, "\u06f1"]
    )
    async def test_an_id_cannot_change_the_path(self, bad: str) -> None:
        """An id that holds anything but letters, digits, `-` and `_` is refused before it enters a path."""
        client = AsyncWikipayam(TOKEN, base_url="http://127.0.0.1:1")
        for call in (
            client.receives.get,
            client.receives.mark_read,
            client.receives.delete,
            client.sms.delivery_status,
        ):
            with pytest.raises(InvalidInputError):
                await call(bad)

    @pytest.mark.parametrize(
        "bad",
        [
            "",
            "/",
            "../x",
            "a/../b",
            "a//b",
            "//evil.org/x",
            "a?b=1",
            "a#b",
            "a b",
            "a\r\nHost: x",
            "a/",
            "%2e%2e/x",
            "a\\b",
            *("http://evil.org", "a:b", "@evil.org", "a\x00", "\u06f1", "a/.", ".hidden"),
        ],
    )
    async def test_a_path_cannot_leave_the_prefix(self, bad: str) -> None:
        """`client.request` accepts only plain path segments."""
        client = AsyncWikipayam(TOKEN, base_url="http://127.0.0.1:1")
        with pytest.raises(InvalidInputError, match="path"):
            await client.request("GET", bad)

    async def test_a_redirect_does_not_leak_the_token(self) -> None:
        """No redirect is followed, even if the caller's client follows redirects."""
        seen: list[RawRequest] = []

        async def elsewhere(request: RawRequest, _: ByteStream) -> object:
            seen.append(request)
            return answer({})

        async with raw_gateway(elsewhere) as other:

            async def handle(_: RawRequest, _stream: ByteStream) -> object:
                return answer({}, 307, {"Location": other.url})

            async with raw_gateway(handle) as gateway:
                for via in ("lanes", "pool", "transport"):
                    async with connected(gateway.url, via) as (client, *_):
                        if via == "pool":
                            carrier: Any = client._carrier
                            carrier.http.follow_redirects = True
                        with pytest.raises(WikipayamError):
                            await client.balance()
        assert seen == []

    async def test_a_401_does_not_show_the_token(self) -> None:
        """The error of a 401 masks the token and says what to check."""

        async def handle(_: RawRequest, _stream: ByteStream) -> object:
            return answer({"message": f"Token {TOKEN} is wrong"}, 401)

        async with raw_gateway(handle) as gateway, AsyncWikipayam(TOKEN, base_url=gateway.url) as client:
            with pytest.raises(AuthenticationError) as caught:
                await client.balance()
        assert str(caught.value) == (
            'account.balance: the gateway answered 401; "Token *** is wrong"; check the token (panel: profile, API token)'
        )

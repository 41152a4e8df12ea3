"""P7: secrets stay in."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import anyio
import httpx
import pytest
import rich.traceback
from anyio.abc import ByteStream

from tests.support.net import connected, on_virtual_time, server_tls
from tests.support.raw import RawRequest, accept_all, answer, raw_gateway, reset
from wikipayam_async import (
    AsyncWikipayam,
    AuthenticationError,
    ConfigurationError,
    InvalidInputError,
    SmsMessage,
    WikipayamError,
)
from wikipayam_async.core.transport import default_ssl_context

pytestmark = pytest.mark.anyio

TOKEN = "marker-token-81f3"
NUMBER = "09121112233"
TEXT = "marker text, marker text, marker text, marker text, marker text, marker text, marker text"
CODE = "73915482"
MARKERS = (TOKEN, TOKEN[:12], NUMBER, NUMBER[1:], TEXT, "marker text", "marker%20text", "marker+text", CODE)

CALLS: dict[str, Callable[[AsyncWikipayam], Awaitable[object]]] = {
    "sms.send": lambda client: client.sms.send(NUMBER, TEXT),
    "sms.send_many": lambda client: client.sms.send_many([SmsMessage(NUMBER, TEXT), SmsMessage(NUMBER, note=TEXT)]),
    "sms.send_bulk": lambda client: client.sms.send_bulk([SmsMessage(NUMBER, TEXT)]),
    "otp.send": lambda client: client.otp.send(NUMBER, CODE),
    "voice.send": lambda client: client.voice.send(NUMBER, CODE),
    "holoo.send": lambda client: client.holoo.send(NUMBER, TEXT),
    "holoo.send_get": lambda client: client.holoo.send_get(NUMBER, TEXT),
    "receives.list": lambda client: client.receives.list(sender=NUMBER, search=TEXT),
    "request": lambda client: client.request("POST", "x", params={"to": NUMBER, "q": TEXT}, json={"text": TEXT}),
}


def shown_of(error: BaseException) -> Iterator[str]:
    """Yield everything that is commonly shown or stored of an error."""
    seen: BaseException | None = error
    while seen is not None:
        yield from (str(seen), repr(seen), repr(seen.args), repr(vars(seen)))
        yield pickle.dumps(seen).decode("latin-1")
        yield repr(pickle.loads(pickle.dumps(seen)))  # noqa: S301 - our own pickle
        seen = seen.__cause__ or seen.__context__
    yield from traceback.format_exception(error)


def locals_of_core(error: BaseException) -> Iterator[str]:
    """Yield the local variables of the core's frames, as a traceback by rich shows them."""
    shown = rich.traceback.Traceback.extract(type(error), error, error.__traceback__, show_locals=True)
    for stack in shown.stacks:
        for frame in stack.frames:
            if "wikipayam_async/core/" in Path(frame.filename).as_posix():
                yield from (f"{frame.name}: {name} = {node}" for name, node in (frame.locals or {}).items())


def leaks(shown: Iterator[str] | list[str]) -> list[str]:
    """Return what of it holds a secret."""
    return [one for one in shown if any(marker in one for marker in MARKERS)]


def echo(status: int) -> Callable[[RawRequest], bytes]:
    """Return an answer that says back everything that the request said."""

    def reply(request: RawRequest) -> bytes:
        said = f"You sent {request.method} {request.target} {request.headers} {request.body.decode()}"
        body = request.body.decode()
        fields = {
            "0.message": [said, body, request.target],
            body: said,
            unquote(request.target): unquote(request.target),
        }
        headers = {"X-Echo": said, "X-Token": TOKEN, "X-Body": body, "Set-Cookie": f"token={TOKEN}", "Retry-After": "5"}
        return answer({"message": said, "errors": fields}, status, headers)

    return reply


def echo_as_html(request: RawRequest) -> bytes:
    """Return a page with everything that the request said."""
    return answer(
        f"<h1>{request.target} {request.headers} {request.body.decode()}</h1>", headers={"Content-Type": "text/html"}
    )


def accept(request: RawRequest) -> bytes:
    """Return a success, whatever was asked, which repeats the request's own values."""
    if isinstance(request.json if request.body else None, list):
        return accept_all(request)
    return answer(
        {"data": {"id": "5", "message": "queued", "receives": [{"id": "1", "message": TEXT, "sender": NUMBER}]}}
    )


BEHAVIOURS: dict[str, Callable[[RawRequest], bytes | None]] = {
    "accepted": accept,
    "html": echo_as_html,
    "invalid json": lambda request: answer(request.body[:-1] + b"x"),
    "closed": lambda _: None,
    "bad http": lambda request: b"HTTP/1.1 " + request.body + b"\r\n\r\n",
    **{str(status): echo(status) for status in (302, 400, 401, 404, 409, 413, 422, 429, 500, 503)},
}


async def observe(
    behave: Callable[[RawRequest], bytes | None], road: str, call: Callable[[AsyncWikipayam], Awaitable[object]]
) -> tuple[list[str], BaseException | None]:
    """Make a call; return everything that can be seen of it."""

    async def handle(request: RawRequest, _: ByteStream) -> object:
        return behave(request) or False

    shown: list[str] = []
    caught: BaseException | None = None
    async with raw_gateway(handle) as gateway, raw_gateway(handle) as proxy:
        options: dict[str, Any] = {"proxy": proxy.url} if road == "proxy" else {}
        async with connected(gateway.url, road if road == "pool" else "lanes", **options) as (plain, _, ear):
            secret = AsyncWikipayam(TOKEN, base_url=gateway.url)._options.token
            object.__setattr__(plain._options, "token", secret)
            shown += [repr(plain), str(plain), repr(plain._options)]
            try:
                result = await call(plain)
                if not isinstance(result, dict):  # what `client.request` gives is the plain JSON
                    shown += [repr(result), str(result)]
            except WikipayamError as error:
                caught = error
                shown += shown_of(error)
            shown += [repr(event) for event in ear.events]
        assert len(gateway.requests) + len(proxy.requests) >= 1
    return shown, caught


class TestP7SecretsStayIn:
    """No token, text, code or full number is shown anywhere, whatever happens."""

    @pytest.mark.parametrize("road", ["lanes", "proxy", "pool"])
    @pytest.mark.parametrize("behave", BEHAVIOURS.values(), ids=BEHAVIOURS.keys())
    async def test_nothing_secret_is_shown(self, road: str, behave: Any, caplog: pytest.LogCaptureFixture) -> None:
        """Logs of every library, reprs, events, errors, pickles and tracebacks hold no secret of the request."""
        caplog.set_level(logging.DEBUG)
        for name in ("httpx", "httpcore", "anyio", "wikipayam_async", "asyncio"):
            caplog.set_level(logging.DEBUG, name)
        for name, call in CALLS.items():
            if road == "pool" and name in {"holoo.send_get", "receives.list", "request"}:
                continue  # the URL is then the caller's httpx client's to log, as the documentation says
            shown, _ = await observe(behave, road, call)
            assert (name, leaks(shown)) == (name, [])
        ours = [record for record in caplog.records if not (road != "lanes" and record.name.startswith("httpcore"))]
        assert leaks([f"{record.getMessage()} {record.__dict__}" for record in ours]) == []
        requests = [r.getMessage() for r in caplog.records if "send_request" in r.getMessage()]
        assert leaks(requests) == []

    @pytest.mark.parametrize("kind", ["refused", "reset", "timeout"])
    async def test_nothing_secret_is_shown_when_the_connection_fails(
        self, kind: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """So too without an answer."""
        caplog.set_level(logging.DEBUG)

        async def handle(_: RawRequest, stream: ByteStream) -> object:
            if kind == "reset":
                await reset(stream)
            else:
                await anyio.sleep_forever()
            return False

        async with raw_gateway(handle) as gateway:
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
    async def test_a_traceback_with_locals_shows_nothing_of_the_core(self, name: str) -> None:
        """Tools that print the locals of every frame, as rich does, find nothing secret in the core's."""
        _, caught = await observe(echo(422), "lanes", CALLS[name])
        assert (caught is None) == (name == "sms.send_bulk")
        assert caught is None or leaks(locals_of_core(caught)) == []

    async def test_a_cancelled_call_shows_no_token(self) -> None:
        """A traceback with locals from the depth of the wire holds neither token nor text."""

        async def hang(_: RawRequest, _stream: ByteStream) -> object:
            await anyio.sleep_forever()
            return False

        lines: list[str] = []
        async with raw_gateway(hang) as gateway, connected(gateway.url) as (client, _, _ear):
            with anyio.move_on_after(0.03):
                try:
                    await client.request("GET", "x", params={"q": TEXT, "to": NUMBER})
                except anyio.get_cancelled_exc_class() as error:
                    lines = list(locals_of_core(error))
                    raise
        assert any("_receive" in line for line in lines)
        assert leaks(lines) == []

    async def test_holoo_get_has_its_secrets_on_the_wire_alone(self, caplog: pytest.LogCaptureFixture) -> None:
        """The legacy road's URL holds the token; httpx, its hooks and its log have it without."""
        caplog.set_level(logging.DEBUG)
        hooked: list[str] = []

        async def hook(request: httpx.Request) -> None:
            hooked.append(str(request.url))

        targets: list[tuple[str, dict[str, str]]] = []

        async def handle(request: RawRequest, _: ByteStream) -> object:
            targets.append((request.target, request.headers))
            return answer({"data": {}})

        async with raw_gateway(handle) as gateway, connected(gateway.url) as (client, _, _ear):
            client.http_client.event_hooks["request"].append(hook)
            await client.holoo.send_get(NUMBER, TEXT)
        assert hooked == [f"{gateway.url}/api/v1/service/holoo"]
        ((target, headers),) = targets
        assert target.startswith("/api/v1/service/holoo?username=shop&password=")
        assert f"to={NUMBER}" in target
        assert headers == {"host": f"127.0.0.1:{gateway.port}"}
        urls = [record.getMessage() for record in caplog.records if record.name == "httpx"]
        assert urls == [f'HTTP Request: GET {gateway.url}/api/v1/service/holoo "HTTP/1.1 200 OK"']

    async def test_a_client_is_not_pickled_or_copied(self) -> None:
        """A client holds the token, so it refuses."""
        client = AsyncWikipayam(TOKEN)
        for refuse in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="cannot be pickled") as caught:
                refuse(client)
            assert TOKEN not in str(caught.value)

    async def test_the_environment_plays_no_part(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Proxies, netrc and certificate files of the environment are not used; an explicit proxy is."""
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
            async with raw_gateway(handle, tls=tls) as gateway, connected(gateway.url) as (client, _, _ear):
                await client.balance()
            assert gateway.requests[0].headers["authorization"] == "Bearer token-5f3a9c"
            assert gateway.requests[0].target == "/api/v1/user/balance"

    async def test_the_default_trusts_public_authorities_alone(self) -> None:
        """A server of an authority of its own is not trusted unless `ssl_context` says so."""

        async def handle(_: RawRequest, _stream: ByteStream) -> object:
            return answer({})

        async with (
            raw_gateway(handle, tls=server_tls()) as gateway,
            connected(gateway.url, ssl_context=None) as (client, _, _ear),
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
        """Plain http is for loopback alone, and nothing secret belongs into the URL; the error quotes none of it."""
        with pytest.raises(ConfigurationError, match="base_url") as caught:
            AsyncWikipayam(TOKEN, base_url=url)
        assert leaks(shown_of(caught.value)) == []

    @pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:80", "https://a.b/c"])
    async def test_a_base_url_that_keeps_the_token_is_taken(self, url: str) -> None:
        """Https to anywhere, http to this machine."""
        client = AsyncWikipayam(TOKEN, base_url=url)
        assert client._options.origin.url == url.removesuffix(":80")

    @pytest.mark.parametrize("bad", [f"{TOKEN}\r\nX: y", f"{TOKEN} ", f"{TOKEN}\u06f1", f"{TOKEN}\x00", "", "\n"])
    async def test_a_token_that_cannot_stand_in_a_header_is_refused_unquoted(self, bad: str) -> None:
        """A token is visible ASCII; the error tells its shape, not its letters."""
        with pytest.raises(ConfigurationError, match="token") as caught:
            AsyncWikipayam(bad)
        assert leaks(shown_of(caught.value)) == []

    @pytest.mark.parametrize(
        "bad", ["../user/balance", "a/b", "a?x=1", "a#b", "", "a b", "a\r\nb", "%2e", "x" * 65, "\u06f1"]
    )
    async def test_an_id_cannot_change_the_path(self, bad: str) -> None:
        """Ids are letters, digits, `-` and `_` before they enter a path; nothing else reaches the wire."""
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
    async def test_a_path_of_ones_own_cannot_leave_the_prefix(self, bad: str) -> None:
        """`client.request` takes plain segments alone."""
        client = AsyncWikipayam(TOKEN, base_url="http://127.0.0.1:1")
        with pytest.raises(InvalidInputError, match="path"):
            await client.request("GET", bad)

    async def test_an_answers_redirect_does_not_carry_the_token_away(self) -> None:
        """Neither the own lanes nor a foreign client that follows redirects take the token elsewhere."""
        seen: list[RawRequest] = []

        async def trap(request: RawRequest, _: ByteStream) -> object:
            seen.append(request)
            return answer({})

        async with raw_gateway(trap) as other:

            async def handle(_: RawRequest, _stream: ByteStream) -> object:
                return answer({}, 307, {"Location": other.url})

            async with raw_gateway(handle) as gateway:
                for road in ("lanes", "pool", "transport"):
                    async with connected(gateway.url, road) as (client, _, _ear):
                        if road == "pool":
                            carrier: Any = client._carrier
                            carrier.http.follow_redirects = True
                        with pytest.raises(WikipayamError):
                            await client.balance()
        assert seen == []

    async def test_an_error_of_the_token_names_no_token(self) -> None:
        """401 says what to do, and nothing else."""

        async def handle(_: RawRequest, _stream: ByteStream) -> object:
            return answer({"message": f"Token {TOKEN} is wrong"}, 401)

        async with raw_gateway(handle) as gateway, AsyncWikipayam(TOKEN, base_url=gateway.url) as client:
            with pytest.raises(AuthenticationError) as caught:
                await client.balance()
        assert str(caught.value) == (
            'account.balance: the gateway answered 401; "Token *** is wrong"; check the token (panel: profile, API token)'
        )

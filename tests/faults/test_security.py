"""No value of a caller leaves its place in the request, and no setting sends the token to another host."""

from __future__ import annotations

import contextlib
import pickle
import re
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import attrs
import httpx
import pytest
from anyio.abc import ByteStream
from hypothesis import example, given
from hypothesis import strategies as st

import wikipayam_async
from tests.support.raw import RawRequest, raw_gateway
from tests.support.secrets import CODE, ID, NUMBER, TEXT, TOKEN, accept, client_for, leaks
from wikipayam_async import (
    APIStatusError,
    AsyncWikipayam,
    BulkReport,
    ConfigurationError,
    InvalidInputError,
    OtpMessage,
    SendingHours,
    SendResult,
    SendStatus,
    SentMessage,
    SmsMessage,
    Statistics,
    UnknownOutcomeError,
)
from wikipayam_async.core.httpx_transport import LaneTransport
from wikipayam_async.core.operation import Call, Operation, Replay
from wikipayam_async.core.options import Origin, read_token
from wikipayam_async.core.wire import encode_request

pytestmark = pytest.mark.anyio

HEAD = {"host", "accept", "accept-encoding", "user-agent", "content-type", "authorization", "content-length"}
BREAKERS = (
    "\r\nX-Evil: 1",
    "\nX-Evil: 1",
    "\rX-Evil: 1",
    "\x00",
    "\u2028X-Evil: 1",
    "\x85X-Evil: 1",
    "\u560d\u560aX-Evil",
)


def head_of(client: AsyncWikipayam) -> list[str]:
    """Return the head of a client's request, as lines."""
    operation = Operation("x", "GET", "user/balance", Replay.READ)
    outgoing = client._pipeline._requests.build(Call(operation=operation, read=lambda data: data))
    raw = bytes(encode_request(outgoing)).decode("latin-1")
    head, _, rest = raw.partition("\r\n\r\n")
    assert rest == ""
    return re.split("[\r\n]+", head)


@given(token=st.text(min_size=1), application=st.none() | st.text())
@example(token=TOKEN, application="shop/2.1 (remark)")
@example(token=TOKEN + "\r\nX: y", application=None)
@example(token=TOKEN, application="shop\r\nX: y")
@example(token=TOKEN, application="shop/1 (a\nb)")
def test_a_token_or_application_stays_in_its_header(token: str, application: str | None) -> None:
    """Any token and application are refused or fill exactly one header line each."""
    try:
        client = AsyncWikipayam(token, base_url="http://127.0.0.1:1", application=application)
    except ConfigurationError:
        return
    names = [line.partition(":")[0] for line in head_of(client)[1:]]
    assert names == ["Host", "Accept", "Accept-Encoding", "User-Agent", "Authorization"]


@pytest.mark.parametrize("breaker", BREAKERS)
async def test_a_value_cannot_break_out_of_the_request(breaker: str) -> None:
    """Values with line breaks are refused or stay inside the body or the query."""
    calls: list[Callable[[AsyncWikipayam], Awaitable[object]]] = [
        lambda client: client.sms.send(NUMBER, TEXT + breaker, track_id="t" + breaker),
        lambda client: client.sms.send(NUMBER, TEXT + breaker, sender="1000" + breaker),
        lambda client: client.sms.send(NUMBER + breaker, TEXT, normalize=False, validate=False),
        lambda client: client.sms.send(NUMBER, TEXT + breaker),
        lambda client: client.otp.send(NUMBER, CODE, track_id="t" + breaker),
        lambda client: client.voice.send(NUMBER, CODE + breaker),
        lambda client: client.holoo.send_via_url(NUMBER, TEXT + breaker, username="u" + breaker),
        lambda client: client.holoo.send_via_url(NUMBER, TEXT + breaker),
        lambda client: client.receives.mark_read([ID, ID + breaker]),
        lambda client: client.receives.delete(ID + breaker),
        lambda client: client.receives.get(ID + breaker),
        lambda client: client.receives.list(sender=breaker, search=breaker),
        lambda client: client.sms.delivery_status([ID + breaker]),
        lambda client: client.request("GET", "x", params={"a" + breaker: breaker}),
        lambda client: client.request("POST", "x", json={"a" + breaker: breaker}),
        lambda client: client.request("GET", "x" + breaker),
        lambda client: client.request("GET" + breaker, "x"),
    ]

    async def handle(request: RawRequest, _: ByteStream) -> object:
        return accept(request)

    refused = 0
    async with raw_gateway(handle) as gateway, client_for(gateway.url) as client:
        for call in calls:
            try:
                await call(client)
            except InvalidInputError:
                refused += 1
    assert len(gateway.requests) + refused == len(calls)
    assert refused >= 7
    assert set().union(*(request.headers for request in gateway.requests)) <= HEAD
    assert [
        one.target for one in gateway.requests if not re.fullmatch(r"[!-~]+", one.target) or "Evil:" in one.target
    ] == []


SNEAKY_PATHS = (
    ".", "..", "../x", "a/..", "a/../b", "a/./b", "/../x", "//evil.example/x", "a//b", "a/", "/", "", "a b", "a?b=c",
    "a#b", "a%2fb", "%2e%2e/x", "a\\b", "..\\x", "http://evil.example/", "https:evil", "@evil.example", "a;b=c", "a:80",
    "a\x00", "a\n", "a\r\nX: y", "\uff0e\uff0e/x", "a\u2215b", "a\uff0fb", "\u2024\u2024/x", "\u06f1", "a\u200d", "*",
)  # fmt: skip


@pytest.mark.parametrize("path", SNEAKY_PATHS)
async def test_a_path_cannot_leave_the_prefix(path: str) -> None:
    """A path or an id that could leave the prefix is refused before anything is sent."""
    client = client_for("http://127.0.0.1:1")
    with pytest.raises(InvalidInputError, match=r"^path: "):
        await client.request("GET", path)
    with pytest.raises(InvalidInputError, match=r"^id: "):
        await client.receives.get(path)


@given(path=st.text() | st.from_regex(r"[/a.%\\?#@:~_-]{1,12}", fullmatch=True))
def test_an_accepted_path_is_sent_unchanged(path: str) -> None:
    """A path that is not refused is sent unchanged below the prefix, in unambiguous segments."""
    targets: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        targets.append(request.url.raw_path.decode())
        return httpx.Response(200, json={"data": 1})

    async def request() -> None:
        client = AsyncWikipayam(TOKEN, base_url="http://127.0.0.1:1", transport=httpx.MockTransport(handle))
        async with client:
            with contextlib.suppress(InvalidInputError):
                await client.request("GET", path)

    anyio.run(request)
    safe = re.compile(r"/api/v1(?:/[\w~-][\w.~-]*)+", re.ASCII)
    assert [one for one in targets if one != f"/api/v1/{path.lstrip('/')}" or not safe.fullmatch(one)] == []


BASE_URLS: dict[str, str | None] = {
    "https://wikipayam.ir": "https://wikipayam.ir",
    "HTTPS://WikiPayam.IR:443/": "https://wikipayam.ir",
    "https://wikipayam\u3002ir": "https://wikipayam.ir",
    "https://پیام.ir": "https://xn--mgb4dri0l.ir",
    "https://w\u0456kipayam.ir": "https://xn--wkipayam-thh.ir",
    "https://a.example/sub/": "https://a.example/sub",
    "http://127.0.0.1:8026": "http://127.0.0.1:8026",
    "http://127.8.9.10": "http://127.8.9.10",
    "http://[::1]:80": "http://[::1]",
    "http://\uff11\uff12\uff17.0.0.1": "http://127.0.0.1",
    "http://localhost:1": "http://localhost:1",
    "http://wikipayam.ir": None,
    "http://0.0.0.0": None,
    "http://127.1": None,
    "http://0x7f000001": None,
    "http://2130706433": None,
    "http://localhost.": None,
    "http://localhost.evil.example": None,
    "http://127.0.0.1.evil.example": None,
    "http://127.0.0.1@evil.example": None,
    "http://evil.example\\@127.0.0.1": None,
    "http://127.0.0.1\\.evil.example": None,
    "http://127.0.0.1%00.evil.example": None,
    "http://localhost%2eevil.example": None,
    "http://[::1%25lo]": None,
    "http://[::1% x]": None,
    "http://[::1%\u06f1]": None,
    "http://[::1].evil.example": None,
    "https://u@wikipayam.ir": None,
    "https://u:p@wikipayam.ir": None,
    "https://@wikipayam.ir": None,
    "https://wikipayam.ir?": None,
    "https://wikipayam.ir#": None,
    "https://wikipayam.ir/?a=b": None,
    "https://wikipayam.ir/%2e%2e": None,
    "https://wikipayam.ir/..": None,
    "https://wikipayam.ir:-1": None,
    "https://wikipayam.ir:99999": None,
    "https://wiki payam.ir": None,
    "https://wikipayam.ir\x00": None,
    "https://": None,
    "//wikipayam.ir": None,
    "wikipayam.ir": None,
    "ftp://wikipayam.ir": None,
    "file:///etc/passwd": None,
    "javascript:alert(1)": None,
    "": None,
}


@pytest.mark.parametrize("url", BASE_URLS)
def test_the_token_is_never_sent_in_clear_text(url: str) -> None:
    """A base URL is https to any host or http to loopback; everything else is refused."""
    try:
        accepted: str | None = Origin.parse(url).url
    except ConfigurationError:
        accepted = None
    assert accepted == BASE_URLS[url]


PIECES = st.sampled_from(
    ["http", "https", "://", ":", "/", "127.0.0.1", "localhost", "[::1]", "[::1%", "]", "@", "\\", "?", "#", "%", ".", "..",
     "evil", "۱", "\uff0e", "\u2100", " ", "\n", "\t", "\x00", "80", "-", "xn--", "\u00df", "é"]
)  # fmt: skip


@given(url=st.lists(PIECES, max_size=9).map("".join) | st.text().map("http://".__add__))
def test_any_base_url_is_refused_or_safe(url: str) -> None:
    """A base URL that is accepted is plain ASCII, and https or loopback."""
    try:
        origin = Origin.parse(url)
    except ConfigurationError:
        return
    assert re.fullmatch(r"https?://(?:[0-9a-z.-]+|\[[0-9a-f:.]+\])(?::\d+)?(?:/[\w.~-]+)*", origin.url, re.ASCII)
    assert origin.scheme == "https" or origin.host in {"localhost", "::1"} or origin.host.startswith("127.")


FULL = {
    "extra": {"text": TEXT},
    "sender": NUMBER,
    "receiver": NUMBER,
    "message": TEXT,
    "code": CODE,
    "data": {"t": TEXT},
}
VALUES: dict[Any, Any] = {
    "user_name": NUMBER, "filters": {"sender": NUMBER, "search": TEXT}, "receives": (), "statuses": {}, "messages": (),
} | FULL  # fmt: skip


PLAIN: dict[str, dict[str, Any]] = {
    "OutgoingMessage": {"message": SmsMessage(NUMBER, TEXT, note=TEXT)},
    "SentMessage": {"sender": "10002000"},  # a line is not secret
    "ReceivedMessage": {"receiver": "10002000"},
    "DeleteResult": {"message": "All read receives have been deleted"},  # the request has nothing to repeat
}


def public_instances() -> dict[str, object]:
    """Return an instance of every public class that can hold a secret, with a secret in every such field."""
    sms = SmsMessage(NUMBER, TEXT, note=TEXT)
    instances: dict[str, object] = {
        "AsyncWikipayam": AsyncWikipayam(TOKEN, username=NUMBER, base_url="http://127.0.0.1:1"),
        "LaneTransport": LaneTransport(proxy=f"http://u:{TOKEN}@127.0.0.1:1"),
        "Statistics": Statistics({"text": TEXT}),
        "BulkReport": BulkReport([SendResult(0, sms, SendStatus.ACCEPTED)]),
        "SendResult": SendResult(0, sms, SendStatus.ACCEPTED),
        "SmsMessage": sms,
        "OtpMessage": OtpMessage(NUMBER, CODE),
        "SendingHours": SendingHours("08:00", "21:00", "Asia/Tehran"),
    }
    for name in wikipayam_async.__all__:
        cls = getattr(wikipayam_async, name)
        if name not in instances and isinstance(cls, type) and attrs.has(cls):
            values = VALUES | PLAIN.get(name, {})
            fields = attrs.fields(cls)
            instances[name] = cls(
                **{a.name: values.get(a.name, "x") for a in fields if a.name in values or a.default is attrs.NOTHING}
            )
    return instances


@pytest.mark.parametrize("name", sorted(public_instances()))
def test_no_public_class_shows_a_secret_when_it_is_printed(name: str) -> None:
    """The `repr` and `str` of every public class mask texts, codes, numbers and the token."""
    one = public_instances()[name]
    assert leaks([repr(one), str(one), f"{one}", repr([one]), repr({"x": one})]) == []


def test_only_models_are_pickled_with_their_content() -> None:
    """Clients and tokens are not pickled, a pickled error holds no message, and a pickled model is complete."""
    client = AsyncWikipayam(TOKEN, base_url="http://127.0.0.1:1")
    for secret in (client, client.sms, client._options, client._options.token, read_token(TOKEN, {})):
        with pytest.raises(TypeError, match="cannot be pickled") as caught:
            pickle.dumps(secret)
        assert leaks([str(caught.value)]) == []
    sms = SmsMessage(NUMBER, TEXT)
    for error in (
        UnknownOutcomeError("x", messages=[sms], track_ids=["t"], accepted=[SentMessage("69e5", receiver=NUMBER)]),
        APIStatusError("x", status_code=422, headers={"x": TEXT}),
        wikipayam_async.BulkError("x", report=BulkReport([SendResult(0, sms, SendStatus.REJECTED)])),
    ):
        assert leaks([pickle.dumps(error).decode("latin-1")]) == []
    assert pickle.loads(pickle.dumps(sms)) == sms  # noqa: S301 - the pickle was made here

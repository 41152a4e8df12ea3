from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import anyio
import httpx
import pytest
from anyio.abc import ByteStream

from tests.support.raw import RawRequest, answer, raw_gateway
from wikipayam_async import (
    AsyncWikipayam,
    AuthenticationError,
    ConfigurationError,
    HolooResult,
    InvalidInputError,
    SmsMessage,
    UnknownOutcomeError,
    UnprocessableError,
)
from wikipayam_async.core.httpx_transport import LaneTransport
from wikipayam_async.emulator import DEFAULT_TOKEN, DEFAULT_USERNAME, Emulator, EmulatorTransport, Fault, When
from wikipayam_async.services.holoo import HolooService

pytestmark = pytest.mark.anyio

RECEIVER = "09123456789"
NOTHING: tuple[object, ...] = (None, 0, -1, "0", "-1", "", " ", "null", False, True, 0.0, {}, [])
METHODS = pytest.mark.parametrize("name", ["send", "send_via_url"])
ID = "69e5eeab439260d336015405"


def emulated(**options: Any) -> tuple[AsyncWikipayam, Emulator]:
    """Return an emulator and its client."""
    emulator = Emulator()
    given: dict[str, Any] = {"sender": "10002000", "username": DEFAULT_USERNAME} | options
    return AsyncWikipayam(DEFAULT_TOKEN, transport=EmulatorTransport(emulator), **given), emulator


def method_of(client: AsyncWikipayam, name: str) -> Callable[..., Awaitable[HolooResult]]:
    """Return one of the two methods."""
    method: Callable[..., Awaitable[HolooResult]] = getattr(client.holoo, name)
    return method


async def result_from(name: str, body: Any) -> HolooResult | None:
    """Return the result read from an answer; None if the outcome is unknown."""

    async def handler(_: RawRequest, __: ByteStream) -> bytes:
        return answer(body)

    async with (
        raw_gateway(handler) as gateway,
        AsyncWikipayam("t", sender="1", username="u", base_url=gateway.url) as client,
    ):
        try:
            return await method_of(client, name)(RECEIVER, "m")
        except UnknownOutcomeError:
            return None
        finally:
            assert len(gateway.requests) == 1


async def test_the_documented_post() -> None:
    """The POST carries the documented object with the token as password, and the usual headers."""

    async def handler(_: RawRequest, __: ByteStream) -> bytes:
        return answer({"data": {"id": ID}})

    async with (
        raw_gateway(handler) as gateway,
        AsyncWikipayam("secret", sender="10002000", username="09120000000", base_url=gateway.url) as client,
    ):
        result = await client.holoo.send("+98 912 345 6789", "سلام ")
    (request,) = gateway.requests
    assert (request.method, request.target) == ("POST", "/api/v1/service/holoo")
    assert request.json == {
        "username": "09120000000",
        "password": "secret",
        "from": "10002000",
        "to": "09123456789",
        "message": "سلام ",
    }
    names = ("authorization", "accept", "accept-encoding", "content-type")
    assert [request.headers.get(name) for name in names] == [
        "Bearer secret",
        "application/json",
        "identity",
        "application/json",
    ]
    assert result == HolooResult(ID, data={"id": ID})


async def test_the_documented_get() -> None:
    """The GET carries everything in its query and none of the usual headers, not even the token's."""

    async def handler(_: RawRequest, __: ByteStream) -> bytes:
        return answer({"data": {"id": ID}})

    async with (
        raw_gateway(handler) as gateway,
        AsyncWikipayam("secret", sender="10002000", username="09120000000", base_url=gateway.url) as client,
    ):
        result = await client.holoo.send_via_url("+98 912 345 6789", "سلام می\u200cکنم + & = % # ? ۱۲ ")
    (request,) = gateway.requests
    parts = urlsplit(request.target)
    assert (request.method, parts.path, request.body) == ("GET", "/api/v1/service/holoo", b"")
    assert parse_qsl(parts.query) == [
        ("username", "09120000000"),
        ("password", "secret"),
        ("from", "10002000"),
        ("to", "09123456789"),
        ("message", "سلام می\u200cکنم + & = % # ? ۱۲ "),
    ]
    assert set(request.headers) == {"host"}
    assert result == HolooResult(ID, data={"id": ID})


@METHODS
async def test_on_the_emulator(name: str) -> None:
    """Both methods send one message, and arguments precede the client's settings."""
    client, emulator = emulated(username="somebody")
    async with client:
        send = method_of(client, name)
        result = await send("0098 912 345 6789", "👍 m ", sender="100010000", username=DEFAULT_USERNAME)
        await send("+989120000000", "m", username=DEFAULT_USERNAME, normalize=False)
        with pytest.raises(AuthenticationError):
            await send(RECEIVER, "m")
        with pytest.raises(UnprocessableError):
            await send(RECEIVER, "m", sender="5000", username=DEFAULT_USERNAME)
    first, second = emulator.ledger
    assert (first.sender, first.receiver, first.message, first.id) == ("100010000", RECEIVER, "👍 m ", result.id)
    assert (second.sender, second.receiver) == ("10002000", "+989120000000")


@METHODS
@pytest.mark.parametrize("missing", ["sender", "username"])
async def test_gaps_in_the_configuration(name: str, missing: str) -> None:
    """A missing line or user name is a configuration error, and no request is sent."""
    options: dict[str, Any] = {missing: None}
    client, emulator = emulated(**options)
    async with client:
        with pytest.raises(ConfigurationError, match=missing):
            await method_of(client, name)(RECEIVER, "m")
    assert emulator.requests == 0


@METHODS
@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"receiver": "12"}, "receiver"),
        ({"receiver": "\n", "normalize": False}, "receiver"),
        ({"message": ""}, "message"),
        ({"message": "half \ud83d"}, "message"),
        ({"message": 7}, "message"),
        ({"sender": " "}, "sender"),
        ({"sender": 5000}, "sender"),
        ({"username": 9123456789}, "username"),
        ({"username": "a\r\nb"}, "username"),
        ({"username": "\ud800"}, "username"),
    ],
)
async def test_bad_arguments(name: str, arguments: dict[str, Any], field: str) -> None:
    """The error names the invalid argument, and no request is sent."""
    client, emulator = emulated()
    given: dict[str, Any] = {"receiver": RECEIVER, "message": "m"} | arguments
    async with client:
        with pytest.raises(InvalidInputError) as caught:
            await method_of(client, name)(**given)
    assert (caught.value.field, emulator.requests) == (field, 0)


@METHODS
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"data": {"id": ID, "message": "ok"}}, HolooResult(ID, "ok", {"id": ID, "message": "ok"})),
        ({"id": 12}, HolooResult("12", data={"id": 12})),
        ({"id": ID, "success": True}, HolooResult(ID, data={"id": ID, "success": True}, extra={"success": True})),
        ({"data": [{"id": ID}]}, HolooResult(ID, data=[{"id": ID}])),
        ({"status": 1}, None),
        ({"data": "sent"}, None),
        ({"data": None}, None),
        ([], None),
        ([[]], None),
        (1, None),
        ("OK", None),
        ({"id": [1], "message": 5}, None),
        ({"id": ID, "success": False}, None),
        ({"id": ID, "status": "error"}, None),
        ({"id": ID, "error": "no credit"}, None),
        ([{"id": ID}, {"id": "other"}], None),
        *(({"id": nothing}, None) for nothing in NOTHING),
    ],
)
async def test_any_answer(name: str, body: Any, expected: HolooResult | None) -> None:
    """An answer is told as accepted only if it names an id and reports no failure; it is then kept unchanged."""
    assert await result_from(name, body) == expected


SAID: dict[str, tuple[object, str]] = {
    "null": (None, "null"),
    "a word": (b'"ERROR"', "ERROR"),
    "a list": ([], "[]"),
    "zero": (0, "0"),
    "minus one": (-1, "-1"),
    "false": (False, "false"),
    "an empty text": (b'""', '""'),
    "an empty object": ({}, "{}"),
    "a message": ({"success": False, "message": "اعتبار کافی نیست"}, "اعتبار کافی نیست"),
    "a status": ({"status": "error"}, '{"status":"error"}'),
    "no id": ({"id": None}, '{"id":null}'),
    "an error": ({"data": {"error": "no line"}}, "no line"),
    "the request": ({"message": f"{RECEIVER}: the text is bad"}, "***: *** is bad"),
    "a page": (b"<html><head><title>x</title></head><body><h1>Wrong&nbsp;user</h1></body></html>", "Wrong user"),
    "plain text": (b"ERR 5", "ERR 5"),
    "an item": ({"message": "somebody's", "sender": "1000"}, '"..."'),
}


@METHODS
@pytest.mark.parametrize("kind", SAID)
async def test_an_answer_that_names_no_id_is_unknown_and_quoted(name: str, kind: str) -> None:
    """Whatever a 200 says instead of an id, the outcome is unknown, nothing is sent again, and the error quotes it."""
    body, said = SAID[kind]

    async def handler(_: RawRequest, __: ByteStream) -> bytes:
        if isinstance(body, bytes):
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        return answer(body)

    async with (
        raw_gateway(handler) as gateway,
        AsyncWikipayam("t0ken", sender="1000200", username="user1", base_url=gateway.url) as client,
    ):
        with pytest.raises(UnknownOutcomeError) as caught:
            await method_of(client, name)(RECEIVER, "the text")
    assert f'gateway said "{said}"' in str(caught.value)
    assert (len(gateway.requests), caught.value.messages) == (1, (SmsMessage(RECEIVER, "the text", sender=None),))


class TestUrlInLogs:
    """`send_via_url` over connections of the caller's own, which log its URL."""

    @pytest.mark.parametrize("passed", ["http_client", "transport"])
    async def test_it_is_refused(self, passed: str, caplog: pytest.LogCaptureFixture) -> None:
        """Nothing is sent and nothing is logged, and the error names the way out."""
        caplog.set_level("DEBUG")

        async def handler(_: RawRequest, __: ByteStream) -> bytes:
            return answer({"id": ID})

        own = httpx.AsyncClient(trust_env=False) if passed == "http_client" else httpx.AsyncHTTPTransport()
        options: dict[str, Any] = {passed: own}
        async with (
            raw_gateway(handler) as gateway,
            AsyncWikipayam("t0ken", sender="1", username="u", base_url=gateway.url, **options) as client,
        ):
            for derived in (client, client.with_options(timeout=1)):
                with pytest.raises(ConfigurationError, match="allow_url_in_logs=True"):
                    await derived.holoo.send_via_url(RECEIVER, "m")
            assert (await client.holoo.send(RECEIVER, "m")).id == ID
            assert [request.method for request in gateway.requests] == ["POST"]
            result = await client.holoo.send_via_url(RECEIVER, "m", allow_url_in_logs=True)
        await own.aclose()
        assert (result.id, [request.method for request in gateway.requests]) == (ID, ["POST", "GET"])
        logged = [record.getMessage() for record in caplog.records if record.name == "httpx"]
        assert ["t0ken" in line for line in logged] == [False, True]

    async def test_it_is_allowed_on_lanes_of_the_caller(self) -> None:
        """A `LaneTransport` keeps the URL to itself, so that no permission is needed."""

        async def handler(_: RawRequest, __: ByteStream) -> bytes:
            return answer({"id": ID})

        async with (
            raw_gateway(handler) as gateway,
            AsyncWikipayam("t", sender="1", username="u", base_url=gateway.url, transport=LaneTransport()) as client,
        ):
            assert (await client.holoo.send_via_url(RECEIVER, "m")).id == ID


@METHODS
@pytest.mark.parametrize("fault", [Fault.html(200, when=When.AFTER), Fault.status(502, when=When.AFTER), Fault.reset()])
async def test_lost_answers(name: str, fault: Fault) -> None:
    """If the answer is lost or unreadable, the outcome is unknown; nothing is sent again."""
    client, emulator = emulated()
    emulator.faults.arm(fault)
    async with client:
        with pytest.raises(UnknownOutcomeError) as caught:
            await method_of(client, name)(RECEIVER, "m", sender="10002000")
    assert caught.value.messages == (SmsMessage(RECEIVER, "m", sender="10002000"),)
    assert caught.value.track_ids == (None,)
    assert (emulator.accepted, emulator.requests) == (1, 1)


async def test_the_legacy_name() -> None:
    """`send_get` is `send_via_url` under its legacy name."""
    client, emulator = emulated()
    async with client:
        await client.holoo.send_get(RECEIVER, "m", sender="100010000")
    assert HolooService.send_get is HolooService.send_via_url
    assert [entry.sender for entry in emulator.ledger] == ["100010000"]
    assert emulator.request_counts == {("GET", "/service/holoo"): 1}


@METHODS
async def test_a_receiver_is_not_validated(name: str) -> None:
    """With `normalize=False` a foreign number is still refused; with `validate=False` it is sent."""
    client, emulator = emulated()
    async with client:
        with pytest.raises(InvalidInputError, match=r"^receiver: expected an Iranian mobile number"):
            await method_of(client, name)("+1 800", "m", normalize=False)
        with pytest.raises(UnprocessableError):
            await method_of(client, name)("+1 800", "m", validate=False)
    assert emulator.requests == 1


FAILURES: list[tuple[str, object]] = [
    *(
        ("status", word)
        for word in ("-1", "0", "error", "fail", "failed", "failure", "false", "invalid", "ko", "rejected")
    ),
    *(("status", value) for value in (0, -1, False, " Failed ")),
    *(("success", "false"), ("ok", False), ("ok", "ko"), ("success", 0)),
    *(("error", "no credit"), ("error", {"code": 1}), ("errors", ["no credit"]), ("errors", {"to": ["bad"]})),
]
NO_FAILURES: list[tuple[str, object]] = [
    *(("status", value) for value in ("ok", "success", "sent", 1, 200, True, None)),
    *(
        ("success", True),
        ("ok", "yes"),
        ("error", None),
        ("error", ""),
        ("errors", []),
        ("errors", {}),
        ("state", "failed"),
    ),
]


@pytest.mark.parametrize(("field", "value"), FAILURES)
async def test_an_answer_with_an_id_that_reports_a_failure(field: str, value: object) -> None:
    """The outcome is unknown: the answer contradicts itself."""
    assert await result_from("send", {"id": ID, field: value}) is None


@pytest.mark.parametrize(("field", "value"), NO_FAILURES)
async def test_an_answer_with_an_id_that_reports_no_failure(field: str, value: object) -> None:
    """Other words, and fields that are empty, are kept in `extra`."""
    result = HolooResult(ID, data={"id": ID, field: value}, extra={field: value})
    assert await result_from("send", {"id": ID, field: value}) == result


@METHODS
async def test_the_errors_say_what_to_do(name: str) -> None:
    """A missing or impossible user name is named without being shown."""
    client, _ = emulated(username=None)
    async with client:
        with pytest.raises(ConfigurationError) as missing:
            await method_of(client, name)(RECEIVER, "m")
        with pytest.raises(InvalidInputError) as impossible:
            await method_of(client, name)(RECEIVER, "m", username="a\nb")
    assert [str(one.value) for one in (missing, impossible)] == [
        "username: none given; pass username=..., or set it on the client or in SMS_USERNAME",
        "username: expected a name without control characters; got a string of 3 characters with letters, spaces",
    ]


async def test_the_error_of_a_url_that_would_be_logged() -> None:
    """It says what was not done, why, and both ways out."""
    async with (
        httpx.AsyncClient(trust_env=False) as own,
        AsyncWikipayam("t0ken", sender="1", username="u", http_client=own) as client,
    ):
        with pytest.raises(ConfigurationError) as caught:
            await client.holoo.send_via_url(RECEIVER, "m")
    assert str(caught.value) == (
        "holoo.send_via_url: not sent: the URL holds the token, the number and the text, and a client of your own "
        "(http_client=... or transport=...) shows it to httpx's log and to tracing tools; use holoo.send, or pass "
        "allow_url_in_logs=True"
    )


@METHODS
async def test_a_call_has_a_time_out_of_its_own(name: str) -> None:
    """It ends the wait for the answer; the outcome is unknown."""

    async def hang(_: RawRequest, __: ByteStream) -> bytes:
        await anyio.sleep_forever()
        return b""

    async with (
        raw_gateway(hang) as gateway,
        AsyncWikipayam("t", sender="1", username="u", base_url=gateway.url, timeout=60) as client,
    ):
        with anyio.fail_after(10), pytest.raises(UnknownOutcomeError):
            await method_of(client, name)(RECEIVER, "m", timeout=0.1)

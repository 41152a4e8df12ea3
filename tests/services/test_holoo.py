from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

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
from wikipayam_async.emulator import DEFAULT_TOKEN, DEFAULT_USERNAME, Emulator, EmulatorTransport, Fault, When
from wikipayam_async.services.holoo import HolooService

pytestmark = pytest.mark.anyio

RECEIVER = "09123456789"
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
        ({"data": [{"id": ID}]}, HolooResult(ID, data=[{"id": ID}])),
        ({"status": 1}, HolooResult(data={"status": 1}, extra={"status": 1})),
        ({"data": "sent"}, HolooResult(data="sent")),
        ({"data": None}, HolooResult()),
        ([], HolooResult(data=[])),
        ([[]], HolooResult(data=[[]])),
        (1, HolooResult(data=1)),
        ("OK", None),
        ({"id": [1], "message": 5}, HolooResult(data={"id": [1], "message": 5})),
    ],
)
async def test_any_answer(name: str, body: Any, expected: HolooResult | None) -> None:
    """Any JSON counts as a success, is kept unchanged, and gives the id if it has one."""
    assert await result_from(name, body) == expected


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

from __future__ import annotations

from typing import Any

import pytest
from anyio.abc import ByteStream

from tests.support.raw import RawRequest, accept_all, answer, raw_gateway
from wikipayam_async import (
    AsyncWikipayam,
    ConfigurationError,
    InvalidInputError,
    OtpMessage,
    SentMessage,
    UnknownOutcomeError,
    UnprocessableError,
)
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, EmulatorTransport, Fault, When

pytestmark = pytest.mark.anyio

RECEIVER = "09123456789"
ID = "69e5eeab439260d336015405"


def emulated(**options: Any) -> tuple[AsyncWikipayam, Emulator]:
    """Return an emulator and its client."""
    emulator = Emulator()
    return AsyncWikipayam(DEFAULT_TOKEN, transport=EmulatorTransport(emulator), **options), emulator


async def test_the_documented_call() -> None:
    """The request is the documented array of one, and the answer is read like that of an SMS."""

    async def handler(_: RawRequest, __: ByteStream) -> bytes:
        return answer({"data": [{"id": ID, "sender": "1000", "receiver": RECEIVER, "track_id": "OTP_001"}]})

    async with raw_gateway(handler) as gateway, AsyncWikipayam("secret", base_url=gateway.url) as client:
        sent = await client.otp.send(RECEIVER, "123456", otp_pattern_id=13, track_id="OTP_001")
    (request,) = gateway.requests
    assert (request.method, request.target) == ("POST", "/api/v1/otp/sms/send")
    assert request.body == (b'[{"receiver":"09123456789","code":"123456","otp_pattern_id":13,"track_id":"OTP_001"}]')
    names = ("authorization", "accept", "accept-encoding", "content-type")
    assert [request.headers.get(name) for name in names] == [
        "Bearer secret",
        "application/json",
        "identity",
        "application/json",
    ]
    assert sent == SentMessage(ID, "1000", RECEIVER, "OTP_001")


async def test_the_pattern_of_the_client() -> None:
    """A code without a pattern uses the client's; 0 is a valid pattern."""
    client, emulator = emulated(otp_pattern_id=13)
    async with client:
        sent = await client.otp.send("+98 912 345 6789", "۱۲۳۴۵")
        with pytest.raises(UnprocessableError):
            await client.otp.send(RECEIVER, "1", otp_pattern_id=0)
    (entry,) = emulator.ledger
    assert (entry.id, entry.receiver, entry.code, entry.track_id) == (sent.id, RECEIVER, "12345", sent.track_id)


async def test_no_pattern_anywhere() -> None:
    """A missing pattern is a configuration error, and no request is sent."""
    client, emulator = emulated()
    async with client:
        with pytest.raises(ConfigurationError, match="otp_pattern_id"):
            await client.otp.send(RECEIVER, "123456")
        with pytest.raises(ConfigurationError, match=r"^messages\[0\]\.otp_pattern_id"):
            await client.otp.send_many([OtpMessage(RECEIVER, "123456")])
    assert emulator.requests == 0


async def test_a_receiver_is_not_normalized() -> None:
    """With `normalize=False` a mobile is sent in the given spelling; another number is still refused."""
    client, emulator = emulated(otp_pattern_id=13)
    async with client:
        await client.otp.send("+989123456789", "1", normalize=False)
        await client.otp.send_many([OtpMessage("989123456789", "1")], normalize=False)
        with pytest.raises(InvalidInputError, match=r"^receiver: expected an Iranian mobile"):
            await client.otp.send("1800", "1", normalize=False)
    assert [entry.receiver for entry in emulator.ledger] == ["+989123456789", "989123456789"]


async def test_a_receiver_is_not_validated() -> None:
    """With `validate=False` any receiver is sent, and a mobile is still normalized."""

    async def handler(request: RawRequest, _: ByteStream) -> bytes:
        return accept_all(request)

    async with raw_gateway(handler) as gateway, AsyncWikipayam("t", otp_pattern_id=1, base_url=gateway.url) as client:
        await client.otp.send("1800", "1", validate=False)
        messages = [OtpMessage("+1 800", "1"), OtpMessage("+989123456789", "1")]
        await client.otp.send_many(messages, validate=False)
        await client.otp.send_many(messages, validate=False, normalize=False)
    assert [[item["receiver"] for item in request.json] for request in gateway.requests] == [
        ["1800"],
        ["+1 800", "09123456789"],
        ["+1 800", "+989123456789"],
    ]


async def test_many() -> None:
    """Codes are sent in one request, and the results are in their order for any order of the answer."""
    client, emulator = emulated(otp_pattern_id=13)
    emulator.faults.arm(Fault.reordered_items())
    messages = [OtpMessage(f"0912000000{index}", f"10{index}", track_id=f"T{index}") for index in range(3)]
    async with client:
        sents = await client.otp.send_many(iter(messages))
        assert await client.otp.send_many([]) == []
    assert [sent.id for sent in sents] == [entry.id for entry in emulator.ledger]
    assert [entry.code for entry in emulator.ledger] == ["100", "101", "102"]
    assert emulator.requests == 1


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"receiver": "12"}, "receiver"),
        ({"receiver": None}, "receiver"),
        ({"receiver": "", "normalize": False}, "receiver"),
        ({"code": ""}, "code"),
        ({"code": "12 34"}, "code"),
        ({"code": "1" * 33}, "code"),
        ({"code": "کد"}, "code"),
        ({"code": 1234}, "code"),
        ({"otp_pattern_id": -1}, "otp_pattern_id"),
        ({"otp_pattern_id": "13"}, "otp_pattern_id"),
        ({"otp_pattern_id": True}, "otp_pattern_id"),
        ({"track_id": ""}, "track_id"),
        ({"track_id": "\ud800"}, "track_id"),
    ],
)
async def test_bad_arguments(arguments: dict[str, Any], field: str) -> None:
    """The error names the invalid argument and does not show the code, and no request is sent."""
    client, emulator = emulated(otp_pattern_id=13)
    given: dict[str, Any] = {"receiver": RECEIVER, "code": "918273"} | arguments
    async with client:
        with pytest.raises(InvalidInputError) as caught:
            await client.otp.send(**given)
        normalize = given.pop("normalize", True)
        fields = {name: value for name, value in given.items() if name not in {"receiver", "code"}}
        with pytest.raises(InvalidInputError) as caught_too:
            await client.otp.send_many([OtpMessage(given["receiver"], given["code"], **fields)], normalize=normalize)
    assert (caught.value.field, caught_too.value.field) == (field, f"messages[0].{field}")
    assert emulator.requests == 0
    assert "918273" not in str(caught.value)


async def test_a_wrong_type_of_message() -> None:
    """A value that is not an `OtpMessage` is refused, and the error names its index."""
    client, emulator = emulated(otp_pattern_id=13)
    rows: Any = [OtpMessage(RECEIVER, "1"), "text"]
    async with client:
        with pytest.raises(InvalidInputError) as caught:
            await client.otp.send_many(rows)
    assert (caught.value.field, emulator.requests) == ("messages[1].message", 0)


@pytest.mark.parametrize(
    "data", [[], None, {}, "queued", 7, [None], [{"track_id": "T"}], [{"id": ID, "track_id": "U"}]]
)
async def test_successes_without_the_code(data: Any) -> None:
    """A success that does not mention the code leaves its outcome unknown."""

    async def handler(_: RawRequest, __: ByteStream) -> bytes:
        return answer({"data": data})

    async with raw_gateway(handler) as gateway, AsyncWikipayam("t", base_url=gateway.url) as client:
        with pytest.raises(UnknownOutcomeError) as caught:
            await client.otp.send(RECEIVER, "918273", otp_pattern_id=13, track_id="T")
    assert len(gateway.requests) == 1
    assert caught.value.track_ids == ("T",)
    assert caught.value.messages == (OtpMessage(RECEIVER, "918273", otp_pattern_id=13, track_id="T"),)
    assert "918273" not in f"{caught.value!r} {caught.value.messages}"


@pytest.mark.parametrize("data", [{"id": ID}, {"id": ID, "message": "queued"}, [{"id": ID, "track_id": "T"}]])
async def test_successes_of_other_shapes(data: Any) -> None:
    """A success with an id counts, as an object or as a list."""

    async def handler(_: RawRequest, __: ByteStream) -> bytes:
        return answer({"data": data})

    async with raw_gateway(handler) as gateway, AsyncWikipayam("t", base_url=gateway.url) as client:
        assert (await client.otp.send(RECEIVER, "1", otp_pattern_id=13, track_id="T")).id == ID


async def test_a_lost_answer() -> None:
    """If the answer is lost, the outcome is unknown, and the code is not sent again."""
    client, emulator = emulated(otp_pattern_id=13)
    emulator.faults.arm(Fault.status(502, when=When.AFTER))
    async with client:
        with pytest.raises(UnknownOutcomeError):
            await client.otp.send_many([OtpMessage(RECEIVER, "1"), OtpMessage("09120000000", "2")])
    assert emulator.accepted == 2
    assert emulator.requests == 1


async def test_missing_items() -> None:
    """If the answer omits a code, the error holds it and the results of the others."""
    client, emulator = emulated(otp_pattern_id=13)
    emulator.faults.arm(Fault.missing_items(0))
    messages = [OtpMessage(RECEIVER, "1"), OtpMessage("09120000000", "2")]
    async with client:
        with pytest.raises(UnknownOutcomeError) as caught:
            await client.otp.send_many(messages)
    assert caught.value.messages == (messages[0],)
    assert [sent.id for sent in caught.value.accepted if isinstance(sent, SentMessage)] == [emulator.ledger[1].id]

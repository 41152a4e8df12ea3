from __future__ import annotations

from typing import Any

import pytest
from anyio.abc import ByteStream

from tests.support.raw import RawRequest, answer, raw_gateway
from wikipayam_async import (
    AsyncWikipayam,
    InvalidInputError,
    OtpMessage,
    ResponseError,
    UnknownOutcomeError,
    UnprocessableError,
    VoiceOtp,
)
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, EmulatorTransport, Fault, When

pytestmark = pytest.mark.anyio

RECEIVER = "09123456789"
ID = "6a02f05a3492873a9e086e86"


def emulated() -> tuple[AsyncWikipayam, Emulator]:
    """Return an emulator and its client."""
    emulator = Emulator()
    return AsyncWikipayam(DEFAULT_TOKEN, transport=EmulatorTransport(emulator)), emulator


async def voice_from(body: Any) -> VoiceOtp | UnknownOutcomeError:
    """Return the result read from an answer, or the error."""

    async def handler(_: RawRequest, __: ByteStream) -> bytes:
        return answer(body)

    async with raw_gateway(handler) as gateway, AsyncWikipayam("t", base_url=gateway.url) as client:
        try:
            return await client.voice.send(RECEIVER, "123456", track_id="T")
        except UnknownOutcomeError as error:
            return error
        finally:
            assert len(gateway.requests) == 1


async def test_the_documented_call() -> None:
    """The request is the documented object, and the documented answer is read."""

    async def handler(_: RawRequest, __: ByteStream) -> bytes:
        return answer({"data": {"message": "Voice OTP queued successfully", "id": ID, "track_id": "ORDER-1001"}})

    async with raw_gateway(handler) as gateway, AsyncWikipayam("secret", base_url=gateway.url) as client:
        voice = await client.voice.send(RECEIVER, "123456", track_id="ORDER-1001")
    (request,) = gateway.requests
    assert (request.method, request.target) == ("POST", "/api/v1/voice-otp/send")
    assert request.body == b'{"receiver":"09123456789","code":"123456","track_id":"ORDER-1001"}'
    names = ("authorization", "accept", "accept-encoding", "content-type")
    assert [request.headers.get(name) for name in names] == [
        "Bearer secret",
        "application/json",
        "identity",
        "application/json",
    ]
    assert voice == VoiceOtp(ID, "Voice OTP queued successfully", "ORDER-1001")


async def test_on_the_emulator() -> None:
    """Receiver formats and Persian digits are normalized; a missing track id is generated."""
    client, emulator = emulated()
    async with client:
        voice = await client.voice.send("+98 912 345 6789", "۱۲۳۴")
        as_it_is = await client.voice.send("+989123456789", "1", track_id="T", normalize=False)
    first, second = emulator.ledger
    assert (first.receiver, first.code, first.track_id, first.id) == (RECEIVER, "1234", voice.track_id, voice.id)
    assert (second.receiver, second.track_id, second.id) == ("+989123456789", "T", as_it_is.id)


async def test_a_refusal() -> None:
    """A refusal raises an error with the gateway's field errors."""
    client, emulator = emulated()
    async with client:
        with pytest.raises(UnprocessableError) as caught:
            await client.voice.send(RECEIVER, "abc")
    assert list(caught.value.errors) == ["code"]
    assert emulator.accepted == 0


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"receiver": "12"}, "receiver"),
        ({"receiver": "\ud800", "normalize": False}, "receiver"),
        ({"code": "12-34"}, "code"),
        ({"code": None}, "code"),
        ({"track_id": ""}, "track_id"),
        ({"track_id": "\udfff"}, "track_id"),
        ({"track_id": 7}, "track_id"),
    ],
)
async def test_bad_arguments(arguments: dict[str, Any], field: str) -> None:
    """The error names the invalid argument, and no request is sent."""
    client, emulator = emulated()
    given: dict[str, Any] = {"receiver": RECEIVER, "code": "1"} | arguments
    async with client:
        with pytest.raises(InvalidInputError) as caught:
            await client.voice.send(**given)
    assert (caught.value.field, emulator.requests) == (field, 0)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"id": ID}, VoiceOtp(ID, track_id="T")),
        ({"data": {"id": ID, "track_id": None}}, VoiceOtp(ID, track_id="T")),
        ({"data": {"id": 7, "track_id": "T", "queue": 3}}, VoiceOtp("7", track_id="T", extra={"queue": 3})),
        ({"data": [{"id": ID, "track_id": "T", "message": "ok"}]}, VoiceOtp(ID, "ok", "T")),
        ({"data": [None, {"id": "x", "track_id": "U"}, {"id": ID}]}, VoiceOtp(ID, track_id="T")),
        ({"data": {"id": ID, "message": ["odd"]}}, VoiceOtp(ID, track_id="T", extra={"message": ["odd"]})),
    ],
)
async def test_successes_of_other_shapes(body: Any, expected: VoiceOtp) -> None:
    """A success with an id counts, and the result has the track id of the call."""
    assert await voice_from(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"message": "Voice OTP queued successfully"}},
        {"data": {"id": None, "track_id": "T"}},
        {"data": {"id": "", "track_id": "T"}},
        {"data": {"id": ID, "track_id": "of another"}},
        {"data": []},
        {"data": None},
        "queued",
        {},
    ],
)
async def test_successes_without_the_call(body: Any) -> None:
    """A success without an id of this call leaves its outcome unknown."""
    error = await voice_from(body)
    assert isinstance(error, UnknownOutcomeError)
    assert error.track_ids == ("T",)
    assert error.messages == (OtpMessage(RECEIVER, "123456", track_id="T"),)
    assert isinstance(error.__cause__, ResponseError)
    assert "123456" not in f"{error!r} {error.messages}"


async def test_a_lost_answer() -> None:
    """If the answer is lost, the outcome is unknown, and the call is not sent again."""
    client, emulator = emulated()
    emulator.faults.arm(Fault.close(when=When.AFTER))
    async with client:
        with pytest.raises(UnknownOutcomeError):
            await client.voice.send(RECEIVER, "1")
    assert (emulator.accepted, emulator.requests) == (1, 1)

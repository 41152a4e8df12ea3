from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from anyio.abc import ByteStream

from tests.support import secrets
from tests.support.net import RECEIVER, TOKEN
from tests.support.raw import RawRequest, accept_all, answer, raw_gateway
from wikipayam_async import AsyncWikipayam, Balance, InvalidInputError, SentMessage, SmsMessage
from wikipayam_async.cost import Tariff
from wikipayam_async.emulator import Emulator, EmulatorTransport
from wikipayam_async.types import RawResponse

pytestmark = pytest.mark.anyio

SERVICES = ("sms", "receives", "otp", "voice", "holoo")
WITHOUT = {
    "sms": {"bulk", "bulk_with", "send_bulk", "batcher", "outbox", "wait_for_delivery", "watch_delivery"},
    "receives": {"iter", "iter_unread", "consume", "worker"},
}
"""Methods that make no request themselves, or any number of them."""


async def test_a_raw_response_has_the_status_the_headers_and_the_value() -> None:
    """Headers have names in lower case, and cookies are left out."""

    async def handle(request: RawRequest, _: ByteStream) -> object:
        headers = {"X-Request-Id": "r-1", "Set-Cookie": "session=1"}
        return answer({"data": {"balance": 7}}, 203, headers=headers)

    async with raw_gateway(handle) as gateway, AsyncWikipayam(TOKEN, base_url=gateway.url) as client:
        response = await client.with_raw_response.balance()
    assert (response.status_code, response.value) == (203, Balance(7))
    assert response.headers["x-request-id"] == "r-1"
    assert "set-cookie" not in response.headers
    assert repr(response) == f"RawResponse(status_code=203, value={Balance(7)!r})"


async def test_services_return_raw_responses_and_the_client_too() -> None:
    """`client.sms.with_raw_response` and `client.with_raw_response.sms` make the same calls."""

    async def handle(request: RawRequest, _: ByteStream) -> object:
        return accept_all(request)

    async with raw_gateway(handle) as gateway, AsyncWikipayam(TOKEN, base_url=gateway.url, sender="1") as client:
        first = await client.sms.with_raw_response.send(RECEIVER, "hi", track_id="T1")
        second = await client.with_raw_response.sms.send(RECEIVER, "hi", track_id="T2")
        unchanged = await client.sms.send(RECEIVER, "hi", track_id="T3")
    assert [(one.status_code, one.value.track_id) for one in (first, second)] == [(200, "T1"), (200, "T2")]
    assert isinstance(unchanged, SentMessage)


async def test_a_call_without_a_request_has_no_status() -> None:
    """An empty list sends nothing."""
    client = AsyncWikipayam(TOKEN, base_url="http://127.0.0.1:1", sender="1")
    assert await client.sms.with_raw_response.send_many([]) == RawResponse(None, {}, [])


async def test_errors_are_raised_as_usual() -> None:
    """An invalid argument raises before any request."""
    client = AsyncWikipayam(TOKEN, base_url="http://127.0.0.1:1", sender="1")
    with pytest.raises(InvalidInputError, match="receiver"):
        await client.sms.with_raw_response.send("12", "hi")


async def test_wrong_arguments_are_in_no_traceback() -> None:
    """A call with an argument too many raises a `TypeError`, and the frames of the package hold no argument."""
    client = AsyncWikipayam(secrets.TOKEN, base_url="http://127.0.0.1:1", sender="1")
    send: Any = client.sms.with_raw_response.send
    with pytest.raises(TypeError, match="positional arguments") as caught:
        await send(secrets.NUMBER, secrets.TEXT, "10002000")
    assert secrets.leaks(list(secrets.locals_of(caught.value))) == []


async def test_calls_of_the_messages_source_are_not_captured() -> None:
    """The raw response of an estimate is that of its own request, whatever the source of the messages requests."""

    async def handle(request: RawRequest, _: ByteStream) -> object:
        return answer({"data": {"balance": 7}}, headers={"X-Token": request.headers["authorization"]})

    async def messages() -> AsyncIterator[SmsMessage]:
        await other.balance()
        yield SmsMessage(RECEIVER, "hi")

    async with raw_gateway(handle) as gateway, AsyncWikipayam(TOKEN, base_url=gateway.url) as client:
        other = client.with_options(token="other")
        response = await client.with_raw_response.estimate(messages(), Tariff(persian=1))
    assert (len(gateway.requests), response.headers["x-token"]) == (2, f"Bearer {TOKEN}")


@pytest.mark.parametrize("service", SERVICES)
def test_every_call_has_a_raw_response(service: str) -> None:
    """Each method of a service that makes a request has its twin, with the same documentation."""
    client = AsyncWikipayam(TOKEN, transport=EmulatorTransport(Emulator()))
    plain: Any = getattr(client, service)
    raw: Any = plain.with_raw_response
    names = {name for name in dir(type(plain)) if not name.startswith("_")} - {
        "with_raw_response",
        "send_get",
        "bulk_with",
    }
    assert names - WITHOUT.get(service, set()) == set(vars(raw))
    assert {name: getattr(raw, name).__doc__ for name in vars(raw)} == {
        name: getattr(plain, name).__doc__ for name in vars(raw)
    }

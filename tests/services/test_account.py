from __future__ import annotations

from typing import Any

import pytest
from anyio.abc import ByteStream

from tests.support.raw import RawRequest, answer, raw_gateway
from wikipayam_async import AsyncWikipayam, AuthenticationError, Balance, ResponseError
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, EmulatorTransport

pytestmark = pytest.mark.anyio


async def balance_from(data: Any) -> Balance | ResponseError:
    """Return the balance, or the error, that an answer brings."""

    async def handler(_: RawRequest, __: ByteStream) -> bytes:
        return answer(data)

    async with raw_gateway(handler) as gateway, AsyncWikipayam("secret", base_url=gateway.url) as client:
        try:
            return await client.balance()
        except ResponseError as error:
            return error


async def test_the_documented_call() -> None:
    """The balance is asked for as documented, without a body, and the documented answer is read."""

    async def handler(_: RawRequest, __: ByteStream) -> bytes:
        return answer({"data": {"balance": 34359938, "currency": "IRR", "user_id": 1, "user_name": "admin"}})

    async with raw_gateway(handler) as gateway, AsyncWikipayam("secret", base_url=gateway.url) as client:
        balance = await client.balance()
    (request,) = gateway.requests
    assert (request.method, request.target, request.body) == ("GET", "/api/v1/user/balance", b"")
    headers = {
        name: request.headers.get(name) for name in ("authorization", "accept", "accept-encoding", "content-type")
    }
    assert headers == {
        "authorization": "Bearer secret",
        "accept": "application/json",
        "accept-encoding": "identity",
        "content-type": None,
    }
    assert request.headers["user-agent"].startswith("wikipayam-async/")
    assert balance == Balance(34_359_938, "IRR", 1, "admin")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"balance": "12"}, Balance(12)),
        ({"balance": 12.9}, Balance(12)),
        ({"balance": "-3"}, Balance(-3)),
        ({"balance": 0, "currency": None, "user_id": "7", "user_name": None}, Balance(0, "IRR", 7, None)),
        ({"balance": 1, "currency": "IRT", "credit": {"limit": 5}}, Balance(1, "IRT", extra={"credit": {"limit": 5}})),
        ({"balance": 1, "user_id": "x"}, Balance(1, extra={"user_id": "x"})),
    ],
)
@pytest.mark.parametrize("envelope", [True, False])
async def test_answers_that_differ(data: Any, expected: Balance, envelope: bool) -> None:
    """Numbers as strings, missing, new and unreadable fields are taken for what they are, with or without `data`."""
    assert await balance_from({"data": data} if envelope else data) == expected


@pytest.mark.parametrize("data", [{}, {"balance": None}, {"balance": "much"}, [], None, "12", 12, {"balance": [1]}])
async def test_answers_without_a_balance(data: Any) -> None:
    """An answer that tells no balance is an answer that cannot be read."""
    assert isinstance(await balance_from({"data": data}), ResponseError)


async def test_on_the_emulator() -> None:
    """The emulator's balance is read, and a wrong token is told."""
    transport = EmulatorTransport(Emulator())
    async with AsyncWikipayam(DEFAULT_TOKEN, transport=transport) as client:
        assert await client.balance() == Balance(34_359_938, "IRR", 1, "admin")
    async with AsyncWikipayam("wrong", transport=transport) as client:
        with pytest.raises(AuthenticationError):
            await client.balance()


def test_the_name_is_not_shown() -> None:
    """The account's name, which may be a phone number, is masked in the repr."""
    assert "09123456789" not in repr(Balance(1, user_name="09123456789"))

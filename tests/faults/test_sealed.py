"""What seals a value in a frame of the package does so against every printer, and changes nothing else."""

from __future__ import annotations

import json
import pprint
import reprlib
from typing import Any

import httpx
import pytest
from rich.pretty import pretty_repr

from tests.support.secrets import TEXT, TOKEN, leaks, locals_of
from wikipayam_async import APIConnectionError, AsyncWikipayam, InvalidInputError
from wikipayam_async.checks import without_frames
from wikipayam_async.core.converter import encode_json
from wikipayam_async.redact.sealed import Sealed, SealedBytes, SealedFields, SealedStr, seal


@pytest.mark.parametrize(
    "sealed", [SealedBytes(TEXT.encode()), SealedStr(TEXT), Sealed(TEXT), SealedFields({"text": TEXT, "token": TOKEN})]
)
def test_no_printer_shows_a_sealed_value(sealed: Any) -> None:
    """Neither alone nor inside something else, neither whole nor cut short."""
    shown = [repr(sealed), repr([sealed]), f"{[sealed]}", pprint.pformat({"x": sealed}), reprlib.repr([sealed])]
    for most in (None, 5, 30):
        shown += [pretty_repr(sealed, max_string=most), pretty_repr({"x": [sealed]}, max_string=most, max_length=most)]
    shown += [repr(sealed[3:20])] if isinstance(sealed, str | bytes) else []
    assert leaks(shown) == []


def test_a_sealed_value_is_the_value() -> None:
    """Sealed things compare, encode and read as what they hold."""
    fields = SealedFields({"text": TEXT})
    assert (SealedStr(TEXT), str(SealedStr(TEXT)), f"{SealedStr(TEXT)}") == (TEXT, TEXT, TEXT)
    assert (SealedBytes(b"abc")[0], SealedBytes(b"abc")[1:], SealedStr("abc")[0]) == (97, b"bc", "a")
    assert (dict(fields), len(fields), Sealed(TEXT).reveal()) == ({"text": TEXT}, 1, TEXT)
    assert json.loads(encode_json({"text": SealedStr(TEXT)})) == {"text": TEXT}
    assert (seal(None), seal(5), type(seal("x"))) == (None, 5, SealedStr)


def test_only_our_own_errors_begin_anew() -> None:
    """A complaint loses the frames below the check; anybody else's exception keeps them, or it could not be found."""

    @without_frames
    def check(value: str, error: Exception) -> None:
        raise error

    with pytest.raises(InvalidInputError) as refused:
        check(TEXT, InvalidInputError("x", rule="expected y", got="z"))
    with pytest.raises(ZeroDivisionError) as broken:
        check(TEXT, ZeroDivisionError())
    assert ([one.name for one in refused.traceback][1:], refused.value.__suppress_context__) == (["checked"], True)
    assert [one.name for one in broken.traceback][1:] == ["checked", "check"]
    assert leaks(locals_of(refused.value)) == []


@pytest.mark.anyio
async def test_a_cookie_of_the_gateway_breaks_nothing() -> None:
    """Over a transport no cookie comes back; over a caller's client it is the caller's, and what it breaks is our error."""
    cookies: list[str | None] = []

    def handle(request: httpx.Request) -> httpx.Response:
        cookies.append(request.headers.get("cookie"))
        return httpx.Response(200, headers=[(b"Set-Cookie", b"a=\x80; Path=/")], json={"data": {"balance": 1}})

    transport = httpx.MockTransport(handle)
    async with AsyncWikipayam(TOKEN, base_url="http://127.0.0.1:1", transport=transport) as client:
        assert [(await client.balance()).balance for _ in range(2)] == [1, 1]
    async with httpx.AsyncClient(transport=transport) as http:
        client = AsyncWikipayam(TOKEN, base_url="http://127.0.0.1:1", http_client=http).with_options(sender="1000")
        await client.balance()
        client._shared.budget.tokens = 0
        with pytest.raises(APIConnectionError, match="could not build the request"):
            await client.sms.send("09123456789", "text")
    assert cookies == [None, None, None]

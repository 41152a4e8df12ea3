"""Sealed values are hidden from every printer and otherwise behave like the value."""

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
    """A sealed value is not shown alone, in a container, or truncated."""
    shown = [repr(sealed), repr([sealed]), f"{[sealed]}", pprint.pformat({"x": sealed}), reprlib.repr([sealed])]
    for limit in (None, 5, 30):
        shown += [
            pretty_repr(sealed, max_string=limit),
            pretty_repr({"x": [sealed]}, max_string=limit, max_length=limit),
        ]
    shown += [repr(sealed[3:20])] if isinstance(sealed, str | bytes) else []
    assert leaks(shown) == []


def test_a_sealed_value_is_the_value() -> None:
    """Sealed values compare, slice, format and encode like the value."""
    fields = SealedFields({"text": TEXT})
    assert (SealedStr(TEXT), str(SealedStr(TEXT)), f"{SealedStr(TEXT)}") == (TEXT, TEXT, TEXT)
    assert (SealedBytes(b"abc")[0], SealedBytes(b"abc")[1:], SealedStr("abc")[0]) == (97, b"bc", "a")
    assert (dict(fields), len(fields), Sealed(TEXT).reveal()) == ({"text": TEXT}, 1, TEXT)
    assert json.loads(encode_json({"text": SealedStr(TEXT)})) == {"text": TEXT}
    assert (seal(None), seal(5), type(seal("x"))) == (None, 5, SealedStr)


def test_without_frames_drops_only_the_frames_of_package_errors() -> None:
    """An `InvalidInputError` loses the frames below the check; any other exception keeps them."""

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
async def test_a_cookie_of_the_gateway_is_not_sent_back() -> None:
    """No cookie is sent back over a transport; with a caller's client an invalid one raises `APIConnectionError`."""
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

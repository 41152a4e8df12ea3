"""Sealed values are hidden from every printer and otherwise behave like the value."""

from __future__ import annotations

import pprint
import reprlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import httpx
import pytest
from rich.pretty import pretty_repr

from tests.support.secrets import TEXT, TOKEN, leaks, locals_of
from wikipayam_async import APIConnectionError, AsyncWikipayam, InvalidInputError
from wikipayam_async.checks import without_frames
from wikipayam_async.redact.sealed import Sealed, SealedBytes, SealedFields, Secret, reveal, seal


@pytest.mark.parametrize(
    "sealed", [SealedBytes(TEXT.encode()), Secret(TEXT), Sealed(TEXT), SealedFields({"text": TEXT, "token": TOKEN})]
)
def test_no_printer_shows_a_sealed_value(sealed: Any) -> None:
    """A sealed value is not shown alone, in a container, or truncated."""
    shown = [repr(sealed), repr([sealed]), f"{[sealed]}", pprint.pformat({"x": sealed}), reprlib.repr([sealed])]
    for limit in (None, 5, 30):
        shown += [
            pretty_repr(sealed, max_string=limit),
            pretty_repr({"x": [sealed]}, max_string=limit, max_length=limit),
        ]
    shown += [repr(sealed[3:20])] if isinstance(sealed, bytes) else []
    assert leaks(shown) == []


@pytest.mark.parametrize("sealed", [Secret(TEXT), Sealed(TEXT), Sealed({"a": TEXT}), SealedFields({"text": TEXT})])
def test_no_walker_finds_a_sealed_value(sealed: Any) -> None:
    """A sealed value is no string, sequence, set or mapping, and none of its attributes is the content."""
    assert not isinstance(sealed, str | bytes | Mapping | Sequence | AbstractSet)
    assert (hasattr(sealed, "__dict__"), hasattr(sealed, "__iter__"), hasattr(sealed, "keys")) == (False, False, False)
    assert leaks([repr(getattr(sealed, name)) for name in dir(sealed) if name != "__doc__"]) == []


def test_a_sealed_value_is_the_value() -> None:
    """Bytes slice like bytes; what else is sealed is revealed unchanged, and as a copy."""
    fields = SealedFields({"text": TEXT})
    fields.reveal()["more"] = "x"
    assert (SealedBytes(b"abc")[0], SealedBytes(b"abc")[1:]) == (97, b"bc")
    assert (fields.reveal(), bool(fields), bool(SealedFields({}))) == ({"text": TEXT}, True, False)
    assert (fields == SealedFields({"text": TEXT}), fields == {"text": TEXT}, fields == {}) == (True, True, False)
    assert list(fields.after({"limit": "1"}).reveal().items()) == [("limit", "1"), ("text", TEXT)]
    sealed: Any = seal(TEXT)
    values: list[Any] = [seal(None), reveal(TEXT), reveal(sealed)]
    assert values == [None, TEXT, TEXT]


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

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from anyio.abc import ByteStream
from attrs import frozen

from tests.support.net import connected
from tests.support.raw import RawRequest, accept_all, answer, raw_gateway
from wikipayam_async import (
    AsyncWikipayam,
    Balance,
    InvalidInputError,
    Replay,
    ResponseError,
    UnknownOutcomeError,
)

pytestmark = pytest.mark.anyio

VARIABLES = (
    "SMS_AUTH_TOKEN",
    "SMS_SENDER",
    "SMS_USERNAME",
    "WIKIPAYAM_SMS_API_BASE_URL",
    "WIKIPAYAM_SMS_API_PREFIX",
)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the client's variables from the environment."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


@frozen
class Settings:
    """A model whose fields all have defaults."""

    note: str | None = None


class Recorder:
    """Answers every request with the same data."""

    def __init__(self, data: object = None) -> None:
        self.data = data

    async def __call__(self, request: RawRequest, _: ByteStream) -> object:
        """Answer."""
        return accept_all(request) if "sms/send" in request.target else answer({"data": self.data})


class TestRequest:
    """`client.request`, for endpoints that the package does not know."""

    async def test_method_path_query_and_body_go_out(self) -> None:
        """Booleans become 1 and 0, None is omitted, and the result is the value under `data`."""
        async with raw_gateway(Recorder({"a": "5"})) as gateway, connected(gateway.url) as (client, *_):
            params = {"a": 1, "b": True, "c": False, "d": None, "e": "ü &", "f": 1.5}
            assert await client.request("get", "/new/end.point", params=params) == {"a": "5"}
            assert await client.request("PATCH", "x~y/z_1", json=[None, {"ü": 1}]) == {"a": "5"}
            assert await client.request("DELETE", "x") == {"a": "5"}
        first, second, third = gateway.requests
        assert (first.method, first.target) == ("GET", "/api/v1/new/end.point?a=1&b=1&c=0&e=%C3%BC%20%26&f=1.5")
        assert (second.method, second.target, second.json) == ("PATCH", "/api/v1/x~y/z_1", [None, {"ü": 1}])
        assert (third.method, third.body, third.headers.get("content-length")) == ("DELETE", b"", None)

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (204, b""),
            (200, b""),
            (202, b" \r\n"),
            (200, b"\xef\xbb\xbf"),
            (201, b"null"),
            (200, b'{"data": null}'),
            (205, b""),
        ],
    )
    async def test_a_success_without_content_is_none(self, status: int, body: bytes) -> None:
        """It returns None, or a model whose fields have their defaults, and the connection is used again."""

        async def empty(_: RawRequest, _stream: ByteStream) -> object:
            return answer(body, status, {"Content-Length": str(len(body))}) if status != 204 else NO_CONTENT

        async with raw_gateway(empty) as gateway, connected(gateway.url) as (client, *_):
            assert await client.request("GET", "x") is None
            assert await client.request("DELETE", "x", replay="idempotent") is None
            assert await client.request("PUT", "x", json={}, replay="idempotent", cast_to=Settings) == Settings()
            raw = await client.with_raw_response.request("DELETE", "x", replay="idempotent")
            assert (raw.status_code, raw.value) == (status, None)
            with pytest.raises(ResponseError, match="without what the call needs"):
                await client.request("GET", "x", cast_to=Balance)
            with pytest.raises(ResponseError, match="without what the call needs"):
                await client.request("GET", "x", cast_to=int)
        assert (gateway.opened, len(gateway.requests)) == (1, 6)

    @pytest.mark.parametrize("body", [b"", b"\xef\xbb\xbf"])
    async def test_a_send_without_content_is_unknown(self, body: bytes) -> None:
        """Nothing shows that the gateway accepted it."""

        async def empty(_: RawRequest, _stream: ByteStream) -> object:
            return answer(body, 202)

        async with raw_gateway(empty) as gateway, connected(gateway.url) as (client, *_):
            with pytest.raises(UnknownOutcomeError):
                await client.request("POST", "x", json={})
            with pytest.raises(UnknownOutcomeError):
                await client.sms.send("09123456789", "text")
        assert len(gateway.requests) == 2

    @pytest.mark.parametrize(
        ("method", "replay", "tries"),
        [
            ("GET", None, 3),
            ("GET", "send", 1),
            ("POST", None, 1),
            ("POST", "read", 3),
            ("POST", "idempotent", 3),
            ("DELETE", Replay.IDEMPOTENT, 3),
            ("PUT", "send", 1),
        ],
    )
    async def test_the_replay_class_decides_on_retries(self, method: str, replay: Any, tries: int) -> None:
        """By default a GET is a read and any other method a send; `replay` overrides it."""

        async def close(_: RawRequest, _stream: ByteStream) -> object:
            return False

        async with raw_gateway(close) as gateway, connected(gateway.url) as (client, *_):
            with pytest.raises(UnknownOutcomeError if tries == 1 else Exception):
                await client.request(method, "x", json={}, replay=replay)
        assert len(gateway.requests) == tries

    @pytest.mark.parametrize(
        ("arguments", "field"),
        [
            ({"method": "HEAD"}, "method"),
            ({"method": "GET "}, "method"),
            ({"method": 5}, "method"),
            ({"path": 5}, "path"),
            ({"path": "x?y"}, "path"),
            ({"params": [("a", "b")]}, "params"),
            ({"params": {"a": "\ud800"}}, "params"),
            ({"json": object()}, "json"),
            ({"json": "\ud800"}, "json"),
            ({"json": {1j: 1}}, "json"),
            ({"replay": "maybe"}, "replay"),
            ({"replay": []}, "replay"),
        ],
    )
    async def test_a_wrong_argument_is_refused_before_any_traffic(self, arguments: dict[str, Any], field: str) -> None:
        """The error names the argument and does not show the value."""
        client: Any = AsyncWikipayam("t", transport=httpx.MockTransport(lambda _: httpx.Response(500)))
        with pytest.raises(InvalidInputError) as caught:
            await client.request(**{"method": "POST", "path": "x", **arguments})
        assert caught.value.field == field
        await client.aclose()

    async def test_a_body_nested_too_deeply_is_refused(self) -> None:
        """A body that JSON cannot represent is refused."""
        deep: list[Any] = []
        for _ in range(200_000):
            deep = [deep]
        with pytest.raises(InvalidInputError, match="json"):
            await AsyncWikipayam("t").request("POST", "x", json=deep)

    async def test_a_long_path_is_checked_fast(self) -> None:
        """A long path with a query, a likely mistake, is refused in little time."""
        begun = time.process_time()
        with pytest.raises(InvalidInputError, match="a query goes into params"):
            await AsyncWikipayam("t").request("GET", "a" * 50_000 + "?x=1")
        assert time.process_time() - begun < 5

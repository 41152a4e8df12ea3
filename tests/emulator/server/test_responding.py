from collections.abc import MutableMapping
from typing import Any

import pytest

from wikipayam_async.emulator import Response
from wikipayam_async.emulator.app import Receive
from wikipayam_async.emulator.server.responding import read_body, respond

pytestmark = pytest.mark.anyio


def channel(*messages: MutableMapping[str, Any]) -> Receive:
    """Return an ASGI channel with messages."""
    waiting = list(messages)

    async def receive() -> MutableMapping[str, Any]:
        return waiting.pop(0)

    return receive


async def test_a_body_arrives_in_pieces() -> None:
    """The pieces are joined."""
    receive = channel(
        {"type": "http.request", "body": b"ab", "more_body": True}, {"type": "http.request", "body": b"c"}
    )
    assert await read_body(receive, limit=3) == b"abc"


async def test_a_large_body_is_not_read_to_its_end() -> None:
    """Reading stops at the piece that exceeds the limit."""
    piece = {"type": "http.request", "body": b"ab", "more_body": True}
    assert await read_body(channel(piece, piece), limit=3) is None


async def test_a_body_that_is_cut_off_is_none() -> None:
    """What arrived of it is dropped."""
    receive = channel({"type": "http.request", "body": b"{}", "more_body": True}, {"type": "http.disconnect"})
    assert await read_body(receive, limit=3) is None


@pytest.mark.parametrize(("method", "body"), [("GET", b"abc"), ("HEAD", b"")])
async def test_a_response_to_head_has_no_body(method: str, body: bytes) -> None:
    """The length is stated in both cases."""
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await respond(Response(200, {"A": "b"}, b"abc"), method, send)
    assert sent == [
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3"), (b"a", b"b")]},
        {"type": "http.response.body", "body": body},
    ]

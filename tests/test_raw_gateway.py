"""The gateway on a bare socket that the tests use."""

from __future__ import annotations

import anyio
import pytest
from anyio.abc import ByteStream

from tests.support.raw import RawHeaders, RawRequest, accept_all, raw_gateway

pytestmark = pytest.mark.anyio


def test_a_header_that_was_sent_twice_has_no_value() -> None:
    """Its names are listed once, and reading the doubled one fails the test that reads it."""
    headers = RawHeaders([("host", "a"), ("x", "1"), ("host", "a")])
    assert (list(headers), len(headers), headers["x"], headers.get("y")) == (["host", "x"], 2, "1", None)
    assert headers.doubled == ["host"]
    with pytest.raises(AssertionError, match="host was sent 2 times"):
        headers.get("host")


@pytest.mark.parametrize(
    ("doubled", "status"), [(b"", b"200"), (b"Host: b\r\n", b"400"), (b"Content-Length: 2\r\n", b"400")]
)
async def test_a_doubled_header_is_refused(doubled: bytes, status: bytes) -> None:
    """A request with a header twice gets a 400 and does not reach the handler."""
    head = b"POST /sms/send HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
    async with raw_gateway(accept_all_of) as gateway, await anyio.connect_tcp("127.0.0.1", gateway.port) as stream:
        await stream.send(head + doubled + b"\r\n[]")
        assert (await stream.receive())[9:12] == status
    assert [request.headers.fields[:2] for request in gateway.requests] == [[("host", "a"), ("content-length", "2")]]


async def accept_all_of(request: RawRequest, _: ByteStream) -> bytes:
    """Accept every message."""
    return accept_all(request)

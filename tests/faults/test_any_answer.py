"""Whatever the gateway answers, a call returns a value or raises one of the package's errors."""

from __future__ import annotations

import json
from typing import Any

import anyio
import httpx
import pytest
from anyio.abc import ByteStream
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.calls import ID, MANY, READS, SENDS
from tests.support.effort import examples
from tests.support.net import RECEIVER, on_virtual_time
from tests.support.raw import RawRequest, raw_gateway
from wikipayam_async import (
    AsyncWikipayam,
    SmsMessage,
    UnknownOutcomeError,
    WikipayamError,
)

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])

WORDS = st.sampled_from([
    "data", "message", "errors", "error", "id", "track_id", "receiver", "sender", "receives", "pagination", "filters",
    "total", "total_unread", "limit", "offset", "unread_count", "balance", "deliver_status", "received_at", "extra",
    "marked_count", "deleted_count", "0.receiver", "1", "999999999999.x", "t", "u", ID, RECEIVER, "DELIVERED", "",
    "2023-09-24 23:55:20", "0001-01-01T00:00:00+23:59", "1e400", "NaN", "١٢", "-0",
])  # fmt: skip
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**63, -(2**70), 10**40]),
    st.floats(),
    st.text(max_size=6),
    WORDS,
    WORDS,
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5), max_leaves=12
)
ITEM = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("id", "track_id", "receiver", "sender", "message", "received_at", "deliver_status"), SCALARS
    ),
)
LIKELY = st.fixed_dictionaries({"data": st.lists(ITEM, max_size=4) | ITEM | st.fixed_dictionaries(
    {"receives": st.lists(ITEM, max_size=4)}, optional={"pagination": VALUES, "total_unread": SCALARS, "filters": VALUES}
) | VALUES})  # fmt: skip
COMPLAINT = st.fixed_dictionaries(
    {"message": VALUES}, optional={"errors": VALUES | st.dictionaries(WORDS, VALUES, max_size=4)}
)
BODIES = st.one_of(
    st.deferred(lambda: st.one_of(VALUES, LIKELY, LIKELY, COMPLAINT)).map(lambda value: json.dumps(value).encode()),
    st.deferred(lambda: st.one_of(VALUES, LIKELY)).map(
        lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    ),
    st.binary(max_size=40),
    st.deferred(lambda: LIKELY).map(lambda value: json.dumps(value).encode()[:-1]),
)
NAMES = ["Content-Type", "Retry-After", "Location", "X-RateLimit-Reset", "Set-Cookie", "WWW-Authenticate", "X", "Allow"]
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=20)
        | st.sampled_from(
            ["0", "1", "1e9", "-5", "999999999999999999999", "Thu, 01 Jan 1970 00:00:00 GMT", "://", "text/html"]
        ),
    ),
    max_size=4,
)
STATUSES = st.sampled_from([200, 200, 200, 201, 204, 205, 206, 401, 413, 422, 422, 429, 503]) | st.integers(200, 599)


async def call_everything(client: AsyncWikipayam) -> None:
    """Make every call and print its result or error; only the package's own errors are caught."""
    for kind, calls in (("send", SENDS), ("read", READS)):
        for call in calls.values():
            client._shared.gate.not_before = 0.0
            error: WikipayamError | None = None
            try:
                with anyio.fail_after(10):
                    repr(await call(client))
            except WikipayamError as raised:
                error = raised
            assert kind == "send" or not isinstance(error, UnknownOutcomeError)
            assert str(error).isprintable()
    client._shared.gate.not_before = 0.0
    rows = [*MANY, SmsMessage("bad", "d")]
    report = await client.sms.send_bulk(rows, batch_size=2)
    assert [result.index for result in report.results] == [0, 1, 2, 3]
    async with client.sms.bulk(rows, ordered=True) as run:
        assert [result.index async for result in run] == [0, 1, 2, 3]


def make(url: str, **options: Any) -> AsyncWikipayam:
    """Return a client with the settings that every call needs."""
    return AsyncWikipayam("token", sender="1000", username="u", otp_pattern_id=1, base_url=url, timeout=2, **options)


@BACKENDS
@examples(110, short=30)
@given(status=STATUSES, body=BODIES, headers=HEADERS)
@example(status=200, body=b'{"data": [{"id": 1e400}]}', headers=[])
@example(status=422, body=b'{"errors": {"0.receiver": null, "1": [null, 5, {}]}}', headers=[])
@example(status=301, body=b"", headers=[("Location", "http://[")])
@example(status=200, body=b"[" * 2000, headers=[])
def test_any_answer_over_a_transport(backend: str, status: int, body: bytes, headers: list[tuple[str, str]]) -> None:
    """Any status, headers and body over an httpx transport raise no foreign exception."""

    def handle(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=[(n.encode(), v.encode("latin-1")) for n, v in headers], content=body)

    async def run() -> None:
        async with make("http://127.0.0.1:1", transport=httpx.MockTransport(handle)) as client:
            on_virtual_time(client)
            await call_everything(client)

    anyio.run(run, backend=backend)


RAW = st.one_of(
    st.builds(
        lambda status, headers, body, length: (
            b"HTTP/1.1 %d X\r\n" % status
            + b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in headers)
            + (b"Content-Length: %d\r\n\r\n" % max(0, len(body) + length) if length is not None else b"\r\n")
            + body
        ),
        st.integers(100, 599),
        HEADERS,
        st.deferred(lambda: BODIES),
        st.sampled_from([0, 0, 0, 1, -1, None]),
    ),
    st.binary(max_size=60),
    st.sampled_from(
        [b"HTTP/1.1 ", b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/2.0 200 OK\r\n\r\n", b"HTTP/1.1 200\r\n\r\n", b"\r\n" * 9]
    ).flatmap(lambda start: st.binary(max_size=20).map(start.__add__)),
)


@BACKENDS
@examples(40, short=15)
@given(raw=RAW)
@example(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
@example(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: \xff\r\n\r\n")
@example(raw=b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n")
def test_any_bytes_over_a_lane(backend: str, raw: bytes) -> None:
    """Any bytes over a lane, well-formed HTTP or not, raise no foreign exception."""

    async def handle(_: RawRequest, stream: ByteStream) -> object:
        if raw:
            await stream.send(raw)
        return False

    async def run() -> None:
        async with raw_gateway(handle) as gateway, make(gateway.url) as client:
            on_virtual_time(client)
            await call_everything(client)

    anyio.run(run, backend=backend)

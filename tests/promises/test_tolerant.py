"""The tolerant promise: the gateway may change its answers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import anyio
import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.calls import ID, MANY, READS
from tests.support.calls import SENDS as SINGLE_SENDS
from tests.support.effort import examples
from tests.support.net import RECEIVER, TOKEN, on_virtual_time
from wikipayam_async import (
    AsyncWikipayam,
    Balance,
    ResponseError,
    RetryPolicy,
    UnknownOutcomeError,
    WikipayamError,
)
from wikipayam_async.bulk.results import BulkReport

SENDS: dict[str, Callable[[AsyncWikipayam], Awaitable[object]]] = {
    **SINGLE_SENDS,
    "sms.send_bulk": lambda client: client.sms.send_bulk(MANY),
}
POLLING = {"sms.wait_for_delivery", "sms.watch_delivery", "receives.consume"}
"""Calls that go on polling after a failed read."""

CALLS = {**READS, **{f"send {name}": call for name, call in SENDS.items()}}

FIELDS = [
    "data",
    "id",
    "sender",
    "receiver",
    "message",
    "track_id",
    "deliver_status",
    "receives",
    "pagination",
    "filters",
    "total",
    "limit",
    "offset",
    "errors",
    "returned_count",
    "total_pages",
    "total_unread",
    "unread_count",
    "marked_count",
    "requested_count",
    "deleted_count",
    "balance",
    "currency",
    "user_id",
    "user_name",
    "received_at",
    "extra",
    "new_field",
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["t-1", ID, RECEIVER, "12", "2", "-5", "1e400", "9" * 400, "2023-09-24 23:55:20", "DELIVERED", "", "null"]
    )
)
ANSWERS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=25,
)
STATUSES = st.sampled_from([200, 200, 200, 200, 201, 202, 206, 302, 400, 401, 409, 422, 422, 429, 500, 503])
BODIES = ANSWERS.map(lambda value: json.dumps(value).encode()) | ANSWERS.map(
    lambda value: json.dumps({"data": value}).encode()
)


async def call_all(status: int, body: bytes) -> dict[str, object]:
    """Make every call against one answer; return its result or error. Only the package's own errors are caught."""
    results: dict[str, object] = {}

    def handle(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, content=body)

    async with AsyncWikipayam(
        TOKEN,
        sender="1000",
        username="u",
        otp_pattern_id=1,
        base_url="http://127.0.0.1:1",
        transport=httpx.MockTransport(handle),
        timezone="UTC",
        retry=RetryPolicy(max_attempts=1, max_retry_after=0, max_delay=0),
    ) as client:
        on_virtual_time(client)
        for name, call in CALLS.items():
            client._shared.gate.not_before = 0.0
            try:
                results[name] = await call(client)
            except WikipayamError as error:
                results[name] = error
    return results


def check(results: dict[str, object], status: int) -> None:
    """Assert that reads never raise `UnknownOutcomeError` and sends never `ResponseError`.

    A send that is answered with an ambiguous status must raise `UnknownOutcomeError`.
    """
    for name, result in results.items():
        repr(result)
        if name.startswith("send "):
            assert not isinstance(result, ResponseError), name
            if status in {302, 409, 500, 503} and not isinstance(result, BulkReport):
                assert isinstance(result, UnknownOutcomeError), name
        else:
            assert not isinstance(result, UnknownOutcomeError), name


ODD = [
    b'{"data": {"balance": "34359938", "currency": null, "user_id": "1", "new": []}}',
    b'{"data": {"balance": null}}',
    b'{"data": []}',
    b"[]",
    b"{}",
    b"null",
    b"5",
    b'"text"',
    b"true",
    b'{"data": [null, 5, "x", [], {}, {"id": 5, "track_id": 7}]}',
    b'{"data": {"receives": {"id": 5}, "pagination": [], "filters": 5, "total_unread": "many"}}',
    b'{"data": {"receives": [{"id": "1", "received_at": "yesterday"}], "pagination": {"total": "9e999"}}}',
    b'{"data": [{"id": "5", "deliver_status": "ON_THE_MOON"}, {"id": "' + ID.encode() + b'", "deliver_status": 5}]}',
    b'{"data": {"unread_count": "' + b"9" * 5000 + b'"}}',
    b'{"message": {"a": 1}, "errors": [1, {"a": null}]}',
    b'{"message": null, "errors": {"0.receiver": null, "x": [1, null], "y": {"z": "w"}, "99999999999999999999.a": "q"}}',
    b'{"data": ' + b"[" * 400 + b"]" * 400 + b"}",
    b'{"data": ' + b'{"data":' * 900 + b"1" + b"}" * 900 + b"}",
    b"<html>",
    b"",
    b"\xff\xfe",
    b'{"data": "\\ud800"}',
    b'\xef\xbb\xbf{"data": {"balance": 1}}',
]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
class TestTolerant:
    """Whatever the gateway answers, a call returns a value or raises one of the package's errors."""

    @pytest.mark.parametrize("body", ODD)
    @pytest.mark.parametrize("status", [200, 422, 500])
    def test_an_odd_answer_raises_only_package_errors(self, backend: str, status: int, body: bytes) -> None:
        """Wrong types, nulls, missing and new fields, new statuses and bare lists raise no foreign exception."""
        check(anyio.run(call_all, status, body, backend=backend), status)

    @examples(60, short=20)
    @given(status=STATUSES, body=BODIES)
    @example(status=200, body=b'{"data": {"id": true}}')
    def test_any_json_raises_only_package_errors(self, backend: str, status: int, body: bytes) -> None:
        """Random JSON raises no foreign exception from any call."""
        check(anyio.run(call_all, status, body, backend=backend), status)

    def test_numbers_may_be_strings_and_fields_may_be_new(self, backend: str) -> None:
        """A balance with its numbers as strings is read, and unknown fields are kept."""
        results = anyio.run(call_all, 200, ODD[0], backend=backend)
        assert results["balance"] == Balance(34359938, "IRR", 1, None, {"new": []})

    def test_an_unreadable_answer_fails_a_read_and_leaves_a_send_unknown(self, backend: str) -> None:
        """An HTML page with status 200 raises `ResponseError` from a read and `UnknownOutcomeError` from a send."""
        results = anyio.run(call_all, 200, b"<html>", backend=backend)
        kinds = {name: type(result) for name, result in results.items()}
        assert {kinds[name] for name in READS if name not in POLLING} == {ResponseError}
        assert {kinds[f"send {name}"] for name in SENDS if name != "sms.send_bulk"} == {UnknownOutcomeError}
        report = results["send sms.send_bulk"]
        assert isinstance(report, BulkReport)
        assert len(report.unknown) == len(MANY)

"""P8: the gateway may change."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.net import on_virtual_time
from wikipayam_async import (
    AsyncWikipayam,
    Balance,
    OtpMessage,
    Polling,
    ResponseError,
    RetryPolicy,
    SmsMessage,
    UnknownOutcomeError,
    WikipayamError,
)
from wikipayam_async.bulk.results import BulkReport

TOKEN = "t"
NUMBER = "09123456789"
ID = "69e5eeab439260d336015405"


async def all_of(iterator: Any) -> int:
    """Read an iterator to its end, within reason."""
    count = 0
    async for _ in iterator:
        count += 1
        if count >= 50:
            break
    await iterator.aclose()
    return count


READS: dict[str, Callable[[AsyncWikipayam], Awaitable[object]]] = {
    "balance": lambda client: client.balance(),
    "delivery_status": lambda client: client.sms.delivery_status([ID, "5"]),
    "sms.receive": lambda client: client.sms.receive(date(2024, 1, 1)),
    "receives.list": lambda client: client.receives.list(),
    "receives.iter": lambda client: all_of(client.receives.iter()),
    "receives.unread": lambda client: client.receives.unread(),
    "receives.iter_unread": lambda client: all_of(client.receives.iter_unread()),
    "receives.unread_count": lambda client: client.receives.unread_count(),
    "receives.statistics": lambda client: client.receives.statistics("2024-01-01", "2024-02-01"),
    "receives.get": lambda client: client.receives.get(ID),
    "receives.mark_read": lambda client: client.receives.mark_read([ID, "5"]),
    "receives.mark_all_read": lambda client: client.receives.mark_all_read(),
    "receives.delete": lambda client: client.receives.delete(ID),
    "receives.delete_all_read": lambda client: client.receives.delete_all_read(),
    "receives.delete_all_unread": lambda client: client.receives.delete_all_unread(),
    "receives.delete_older_than": lambda client: client.receives.delete_older_than(30),
    "wait_for_delivery": lambda client: client.sms.wait_for_delivery(
        ID, 0.001, polling=Polling(first_interval=0.001, longest_interval=0.001)
    ),
    "request": lambda client: client.request("GET", "x"),
    "request cast": lambda client: client.request("GET", "x", cast_to=Balance),
    "request cast to list": lambda client: client.request("GET", "x", cast_to=list[dict[str, int]]),
}
SENDS: dict[str, Callable[[AsyncWikipayam], Awaitable[object]]] = {
    "sms.send": lambda client: client.sms.send(NUMBER, "text", track_id="t-1"),
    "sms.send_many": lambda client: client.sms.send_many([SmsMessage(NUMBER, "a"), SmsMessage(NUMBER, "b")]),
    "sms.send_bulk": lambda client: client.sms.send_bulk([SmsMessage(NUMBER, "a"), SmsMessage(NUMBER, "b")]),
    "otp.send": lambda client: client.otp.send(NUMBER, "1234", track_id="t-1"),
    "otp.send_many": lambda client: client.otp.send_many([OtpMessage(NUMBER, "1"), OtpMessage(NUMBER, "2")]),
    "voice.send": lambda client: client.voice.send(NUMBER, "1234", track_id="t-1"),
    "holoo.send": lambda client: client.holoo.send(NUMBER, "text"),
    "holoo.send_get": lambda client: client.holoo.send_get(NUMBER, "text"),
    "request": lambda client: client.request("POST", "x", json=[]),
}
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
        ["t-1", ID, NUMBER, "12", "2", "-5", "1e400", "9" * 400, "2023-09-24 23:55:20", "DELIVERED", "", "null"]
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
    """Make every call against one answer; return what came of each. Anything but our errors escapes."""
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
        retry=RetryPolicy(attempts=1, longest_retry_after=0, longest_pause=0),
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
    """Check what must hold of every outcome: a success that cannot be read is unknown on a send, and never unknown on a read."""
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
class TestP8TheGatewayMayChange:
    """Whatever JSON comes, a caller sees a value or one of our errors."""

    @pytest.mark.parametrize("body", ODD)
    @pytest.mark.parametrize("status", [200, 422, 500])
    def test_an_odd_answer_brings_no_strange_exception(self, backend: str, status: int, body: bytes) -> None:
        """Strings for numbers, nulls, missing and new fields, new words, bare lists, wrong types: all are met calmly."""
        check(anyio.run(call_all, status, body, backend=backend), status)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(status=STATUSES, body=BODIES)
    @example(status=200, body=b'{"data": {"id": true}}')
    def test_any_json_brings_no_strange_exception(self, backend: str, status: int, body: bytes) -> None:
        """Answers that hypothesis makes up, to every operation of every service."""
        check(anyio.run(call_all, status, body, backend=backend), status)

    def test_numbers_may_be_strings_and_fields_may_be_new(self, backend: str) -> None:
        """A balance with its numbers as strings is read, and unknown fields are kept."""
        results = anyio.run(call_all, 200, ODD[0], backend=backend)
        assert results["balance"] == Balance(34359938, "IRR", 1, None, {"new": []})

    def test_a_read_that_cannot_be_read_is_a_response_error_and_a_send_unknown(self, backend: str) -> None:
        """The same HTML page with status 200 is a `ResponseError` here and an `UnknownOutcomeError` there."""
        results = anyio.run(call_all, 200, b"<html>", backend=backend)
        kinds = {name: type(result) for name, result in results.items()}
        assert {kinds[name] for name in READS if name != "wait_for_delivery"} == {ResponseError}
        assert {kinds[f"send {name}"] for name in SENDS if name != "sms.send_bulk"} == {UnknownOutcomeError}
        report = results["send sms.send_bulk"]
        assert isinstance(report, BulkReport)
        assert len(report.unknown) == 2

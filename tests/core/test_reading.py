from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from anyio.abc import ByteStream

from tests.support.calls import ID, MANY
from tests.support.net import RECEIVER, connected
from tests.support.raw import RawRequest, answer, raw_gateway, sent_items
from tests.support.secrets import CALLS, CODE, NUMBER, TEXT, client_for, leaks, shown_of
from wikipayam_async import (
    AsyncWikipayam,
    ResponseError,
    SendStatus,
    SmsMessage,
    UnknownOutcomeError,
    UnprocessableError,
    WikipayamError,
)
from wikipayam_async.core.operation import Call, Operation, Replay, SendBatch, message_of
from wikipayam_async.core.options import Options, Origin
from wikipayam_async.core.protocol import Answer, RequestBuilder
from wikipayam_async.core.reading import Unreadable, read_answer
from wikipayam_async.redact.sealed import SealedBytes, Secret

FAILURES = {
    "a flag": ({"success": False, "message": "No credit."}, "No credit."),
    "a word": ({"status": "error", "error": "Line is blocked."}, "Line is blocked."),
    "field errors": ({"errors": {"0.receiver": ["is blacklisted"]}}, "0.receiver: is blacklisted"),
    "an error object": ({"error": {"code": "E12", "message": "Not now."}}, "Not now.; code E12"),
    "data without ids": ({"data": {"success": False, "message": "Closed."}}, "Closed."),
    "null data": ({"data": None, "success": False, "message": "Down."}, "Down."),
    "a plain text": ("ERROR 12: no credit", "ERROR 12: no credit"),
}

SENDS: dict[str, Callable[[AsyncWikipayam], Awaitable[object]]] = {
    "sms.send": lambda client: client.sms.send(RECEIVER, "text", track_id="t"),
    "sms.send_many": lambda client: client.sms.send_many(MANY),
    "otp.send": lambda client: client.otp.send(RECEIVER, "1234", track_id="t"),
    "voice.send": lambda client: client.voice.send(RECEIVER, "1234", track_id="t"),
}
READS: dict[str, Callable[[AsyncWikipayam], Awaitable[object]]] = {
    "balance": lambda client: client.balance(),
    "sms.delivery_status": lambda client: client.sms.delivery_status(ID),
    "sms.receive": lambda client: client.sms.receive("2024-01-01"),
    "receives.list": lambda client: client.receives.list(),
    "receives.get": lambda client: client.receives.get(ID),
    "receives.statistics": lambda client: client.receives.statistics(),
    "receives.unread_count": lambda client: client.receives.unread_count(),
    "receives.mark_read": lambda client: client.receives.mark_read(ID),
    "receives.delete": lambda client: client.receives.delete(ID),
}


@pytest.mark.anyio
class TestFailuresUnderASuccessStatus:
    """A 200 that carries a failure's message."""

    @pytest.mark.parametrize("name", FAILURES)
    async def test_an_error_quotes_what_the_gateway_said(self, name: str) -> None:
        """A read raises `ResponseError`, a send stays unknown, and both quote the failure, in the cause, too."""
        body, said = FAILURES[name]

        async def fail(_: RawRequest, _stream: ByteStream) -> object:
            return answer(body)

        async with raw_gateway(fail) as gateway, connected(gateway.url) as (client, *_):
            for read in READS.values():
                with pytest.raises(ResponseError) as unreadable:
                    await read(client)
                assert (unreadable.value.message, f'the gateway said "{said}"' in str(unreadable.value)) == (said, True)
            for send in SENDS.values():
                with pytest.raises(UnknownOutcomeError) as unknown:
                    await send(client)
                assert f'gateway said "{said}"' in str(unknown.value)
                assert isinstance(unknown.value.__cause__, ResponseError)
                assert unknown.value.__cause__.message == said
            report = await client.sms.send_bulk(MANY)
        assert [result.status for result in report] == [SendStatus.UNKNOWN] * 3
        assert all(f'gateway said "{said}"' in str(result.error) for result in report)

    async def test_a_message_without_an_id_says_why(self) -> None:
        """Of a partly accepted request, the error of the rest quotes what the gateway said about it."""

        async def accept_two(request: RawRequest, _: ByteStream) -> object:
            *accepted, last = sent_items(request)
            return answer({"data": [*accepted, {**last, "id": None, "error": "The line is blocked."}]})

        async with raw_gateway(accept_two) as gateway, connected(gateway.url) as (client, *_):
            with pytest.raises(UnknownOutcomeError, match=r'The gateway said "The line is blocked\."') as caught:
                await client.sms.send_many(MANY)
            report = await client.sms.send_bulk(MANY)
        assert len(caught.value.accepted) == 2
        assert [result.status.value for result in report] == ["accepted", "accepted", "unknown"]
        assert 'The gateway said "The line is blocked."' in str(report.unknown[0].error)

    async def test_an_accepted_message_counts_whatever_the_rest_says(self) -> None:
        """An id is the sign of acceptance, also beside a flag that reports a failure."""

        async def contradict(request: RawRequest, _: ByteStream) -> object:
            return answer({"success": False, "message": "odd", "data": sent_items(request)})

        async with raw_gateway(contradict) as gateway, connected(gateway.url) as (client, *_):
            assert (await client.sms.send(RECEIVER, "text", track_id="t")).track_id == "t"

    @pytest.mark.parametrize("status", [409, 500, 503])
    async def test_an_error_status_after_a_send_is_quoted(self, status: int) -> None:
        """The error itself says what the gateway said, not only its cause."""

        async def fail(_: RawRequest, _stream: ByteStream) -> object:
            return answer({"message": "Queue is full."}, status)

        async with raw_gateway(fail) as gateway, connected(gateway.url) as (client, *_):
            with pytest.raises(UnknownOutcomeError, match=rf'\({status}; the gateway said "Queue is full\."\)'):
                await client.sms.send(RECEIVER, "text")

    async def test_an_unknown_endpoint_is_the_callers_to_judge(self) -> None:
        """`client.request` returns the answer as it is; only a `cast_to` that does not fit raises, and quotes."""

        async def fail(_: RawRequest, _stream: ByteStream) -> object:
            return answer({"success": False, "message": "No."})

        async with raw_gateway(fail) as gateway, connected(gateway.url) as (client, *_):
            assert await client.request("GET", "x") == {"success": False, "message": "No."}
            with pytest.raises(ResponseError, match=r'the gateway said "No\."'):
                await client.request("GET", "x", cast_to=list[int])

    @pytest.mark.parametrize("form", ["message", "errors", "text", "item"])
    async def test_a_quoted_failure_shows_nothing_of_the_request(self, form: str) -> None:
        """A gateway that repeats the request in its failure gets no text, code, number or token into the error."""

        async def echo(request: RawRequest, _: ByteStream) -> object:
            own = next((one for one in (TEXT, CODE) if one in request.body.decode()), "it")
            said = f"We could not take {request.body.decode()} {request.headers} {own} {NUMBER}."
            bodies: dict[str, object] = {
                "message": {"success": False, "message": said},
                "errors": {"errors": {said: [said]}},
                "text": f"No: {own} {NUMBER}",
                "item": {"data": [{"message": said}]},
            }
            return answer(bodies[form])

        async with raw_gateway(echo) as gateway, client_for(gateway.url) as client:
            for call in CALLS.values():
                try:
                    await call(client)
                except WikipayamError as error:
                    assert leaks(shown_of(error)) == []  # noqa: PT017 - not every call fails


@pytest.mark.anyio
# httpx leaves its generators to the garbage collector when an exchange fails.
@pytest.mark.filterwarnings("ignore:Async generator 'http:ResourceWarning")
class TestTolerance:
    """Faults of a gateway below the models."""

    @pytest.mark.parametrize("via", ["lanes", "pool"])
    @pytest.mark.parametrize("encoding", ["UTF-8", "utf8", "none", "identity, identity", "", "x-mistake"])
    async def test_a_word_that_is_no_compression_does_no_harm(self, via: str, encoding: str) -> None:
        """`Content-Encoding: UTF-8`, or another word over a plain body with a byte order mark, is read."""

        async def handle(request: RawRequest, _: ByteStream) -> object:
            data = sent_items(request) if request.method == "POST" else {"balance": 3}
            body = b"\xef\xbb\xbf" + json.dumps({"data": data}).encode()
            return answer(body, headers={"Content-Encoding": encoding})

        async with raw_gateway(handle) as gateway, connected(gateway.url, via) as (client, *_):
            assert (await client.balance()).balance == 3
            assert (await client.sms.send(RECEIVER, "text", track_id="t")).id == "0" * 24

    @pytest.mark.parametrize("id_", [b"1000.0", b"1e3", b"1000", b'"1000"'])
    async def test_a_number_as_id(self, id_: bytes) -> None:
        """PHP writes ids as numbers, and some as floats: they name the same message."""

        async def handle(_: RawRequest, _stream: ByteStream) -> object:
            return answer(b'{"data": [{"id": ' + id_ + b', "track_id": "t"}]}')

        async with raw_gateway(handle) as gateway, connected(gateway.url) as (client, *_):
            assert (await client.sms.send(RECEIVER, "text", track_id="t")).id == "1000"

    @pytest.mark.parametrize("id_", [b"1e22", b"9007199254740994.0", b"true", b"null", b"[]"])
    async def test_an_id_that_is_not_exact_is_none(self, id_: bytes) -> None:
        """A float beyond 2**53 may be another id than the gateway meant, so the outcome is unknown."""

        async def handle(_: RawRequest, _stream: ByteStream) -> object:
            return answer(b'{"data": [{"id": ' + id_ + b', "track_id": "t"}]}')

        async with raw_gateway(handle) as gateway, connected(gateway.url) as (client, *_):
            with pytest.raises(UnknownOutcomeError):
                await client.sms.send(RECEIVER, "text", track_id="t")

    @pytest.mark.parametrize("at", ["1402-05-01 10:00:00", "۱۴۰۲-۰۵-۰۱ ۱۰:۰۰:۰۰", "1402/05/01", "02-05-01", 1690871400])
    async def test_a_timestamp_that_is_not_gregorian_is_none(self, at: object) -> None:
        """It would be an instant six centuries ago; its text stays in `extra`."""

        async def handle(_: RawRequest, _stream: ByteStream) -> object:
            return answer({"data": {"receives": [{"id": ID, "message": "a", "received_at": at}], "pagination": {}}})

        async with raw_gateway(handle) as gateway, connected(gateway.url) as (client, *_):
            found = (await client.receives.list()).receives[0]
        assert (found.received_at, found.extra) == (None, {"received_at": at})

    @pytest.mark.parametrize("via", ["lanes", "pool"])
    @pytest.mark.parametrize(
        "items", [b"{},", b'{"id":"1"},', b"[],", b"0,", b'{"a":{}},'], ids=["{}", "ids", "[]", "0", "nested"]
    )
    async def test_a_flood_of_small_items_costs_little(self, via: str, items: bytes) -> None:
        """16 MiB of them answer 100 messages: the call ends with little work, and an unknown outcome."""
        flood = b'{"data": [' + items * (16_000_000 // len(items)) + b"0]}"

        async def handle(_: RawRequest, stream: ByteStream) -> object:
            await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(flood))
            await stream.send(flood)
            return False

        messages = [SmsMessage(RECEIVER, "text", track_id=f"t{number}") for number in range(100)]
        async with raw_gateway(handle) as gateway, connected(gateway.url, via, timeout=30) as (client, *_):
            with pytest.raises(UnknownOutcomeError) as caught, counted_calls() as calls:
                await client.sms.send_many(messages)
        assert len(caught.value.track_ids) == 100
        assert calls[0] < 100_000  # one for each item would be millions

    @pytest.mark.parametrize("items", [1001, 200_000])
    async def test_more_items_than_messages_could_need_are_refused(self, items: int) -> None:
        """Far more items than messages are not built as objects, and mean nothing certain."""

        async def handle(request: RawRequest, _: ByteStream) -> object:
            return answer({"data": [*sent_items(request), *([{}] * items)]})

        messages = [SmsMessage(RECEIVER, "text", track_id=f"t{number}") for number in range(100)]
        async with raw_gateway(handle) as gateway, connected(gateway.url) as (client, *_):
            with pytest.raises(UnknownOutcomeError):
                await client.sms.send_many(messages)

    async def test_a_thousand_headers_are_quoted_in_little_time(self) -> None:
        """The work for an error with many headers and field errors grows with their number, not with its square."""
        head = "".join(f"X-{number}: {number:050}\r\n" for number in range(900))
        body = json.dumps({"errors": {f"{number}.receiver": ["is wrong " * 20] for number in range(1000)}})

        async def handle(_: RawRequest, stream: ByteStream) -> object:
            await stream.send(f"HTTP/1.1 422 X\r\n{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
            return True

        messages = [SmsMessage(RECEIVER, f"text {number}", track_id=f"t{number}") for number in range(100)]
        async with raw_gateway(handle) as gateway, connected(gateway.url) as (client, *_):
            with pytest.raises(UnprocessableError) as caught, counted_calls() as calls:
                await client.sms.send_many(messages)
        assert len(caught.value.errors) == 1000
        assert calls[0] < 6_000_000  # a search of every header for every error would be a thousand times as many


@contextmanager
def counted_calls() -> Iterator[list[int]]:
    """Count the calls of functions in this thread: what a step costs, whatever else the machine does."""
    calls = [0]

    def count(_frame: object, event: str, _arg: object) -> None:
        calls[0] += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(None)


OUTGOING = RequestBuilder(Options(token=Secret("t"), origin=Origin.parse("http://localhost")), b"agent").build(
    Call(operation=Operation("x", "GET", "x", Replay.READ), read=str)
)


def read(body: bytes, operation: Operation) -> tuple[object, Unreadable | None]:
    """Read an answer to a call that returns the data."""
    call: Call[object] = Call(operation=operation, read=lambda data: data)
    return read_answer(call, Answer(200, {}, SealedBytes(body)), OUTGOING)


def test_data_beside_an_error_is_read_where_content_is_needed() -> None:
    """What the gateway returned counts, unless the call returns nothing but its own success."""
    body = b'{"status": "error", "data": {"a": 1}}'
    assert read(body, Operation("x", "GET", "x", Replay.READ)) == ({"a": 1}, None)
    failure = Unreadable("a 200 answer that reports a failure")
    assert read(body, Operation("x", "POST", "x", Replay.IDEMPOTENT, needs_content=False)) == (None, failure)


def test_a_large_answer_is_not_quoted() -> None:
    """Scrubbing a message of more than 256 KiB would cost more than the message is worth."""
    body = b'{"success": false, "message": "' + b"x" * 262_144 + b'"}'
    assert read(body, Operation("x", "GET", "x", Replay.READ)) == (
        None,
        Unreadable("a 200 answer that reports a failure"),
    )


SEND = Operation("sms.send", "POST", "sms/send", Replay.SEND)
READ = Operation("x", "GET", "x", Replay.READ)
TWO = SendBatch[Any]([SmsMessage(RECEIVER, "one"), SmsMessage(RECEIVER, "two")], ["a", "b"], lambda item: None)
NO_RESULT = "a 200 answer without what the call needs (KeyError)"


def refuse(data: object) -> object:
    """Find no result in an answer."""
    raise KeyError(data)


def read_send(body: bytes, result: list[str | None] | None = None) -> tuple[object, Unreadable | None]:
    """Read the answer to a send of two messages; None as result for one that cannot be read."""
    read_data = refuse if result is None else lambda _: result
    call: Call[object] = Call(operation=SEND, read=read_data, batch=TWO)
    return read_answer(call, Answer(200, {}, SealedBytes(body)), OUTGOING)


def test_the_answer_to_a_send_is_quoted_as_it_is_where_it_has_no_words() -> None:
    """Its usual fields are shown, since nothing else tells why the outcome is unknown."""
    assert read_send(b'{"success": false}') == (None, Unreadable(NO_RESULT, '{"success":false}'))
    assert read_send(b'{"message": "Full."}') == (None, Unreadable(NO_RESULT, "Full."))
    assert read(b'{"success": false}', READ) == (None, Unreadable("a 200 answer that reports a failure"))


@pytest.mark.parametrize(
    ("results", "said"),
    [
        (["1", None], ""),
        ([None, None], '{"data":[]}'),
    ],
)
def test_an_answer_without_words_is_quoted_if_it_has_no_result_at_all(results: list[str | None], said: str) -> None:
    """Beside accepted messages, the answer itself is no reason."""
    found, unreadable = read_send(b'{"data": []}', results)
    assert isinstance(found, list)
    assert (list(found), message_of(found), unreadable) == (results, said, None)


def test_words_beside_accepted_messages_are_kept() -> None:
    """They may say why the others have no result."""
    found, unreadable = read_send(b'{"message": "One is blocked."}', ["1", None])
    assert isinstance(found, list)
    assert (list(found), message_of(found), unreadable) == (["1", None], "One is blocked.", None)


def test_complete_results_say_nothing() -> None:
    """A plain list is returned, whatever the gateway says."""
    found, unreadable = read_send(b'{"message": "Thanks."}', ["1", "2"])
    assert (type(found), found, unreadable) == (list, ["1", "2"], None)


def test_a_page_is_quoted_after_a_send_only() -> None:
    """A page may hold somebody's message; after a send, its text is the only reason there is."""
    page = b"<html><body>Bad gateway</body></html>"
    assert [read(page, READ)[1], read_send(page)[1]] == [
        Unreadable("a 200 answer that is not JSON (of another type, 37 bytes)"),
        Unreadable("a 200 answer that is not JSON (of another type, 37 bytes)", "Bad gateway"),
    ]


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (b'{"success": false, "message": "', b'"}'),
        (b"<p>", b""),
    ],
)
def test_an_answer_of_256_kib_is_quoted(begin: bytes, end: bytes) -> None:
    """It is the largest one."""
    room = 262_144 - len(begin) - len(end)
    quoted, too_large = (read_send(begin + b"x" * size + end)[1] for size in (room, room + 1))
    assert quoted is not None
    assert too_large is not None
    assert (quoted.message[:1], too_large.message) == ("x", "")


def test_an_answer_of_256_kib_without_words_is_quoted() -> None:
    """It is the largest one."""
    at_limit, above = (read_send(b'{"success": false}' + b" " * (size - 18))[1] for size in (262_144, 262_145))
    assert [at_limit, above] == [Unreadable(NO_RESULT, '{"success":false}'), Unreadable(NO_RESULT)]


def test_an_empty_answer_is_a_success_of_a_call_that_needs_none() -> None:
    """A send always needs one: without an id, nothing shows that a message was accepted."""
    assert read(b"", Operation("x", "POST", "x", Replay.IDEMPOTENT, needs_content=False)) == (None, None)
    for operation in (READ, Operation("x", "POST", "x", Replay.SEND, needs_content=False)):
        found, unreadable = read(b"", operation)
        assert (found, unreadable) == (None, Unreadable("a 200 answer with an empty body"))


def test_a_failure_of_an_undocumented_endpoint_is_data() -> None:
    """The caller judges it, as it does the answer to a send."""
    body = b'{"success": false}'
    for operation in (Operation("x", "GET", "x", Replay.READ, is_documented=False), SEND):
        assert read(body, operation) == ({"success": False}, None)


def test_the_shortcut_of_a_call_is_taken_first() -> None:
    """Its result counts; without one, the answer is decoded."""
    call: Call[object] = Call(
        operation=SEND, read=lambda _: "decoded", shortcut=lambda body: "fast" if body == b"1" else None
    )
    found = [read_answer(call, Answer(200, {}, SealedBytes(body)), OUTGOING) for body in (b"1", b"2")]
    assert found == [("fast", None), ("decoded", None)]


def test_a_reported_failure_is_quoted() -> None:
    """In the gateway's words."""
    failure = Unreadable("a 200 answer that reports a failure", "No credit.")
    assert read(b'{"success": false, "message": "No credit."}', READ) == (None, failure)


def test_an_answer_that_was_not_decoded_says_nothing() -> None:
    """A shortcut that fails leaves nothing to quote."""
    call: Call[object] = Call(operation=SEND, read=str, shortcut=refuse, batch=TWO)
    assert read_answer(call, Answer(200, {}, SealedBytes(b'{"message": "No."}')), OUTGOING) == (
        None,
        Unreadable(NO_RESULT),
    )


def test_what_may_be_a_message_is_quoted_after_a_send_only() -> None:
    """The answer to a read may be somebody's message."""
    call: Call[object] = Call(operation=READ, read=refuse)
    body = b'{"message": "It was refused.", "at": 0}'
    assert [read_answer(call, Answer(200, {}, SealedBytes(body)), OUTGOING)[1], read_send(body)[1]] == [
        Unreadable(NO_RESULT),
        Unreadable(NO_RESULT, "It was refused."),
    ]


def test_an_unreadable_answer_says_why() -> None:
    """The gateway's words follow the reason, where there are any."""
    assert [str(Unreadable("an empty answer")), str(Unreadable("a failure", "Full."))] == [
        "an empty answer",
        'a failure; the gateway said "Full."',
    ]


def test_results_without_a_message() -> None:
    """Plain results say nothing."""
    assert message_of([None]) == ""

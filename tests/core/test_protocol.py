import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async import errors
from wikipayam_async.core.converter import encode_json
from wikipayam_async.core.operation import Call, Operation, Replay
from wikipayam_async.core.options import Options, Origin
from wikipayam_async.core.protocol import (
    Answer,
    Headers,
    Outgoing,
    RequestBuilder,
    UnreadableAnswerError,
    data_of,
    decode_answer,
    event_headers,
    is_blank,
    sensitive_values,
    status_error,
)
from wikipayam_async.outcomes import Attempt, Phase
from wikipayam_async.redact.sealed import SealedBytes, SealedFields, Secret

TOKEN = "t0ken|s3cret"
OPTIONS = Options(token=Secret(TOKEN), origin=Origin.parse("https://wikipayam.ir:8443/gate"), timeout=7.5)
SEND = Operation("sms.send", "POST", "sms/send", Replay.SEND)
LIST = Operation("receives.list", "GET", "receives", Replay.READ)
HOLOO = Operation("holoo.send_via_url", "GET", "service/holoo", Replay.SEND, secret_query=True)


def request(operation: Operation = SEND, query: Mapping[str, str] = MappingProxyType({}), **given: Any) -> Outgoing:
    """Build the request of a call."""
    call: Call[object] = Call(operation=operation, read=lambda data: data, query=SealedFields(query), **given)
    return RequestBuilder(OPTIONS, b"agent/1").build(call)


def answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer with a JSON body, or with the given bytes."""
    return Answer(status, headers or {}, SealedBytes(body if isinstance(body, bytes) else encode_json(body)))


def test_a_request_with_a_body() -> None:
    """Method, path, headers and body are complete, and the token is kept apart."""
    found = request(body=SealedBytes(b"[]"))
    assert found == Outgoing(
        origin=OPTIONS.origin,
        method="POST",
        path="/gate/api/v1/sms/send",
        query="",
        secret_query=False,
        headers=Headers(
            (
                (b"Accept", b"application/json"),
                (b"Accept-Encoding", b"identity"),
                (b"User-Agent", b"agent/1"),
                (b"Content-Type", b"application/json"),
            )
        ),
        authorization=Secret(TOKEN),
        body=SealedBytes(b"[]"),
        timeout=7.5,
    )
    assert (found.target, found.loggable_url) == (
        "/gate/api/v1/sms/send",
        "https://wikipayam.ir:8443/gate/api/v1/sms/send",
    )


def test_a_request_with_a_query() -> None:
    """The query is percent-encoded and not logged, and the path of the call replaces that of the operation."""
    found = request(LIST, path="receives/x", query={"search": "سلام &=+/ x", "limit": "2"})
    query = "search=%D8%B3%D9%84%D8%A7%D9%85%20%26%3D%2B%2F%20x&limit=2"
    assert (found.query, found.target) == (query, f"/gate/api/v1/receives/x?{query}")
    assert found.loggable_url == "https://wikipayam.ir:8443/gate/api/v1/receives/x"
    assert found.url == f"{found.loggable_url}?{query}"
    assert [name for name, _ in found.headers.fields] == [b"Accept", b"Accept-Encoding", b"User-Agent"]


def test_a_request_with_the_token_in_its_query() -> None:
    """It has no headers and no Authorization, and its query is not logged."""
    found = request(HOLOO, query={"username": "me", "password": TOKEN})
    assert (found.headers.fields, found.authorization, found.body) == ((), None, None)
    assert found.target == "/gate/api/v1/service/holoo?username=me&password=t0ken%7Cs3cret"
    assert found.loggable_url == "https://wikipayam.ir:8443/gate/api/v1/service/holoo"


@pytest.mark.parametrize(("timeout", "seconds"), [(None, 7.5), (0.25, 0.25), (30, 30)])
def test_a_call_may_have_a_time_out_of_its_own(timeout: float | None, seconds: float) -> None:
    """The time-out of a call replaces the client's; None keeps it."""
    assert request(timeout=timeout).timeout == seconds


@pytest.mark.parametrize("timeout", [0, -1, math.inf, math.nan, 10**400, True, "5"])
def test_an_invalid_time_out_of_a_call_is_refused(timeout: Any) -> None:
    """The request is not built."""
    with pytest.raises(errors.InvalidInputError, match="timeout: expected a finite number of seconds above 0; got "):
        request(timeout=timeout)


def test_events_carry_only_well_known_headers() -> None:
    """Cookies, unknown headers and long values are left out, because they may repeat a message."""
    headers = {
        "x-request-id": "7f3a",
        "x-ratelimit-remaining": "59",
        "content-type": "application/json",
        "retry-after": "3",
        "server": "x" * 200,
        "cf-ray": "x" * 201,
        "set-cookie": "session=1",
        "location": "https://wikipayam.ir/?password=t0ken",
        "authorization": "Bearer t0ken",
        "x-echo": "a secret",
    }
    assert event_headers(headers) == {
        "x-request-id": "7f3a",
        "x-ratelimit-remaining": "59",
        "content-type": "application/json",
        "retry-after": "3",
        "server": "x" * 200,
    }
    assert event_headers({}) == {}


def test_the_repr_shows_no_secret() -> None:
    """Token, query, body and headers are not part of the `repr`."""
    shown = repr(request(query={"a": "s3cret"}, body=SealedBytes(b'"s3cret"'))) + repr(
        answer(200, ["s3cret"], {"x": "s3cret"})
    )
    assert "s3cret" not in shown


def test_an_origin_without_a_path() -> None:
    """The loggable URL is complete."""
    call: Call[object] = Call(operation=LIST, read=lambda data: data)
    options = Options(token=Secret("t"), origin=Origin.parse("http://localhost"), api_prefix="")
    assert RequestBuilder(options, b"").build(call).loggable_url == "http://localhost/receives"


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b'{"data": {"a": 1}}', {"a": 1}),
        (b'{"data": null}', None),
        (b'{"data": [], "meta": 1}', []),
        (b'{"a": 1}', {"a": 1}),
        (b"[1]", [1]),
        (b'"data"', "data"),
        (b" 5 ", 5),
        (b"null", None),
    ],
)
def test_the_data_of_an_answer(body: bytes, data: object) -> None:
    """The value under `data` is returned, or the whole value if there is no `data`."""
    assert data_of(decode_answer(answer(200, body))) == data


@pytest.mark.parametrize(
    ("body", "headers", "text"),
    [
        (b"", {}, "a 200 answer with an empty body"),
        (b" \r\n", {}, "a 200 answer with an empty body"),
        (b"<html>", {"content-type": "text/html; charset=utf-8"}, "a 200 answer that is not JSON (text/html, 6 bytes)"),
        (b'{"data": ', {}, "a 200 answer that is not JSON (of another type, 9 bytes)"),
        (b"NaN", {"content-type": "application/json"}, "a 200 answer that is not JSON (application/json, 3 bytes)"),
        (b'"\xff"', {"content-type": "a\x1b[31m"}, "a 200 answer that is not JSON (of another type, 3 bytes)"),
        (b"x", {"content-type": "y" * 500}, "a 200 answer that is not JSON (of another type, 1 bytes)"),
        (b"[" * 100_000, {}, "a 200 answer with JSON nested too deeply"),
        (b"x", {"content-type": " Text/Plain ; a=1; b=2"}, "a 200 answer that is not JSON (text/plain, 1 bytes)"),
        (b"x", {"content-type": "application/xml"}, "a 200 answer that is not JSON (application/xml, 1 bytes)"),
        (b"x", {"content-type": "text/xml"}, "a 200 answer that is not JSON (text/xml, 1 bytes)"),
        (b"9" * 5000, {}, "a 200 answer that is not JSON (of another type, 5000 bytes)"),
    ],
)
def test_an_answer_that_is_not_json(body: bytes, headers: dict[str, str], text: str) -> None:
    """An unreadable answer raises one error, which quotes nothing of the body."""
    with pytest.raises(UnreadableAnswerError) as caught:
        data_of(decode_answer(answer(200, body, headers)))
    assert str(caught.value) == text


BLANK = [b"", b" ", b"\r\n\t ", b"\xef\xbb\xbf", b"\xef\xbb\xbf \n"]


@pytest.mark.parametrize("body", BLANK)
def test_a_blank_body_is_read_only_where_no_content_is_needed(body: bytes) -> None:
    """An empty body, white space and a byte order mark alone are no content."""
    assert is_blank(answer(200, body))
    with pytest.raises(UnreadableAnswerError, match="a 200 answer with an empty body"):
        data_of(decode_answer(answer(200, body)))


def test_a_body_that_is_not_json_is_unreadable_even_where_no_content_is_needed() -> None:
    """Only a blank body is no content: an HTML page under 200 is no success."""
    with pytest.raises(UnreadableAnswerError, match="not JSON"):
        decode_answer(answer(200, b"<html>"))


@pytest.mark.parametrize("body", [b'\xef\xbb\xbf{"data": [1]}', b"\xef\xbb\xbf\r\n [1]"])
def test_a_byte_order_mark_before_json_is_skipped(body: bytes) -> None:
    """Editors on Windows write a byte order mark into PHP files, which then send it."""
    assert data_of(decode_answer(answer(200, body))) == [1]


@given(st.binary(max_size=40) | st.text('{}[]":,\\ua1.e-NIdt', max_size=40).map(str.encode))
def test_any_body_is_data_or_unreadable(body: bytes) -> None:
    """No body raises anything but `UnreadableAnswerError`."""
    try:
        data_of(decode_answer(answer(200, body)))
    except UnreadableAnswerError as error:
        assert error.__suppress_context__ or error.__context__ is None  # noqa: PT017 - most inputs do not raise


@pytest.mark.parametrize(
    ("status", "cls", "text"),
    [
        (302, errors.APIStatusError, "sms.send: the gateway answered 302"),
        (400, errors.BadRequestError, "sms.send: the gateway answered 400"),
        (
            401,
            errors.AuthenticationError,
            "sms.send: the gateway answered 401; check the token (panel: profile, API token)",
        ),
        (402, errors.InsufficientBalanceError, "sms.send: the gateway answered 402; top up the account"),
        (403, errors.PermissionDeniedError, "sms.send: the gateway answered 403"),
        (404, errors.NotFoundError, "sms.send: the gateway answered 404"),
        (405, errors.APIStatusError, "sms.send: the gateway answered 405"),
        (413, errors.PayloadTooLargeError, "sms.send: the gateway answered 413; send fewer messages in one request"),
        (418, errors.APIStatusError, "sms.send: the gateway answered 418"),
        (422, errors.UnprocessableError, "sms.send: the gateway answered 422"),
        (429, errors.RateLimitError, "sms.send: the gateway answered 429; wait before the next request"),
        (499, errors.APIStatusError, "sms.send: the gateway answered 499"),
        (500, errors.ServerError, "sms.send: the gateway answered 500"),
        (503, errors.ServerError, "sms.send: the gateway answered 503"),
        (599, errors.ServerError, "sms.send: the gateway answered 599"),
    ],
)
def test_every_status_has_its_error(status: int, cls: type[errors.APIStatusError], text: str) -> None:
    """The class says what happened and the text what to do; an HTML page adds nothing."""
    found = status_error(answer(status, b"<html>no</html>"), request(), operation="sms.send")
    assert (type(found), str(found), found.status_code, found.message, dict(found.errors)) == (
        cls,
        text,
        status,
        "",
        {},
    )


def test_an_error_holds_the_gateways_report() -> None:
    """Message, field errors, headers, `Retry-After` and attempts are kept."""
    attempts = (Attempt(1, Phase.ANSWERED, 0.1, 422),)
    found = status_error(
        answer(
            422,
            {
                "message": "The given data was invalid.",
                "errors": {"0.receiver": ["Bad.", "Worse."], "1.message": "No."},
            },
            {"retry-after": "2.5", "x-request-id": "abc", "set-cookie": "session=1"},
        ),
        request(body=SealedBytes(b"[]")),
        operation="sms.send",
        attempts=attempts,
    )
    assert str(found) == 'sms.send: the gateway answered 422; "The given data was invalid."'
    assert (found.message, dict(found.errors)) == (
        "The given data was invalid.",
        {"0.receiver": ("Bad.", "Worse."), "1.message": ("No.",)},
    )
    assert (dict(found.headers), found.retry_after, found.attempts) == (
        {"retry-after": "2.5", "x-request-id": "abc"},
        2.5,
        attempts,
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": "Too bad"}, "Too bad"),
        ({"message": "", "error": "Too bad"}, "Too bad"),
        ({"message": {"a": 1}}, ""),
        ({"message": 5}, ""),
        (["message"], ""),
        ("message", ""),
        (b"", ""),
        (b"[" * 100_000, ""),
        ({"message": "x" * 301}, "x" * 300 + "…"),
        ({"message": "short", "filler": "y" * 262_144}, ""),
    ],
)
def test_the_message_of_an_error(body: object, message: str) -> None:
    """The message is read from its usual places, and never from a huge or malformed body."""
    assert status_error(answer(400, body), request(), operation="x").message == message


@pytest.mark.parametrize(("size", "message"), [(262_143, "Bad."), (262_144, "Bad."), (262_145, "")])
def test_an_error_body_is_read_up_to_a_limit(size: int, message: str) -> None:
    """A body of up to 262144 bytes is read, and a larger one is ignored."""
    body = b'{"message": "Bad."}'.ljust(size)
    assert status_error(answer(400, body), request(), operation="x").message == message


@pytest.mark.parametrize(
    ("raw", "field_errors"),
    [
        ({"a": [1, None, "x", ["y"]]}, {"a": ("x",)}),
        ({"a": None, "b": 5}, {"a": (), "b": ()}),
        ({"a": [str(n) for n in range(30)]}, {"a": tuple(str(n) for n in range(20))}),
        (["a"], {}),
        ("a", {}),
        (None, {}),
        ({"x" * 400: ["y" * 400]}, {"x" * 300 + "…": ("y" * 300 + "…",)}),
        ({f"{n}.receiver": ["Bad."] for n in range(1200)}, {f"{n}.receiver": ("Bad.",) for n in range(1000)}),
    ],
)
def test_the_field_errors_of_an_error(raw: object, field_errors: dict[str, tuple[str, ...]]) -> None:
    """Values other than text are left out, and the number of texts and fields is limited."""
    assert dict(status_error(answer(422, {"errors": raw}), request(), operation="x").errors) == field_errors


BODY = SealedBytes(
    encode_json(
        [
            {"sender": "10002000", "receiver": "09123456789", "message": "a secret", "track_id": "150"},
            {"note": "another\nsecret", "deep": [{"code": "4711"}], "otp_pattern_id": 13, "no": None},
        ]
    )
)


def test_the_sensitive_values_of_a_request() -> None:
    """The token and every string of the body are sensitive."""
    assert list(sensitive_values(request(body=BODY))) == [
        TOKEN,
        "10002000",
        "09123456789",
        "a secret",
        "150",
        "another\nsecret",
        "4711",
    ]


def test_the_sensitive_values_of_a_secret_query() -> None:
    """Every value is sensitive, both plain and encoded."""
    assert list(sensitive_values(request(HOLOO, query={"password": TOKEN, "message": "a b"}))) == [
        "t0ken%7Cs3cret",
        TOKEN,
        "a%20b",
        "a b",
    ]


def test_the_sensitive_values_of_filters() -> None:
    """Filter values are sensitive, except paging, sorting, status and dates."""
    plain = ("limit", "offset", "status", "sort_by", "sort_order", "from_date", "to_date")
    found = request(LIST, query={**dict.fromkeys(plain, "x=1"), "receiver": "0912=&", "search": "a b"})
    assert list(sensitive_values(found)) == [TOKEN, "0912%3D%26", "0912=&", "a%20b", "a b"]


def test_an_error_repeats_nothing_of_the_request() -> None:
    """Token, numbers, texts and codes are masked in message, field errors and headers."""
    echoed = f"{TOKEN} 09123456789 a secret; another secret; 4711"
    found = status_error(
        answer(422, {"message": echoed, "errors": {f"0.{echoed}": [echoed], echoed: [echoed]}}, {"x-debug": echoed}),
        request(body=BODY),
        operation="sms.send",
    )
    masked = "*** *** ***; ***; ***"
    assert (found.message, dict(found.errors), dict(found.headers)) == (
        masked,
        {f"0.{masked}": (masked,), masked: (masked,)},
        {"x-debug": masked},
    )
    assert str(found) == f'sms.send: the gateway answered 422; "{masked}"'


@pytest.mark.parametrize("body", [b"<html>Moved</html>", b"", {"message": "Moved"}])
def test_a_redirect_does_not_carry_the_token_into_the_error(body: object) -> None:
    """A Location that repeats the query is masked, whatever the body is."""
    outgoing = request(HOLOO, query={"password": TOKEN, "message": "a b"})
    location = f"https://elsewhere.example/service/holoo?{outgoing.query}&again={TOKEN}"
    found = status_error(answer(301, body, {"location": location}), outgoing, operation="holoo.send_via_url")
    assert dict(found.headers) == {
        "location": "https://elsewhere.example/service/holoo?password=***&message=***&again=***"
    }


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        ("150.receiver", "150.receiver"),
        ("150", "150"),
        ("4711.track_id", "4711.track_id"),
        ("message", "message"),
        ("1509123456789.x", "15***.x"),
        ("150x", "***x"),
    ],
)
def test_the_index_of_a_message_is_never_masked(key: str, kept: str) -> None:
    """An error about item 150 keeps its index, even if 150 is also a track id."""
    found = status_error(answer(422, {"errors": {key: ["Bad."]}}), request(body=BODY), operation="sms.send")
    assert list(found.errors) == [kept]

"""Requests and answers, without I/O: builds the request of a call, and reads an answer or turns it into an error."""

from __future__ import annotations

import codecs
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote, urlencode

from attrs import Factory, field, frozen

from wikipayam_async import errors
from wikipayam_async.checks import check_timeout
from wikipayam_async.core.converter import JsonValue, decode_json, to_mapping
from wikipayam_async.core.operation import MAX_ANSWER_BYTES, NO_FIELDS, Call
from wikipayam_async.core.options import Options, Origin
from wikipayam_async.core.quotes import field_errors, quote_answer
from wikipayam_async.core.retry import parse_retry_after
from wikipayam_async.outcomes import Attempt
from wikipayam_async.redact.scrub import Scrubber
from wikipayam_async.redact.sealed import SealedBytes, Secret
from wikipayam_async.structs import Model

__all__ = [
    "MAX_QUOTED_BODY_BYTES",
    "Answer",
    "Headers",
    "Outgoing",
    "RequestBuilder",
    "UnreadableAnswerError",
    "data_of",
    "decode_answer",
    "event_headers",
    "is_blank",
    "sensitive_values",
    "status_error",
]

_ERROR_CLASSES: Mapping[int, type[errors.APIStatusError]] = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    402: errors.InsufficientBalanceError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    413: errors.PayloadTooLargeError,
    422: errors.UnprocessableError,
    429: errors.RateLimitError,
}
_ADVICE: Mapping[int, str] = {
    401: "check the token (panel: profile, API token)",
    402: "top up the account",
    413: "send fewer messages in one request",
    429: "wait before the next request",
}
_SERVER_ERROR = 500
_BYTE_ORDER_MARK = codecs.BOM_UTF8
_EVENT_HEADERS = frozenset(
    {
        "age", "cache-control", "cf-ray", "content-length", "content-type", "date", "retry-after", "server",
        "traceparent", "x-correlation-id", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset",
        "x-request-id",
    }
)  # fmt: skip
_MAX_HEADER = 200
_USUAL_TYPES = frozenset({"application/json", "application/xml", "text/html", "text/plain", "text/xml"})
MAX_QUOTED_BODY_BYTES = 262_144
_PLAIN_FILTERS = frozenset({"limit", "offset", "status", "sort_by", "sort_order", "from_date", "to_date"})


class UnreadableAnswerError(Exception):
    """A success answer without readable data. Holds no data of the answer."""


def _block(headers: Headers) -> SealedBytes:
    return SealedBytes(b"".join([name + b": " + value + b"\r\n" for name, value in headers.fields]))


@frozen
class Headers:
    """Header fields, and their encoded form.

    Attributes:
        fields: The names and values.
        block: The encoded header lines.
    """

    fields: tuple[tuple[bytes, bytes], ...]
    block: SealedBytes = field(init=False, eq=False, default=Factory(_block, takes_self=True))


_NO_HEADERS = Headers(())


class Outgoing(Model, frozen=True):
    """A request that is ready to be sent. The sender adds the Authorization header.

    Attributes:
        origin: The origin of the gateway.
        method: The HTTP method.
        path: The path, safe to log.
        query: The encoded query; empty for no query.
        secret_query: Whether the query holds the token and must not be logged.
        headers: The headers without Host, Content-Length and Authorization.
        authorization: The token for the Authorization header; None for no such header.
        body: The body; None for no body.
        timeout: Seconds for the whole attempt.
        max_answer_bytes: The size of the largest body of a success that is read.
    """

    origin: Origin
    method: str
    path: str
    query: str
    secret_query: bool
    headers: Headers
    authorization: Secret | None
    body: SealedBytes | None
    timeout: float
    max_answer_bytes: int = MAX_ANSWER_BYTES
    _hidden = frozenset({"query"})

    @property
    def target(self) -> str:
        """The request target: path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def url(self) -> str:
        """The full URL."""
        return self.origin.url.removesuffix(self.origin.path) + self.target

    @property
    def loggable_url(self) -> str:
        """The URL without the query, which may contain numbers and texts."""
        return self.origin.url.removesuffix(self.origin.path) + self.path


class Answer(Model, frozen=True):
    """A complete answer.

    Attributes:
        status: The HTTP status.
        headers: The headers, names in lower case.
        body: The raw body.
    """

    status: int
    headers: Mapping[str, str]
    body: SealedBytes
    _hidden = frozenset({"headers"})


class RequestBuilder:
    """Builds the requests of calls. The common headers are built once.

    Args:
        options: The client's settings.
        user_agent: The User-Agent header.
    """

    def __init__(self, options: Options, user_agent: bytes) -> None:
        self._options = options
        self._prefix = options.path_prefix
        common = (
            (b"Accept", b"application/json"),
            # No compression: a few hundred bytes of gzip can expand to gigabytes.
            (b"Accept-Encoding", b"identity"),
            (b"User-Agent", user_agent),
        )
        self._without_body = Headers(common)
        self._with_body = Headers((*common, (b"Content-Type", b"application/json")))

    def build(self, call: Call[Any]) -> Outgoing:
        """Build the request of a call."""
        operation, options = call.operation, self._options
        if operation.secret_query:
            headers = _NO_HEADERS
        else:
            headers = self._without_body if call.body is None else self._with_body
        return Outgoing(
            origin=options.origin,
            method=operation.method,
            path=self._prefix + (call.path or operation.path),
            query="" if call.query is NO_FIELDS else urlencode(call.query.reveal(), quote_via=quote),
            secret_query=operation.secret_query,
            headers=headers,
            authorization=None if operation.secret_query else options.token,
            body=call.body,
            timeout=options.timeout if call.timeout is None else check_timeout(call.timeout),
            max_answer_bytes=call.max_answer_bytes,
        )


def data_of(value: JsonValue) -> JsonValue:
    """Return the value under `data`; the whole value if there is no `data`."""
    return value["data"] if isinstance(value, dict) and "data" in value else value


def is_blank(answer: Answer) -> bool:
    """Return whether the body is empty, or only white space or a byte order mark."""
    return not _content(answer)


def _content(answer: Answer) -> SealedBytes:
    """Return the body without a byte order mark; nothing if it is blank."""
    body = answer.body
    if body.startswith(_BYTE_ORDER_MARK):
        body = SealedBytes(body[len(_BYTE_ORDER_MARK) :])
    return SealedBytes() if body.isspace() else body


def decode_answer(answer: Answer) -> JsonValue:
    """Return the JSON value of an answer.

    Raises:
        UnreadableAnswerError: The answer is empty or not JSON.
    """
    content = _content(answer)
    if not content:
        raise UnreadableAnswerError(f"a {answer.status} answer with an empty body")
    try:
        return decode_json(content)
    except RecursionError:
        raise UnreadableAnswerError(f"a {answer.status} answer with JSON nested too deeply") from None
    except (ValueError, UnicodeError, OverflowError):
        content_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        shown = content_type if content_type in _USUAL_TYPES else "of another type"
        raise UnreadableAnswerError(
            f"a {answer.status} answer that is not JSON ({shown}, {len(answer.body)} bytes)"
        ) from None


def status_error(
    answer: Answer, outgoing: Outgoing, *, operation: str, attempts: Sequence[Attempt] = ()
) -> errors.APIStatusError:
    """Return the error for an answer with an error status. Values of the request are masked in quoted text."""
    status = answer.status
    body: dict[str, object] = {}
    with contextlib.suppress(UnreadableAnswerError):
        if len(answer.body) <= MAX_QUOTED_BODY_BYTES:
            body = to_mapping(decode_answer(answer))
    scrub = Scrubber(sensitive_values(outgoing))
    raw = body.get("message") or body.get("error")
    message = scrub(raw) if isinstance(raw, str) else quote_answer(raw, scrub)
    cls = _ERROR_CLASSES.get(status, errors.ServerError if status >= _SERVER_ERROR else errors.APIStatusError)
    parts = [f"{operation}: the gateway answered {status}", f'"{message}"' if message else "", _ADVICE.get(status)]
    return cls(
        "; ".join(filter(None, parts)),
        status_code=status,
        message=message,
        errors=field_errors(body.get("errors"), scrub),
        headers={name: scrub(value) for name, value in answer.headers.items() if name != "set-cookie"},
        retry_after=parse_retry_after(answer.headers.get("retry-after")),
        attempts=attempts,
    )


def event_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of an answer that events carry: well-known names only, since any other may echo a message."""
    return {name: value for name, value in headers.items() if name in _EVENT_HEADERS and len(value) <= _MAX_HEADER}


def sensitive_values(outgoing: Outgoing) -> Iterator[str]:
    """Yield every string of a request that must not appear in the text of an error."""
    if outgoing.authorization is not None:
        yield outgoing.authorization.reveal()
    if outgoing.body is not None:
        yield from _strings(decode_json(outgoing.body))
    for pair in filter(None, outgoing.query.split("&")):
        name, _, value = pair.partition("=")
        if name not in _PLAIN_FILTERS:
            yield value
            yield unquote(value)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)

"""Requests, responses and exchanges as plain data.

The state machine uses only these. The ASGI application and the httpx transport convert them.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeAlias
from urllib.parse import parse_qsl

import msgspec
from attrs import field, frozen

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def _lowercase_names(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value for name, value in dict(headers).items()}


def _parse_query(query: str | Mapping[str, str]) -> Mapping[str, str]:
    # PHP keeps the last value of a repeated parameter, as a dict does.
    return dict(parse_qsl(query, keep_blank_values=True)) if isinstance(query, str) else query


@frozen
class Request:
    """A complete HTTP request.

    Attributes:
        method: The method, in capitals.
        path: The path without the query, percent-decoded.
        query: The query parameters; a query string is parsed.
        headers: The headers; names are converted to lower case.
        body: The body.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(factory=dict, converter=_parse_query)
    headers: Mapping[str, str] = field(factory=dict, converter=_lowercase_names)
    body: bytes = b""


@frozen
class Response:
    """A complete HTTP response, without the framing headers.

    Attributes:
        status: The status code.
        headers: The headers; names are converted to lower case.
        body: The body.
    """

    status: int
    headers: Mapping[str, str] = field(factory=dict, converter=_lowercase_names)
    body: bytes = b""

    def json(self) -> Json:
        """Return the body, decoded as JSON."""
        value: Json = msgspec.json.decode(self.body)
        return value


class Action(StrEnum):
    """How the response of an exchange is delivered."""

    RESPOND = "respond"
    """Send the response."""
    RESET = "reset"
    """Reset the connection (RST) without a byte of a response."""
    CLOSE = "close"
    """Close the connection (FIN) without a byte of a response."""
    HANG = "hang"
    """Never respond, and keep the connection open."""
    DRIP = "drip"
    """Send the head, then the body one byte at a time."""
    TRUNCATE = "truncate"
    """Announce the full length of the body, send the start of it, and close the connection."""


@frozen
class Exchange:
    """The outcome of one request: a response, and how it is delivered.

    Attributes:
        response: The response; None if none is sent.
        action: How it is delivered.
        delay: Seconds before the response starts.
        pause: Seconds before each byte of a dripping body.
        keep: The number of bytes sent of a truncated body.
        fault: The kind of the fault; None without one.
    """

    response: Response | None
    action: Action = Action.RESPOND
    delay: float = 0.0
    pause: float = 0.0
    keep: int = 0
    fault: str | None = None


def framed_headers(response: Response) -> dict[str, str]:
    """Return the headers of a response, with the length of its body unless they state one."""
    return {"content-length": str(len(response.body)), **response.headers}


def asgi_headers(response: Response) -> list[tuple[bytes, bytes]]:
    """Return the framed headers of a response as an ASGI server takes them."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in framed_headers(response).items()]


def without_body(response: Response) -> Response:
    """Return the response to HEAD: that of GET without its body, of which it still states the length."""
    return Response(response.status, framed_headers(response))

"""What goes in and what comes out: a request, a response, and what is to be done with the response.

Plain data. The state machine speaks only these; the shells around it turn them into ASGI messages, httpx objects or
bytes on a socket.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeAlias
from urllib.parse import parse_qsl

import msgspec
from attrs import field, frozen

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def _lowered(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value for name, value in dict(headers).items()}


def _parsed(query: str | Mapping[str, str]) -> Mapping[str, str]:
    # Of a doubled parameter PHP keeps the last, as a dict does.
    return dict(parse_qsl(query, keep_blank_values=True)) if isinstance(query, str) else query


@frozen
class Request:
    """One HTTP request, whole.

    Attributes:
        method: The method, in capitals.
        path: The path without the query, percent-decoded.
        query: The query parameters; a query string is parsed.
        headers: The headers; names are lowered.
        body: The body's bytes.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(factory=dict, converter=_parsed)
    headers: Mapping[str, str] = field(factory=dict, converter=_lowered)
    body: bytes = b""


@frozen
class Response:
    """One HTTP response, whole and without the framing headers, which are the shells' matter.

    Attributes:
        status: The status code.
        headers: The headers; names are lowered.
        body: The body's bytes.
    """

    status: int
    headers: Mapping[str, str] = field(factory=dict, converter=_lowered)
    body: bytes = b""

    def json(self) -> Json:
        """Read the body as JSON.

        Returns:
            The value in the body.
        """
        value: Json = msgspec.json.decode(self.body)
        return value


class Action(StrEnum):
    """What a shell does with an exchange."""

    RESPOND = "respond"
    """Send the response."""
    RESET = "reset"
    """Reset the connection (RST) without a byte of an answer."""
    CLOSE = "close"
    """Close the connection (FIN) without a byte of an answer."""
    HANG = "hang"
    """Never answer, and keep the connection open."""
    DRIP = "drip"
    """Send the head, then the body one byte at a time."""
    TRUNCATE = "truncate"
    """Announce the whole body, send the beginning of it, and close."""


@frozen
class Exchange:
    """The outcome of one request: an answer, and how it is to be delivered.

    Attributes:
        response: The answer; None where none is to be sent.
        action: What the shell does.
        delay: Seconds to wait before the answer starts.
        pause: Seconds before every byte of a dripping body.
        keep: How many bytes of a truncated body are sent.
    """

    response: Response | None
    action: Action = Action.RESPOND
    delay: float = 0.0
    pause: float = 0.0
    keep: int = 0


def framed(response: Response) -> dict[str, str]:
    """Complete the headers with the length of the body.

    Args:
        response: The answer about to be sent.

    Returns:
        The headers as they go over the wire.
    """
    return {**response.headers, "content-length": str(len(response.body))}

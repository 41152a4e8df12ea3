"""The control API as an ASGI application."""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from attrs import AttrsInstance, define, fields, frozen

from wikipayam_async.emulator.app import AsgiApp, Message, Receive, Send
from wikipayam_async.emulator.exchange import Response
from wikipayam_async.emulator.server.control.context import Control
from wikipayam_async.emulator.server.control.description import DESCRIPTION_PATH, describe
from wikipayam_async.emulator.server.control.guard import Guard, check_content_type
from wikipayam_async.emulator.server.control.problem import Refusal
from wikipayam_async.emulator.server.control.routes import PREFIX, Call, find
from wikipayam_async.emulator.server.responding import read_body, respond

T = TypeVar("T", bound=AttrsInstance)

MAX_BODY = 64 * 1024 * 1024
"""The maximum size of a body in bytes, which is that of a large state."""

_HEADERS: Mapping[str, str] = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


@frozen
class _Received:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    client: str | None


@define
class ControlApp:
    """The control API of an emulator; all paths start with `/_emulator`.

    Attributes:
        control: The emulator under control.
        guard: The rules of access.
    """

    control: Control
    guard: Guard

    @property
    def app(self) -> AsgiApp:
        """The ASGI application."""
        return self._serve

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        received = _received(scope)
        try:
            self.guard.check(received.headers, received.client)
            response = self._answer(received, await _read(receive))
        except Refusal as refusal:
            response = Response(refusal.status, {**_HEADERS, **refusal.headers}, msgspec.json.encode(refusal.problem))
        await respond(response, scope["method"], send)

    def _answer(self, received: _Received, body: bytes) -> Response:
        method = "GET" if received.method == "HEAD" else received.method
        path = received.path.removeprefix(PREFIX)
        if path == DESCRIPTION_PATH and method == "GET":
            return Response(200, _HEADERS, describe())
        match = find(path)
        if not match.calls:
            raise Refusal(404, "There is no such call.", f"GET {PREFIX}{DESCRIPTION_PATH} describes all of them.")
        call = match.calls.get(method)
        if call is None:
            allowed = ", ".join(match.calls)
            raise Refusal(405, "The path has no such method.", f"Use {allowed}.", headers={"allow": allowed})
        if method != "GET":
            check_content_type(received.headers)
        value = call.handler(self.control, *_arguments(call, received.query, body, match.id))
        return Response(call.status, _HEADERS, value if isinstance(value, bytes) else msgspec.json.encode(value))


async def _read(receive: Receive) -> bytes:
    body = await read_body(receive, limit=MAX_BODY)
    if body is None:
        raise Refusal(413, "The body is too large or incomplete.", f"At most {MAX_BODY:,} bytes are read.")
    return body


def _received(scope: Message) -> _Received:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    client = scope.get("client")
    return _Received(
        scope["method"], scope["path"], scope["query_string"].decode("latin-1"), headers, client[0] if client else None
    )


def _arguments(call: Call, query: str, body: bytes, id_: str) -> list[object]:
    values: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True))
    if call.query is not None:
        return [_converted(values, call.query, "query", strict=False)]
    if values:
        raise Refusal(422, "The call takes no query.", "Leave the query out.")
    if call.body is bytes:
        return [body]
    if call.body is not None:
        return [_converted(_decoded(body), call.body, "body", strict=True)]
    return [id_] if id_ else []


def _decoded(body: bytes) -> object:
    try:
        value: object = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal(400, "The body is not valid JSON.", "Send a JSON object in UTF-8.") from None
    return value


def _converted(values: object, shape: type[T], place: str, *, strict: bool) -> T:
    names = [one.name for one in fields(shape)]
    known = ", ".join(names) or "none"
    if isinstance(values, dict) and (unknown := sorted(values.keys() - set(names))):
        raise Refusal(422, f"The {place} has an unknown field: {unknown[0]}.", f"Known are: {known}.")
    try:
        return msgspec.convert(values, shape, strict=strict)
    except msgspec.ValidationError as error:
        raise Refusal(422, f"The {place} is invalid: {error}.", f"Its fields are: {known}.") from None

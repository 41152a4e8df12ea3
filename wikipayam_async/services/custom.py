"""Endpoints that this package does not know: the arguments of `client.request`, checked and turned into a call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

from wikipayam_async.checks import without_frames
from wikipayam_async.core.converter import JsonValue, converter, encode_json
from wikipayam_async.core.operation import Call, Operation, Replay
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.redact.sealed import Sealed, SealedBytes, SealedFields, reveal

__all__ = ["make_call"]

_METHOD = re.compile(r"GET|POST|PUT|PATCH|DELETE")
_SEGMENT = r"[0-9A-Za-z_~-][0-9A-Za-z._~-]*"
_PATH = re.compile(rf"/?{_SEGMENT}(?:/{_SEGMENT})*")


@without_frames
def make_call(
    method: object,
    path: object,
    content: Sealed[tuple[Any, object]],
    cast_to: type[Any] | None,
    replay: str | None,
    timeout: float | None = None,
) -> Call[Any]:
    """Check the arguments of `request`, and build the call."""
    params, json = content.reveal()
    path = reveal(path)
    if not isinstance(method, str) or not _METHOD.fullmatch(method.upper()):
        raise InvalidInputError("method", rule="expected GET, POST, PUT, PATCH or DELETE", got=shape_of(method))
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        rule = "expected a path below the API prefix, such as user/balance (a query goes into params)"
        raise InvalidInputError("path", rule=rule, got=shape_of(path))
    verb = method.upper()
    path = path.lstrip("/")
    replay_class = _replay(replay, Replay.READ if verb == "GET" else Replay.SEND)
    return Call(
        operation=Operation(f"{verb} {path}", verb, path, replay_class, needs_content=False, is_documented=False),
        read=lambda data: data if cast_to is None else _cast(data, cast_to),
        query=_query(params or {}),
        body=None if json is None else _body(json),
        timeout=timeout,
    )


def _cast(data: JsonValue, cast_to: type[Any]) -> Any:
    """Read the value. No content is read as None, or else as an object without fields."""
    try:
        return converter.structure(data, cast_to)
    except (ValueError, TypeError):
        if data is not None or not attrs.has(cast_to):
            raise
        return converter.structure({}, cast_to)


def _replay(value: str | None, default: Replay) -> Replay:
    if value is None:
        return default
    try:
        return Replay(value)
    except ValueError:
        raise InvalidInputError("replay", rule="expected read, idempotent or send", got=shape_of(value)) from None


def _query(params: Mapping[str, object]) -> SealedFields:
    if not isinstance(params, Mapping):
        raise InvalidInputError("params", rule="expected a mapping", got=shape_of(params))
    query = {str(name): _text(value) for name, value in params.items() if value is not None}
    try:
        "".join([*query, *query.values()]).encode()
    except UnicodeEncodeError:
        raise InvalidInputError("params", rule="expected valid Unicode", got="a lone surrogate") from None
    return SealedFields(query)


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _body(json: object) -> SealedBytes:
    try:
        return SealedBytes(encode_json(json))
    except (TypeError, ValueError, UnicodeError, RecursionError):
        raise InvalidInputError("json", rule="expected a value that JSON can represent", got=shape_of(json)) from None

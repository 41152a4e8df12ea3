"""What the gateway says in its answers about a failure: the texts to quote, scrubbed. Pure."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

__all__ = ["field_errors", "is_failure", "page_text", "plain_text", "quote_answer", "whole_answer", "without_items"]

_MAX_ERROR_FIELDS, _MAX_TEXTS_PER_FIELD = 1000, 20
_MAX_TEXTS, _MAX_ITEMS, _MAX_DEPTH = 5, 1000, 4
_MAX_PLAIN_TEXT = 300
_MAX_QUOTED_ITEMS = 3
_TAGS = re.compile(r"(?is)<(script|style|head)\b.*?</\1\s*>|<[^<>]*>")
_FAILURE_FIELDS = frozenset(
    {
        "code", "data", "description", "detail", "error", "error_code", "error_description", "error_message", "errors",
        "exception", "message", "ok", "reason", "result", "state", "status", "status_code", "success", "successful",
    }
)  # fmt: skip
_ITEM_FIELDS = _FAILURE_FIELDS | {"id", "track_id"}
_INDEX = re.compile(r"[0-9]{1,5}(?:\.|$)")
_FLAGS = ("success", "successful", "ok")
_STATES = ("status", "state", "result")
_FAILURE_WORDS = frozenset({"error", "fail", "failed", "failure", "ko", "nok", "unsuccessful", "rejected", "false"})
_TEXT_FIELDS = ("message", "error", "errors", "error_message", "error_description", "detail", "description", "reason")
_CODE_FIELDS = ("code", "error_code")
_ERROR_STATUS_FROM, _ERROR_STATUS_TO = 400, 600


def is_failure(value: object, *, data_counts: bool) -> bool:
    """Return whether an answer says of itself that the request failed, whatever its HTTP status is.

    Args:
        value: The decoded answer.
        data_counts: Whether data in the answer outweighs what it says beside them.
    """
    if not isinstance(value, dict):
        return False
    data = value.get("data")
    if isinstance(data, dict) and any(_is_false(data.get(name)) for name in _FLAGS):
        return True
    if data and data_counts:
        return False
    if any(_is_false(value.get(name)) for name in _FLAGS) or any(_is_bad_state(value.get(name)) for name in _STATES):
        return True
    return bool(value.get("error") or value.get("errors")) and not data


def _is_false(value: object) -> bool:
    return value is False or (isinstance(value, str) and value.strip().lower() == "false")


def _is_bad_state(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in _FAILURE_WORDS
    if isinstance(value, bool):
        return not value
    return isinstance(value, int) and _ERROR_STATUS_FROM <= value < _ERROR_STATUS_TO


def quote_answer(value: object, scrub: Callable[[str], str]) -> str:
    """Return what an answer says in words, scrubbed; empty if it says nothing.

    Args:
        value: The decoded answer.
        scrub: Makes a text safe to quote.
    """
    texts = dict.fromkeys(islice(_texts(value, 0), _MAX_TEXTS))
    return scrub("; ".join(texts)) if texts else ""


def _texts(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        if value.strip():
            yield value.strip()
    elif depth < _MAX_DEPTH:
        if isinstance(value, dict):
            yield from _texts_of_object(value, depth + 1)
        elif isinstance(value, list):
            for item in value[:_MAX_ITEMS]:
                yield from _texts(item, depth + 1)


def _texts_of_object(fields: Mapping[str, Any], depth: int) -> Iterator[str]:
    is_item = "sender" in fields or (depth > 1 and not fields.keys() <= _ITEM_FIELDS)  # its message is somebody's
    for name in _TEXT_FIELDS:
        value = None if name == "message" and is_item else fields.get(name)
        if name == "errors" and isinstance(value, dict):
            for path, texts in islice(value.items(), _MAX_ERROR_FIELDS):
                yield from (f"{path}: {text}" for text in _texts(texts, depth))
        else:
            yield from _texts(value, depth)
    for name in _CODE_FIELDS:
        code = fields.get(name)
        if isinstance(code, str | int) and not isinstance(code, bool) and code:
            yield f"{name} {code}"
    data = fields.get("data")
    if isinstance(data, dict) or (isinstance(data, list) and depth == 1):
        yield from _texts(data if isinstance(data, dict) else _without_ids(data), depth)


def _without_ids(items: list[Any]) -> list[Any]:
    """Return the objects that have no id: those are not accepted, and may say why."""
    return [item for item in items[:_MAX_ITEMS] if isinstance(item, dict) and not item.get("id")]


def without_items(value: object, depth: int = 0) -> object:
    """Return an answer without the objects that may hold somebody's message: of a failure, only its usual fields."""
    if depth > _MAX_DEPTH:
        return None
    if isinstance(value, dict):
        if not value.keys() <= _FAILURE_FIELDS:
            return None
        return {name: inner if name == "errors" else without_items(inner, depth + 1) for name, inner in value.items()}
    return [without_items(inner, depth + 1) for inner in value[:_MAX_ITEMS]] if isinstance(value, list) else value


def whole_answer(value: object, depth: int = 0) -> object:
    """Return the answer to a send that says nothing in words, with `...` in place of unknown objects, to be quoted."""
    if depth > _MAX_DEPTH:
        return "..."
    if isinstance(value, dict):
        if not value.keys() <= _ITEM_FIELDS:
            return "..."
        return {name: whole_answer(inner, depth + 1) for name, inner in value.items()}
    return [whole_answer(inner, depth + 1) for inner in value[:_MAX_QUOTED_ITEMS]] if isinstance(value, list) else value


def page_text(body: bytes) -> str:
    """Return the text of an answer that is not JSON, such as an HTML page, without its tags."""
    return " ".join(_TAGS.sub(" ", body.removeprefix(BOM_UTF8).decode("utf-8", "replace")).split())


def plain_text(body: bytes) -> str:
    """Return a body that is a short plain text, such as `ERROR 12`; empty for any other, such as an HTML page."""
    if len(body) > _MAX_PLAIN_TEXT:
        return ""
    try:
        text = str(body, "utf-8-sig")
    except UnicodeDecodeError:
        return ""
    return "" if any(sign in text for sign in "<{[\\\x00") else text.strip()


def field_errors(raw: object, scrub: Callable[[str], str]) -> dict[str, tuple[str, ...]]:
    """Return the error texts by field, as Laravel reports them, scrubbed and bounded in number."""
    if not isinstance(raw, dict):
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for key, value in islice(raw.items(), _MAX_ERROR_FIELDS):
        texts = value[:_MAX_TEXTS_PER_FIELD] if isinstance(value, list) else [value]
        found[_field_path(str(key), scrub)] = tuple(scrub(text) for text in texts if isinstance(text, str))
    return found


def _field_path(key: str, scrub: Callable[[str], str]) -> str:
    """Scrub a path into the body, except its index, which may equal a track id."""
    found = _INDEX.match(key)
    return found[0] + scrub(key[found.end() :]) if found else scrub(key)

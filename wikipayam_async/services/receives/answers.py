"""Reads the gateway's answers about received messages into models, and loses no message that it can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

import attrs
from attrs import frozen

from wikipayam_async.core.converter import JsonValue, to_items, to_mapping, to_model
from wikipayam_async.services.receives.models import Pagination, ReceivedMessage, ReceivesPage, UnreadPage

__all__ = ["read_count", "read_page", "read_receive", "read_receives", "read_unread_page"]


def read_page(data: JsonValue, zone: tzinfo | None) -> ReceivesPage:
    """Read `GET /receives`. A bare list counts as a page without pagination.

    Raises:
        ValueError: It is not a page. Reading it as an empty page would end an iteration too early.
    """
    fields = to_mapping(data)
    rows = _listed(data, fields, "pagination")
    return ReceivesPage(
        receives=read_receives(rows, zone),
        pagination=to_model(to_mapping(fields.get("pagination")), Pagination),
        filters=to_mapping(fields.get("filters")),
        extra=_others(fields, "receives", "pagination", "filters"),
        unreadable=_unreadable(rows),
    )


def read_unread_page(data: JsonValue, zone: tzinfo | None) -> UnreadPage:
    """Read `GET /receives/unread`.

    Raises:
        ValueError: It is not a page.
    """
    fields = to_mapping(data)
    rows = _listed(data, fields, "total_unread", "pagination")
    return UnreadPage(
        total_unread=_count(fields.get("total_unread")),
        receives=read_receives(rows, zone),
        pagination=to_model(to_mapping(fields.get("pagination")), Pagination),
        extra=_others(fields, "total_unread", "receives", "pagination"),
        unreadable=_unreadable(rows),
    )


def read_receive(data: JsonValue, zone: tzinfo | None, *, asked: str) -> ReceivedMessage:
    """Read `GET /receives/{id}`, which is undocumented: the message itself, or nested one level deeper."""
    fields = to_mapping(data[0] if isinstance(data, list) and data else data)
    candidates = [fields, *(inner for inner in fields.values() if isinstance(inner, dict))]
    candidates.sort(key=lambda one: "id" not in one)  # a `message` without an id may be the gateway's status message
    for candidate in candidates:
        found = read_receives([candidate], zone)
        if found:
            return found[0]
    return ReceivedMessage(id=asked, extra=fields or {"data": data})


def read_count(data: JsonValue) -> int:
    """Read `GET /receives/unread/count`.

    Raises:
        ValueError: It contains no number.
    """
    count = _count(to_mapping(data).get("unread_count") if isinstance(data, dict) else data)
    if count is None:
        raise ValueError("unread_count: missing or unreadable")
    return count


@frozen
class _Counted:
    value: int | None = None


def _count(value: object) -> int | None:
    return to_model({"value": value}, _Counted).value


def _listed(data: JsonValue, fields: Mapping[str, Any], *page_fields: str) -> list[Any]:
    """Return a page's messages; without `receives`, any other field of a page shows that the page is empty.

    Raises:
        ValueError: It has none, but something else in their place.
    """
    if isinstance(data, list):
        return data
    if "receives" not in fields and not any(name in fields for name in page_fields):
        raise ValueError("receives: missing")
    listed = fields.get("receives") or []
    if isinstance(listed, dict):
        listed = _values_of(listed)
    if not isinstance(listed, list):
        raise ValueError("receives: expected a list")  # noqa: TRY004 - what the callers catch
    return listed


def read_receives(data: JsonValue, zone: tzinfo | None) -> tuple[ReceivedMessage, ...]:
    """Read one message or a list of them. Messages without an id are kept, so that none is lost."""
    listed = data if isinstance(data, list) else [data]
    found = to_items([one for one in listed if _is_message(one)], ReceivedMessage)
    return found if zone is None else tuple(_in_zone(one, zone) for one in found)


def _values_of(listed: dict[str, Any]) -> list[Any] | None:
    """Return the messages of an object in place of a list; None if it has none.

    PHP encodes a list with gaps, such as a filtered one, as an object whose keys are the indexes, and a list by id as one
    whose keys are the ids.
    """
    if _is_message(listed):
        return [listed]
    is_list = all(map(str.isdecimal, listed)) or all(map(_is_message, listed.values()))
    return list(listed.values()) if is_list else None


def _unreadable(rows: Sequence[object]) -> tuple[int, ...]:
    """Return the positions of the entries of a page that are no messages."""
    return tuple(index for index, row in enumerate(rows) if not _is_message(row))


def _is_message(row: object) -> bool:
    if not isinstance(row, dict):
        return False
    return "message" in row or ("id" in row and not isinstance(row["id"], dict | list))


def _in_zone(message: ReceivedMessage, zone: tzinfo) -> ReceivedMessage:
    received_at = message.received_at
    if received_at is None or received_at.tzinfo is not None:
        return message
    return attrs.evolve(message, received_at=received_at.replace(tzinfo=zone))


def _others(fields: Mapping[str, Any], *known: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key not in known}

"""Received messages as data: the models, and how an answer of the gateway becomes one."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
from attrs import field, frozen

from wikipayam_async.core.converter import JsonValue, to_items, to_mapping, to_model
from wikipayam_async.dates import to_jalali
from wikipayam_async.redact.masks import mask_mapping, mask_number, mask_text

if TYPE_CHECKING:
    import jdatetime  # type: ignore[import-untyped] # ships no types

__all__ = [
    "DeleteResult",
    "LegacyInbox",
    "MarkReadResult",
    "Pagination",
    "Receive",
    "ReceivesPage",
    "Statistics",
    "UnreadPage",
    "key_of",
    "read_count",
    "read_inbox",
    "read_page",
    "read_receive",
    "read_unread_page",
]

T = TypeVar("T")


@frozen
class Receive:
    """A message that somebody sent to one of your lines.

    Attributes:
        id: The gateway's id; empty where it left that out.
        sender: Who sent it, in international form without plus (`989127782175`).
        receiver: The line that got it.
        message: The text to the letter: Persian digits, spaces at the end and all.
        received_at: When it came: as the gateway says it, without a time zone, unless the client has `timezone=`.
        extra: Fields that this version does not know, or could not read.
    """

    id: str = ""
    sender: str = field(default="", repr=mask_number)
    receiver: str = ""
    message: str = field(default="", repr=mask_text)
    received_at: datetime | None = None
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)

    @property
    def received_at_jalali(self) -> jdatetime.datetime | None:
        """The same in the Jalali calendar, in the same zone (see the client's `timezone=`). An extra: `jalali`.

        Raises:
            ConfigurationError: The package `jdatetime` is not installed.
        """
        return None if self.received_at is None else to_jalali(self.received_at, field="received_at_jalali")


@frozen
class Pagination:
    """Where a page stands. What the gateway did not say is None."""

    total: int | None = None
    limit: int | None = None
    offset: int | None = None
    returned_count: int | None = None
    total_pages: int | None = None
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


@frozen
class ReceivesPage:
    """One page of received messages.

    Attributes:
        receives: The messages.
        pagination: Where the page stands.
        filters: The filters, as the gateway understood them.
        extra: Fields that this version does not know.
    """

    receives: tuple[Receive, ...] = ()
    pagination: Pagination = Pagination()
    filters: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


@frozen
class UnreadPage:
    """One page of unread messages.

    Attributes:
        total_unread: How many there are in all, if the gateway said so.
        receives: The messages.
        pagination: Where the page stands; it has no `total`.
        extra: Fields that this version does not know.
    """

    total_unread: int | None = None
    receives: tuple[Receive, ...] = ()
    pagination: Pagination = Pagination()
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


@frozen
class MarkReadResult:
    """How many messages were marked as read. What the gateway did not say is None.

    Attributes:
        marked_count: Those that are read now and were not before.
        requested_count: Those that were asked for.
        extra: Fields that this version does not know.
    """

    marked_count: int | None = None
    requested_count: int | None = None
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


@frozen
class DeleteResult:
    """How many messages were deleted. What the gateway did not say is None.

    Attributes:
        deleted_count: Those that are gone. After a retry it may be less than what the call brought about.
        requested_count: Those that were asked for.
        message: What the gateway said.
        extra: Fields that this version does not know.
    """

    deleted_count: int | None = None
    requested_count: int | None = None
    message: str | None = None
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


class Statistics(Mapping[str, Any]):
    """Figures about received messages, as a mapping. The gateway does not document which.

    Attributes:
        raw: The answer as it came; where it is no object, the mapping is empty.
    """

    __slots__ = ("_fields", "raw")

    def __init__(self, raw: JsonValue) -> None:
        self.raw = raw
        self._fields = to_mapping(raw)

    def __getitem__(self, key: str) -> Any:
        return self._fields[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Statistics({mask_mapping(self._fields)})"


@frozen
class LegacyInbox:
    """The answer of the old inbox service, which is not documented.

    Attributes:
        receives: The messages that could be made out.
        data: The whole answer, as it came.
    """

    receives: tuple[Receive, ...] = ()
    data: JsonValue = field(default=None, repr=False, hash=False)

    def __iter__(self) -> Iterator[Receive]:
        return iter(self.receives)

    def __len__(self) -> int:
        return len(self.receives)


def read_page(data: JsonValue, zone: tzinfo | None) -> ReceivesPage:
    """Read `GET /receives`. A bare list is taken for a page without pagination.

    Raises:
        ValueError: It is no page at all. To take it for an empty one would end a reading before its time.
    """
    fields = to_mapping(data)
    return ReceivesPage(
        receives=_receives(_listed(data, fields, "pagination"), zone),
        pagination=to_model(to_mapping(fields.get("pagination")), Pagination),
        filters=to_mapping(fields.get("filters")),
        extra=_others(fields, "receives", "pagination", "filters"),
    )


def read_unread_page(data: JsonValue, zone: tzinfo | None) -> UnreadPage:
    """Read `GET /receives/unread`.

    Raises:
        ValueError: It is no page at all.
    """
    fields = to_mapping(data)
    return UnreadPage(
        total_unread=_count(fields.get("total_unread")),
        receives=_receives(_listed(data, fields, "total_unread", "pagination"), zone),
        pagination=to_model(to_mapping(fields.get("pagination")), Pagination),
        extra=_others(fields, "total_unread", "receives", "pagination"),
    )


def read_receive(data: JsonValue, zone: tzinfo | None, *, asked: str) -> Receive:
    """Read `GET /receives/{id}`, which is not documented: the message itself, or one level below."""
    fields = to_mapping(data[0] if isinstance(data, list) and data else data)
    candidates = [fields, *(inner for inner in fields.values() if isinstance(inner, dict))]
    candidates.sort(key=lambda one: "id" not in one)  # a `message` without an id may be the gateway's own word
    for candidate in candidates:
        found = _receives([candidate], zone)
        if found:
            return found[0]
    return Receive(id=asked, extra=fields or {"data": data})


def read_inbox(data: JsonValue, zone: tzinfo | None) -> LegacyInbox:
    """Read `POST /sms/receive`, which is not documented: a list of messages, or one somewhere in an object."""
    if isinstance(data, list):
        return LegacyInbox(_receives(data, zone), data)
    for value in to_mapping(data).values():
        if isinstance(value, list):
            found = _receives(value, zone)
            if found:
                return LegacyInbox(found, data)
    return LegacyInbox(_receives(data, zone), data)


def read_count(data: JsonValue) -> int:
    """Read `GET /receives/unread/count`.

    Raises:
        ValueError: There is no number in it.
    """
    count = _count(to_mapping(data).get("unread_count") if isinstance(data, dict) else data)
    if count is None:
        raise ValueError("unread_count: missing or unreadable")
    return count


def key_of(message: Receive) -> Hashable:
    """Return what tells one message from another: its id, or all of it where the gateway left out the id."""
    return message.id or (message.sender, message.receiver, message.message, message.received_at)


@frozen
class _Counted:
    value: int | None = None


def _count(value: object) -> int | None:
    return to_model({"value": value}, _Counted).value


def _listed(data: JsonValue, fields: Mapping[str, Any], *signs: str) -> JsonValue:
    """Return a page's messages; other signs of a page show that there are none."""
    if isinstance(data, list):
        return data
    if "receives" not in fields and not any(sign in fields for sign in signs):
        raise ValueError("receives: missing")
    return fields.get("receives") or []


def _receives(data: JsonValue, zone: tzinfo | None) -> tuple[Receive, ...]:
    """Read messages; one without an id is kept, since a message is not to be lost for that."""
    listed = data if isinstance(data, list) else [data]
    found = to_items([one for one in listed if isinstance(one, dict) and _is_message(one)], Receive)
    return found if zone is None else tuple(_in_zone(one, zone) for one in found)


def _is_message(fields: Mapping[str, object]) -> bool:
    return "message" in fields or ("id" in fields and not isinstance(fields["id"], dict | list))


def _in_zone(message: Receive, zone: tzinfo) -> Receive:
    came = message.received_at
    if came is None or came.tzinfo is not None:
        return message
    return attrs.evolve(message, received_at=came.replace(tzinfo=zone))


def _others(fields: Mapping[str, Any], *known: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key not in known}

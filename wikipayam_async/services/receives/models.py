"""Received messages and the pages of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import field, frozen

from wikipayam_async.core.converter import JsonValue, to_mapping
from wikipayam_async.dates import to_jalali
from wikipayam_async.publish import publish_in_package
from wikipayam_async.pydantic_schema import add_schema
from wikipayam_async.redact.masks import mask_mapping, mask_number, mask_text

if TYPE_CHECKING:
    import jdatetime  # type: ignore[import-untyped] # ships no types

__all__ = [
    "DeleteResult",
    "MarkReadResult",
    "Pagination",
    "ReceivedMessage",
    "ReceivesPage",
    "Statistics",
    "UnreadPage",
    "key_of",
]

T = TypeVar("T")


@frozen
class ReceivedMessage:
    """A message that was sent to one of your lines.

    Attributes:
        id: The gateway's id; empty if the gateway omitted it.
        sender: The sender's number, in international form without plus (`989127782175`).
        receiver: The line that received it.
        message: The text, unchanged: Persian digits and trailing spaces included.
        received_at: The time of arrival, as the gateway gives it: without a time zone, unless the client has
            `timezone=`.
        extra: Fields that this version does not know or could not read.
    """

    id: str = ""
    sender: str = field(default="", repr=mask_number)
    receiver: str = ""
    message: str = field(default="", repr=mask_text)
    received_at: datetime | None = None
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)

    @property
    def received_at_jalali(self) -> jdatetime.datetime | None:
        """`received_at` in the Jalali calendar, in the same time zone. Needs the extra `jalali`.

        Raises:
            ConfigurationError: The package `jdatetime` is not installed.
        """
        return None if self.received_at is None else to_jalali(self.received_at, field="received_at_jalali")


@frozen
class Pagination:
    """The position of a page in the list. Fields that the gateway omitted are None.

    Attributes:
        total: The number of messages in the whole list.
        limit: The most messages that a page has.
        offset: The number of messages before this page.
        returned_count: The number of messages on this page.
        total_pages: The number of pages.
        extra: Fields that this version does not know.
    """

    total: int | None = None
    limit: int | None = None
    offset: int | None = None
    returned_count: int | None = None
    total_pages: int | None = None
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


class _Page:
    """What all pages of received messages share."""

    __slots__ = ()

    receives: tuple[ReceivedMessage, ...]
    pagination: Pagination
    unreadable: tuple[int, ...]

    @property
    def row_count(self) -> int:
        """The number of entries in the gateway's page, unreadable ones included."""
        return len(self.receives) + len(self.unreadable)

    @property
    def has_next_page(self) -> bool:
        """Whether another page may follow, by the gateway's counts. An empty page is the last one.

        Without usable counts it is True for a full page, and for a page whose size is unknown.
        """
        count, total, limit = self.row_count, self._total, self.pagination.limit
        if total is not None:
            return bool(count) and (self.pagination.offset or 0) + count < total
        return bool(count) and (limit is None or count >= limit)

    @property
    def _total(self) -> int | None:
        return self.pagination.total

    def __iter__(self) -> Iterator[ReceivedMessage]:
        return iter(self.receives)

    def __len__(self) -> int:
        return len(self.receives)

    def __repr__(self) -> str:
        total = "" if self._total is None else f" of {self._total:,}"
        return f"<{type(self).__name__} {len(self):,}{total} messages>"


@frozen(repr=False)
class ReceivesPage(_Page):
    """One page of received messages. Iterating yields the messages.

    Attributes:
        receives: The messages.
        pagination: The page's position.
        filters: The filters, as the gateway returned them.
        extra: Fields that this version does not know.
        unreadable: The positions in the gateway's page, counted from 0, of entries that are no messages, such as null.
            `receives` does not contain them.
    """

    receives: tuple[ReceivedMessage, ...] = ()
    pagination: Pagination = Pagination()
    filters: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)
    unreadable: tuple[int, ...] = ()


@frozen(repr=False)
class UnreadPage(_Page):
    """One page of unread messages. Iterating yields the messages.

    Attributes:
        total_unread: The number of unread messages; None if the gateway omitted it.
        receives: The messages.
        pagination: The page's position; it has no `total`.
        extra: Fields that this version does not know.
        unreadable: The positions in the gateway's page, counted from 0, of entries that are no messages, such as null.
            `receives` does not contain them.
    """

    total_unread: int | None = None
    receives: tuple[ReceivedMessage, ...] = ()
    pagination: Pagination = Pagination()
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)
    unreadable: tuple[int, ...] = ()

    @property
    def _total(self) -> int | None:
        return self.total_unread


@frozen
class MarkReadResult:
    """The number of messages marked as read. Counts that the gateway omitted are None.

    Attributes:
        marked_count: The messages that were unread before and are read now.
        requested_count: The messages that the request named.
        extra: Fields that this version does not know.
    """

    marked_count: int | None = None
    requested_count: int | None = None
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


@frozen
class DeleteResult:
    """The number of deleted messages. Counts that the gateway omitted are None.

    Attributes:
        deleted_count: The deleted messages. After a retry it may be less than the call deleted in total.
        requested_count: The messages that the request named.
        message: The gateway's message.
        extra: Fields that this version does not know.
    """

    deleted_count: int | None = None
    requested_count: int | None = None
    message: str | None = None
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


@add_schema
class Statistics(Mapping[str, Any]):
    """Statistics about received messages, as a mapping. The gateway does not document its keys.

    Attributes:
        raw: The answer, unchanged; the mapping is empty if it is not an object.
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


def key_of(message: ReceivedMessage) -> Hashable:
    """Return the key that identifies a message: its id, or all of its fields if the gateway omitted the id."""
    return message.id or (message.sender, message.receiver, message.message, message.received_at)


publish_in_package(
    ["DeleteResult", "MarkReadResult", "Pagination", "ReceivedMessage", "ReceivesPage", "Statistics", "UnreadPage"],
    globals(),
)

"""The answer of the legacy inbox endpoint, `POST /sms/receive`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from attrs import field, frozen

from wikipayam_async.core.converter import JsonValue, to_mapping
from wikipayam_async.publish import publish_in_package
from wikipayam_async.services.receives.answers import read_receives
from wikipayam_async.services.receives.models import ReceivedMessage

__all__ = ["LegacyInbox", "read_inbox"]


@frozen(repr=False)
class LegacyInbox:
    """The answer of the legacy inbox endpoint, which is undocumented. Iterating yields the messages found in it.

    Attributes:
        receives: The messages found in it.
        data: The whole answer, unchanged.
    """

    receives: tuple[ReceivedMessage, ...] = ()
    data: JsonValue = field(default=None, repr=False, hash=False)

    def __iter__(self) -> Iterator[ReceivedMessage]:
        return iter(self.receives)

    def __len__(self) -> int:
        return len(self.receives)

    def __repr__(self) -> str:
        return f"<LegacyInbox {len(self):,} messages>"


def read_inbox(data: JsonValue, zone: tzinfo | None) -> LegacyInbox:
    """Read `POST /sms/receive`, which is undocumented: a list of messages, or an object that contains one."""
    if isinstance(data, list):
        return LegacyInbox(read_receives(data, zone), data)
    for value in to_mapping(data).values():
        if isinstance(value, list):
            found = read_receives(value, zone)
            if found:
                return LegacyInbox(found, data)
    return LegacyInbox(read_receives(data, zone), data)


publish_in_package(["LegacyInbox"], globals())

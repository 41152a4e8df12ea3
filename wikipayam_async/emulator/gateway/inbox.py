"""The received messages of an account, with their read state."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from operator import attrgetter
from typing import Annotated

from attrs import define, evolve, field, frozen
from msgspec import Meta

from wikipayam_async.emulator.gateway.numbers import local_form


@frozen(kw_only=True)
class InboundMessage:
    """A received message.

    Attributes:
        id: 24 hex digits.
        sender: The number of the sender, as the gateway spells it.
        receiver: The line that received it.
        message: The text, unchanged.
        received_at: The time of arrival, in the emulator's time zone.
        is_read: Whether it is marked as read.
    """

    id: str
    sender: str
    receiver: str
    message: str
    received_at: Annotated[datetime, Meta(tz=True)]
    is_read: bool = False


@frozen(kw_only=True)
class InboxQuery:
    """Filters and sort order of received messages. A filter of None matches everything.

    Attributes:
        status: `all`, `read` or `unread`.
        sender: The number of the sender, in any spelling.
        from_date: The first day.
        to_date: The last day.
        search: A substring of the text; case is ignored.
        sort_by: `created_at`, `sender` or `message`.
        sort_order: `asc` or `desc`.
    """

    status: str = "all"
    sender: str | None = None
    from_date: date | None = None
    to_date: date | None = None
    search: str | None = None
    sort_by: str = "created_at"
    sort_order: str = "desc"

    def predicates(self) -> list[Callable[[InboundMessage], bool]]:
        """Return the filters that are set as predicates; a message has to match all of them."""
        predicates: list[Callable[[InboundMessage], bool]] = []
        if self.status != "all":
            wanted = self.status == "read"
            predicates.append(lambda message: message.is_read is wanted)
        if (sender := self.sender) is not None:
            number = local_form(sender)
            predicates.append(lambda message: local_form(message.sender) == number)
        if (first := self.from_date) is not None:
            predicates.append(lambda message: message.received_at.date() >= first)
        if (last := self.to_date) is not None:
            predicates.append(lambda message: message.received_at.date() <= last)
        if self.search is not None:
            needle = self.search.casefold()
            predicates.append(lambda message: needle in message.message.casefold())
        return predicates


@define
class Inbox:
    """The received messages of one account, oldest first."""

    _messages: dict[str, InboundMessage] = field(init=False, factory=dict)

    def add(self, message: InboundMessage) -> None:
        """Add a message."""
        self._messages[message.id] = message

    def get(self, message_id: str) -> InboundMessage | None:
        """Return a message by its id; None for an unknown id."""
        return self._messages.get(message_id)

    def all(self) -> list[InboundMessage]:
        """Return all messages in the order of arrival."""
        return list(self._messages.values())

    def unread_count(self) -> int:
        """Return the number of unread messages."""
        return sum(not message.is_read for message in self._messages.values())

    def find(self, query: InboxQuery) -> list[InboundMessage]:
        """Return the messages that match a query, sorted."""
        predicates = query.predicates()
        found = [message for message in self._messages.values() if all(match(message) for match in predicates)]
        field_name = "received_at" if query.sort_by == "created_at" else query.sort_by
        return sorted(found, key=attrgetter(field_name), reverse=query.sort_order == "desc")

    def mark_read(self, message_ids: Iterable[str]) -> int:
        """Mark messages as read, and return their number. Unknown ids and read messages are ignored."""
        found = [self._messages[message_id] for message_id in self._messages.keys() & message_ids]
        unread = [message for message in found if not message.is_read]
        self._messages.update({message.id: evolve(message, is_read=True) for message in unread})
        return len(unread)

    def delete(self, message_ids: Iterable[str]) -> int:
        """Delete messages, and return their number. Unknown ids are ignored."""
        deleted = self._messages.keys() & message_ids
        for message_id in deleted:
            del self._messages[message_id]
        return len(deleted)

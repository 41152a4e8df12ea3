"""The messages an account has received, and which of them are unread."""

from collections.abc import Callable, Iterable
from datetime import date, datetime

from attrs import define, evolve, field, frozen

from wikipayam_async.emulator.gateway.numbers import local_form

_SORT_KEYS: dict[str, Callable[["InboundMessage"], str | datetime]] = {
    "created_at": lambda message: message.received_at,
    "sender": lambda message: message.sender,
    "message": lambda message: message.message,
}


@frozen(kw_only=True)
class InboundMessage:
    """One received message.

    Attributes:
        id: 24 hex digits.
        sender: Who sent it, as the gateway spells it.
        receiver: The line it came to.
        message: The text, exactly as it was sent.
        received_at: When it came, in the emulator's time zone.
        is_read: Whether it has been marked read.
    """

    id: str
    sender: str
    receiver: str
    message: str
    received_at: datetime
    is_read: bool = False


@frozen(kw_only=True)
class InboxQuery:
    """Which messages are wanted, and in what order.

    Attributes:
        status: ``all``, ``read`` or ``unread``.
        sender: Only from this number, in any spelling.
        from_date: Not before this day.
        to_date: Not after this day.
        search: Only texts that contain this, whatever the case.
        sort_by: ``created_at``, ``sender`` or ``message``.
        sort_order: ``asc`` or ``desc``.
    """

    status: str = "all"
    sender: str | None = None
    from_date: date | None = None
    to_date: date | None = None
    search: str | None = None
    sort_by: str = "created_at"
    sort_order: str = "desc"

    def tests(self) -> list[Callable[[InboundMessage], bool]]:
        """Turn the filters that are set into tests.

        Returns:
            The tests a message has to pass.
        """
        tests: list[Callable[[InboundMessage], bool]] = []
        if self.status != "all":
            wanted = self.status == "read"
            tests.append(lambda message: message.is_read is wanted)
        if (sender := self.sender) is not None:
            number = local_form(sender)
            tests.append(lambda message: local_form(message.sender) == number)
        if (first := self.from_date) is not None:
            tests.append(lambda message: message.received_at.date() >= first)
        if (last := self.to_date) is not None:
            tests.append(lambda message: message.received_at.date() <= last)
        if self.search is not None:
            needle = self.search.casefold()
            tests.append(lambda message: needle in message.message.casefold())
        return tests


@define
class Inbox:
    """The received messages of one account, oldest first."""

    _messages: dict[str, InboundMessage] = field(init=False, factory=dict)
    _unread: dict[str, None] = field(init=False, factory=dict)

    def add(self, message: InboundMessage) -> None:
        """Store a message that has come in.

        Args:
            message: The message.
        """
        self._messages[message.id] = message
        if not message.is_read:
            self._unread[message.id] = None

    def get(self, message_id: str) -> InboundMessage | None:
        """Look one message up.

        Args:
            message_id: Its id.

        Returns:
            The message, or None if there is none.
        """
        return self._messages.get(message_id)

    def all(self) -> list[InboundMessage]:
        """List everything that is stored.

        Returns:
            The messages in the order they came in.
        """
        return list(self._messages.values())

    def unread_count(self) -> int:
        """Count the unread messages.

        Returns:
            The count.
        """
        return len(self._unread)

    def find(self, query: InboxQuery) -> list[InboundMessage]:
        """Find and sort messages.

        Args:
            query: Which, and in what order.

        Returns:
            All that match.
        """
        tests = query.tests()
        found = [message for message in self._messages.values() if all(test(message) for test in tests)]
        return sorted(found, key=_SORT_KEYS[query.sort_by], reverse=query.sort_order == "desc")

    def mark_read(self, message_ids: Iterable[str]) -> int:
        """Mark messages read.

        Args:
            message_ids: Their ids; unknown ones and those already read are passed over.

        Returns:
            How many have been marked.
        """
        marked = [message_id for message_id in dict.fromkeys(message_ids) if message_id in self._unread]
        for message_id in marked:
            del self._unread[message_id]
            self._messages[message_id] = evolve(self._messages[message_id], is_read=True)
        return len(marked)

    def delete(self, message_ids: Iterable[str]) -> int:
        """Delete messages.

        Args:
            message_ids: Their ids; unknown ones are passed over.

        Returns:
            How many have been deleted.
        """
        deleted = [message_id for message_id in dict.fromkeys(message_ids) if message_id in self._messages]
        for message_id in deleted:
            del self._messages[message_id]
            self._unread.pop(message_id, None)
        return len(deleted)

"""Messages in columns: their receivers, their texts and their track ids as lists, without an object a message.

Most campaigns are one text to many numbers. A column is a sequence of messages, made when they are looked at; what sends
them does not look at them, but at the lists.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, Self, TypeAlias, TypeVar, final, overload

from wikipayam_async.checks import without_frames
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.messages.models import SmsMessage, check_sender, check_text
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.redact.sealed import Sealed

__all__ = [
    "Column",
    "ColumnReader",
    "MessageColumn",
    "OneTextReader",
    "Receivers",
    "joined",
    "messages_of_call",
    "picked",
]

T = TypeVar("T")

Receivers: TypeAlias = Iterable[str] | AsyncIterable[str]
"""Any iterable of mobile numbers, plain or async."""


class Column(Sequence[T]):
    """A sequence that makes its items when they are looked at. Parts of it are taken and put together without them."""

    __slots__ = ()

    @abstractmethod
    def pick(self, positions: Sequence[int]) -> Self:
        """Return the items at these positions."""

    @abstractmethod
    def join(self, other: Any) -> Self:
        """Return the items of this and of another column of the same reader."""


def picked(items: Sequence[T], positions: Sequence[int]) -> Sequence[T]:
    """Return the items at these positions, as a column if they are one."""
    return items.pick(positions) if isinstance(items, Column) else [items[position] for position in positions]


def joined(first: Sequence[T], second: Sequence[T]) -> Sequence[T]:
    """Return the items of both, as a column if both are one."""
    if isinstance(first, Column) and isinstance(second, type(first)):
        return first.join(second)
    return [*first, *second]


@final
class MessageColumn(Column[SmsMessage]):
    """Messages that have their line in common.

    Args:
        receivers: The receiver of each, as the caller passed it.
        texts: The text of each.
        is_one_text: Whether all texts are the same.
        sender: The line of all; None for the client's.
        track_ids: The track id of each; None if they are to be generated.
    """

    __slots__ = ("is_one_text", "receivers", "sender", "texts", "track_ids")

    def __init__(
        self,
        receivers: Sequence[Any],
        texts: Sequence[Any],
        *,
        is_one_text: bool = False,
        sender: Any = None,
        track_ids: Sequence[Any] | None = None,
    ) -> None:
        self.receivers = receivers
        self.texts = texts
        self.is_one_text = is_one_text
        self.sender = sender
        self.track_ids = track_ids

    def __len__(self) -> int:
        return len(self.receivers)

    @overload
    def __getitem__(self, index: int) -> SmsMessage: ...

    @overload
    def __getitem__(self, index: slice) -> MessageColumn: ...

    def __getitem__(self, index: int | slice) -> SmsMessage | MessageColumn:
        if isinstance(index, slice):
            return self.pick(range(len(self))[index])
        track_id = None if self.track_ids is None else self.track_ids[index]
        return self._message(self.receivers[index], self.texts[index], track_id)

    def __iter__(self) -> Iterator[SmsMessage]:
        if self.sender is None and self.track_ids is None:
            return map(SmsMessage, self.receivers, self.texts)
        return map(self._message, self.receivers, self.texts, self.track_ids or repeat(None))

    def _message(self, receiver: Any, text: Any, track_id: Any) -> SmsMessage:
        return SmsMessage(receiver, text, sender=self.sender, track_id=track_id)

    def pick(self, positions: Sequence[int]) -> Self:
        """Return the messages at these positions."""
        return type(self)(
            [self.receivers[position] for position in positions],
            [self.texts[position] for position in positions],
            is_one_text=self.is_one_text,
            sender=self.sender,
            track_ids=None if self.track_ids is None else [self.track_ids[position] for position in positions],
        )

    def join(self, other: Any) -> Self:
        """Return the messages of both, which come from one reader."""
        return type(self)(
            [*self.receivers, *other.receivers],
            [*self.texts, *other.texts],
            is_one_text=self.is_one_text,
            sender=self.sender,
            track_ids=None if self.track_ids is None else [*self.track_ids, *(other.track_ids or ())],
        )

    def __repr__(self) -> str:
        return f"<MessageColumn of {len(self):,} messages>"


class ColumnReader(ABC):
    """Messages that are read as items of another kind, such as numbers, of which columns are made."""

    __slots__ = ()

    @property
    @abstractmethod
    def items(self) -> Iterable[Any] | AsyncIterable[Any]:
        """The items, which are read as they are needed."""

    @abstractmethod
    def column_of(self, items: Sequence[Any]) -> MessageColumn:
        """Return the messages of some items, in their order."""

    @abstractmethod
    def with_texts(self, change: Callable[[str], str]) -> ColumnReader:
        """Return the same messages with changed texts."""


class OneTextReader(ColumnReader):
    """One text to many receivers.

    Args:
        receivers: Their mobile numbers, plain or async; they may be endless.
        text: The text.
        sender: The line; None for the client's.

    Raises:
        InvalidInputError: `receivers` is not an iterable of numbers, or the text or the line is invalid.
    """

    __slots__ = ("_receivers", "_sender", "_text")

    @without_frames
    def __init__(self, receivers: Receivers | Sealed[Any], text: str, *, sender: str | None = None) -> None:
        self._receivers: Sealed[Any] = receivers if isinstance(receivers, Sealed) else Sealed(receivers)
        given = self._receivers.reveal()
        if isinstance(given, str | bytes) or not isinstance(given, Iterable | AsyncIterable):
            rule = "expected an iterable of mobile numbers; send() sends to a single one"
            raise InvalidInputError("receivers", rule=rule, got=shape_of(given))
        self._text = Sealed(check_text(text))
        self._sender = None if sender is None else check_sender(sender)

    @property
    def items(self) -> Receivers:
        """The numbers."""
        receivers: Receivers = self._receivers.reveal()
        return receivers

    def column_of(self, items: Sequence[Any]) -> MessageColumn:
        """Return the messages to some receivers."""
        return MessageColumn(items, [self._text.reveal()] * len(items), is_one_text=True, sender=self._sender)

    @without_frames
    def with_texts(self, change: Callable[[str], str]) -> OneTextReader:
        """Return the same messages with a changed text."""
        return OneTextReader(self._receivers, change(self._text.reveal()), sender=self._sender)


@without_frames
def messages_of_call(given: Sealed[Any], text: Sealed[str] | None, sender: str | None) -> Any:
    """Return what a call sends: the messages that it was given, or one text to the receivers that it was given.

    Args:
        given: The messages; the receivers, if there is a text.
        text: The text of all; None if there are messages.
        sender: The line of all; None for the client's.

    Raises:
        InvalidInputError: An argument is invalid, or there is a line beside messages.
    """
    if text is not None:
        return OneTextReader(given, text.reveal(), sender=sender)
    if sender is not None:
        rule = "expected none beside messages, which have their own; it goes with one text to many receivers"
        raise InvalidInputError("sender", rule=rule, got=shape_of(sender))
    return given.reveal()

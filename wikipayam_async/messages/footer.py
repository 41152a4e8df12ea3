"""The footer of advertising texts, such as `لغو۱۱`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Sized
from typing import Any, Generic, TypeVar, overload

import msgspec
from attrs import field, frozen

from wikipayam_async.checks import without_frames
from wikipayam_async.messages.columns import ColumnReader
from wikipayam_async.messages.models import SmsMessage, check_text
from wikipayam_async.redact.masks import mask_text
from wikipayam_async.redact.sealed import Sealed

__all__ = ["Footer", "footer_of", "with_footer"]

T = TypeVar("T")

_SPACES_AND_MARKS = 8
"""The characters by which the end of a text may be longer than the footer and yet be read as it."""


@frozen
class Footer:
    """A footer: it stands on a line of its own below each text that does not end with it already.

    Attributes:
        text: The footer.
    """

    text: str = field(repr=mask_text)

    def below(self, text: str) -> str:
        """Return a text with the footer, once. Spaces, punctuation and the script of the digits do not count.

        Args:
            text: The text.
        """
        from wikipayam_async.text.names import comparable_name  # noqa: PLC0415 - most programs have no footer

        if not text or text.isspace() or comparable_name(self._end_of(text)).endswith(comparable_name(self.text)):
            return text
        return f"{text.rstrip()}\n{self.text}"

    def adds_part(self, text: str) -> bool:
        """Return whether a text takes more parts because of the footer.

        Args:
            text: The text with the footer.
        """
        from wikipayam_async.text.parts import count_parts  # noqa: PLC0415 - as above

        without = text.removesuffix(f"\n{self.text}")
        return bool(without) and count_parts(without).parts < count_parts(text).parts

    def below_message(self, message: SmsMessage) -> SmsMessage:
        """Return a message with the footer below its text; unchanged if it has none, which is found out later.

        Args:
            message: The message.
        """
        if type(message) is not SmsMessage:
            return message
        changes = {
            name: self.below(text)
            for name, text in (("message", message.message), ("note", message.note))
            if isinstance(text, str)
        }
        return msgspec.structs.replace(message, **changes)

    def _end_of(self, text: str) -> str:
        return text.rstrip()[-(len(self.text) + _SPACES_AND_MARKS) :]


@without_frames
def footer_of(text: str | None, *, field: str = "footer") -> Footer | None:
    """Return a footer; None without a text.

    Args:
        text: The text of the footer.
        field: The name of the argument in the error.

    Raises:
        InvalidInputError: It is not a text, or only spaces.
    """
    return None if text is None else Footer(check_text(text.strip() if isinstance(text, str) else text, field=field))


class _Plain(Iterable[T], Generic[T]):
    """An iterable whose items are changed as they are read."""

    def __init__(self, items: Iterable[T], change: Callable[[T], T]) -> None:
        self._items = Sealed(items)
        self._change = change

    def __iter__(self) -> Iterator[T]:
        return map(self._change, self._items.reveal())


class _Sized(_Plain[T]):
    """The same, of known length."""

    def __init__(self, items: Iterable[T], change: Callable[[T], T], length: int) -> None:
        super().__init__(items, change)
        self._length = length

    def __len__(self) -> int:
        return self._length


class _Asynchronous(AsyncIterator[T], Generic[T]):
    """An async iterable whose items are changed as they are read."""

    def __init__(self, items: AsyncIterable[T], change: Callable[[T], T]) -> None:
        self._items = aiter(items)
        self._change = change

    async def __anext__(self) -> T:
        return self._change(await anext(self._items))

    async def aclose(self) -> None:
        """Close the iterable, if it can be closed."""
        close: Any = getattr(self._items, "aclose", None)
        if close is not None:
            await close()


@overload
def with_footer(
    messages: Iterable[T] | AsyncIterable[T], footer: Footer | None, change: Callable[[T], T]
) -> Iterable[T] | AsyncIterable[T]: ...


@overload
def with_footer(messages: ColumnReader, footer: Footer | None) -> ColumnReader: ...


@overload
def with_footer(
    messages: Iterable[SmsMessage] | AsyncIterable[SmsMessage], footer: Footer | None
) -> Iterable[SmsMessage] | AsyncIterable[SmsMessage]: ...


def with_footer(messages: Any, footer: Footer | None, change: Any = None) -> Any:
    """Return messages with a footer, changed as they are read. What is no iterable of messages is returned as it is.

    Args:
        messages: The messages.
        footer: The footer; None leaves the messages unchanged.
        change: Returns a message with the footer; that of an `SmsMessage` if None.
    """
    if footer is None:
        return messages
    if isinstance(messages, ColumnReader):
        return messages.with_texts(footer.below)
    change = change or footer.below_message
    if isinstance(messages, AsyncIterable):
        return _Asynchronous(messages, change)
    if not isinstance(messages, Iterable) or isinstance(messages, str | bytes):
        return messages
    return _Sized(messages, change, len(messages)) if isinstance(messages, Sized) else _Plain(messages, change)

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sized
from typing import Any

import pytest

from wikipayam_async import SmsMessage
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.messages.footer import Footer, footer_of, with_footer

FOOTER = Footer("لغو۱۱")
A, B = SmsMessage("09120000001", "a"), SmsMessage("09120000002", note="b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("حراج", "حراج\nلغو۱۱"),
        ("حراج \n\n", "حراج\nلغو۱۱"),
        ("حراج\nلغو۱۱", "حراج\nلغو۱۱"),
        ("حراج لغو 11", "حراج لغو 11"),
        ("حراج\nلغو‌11.", "حراج\nلغو‌11."),
        ("لغو۱۱", "لغو۱۱"),
        ("لغو۱۱ نیست", "لغو۱۱ نیست\nلغو۱۱"),
        ("", ""),
        (" ", " "),
    ],
)
def test_a_footer_stands_below_a_text_once(text: str, expected: str) -> None:
    """It is on a line of its own; a text that ends with it in any spelling, or has no text, is unchanged."""
    assert FOOTER.below(text) == expected
    assert FOOTER.below(expected) == expected


@pytest.mark.parametrize(("letters", "adds"), [(10, False), (64, False), (65, True), (70, True), (71, False)])
def test_the_footer_may_add_a_part(letters: int, adds: bool) -> None:
    """It does where the text alone takes fewer parts."""
    assert FOOTER.adds_part(FOOTER.below("س" * letters)) is adds
    assert FOOTER.adds_part("س" * letters) is False


def test_a_message_gets_the_footer() -> None:
    """The text or the note has it; a message without a text, or of another kind, is unchanged."""
    assert FOOTER.below_message(A) == SmsMessage("09120000001", "a\nلغو۱۱")
    assert FOOTER.below_message(B) == SmsMessage("09120000002", note="b\nلغو۱۱")
    wrong: Any = SmsMessage("09120000001", 5)  # type: ignore[arg-type] # meant
    odd: list[Any] = [wrong, "text", None]
    for one in odd:
        assert FOOTER.below_message(one) == one


def test_a_footer_is_a_text() -> None:
    """Spaces around it do not count; anything else is an error that names the argument."""
    assert footer_of(None) is None
    assert footer_of(" لغو۱۱\n") == FOOTER
    assert "لغو" not in repr(FOOTER)
    for wrong in ("", "  ", 5):
        with pytest.raises(InvalidInputError, match=r"^--footer: expected a text that is not empty"):
            footer_of(wrong, field="--footer")  # type: ignore[arg-type] # meant


def test_messages_are_changed_as_they_are_read() -> None:
    """The length stays known, an endless iterable is fine, and without a footer nothing is changed."""
    messages = [A, A]
    assert with_footer(messages, None) is messages
    changed = with_footer(messages, FOOTER)
    assert isinstance(changed, Sized)
    assert isinstance(changed, Iterable)
    assert (len(changed), list(changed), list(changed)) == (
        2,
        [FOOTER.below_message(A)] * 2,
        [FOOTER.below_message(A)] * 2,
    )
    endless = with_footer(iter(lambda: A, None), FOOTER)
    assert isinstance(endless, Iterable)
    assert not isinstance(endless, Sized)
    assert next(iter(endless)) == FOOTER.below_message(A)


@pytest.mark.parametrize("value", ["text", b"x", 5, None])
def test_what_is_no_iterable_of_messages_is_found_out_later(value: Any) -> None:
    """It is returned as it is, so that the send says what is wrong."""
    assert with_footer(value, FOOTER) is value


@pytest.mark.anyio
async def test_async_messages_are_changed_and_closed() -> None:
    """Each is changed as it is read, and the iterable is closed if it can be."""
    closed = []

    async def messages() -> AsyncGenerator[SmsMessage]:
        try:
            yield A
            yield B
        finally:
            closed.append(True)

    changed: Any = with_footer(messages(), FOOTER)
    assert await anext(changed) == FOOTER.below_message(A)
    await changed.aclose()
    assert closed == [True]

    class Two:
        def __init__(self) -> None:
            self._left = [B, A]

        def __aiter__(self) -> Two:
            return self

        async def __anext__(self) -> SmsMessage:
            if not self._left:
                raise StopAsyncIteration
            return self._left.pop()

    plain: Any = with_footer(Two(), FOOTER)
    assert [one async for one in plain] == [FOOTER.below_message(A), FOOTER.below_message(B)]
    await plain.aclose()

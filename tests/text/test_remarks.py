from __future__ import annotations

import pytest

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.text import TextRemark, remarks_on


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/a",
        "HTTP://x",
        "ببینید: www.shop.ir",
        "سایت shop.ir را ببینید",
        "سایتshop.irرا",
        "a.b.example.com!",
        "bit.ly/x",
        "aparat.tv/live",
        "تخفیف.ir",
    ],
)
def test_a_link_is_found(text: str) -> None:
    """Addresses and bare domains count."""
    assert TextRemark.LINK in remarks_on(text)


@pytest.mark.parametrize(
    "text", ["سلام", "info@shop.ir", "ساعت 10.30", "p.s", "node.js", "www.", "و/یا", "60 km.h/x", "a.bc/"]
)
def test_what_is_no_link(text: str) -> None:
    """Mail addresses, numbers and abbreviations do not."""
    assert TextRemark.LINK not in remarks_on(text)


@pytest.mark.parametrize(
    "text",
    [
        "کارت 6037991234567893",
        "6037-9912-3456-7893",
        "۶۰۳۷ ۹۹۱۲ ۳۴۵۶ ۷۸۹۳",
        "6037\u20139912\u20133456\u20137893",
        "6037.9912.3456.7893",
        "6037\u00a09912\u00a03456\u00a07893",
        "IR062960000000100324200001",
        "IR06.2960.0000.0010.0324.2000.01",
        "IR06 2960 0000 0010 0324 2000 01",
    ],
)
def test_a_card_or_an_account_is_found(text: str) -> None:
    """The check digit of a card is right, in any script and grouping; an account has 24 digits."""
    assert remarks_on(text) == {TextRemark.CARD_NUMBER}


@pytest.mark.parametrize("text", ["6037991234567894", "60379912345678930", "09123456789", "IR06296000000010032420000"])
def test_other_numbers_are_none(text: str) -> None:
    """A wrong check digit, or another length, is another number."""
    assert remarks_on(text) == frozenset()


@pytest.mark.parametrize(
    ("text", "found"),
    [("كتاب خوبي", True), ("علي و پدر", True), ("على", False), ("مدرسة كبيرة", False), ("کتاب خوبی", False)],
)
def test_arabic_letters_in_a_persian_text_are_found(text: str, found: bool) -> None:
    """An Arabic text is as it should be."""
    assert (TextRemark.ARABIC_LETTERS in remarks_on(text)) is found


def test_a_text_is_a_string() -> None:
    """Anything else is an error."""
    with pytest.raises(InvalidInputError):
        remarks_on(5)  # type: ignore[arg-type] # meant

"""What a text holds that makes gateways hold it back, or readers doubt it."""

from __future__ import annotations

import re
from enum import StrEnum

from wikipayam_async.checks import without_frames
from wikipayam_async.text.alphabet import measure
from wikipayam_async.text.spelling import is_arabic

__all__ = ["TextRemark", "remarks_on"]


class TextRemark(StrEnum):
    """Something in a text that is worth a second look before it is sent."""

    LINK = "link"
    """A link or a domain: some gateways hold such texts back for a review."""
    CARD_NUMBER = "card_number"
    """The number of a bank card or account (IBAN): some gateways hold such texts back."""
    ARABIC_LETTERS = "arabic_letters"
    """The Arabic ي or ك in a Persian text: `Spelling.ARABIC_LETTERS` replaces them."""


_LETTERS = r"a-z0-9\u0620-\u06d3-"
_LINK = re.compile(
    # Only at the beginning of a word: elsewhere the time for a long word would grow with the square of its length.
    rf"https?://\S|(?<![a-z0-9@.-])www\.[a-z0-9]|(?<![{_LETTERS}@.])[{_LETTERS}]+(?:\.[{_LETTERS}]+)*"
    r"\.(?:[a-z]{2,}/[a-z0-9]|(?:ir|com|net|org|co|info|me|app|io|ly|link|shop|site|online|store|xyz)(?![a-z0-9@-]))",
    re.IGNORECASE,
)
_BETWEEN = r"[ \u00a0\u200c\u2010-\u2014._/-]?"
_CARD = re.compile(rf"(?<!\d)\d(?:{_BETWEEN}\d){{15}}(?!{_BETWEEN}\d)")
_ACCOUNT = re.compile(rf"(?<![a-z])IR{_BETWEEN}\d(?:{_BETWEEN}\d){{23}}(?!\d)", re.IGNORECASE)
_ARABIC = re.compile("[يك]")


@without_frames
def remarks_on(text: str) -> frozenset[TextRemark]:
    """Return what is worth a second look in a text. It stays correct to send it.

    Args:
        text: The text.

    Raises:
        InvalidInputError: `text` is not a string, or contains a lone surrogate.
    """
    measure(text)
    found = set()
    if ("." in text or "://" in text) and _LINK.search(text):  # most texts have neither, and the pattern is slow
        found.add(TextRemark.LINK)
    if _ACCOUNT.search(text) or any(_is_card(one[0]) for one in _CARD.finditer(text)):
        found.add(TextRemark.CARD_NUMBER)
    if _ARABIC.search(text) and not is_arabic(text):
        found.add(TextRemark.ARABIC_LETTERS)
    return frozenset(found)


def _is_card(written: str) -> bool:
    """Return whether the last digit of a number is the check digit of a card (Luhn)."""
    digits = [int(one) for one in written if one.isdecimal()]
    doubled = [2 * one - 9 * (one > 4) for one in digits[::2]]  # noqa: PLR2004 - 2 * 5 has two digits
    return sum(doubled + digits[1::2]) % 10 == 0

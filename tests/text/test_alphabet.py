from __future__ import annotations

from collections.abc import Set as AbstractSet

import pytest

from wikipayam_async.text import Encoding, count_parts
from wikipayam_async.text.alphabet import NonGsm7Characters


@pytest.mark.parametrize(
    ("text", "units", "non_gsm7"),
    [
        ("می‌خواهم", 8, "\u200cاخمهوی"),
        ("a\u200cb", 3, "\u200c"),
        ("e\u0301", 2, "\u0301"),
        ("👨‍👩‍👧", 8, "\u200d👧👩👨"),
        ("🇮🇷", 4, "🇮🇷"),
        ("❤️", 2, "\u2764\ufe0f"),
        ("a\tb`", 4, "\t`"),
        ("\x1b", 1, "\x1b"),
        ("\x00", 1, "\x00"),
        ("a\u00a0b", 3, "\u00a0"),
        ("ç", 1, "ç"),
        ("Ç", 1, ""),
        ("\r\n", 2, ""),
        ("{a} [b] ~", 14, ""),
        ("{`}", 3, "`"),
        ("`" * 71, 71, "`"),
        ("س" * 70 + "😀", 72, "س😀"),
        ("Code: ۴۲۴", 9, "۲۴"),
    ],
)
def test_units_and_what_forced_unicode(text: str, units: int, non_gsm7: str) -> None:
    """Every code point counts, visible or not, and each one that GSM-7 lacks is listed once, sorted."""
    found = count_parts(text)
    assert (found.units, list(found.characters_that_forced_unicode)) == (units, sorted(non_gsm7))
    assert found.encoding is (Encoding.UCS2 if non_gsm7 else Encoding.GSM7)


def test_the_characters_are_a_set() -> None:
    """The characters support the set operations, and are found once."""
    non_gsm7: AbstractSet[str] = NonGsm7Characters("ب`a`")
    assert (len(non_gsm7), list(non_gsm7), "`" in non_gsm7, "a" in non_gsm7) == (2, ["`", "ب"], True, False)
    assert non_gsm7 & {"`", "x"} == {"`"}
    assert non_gsm7 == {"`", "ب"}

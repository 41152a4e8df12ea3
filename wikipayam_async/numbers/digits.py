"""Conversion of typed numbers to ASCII digits: any script, spaces, marks, spreadsheet numbers."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["DIGITS_OF_A_CELL", "LONGEST_TEXT", "ascii_digit", "digits_of_cell", "digits_of_text"]

LONGEST_TEXT = 64
DIGITS_OF_A_CELL = 15
"""The number of digits that a spreadsheet stores exactly."""

_SPACES = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_HYPHENS = "-\u00ad\u0640\u2212\ufe63\uff0d" + "".join(map(chr, range(0x2010, 0x2016)))
_BRACKETS_AND_DOTS = "()\uff08\uff09\u00b7\uff0e"
_MARKS = "\u061c\ufeff" + "".join(map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A))))
"""ZWNJ, ZWJ, BOM and direction marks."""
_ZEROS = "0\u0660\u06f0\uff10"
"""The ASCII, Arabic, Persian and full-width zeros. The other digits follow each of them."""

_TABLE: dict[int, str | None] = {
    **{ord(character): None for character in _SPACES + _HYPHENS + _BRACKETS_AND_DOTS + _MARKS},
    **{ord(zero) + value: str(value) for zero in _ZEROS for value in range(10)},
    **{ord(plus): "+" for plus in "+\uff0b"},
    ord("."): ".",
}

_FLOAT = re.compile(rf"([1-9][0-9]{{0,{DIGITS_OF_A_CELL - 1}}})\.00?").fullmatch
"""A float as text. It never starts with 0, unlike a number written with dots."""


def digits_of_text(text: str) -> str:
    """Return a number's ASCII digits and plus sign. Characters that belong to no number are kept."""
    if text.isdecimal():
        return str(int(text)).zfill(len(text))  # the fastest conversion from any script
    plain = text.translate(_TABLE)
    if not plain.isascii():
        plain = "".join(map(ascii_digit, plain))
    if "." in plain:
        found = _FLOAT(plain)
        plain = found[1] if found else plain.replace(".", "")
    return plain


def digits_of_cell(value: object) -> str:
    """Return the digits of a spreadsheet number; an empty string if it cannot be a phone number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if not 0 < value < 10**DIGITS_OF_A_CELL or value != int(value):
        return ""
    return str(int(value))


def ascii_digit(character: str) -> str:
    """Return a digit of any script as an ASCII digit, and any other character unchanged."""
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)

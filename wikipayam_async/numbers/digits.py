"""Conversion of typed numbers to ASCII digits: any script, spaces, marks, spreadsheet numbers."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["DIGITS_OF_A_CELL", "LONGEST_TEXT", "ascii_digit", "digits_of_cell", "digits_of_line", "digits_of_text"]

LONGEST_TEXT = 64
DIGITS_OF_A_CELL = 15
"""The number of digits that a spreadsheet stores exactly."""

_SPACES = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_HYPHENS = "-\u00ad\u0640\u2212\ufe63\uff0d" + "".join(map(chr, range(0x2010, 0x2016)))
_BRACKETS = "()[]\uff08\uff09\uff3b\uff3d"
_MARKS = "\u061c\ufeff" + "".join(map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A))))
"""ZWNJ, ZWJ, BOM and direction marks."""
_ZEROS = "0\u0660\u06f0\uff10"
"""The ASCII, Arabic, Persian and full-width zeros. The other digits follow each of them."""
_SIGNS = {
    "+": "+\uff0b\ufe62",
    ".": ".\u066b\u00b7\u2024\u3002\ufe52\uff0e\uff61",
    "/": "/\u2044\u2215\uff0f",
    ",": ",\u060c\u066c\ufe50\uff0c",
}
"""Signs with a meaning, and the characters that are read as them; a Persian Windows writes decimals with a slash."""

_TABLE: dict[int, str | None] = {
    **{ord(character): None for character in _SPACES + _HYPHENS + _BRACKETS + _MARKS},
    **{ord(zero) + value: str(value) for zero in _ZEROS for value in range(10)},
    **{ord(written): sign for sign, several in _SIGNS.items() for written in several},
}
_TABLE_WITH_HYPHENS = _TABLE | {ord(hyphen): "-" for hyphen in _HYPHENS}

_FEWEST_DIGITS_OF_A_SUBSCRIBER = 10
"""Of a mobile or a landline, without the leading 0."""
_LONGEST_FRACTION = 3

_is_plain = re.compile(r"\+?[0-9]*").fullmatch
_has_break = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]").search
_uri = re.compile(r"(?:tel|sms|smsto|callto):(?://)?([^;]*)(?:;phone-?context=\+98)?", re.IGNORECASE).fullmatch
_scientific = re.compile(r"([1-9][0-9]*)(?:[.,/]([0-9]*))?e\+?([0-9]{1,2})", re.IGNORECASE).fullmatch
_decimal = re.compile(r"(.*[0-9])([.,/])(0+)").fullmatch
_thousands = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3}){3}").fullmatch
_groups = re.compile(r"(\+[./]*)?([0-9]+(?:[./]+[0-9]+)*)").fullmatch
_separators = re.compile(r"[./]+")
_two_numbers = re.compile(r"[0-9]{10}[./]+[0-9]{7}").search


def digits_of_text(text: str) -> str:
    """Return a number's ASCII digits and plus sign.

    Characters that belong to no number are kept, and so are a decimal point and an exponent unless every digit of the
    number is there: `0912345678.0` is a number that has lost a digit, and must not gain the 0.
    """
    if text.isdecimal():
        return str(int(text)).zfill(len(text))  # the fastest conversion from any script
    plain = _ascii(text, _TABLE)
    if _is_plain(plain):
        return plain
    if "e" in plain or "E" in plain:
        found = _scientific(_ascii(text, _TABLE_WITH_HYPHENS))  # a hyphen may be the exponent's sign
        if found:
            return _from_scientific(found) or plain
    return _ungrouped(_without_decimals(_bare(plain).rstrip(".")))


def _ascii(text: str, table: dict[int, str | None]) -> str:
    plain = text.translate(table)
    return plain if plain.isascii() else "".join(map(ascii_digit, plain))


def _bare(plain: str) -> str:
    """Return a number without the scheme of a URI or a spreadsheet's sign for a text, and with its plus sign in front."""
    if ":" in plain:
        uri = _uri(plain)
        plain = uri[1] if uri else plain
    plain = plain.removeprefix("'")
    if plain.endswith("+") and not plain.startswith("+"):
        return "+" + plain[:-1]  # typed from right to left
    return plain


def _from_scientific(found: re.Match[str]) -> str:
    """Return the digits of a number such as `9.123456789E+09`; an empty string if it has fewer than its exponent says."""
    decimals, exponent = found[2] or "", int(found[3])
    if len(decimals) < exponent or decimals[exponent:].strip("0"):
        return ""
    return found[1] + decimals[:exponent]


def _without_decimals(plain: str) -> str:
    """Return a number without the decimals of a float, which are zeros.

    A sign that also separates the groups of digits before it is no decimal point. Several zeros after an incomplete
    number may be its last digits.
    """
    found = _decimal(plain)
    if found is None:
        return plain
    before, sign, zeros = found.groups()
    if sign in before:
        return plain
    count = sum(map(str.isdecimal, before))
    return before if len(zeros) < _LONGEST_FRACTION or count >= _FEWEST_DIGITS_OF_A_SUBSCRIBER else plain


def _ungrouped(plain: str) -> str:
    """Return a number without the signs between groups of digits; unchanged if they may be a decimal point."""
    if _thousands(plain):
        return plain.replace(",", "")
    found = _groups(plain)
    if found is None or _two_numbers(plain):
        return plain
    groups = _separators.split(found[2])
    digits = "".join(groups)
    may_be_date = "/" in plain and len(digits) < _FEWEST_DIGITS_OF_A_SUBSCRIBER
    return plain if may_be_date or _may_be_decimal(*groups) else (found[1] or "")[:1] + digits


def _may_be_decimal(first: str, *others: str) -> bool:
    if not others:
        return False
    last = others[-1]
    if len(others) > 1:
        return len(last) == 1
    return len(first) == 1 or len(last) <= _LONGEST_FRACTION or not last.strip("0")


def digits_of_line(line: str) -> str:
    """Return a line without spaces, hyphens and marks, in ASCII digits; unchanged if it is not all digits.

    Its country code stays, if it has one: gateways differ in how they write their lines. A line break may stand between
    two lines, so it is not removed.
    """
    if _has_break(line):
        return line
    plain = _ascii(line, _TABLE)
    return plain if plain.strip("+") and _is_plain(plain) else line


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

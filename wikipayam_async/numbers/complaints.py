"""The reasons why a value is not an Iranian phone number, without quoting it."""

from __future__ import annotations

import re
from collections.abc import Callable

from wikipayam_async.numbers.digits import DIGITS_OF_A_CELL, LONGEST_TEXT, digits_of_cell, digits_of_text
from wikipayam_async.numbers.plan import AREA_CODES, FIXED_BLOCK, LINE_PREFIXES, MOBILE_BLOCKS

__all__ = ["complaint"]

_NATIONAL_DIGITS = 10
_DIGITS_WITHOUT_AREA_CODE = (7, 8)
_FEWEST_DIGITS = 3

_are_digits = re.compile(r"[+]?[0-9]+").fullmatch
_TEXT_RULES: tuple[tuple[Callable[[str], object], str], ...] = (
    (lambda text: not text.strip("+"), "it has no digits"),
    (
        re.compile(r"[0-9]+(?:[.,/][0-9]*)?e[+]?[0-9]+", re.IGNORECASE).fullmatch,
        "it is in scientific notation, which drops digits: format the spreadsheet column as text",
    ),
    (
        re.compile(r"[0-9];?(?:x|ext|extension|int|داخلی|داخلي|[#*])[^0-9]{0,3}[0-9]", re.IGNORECASE).search,
        "it has an extension",
    ),
    (
        re.compile(r"[0-9][,;/|؛\\][^0-9]{0,3}[0-9]|[0-9]{10}[.]+[0-9]{7}").search,
        "it appears to contain several numbers",
    ),
    (re.compile(r"[+]?[0-9]*(?:[.]+[0-9]+)+").fullmatch, "it looks like a decimal number"),
    (lambda text: any(map(str.isalpha, text)), "it contains letters"),
    (lambda text: "+" in text[1:], "a plus sign is allowed only at the start"),
)
"""The rules for a text that is not all digits. The first one broken is reported."""


def complaint(value: object) -> str:
    """Return the rule that an invalid number breaks, as a clause such as `it contains letters`.

    Args:
        value: A value that is not an Iranian phone number.
    """
    if isinstance(value, str):
        return _complaint_about_text(value)
    digits = digits_of_cell(value)
    if digits:
        return _complaint_about_digits(digits)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"a spreadsheet number must be whole, positive and have at most {DIGITS_OF_A_CELL} digits"
    return "it is neither a string nor a number"


def _complaint_about_text(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        return f"it is longer than {LONGEST_TEXT} characters"
    digits = digits_of_text(text)
    if _are_digits(digits):
        return _complaint_about_digits(digits)
    for breaks, clause in _TEXT_RULES:
        if breaks(digits):
            return clause
    return "it contains characters other than digits, spaces, hyphens, dots and brackets"


def _complaint_about_digits(digits: str) -> str:
    if digits.startswith(("+", "00")):
        digits = digits[1:] if digits[0] == "+" else digits[2:]
        if not digits.startswith("98"):
            return "its country code is not 98"
        return _complaint_about_national(digits[2:].removeprefix("0"), has_prefix=True)
    if digits.startswith("98") and len(digits) >= _NATIONAL_DIGITS:
        return _complaint_about_national(digits[2:].removeprefix("0"), has_prefix=True)
    return _complaint_about_national(digits.removeprefix("0"), has_prefix=digits.startswith("0"))


def _complaint_about_national(digits: str, *, has_prefix: bool) -> str:
    block, count = digits[:2], len(digits)
    if digits.startswith("0"):
        return "it has several zeros after the country code"
    if digits.startswith(LINE_PREFIXES):
        return "a service line has 6 to 15 digits and no leading 0"
    wrong = "few" if count < _NATIONAL_DIGITS else "many"
    if block in MOBILE_BLOCKS:
        return f"it has too {wrong} digits for a mobile"
    if count < _FEWEST_DIGITS or (not has_prefix and count in _DIGITS_WITHOUT_AREA_CODE):
        return "it has too few digits: a landline needs its area code"
    if block in AREA_CODES or block == FIXED_BLOCK:
        return f"it has too {wrong} digits for a landline"
    return "no Iranian number starts with these digits"

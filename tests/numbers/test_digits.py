from __future__ import annotations

import pytest

from wikipayam_async.numbers.digits import ascii_digit, digits_of_cell, digits_of_line, digits_of_text


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("۰۹۱۲۳۴۵۶۷۸۹", "09123456789"),
        ("٠٩١٢ ٣٤٥-٦٧٨٩", "09123456789"),
        ("０９１２", "0912"),
        ("०९१२", "0912"),
        ("＋98 (912)\u200c345", "+98912345"),
        ("9123456789.0", "9123456789"),
        ("0912.345.6789", "09123456789"),
        ("0912..3456789", "09123456789"),
        ("3000.12.34", "30001234"),
        ("+.989123456789", "+989123456789"),
        ("912.345", "912.345"),
        ("0912345678.0", "0912345678"),
        ("10002000.0", "10002000"),
        ("9.123456789E+09", "9123456789"),
        ("9.12346E+09", "9.12346E+09"),
        ("1402/05/12", "1402/05/12"),
        ("Shop", "Shop"),
        ("Service", "Service"),
        ("0912x", "0912x"),
        ("", ""),
    ],
)
def test_digits_of_text(text: str, digits: str) -> None:
    """Digits of any script become ASCII, spaces and marks are removed, and other characters are kept."""
    assert digits_of_text(text) == digits


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        (9123456789, "9123456789"),
        (9123456789.0, "9123456789"),
        (999_999_999_999_999, "999999999999999"),
        (10**15, ""),
        (1, "1"),
        (1.5, ""),
        (0, ""),
        (-1, ""),
        (float("nan"), ""),
        (True, ""),
        ("09123456789", ""),
        (None, ""),
    ],
)
def test_digits_of_cell(value: object, digits: str) -> None:
    """A whole positive number of at most 15 digits has digits; any other value has none."""
    assert digits_of_cell(value) == digits


@pytest.mark.parametrize(("character", "digit"), [("۷", "7"), ("७", "7"), ("7", "7"), ("x", "x"), ("²", "²")])
def test_ascii_digit(character: str, digit: str) -> None:
    """A decimal digit of any script becomes ASCII; other characters are unchanged."""
    assert ascii_digit(character) == digit


IGNORED = [*range(0x09, 0x0E), *range(0x1C, 0x21), 0x85, 0xA0, 0xAD, 0x61C, 0x640, 0x1680, *range(0x2000, 0x2016)]
IGNORED += [*range(0x2028, 0x2030), 0x205F, *range(0x2060, 0x206A), 0x2212, 0x3000, 0xFE63, 0xFEFF, 0xFF0D]
IGNORED += map(ord, "-()[]（）［］")


def test_what_is_ignored_between_digits() -> None:
    """Spaces, hyphens, brackets and marks are ignored; every other character up to U+3100 is kept, but for signs."""
    signs = [ord(sign) for sign in "+,./·،٫٬\u2024\u2044\u2215\u3002"]
    dropped = [
        code
        for code in (*range(0x3100), *range(0xFE50, 0xFF00), *range(0xFF00, 0xFF60))
        if code not in signs and digits_of_text(f"0912{chr(code)}3456789") == "09123456789"
    ]
    assert sorted(set(dropped) - set(map(ord, "﹒．／｡"))) == sorted(IGNORED)


@pytest.mark.parametrize("sign", "/／⁄∕")
def test_every_slash_separates_groups(sign: str) -> None:
    """All characters that look like a slash are read as one."""
    assert digits_of_text(f"0912{sign}345{sign}6789") == "09123456789"
    assert digits_of_text(f"0912345678{sign}0") == "0912345678"


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        ("10002000", "10002000"),
        ("۱۰۰۰۲۰۰۰", "10002000"),
        (" 1000 2000 ", "10002000"),
        ("+98 3000-1234", "+9830001234"),
        ("\u200f021 9100\u200c1234", "02191001234"),
        ("Shop ۲", "Shop ۲"),
        ("1e5", "1e5"),
        ("3000.5", "3000.5"),
        (" - ", " - "),
        ("1000\n2000", "1000\n2000"),
        ("+", "+"),
        ("", ""),
    ],
)
def test_a_line_is_written_in_ascii_digits(line: str, plain: str) -> None:
    """Its country code stays; a line that is no number is unchanged, as is what would only look like one."""
    assert digits_of_line(line) == plain

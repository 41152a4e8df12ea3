from __future__ import annotations

import pytest

from wikipayam_async.numbers.digits import ascii_digit, digits_of_cell, digits_of_text


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

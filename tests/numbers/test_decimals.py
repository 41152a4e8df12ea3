from __future__ import annotations

from decimal import Decimal

import pytest

from wikipayam_async.numbers.decimals import read_decimal


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", "0"),
        ("12.60", "12.60"),
        ("1,250,000", "1250000"),
        ("1 250 000", "1250000"),
        ("\u200f۱٬۲۵۰٫۵ ", "1250.5"),
        ("٠٫٥", "0.5"),
        ("−5", "-5"),
        ("+5", "5"),
    ],
)
def test_a_number_is_read_as_people_write_it(text: str, number: str) -> None:
    """Thousands may be separated, digits of any script, and the decimal separator Persian."""
    assert read_decimal(text) == Decimal(number)


@pytest.mark.parametrize(
    "text", ["", ".5", "5.", "1,25", "12,500,0", "1e3", "0x1", "1_0", "nan", "inf", "5%", "9" * 31]
)
def test_another_text_is_no_number(text: str) -> None:
    """Scientific, hexadecimal and other notations, and wrong groups, are not guessed."""
    assert read_decimal(text) is None

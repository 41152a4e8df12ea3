from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any

import pytest

from wikipayam_async.cost import format_money, read_money
from wikipayam_async.errors import InvalidInputError


@pytest.mark.parametrize(
    ("text", "rials"),
    [
        ("895", "895"),
        ("984.5", "984.5"),
        ("0.4", "0.4"),
        ("1,790", "1790"),
        ("۱٬۷۹۰", "1790"),
        ("۸۹٫۵", "89.5"),
        ("895 rials", "895"),
        ("895r", "895"),
        ("895 IRR", "895"),
        ("۸۹۵ ريال", "895"),
        ("89.5t", "895"),
        ("89.5 Tomans", "895"),
        ("۸۹٫۵ تومان", "895"),
        ("۵٬۰۰۰٬۰۰۰تومن", "50000000"),
        ("98.45t", "984.5"),
    ],
)
def test_an_amount_is_read_as_people_write_it(text: str, rials: str) -> None:
    """Digits of any script, separated thousands, fractions, and units in both languages; it is exact."""
    with decimal.localcontext(prec=2):
        assert read_money(text) == Decimal(rials)


@pytest.mark.parametrize(
    "text",
    ["", "t", "x", "-1", "1.790", "1,79", "89/5", "1e3", "nan", "inf", "0x10", "1_000", "none", "5 dollars", "5tt", 5],
)
def test_anything_else_is_no_amount(text: Any) -> None:
    """A fraction of three digits may be thousands, so it is refused, as is everything that is no amount of 0 or more."""
    with pytest.raises(
        InvalidInputError, match=r"^price: expected an amount of 0 or more such as 895, 984\.5 or 1,790"
    ):
        read_money(text, field="price")


@pytest.mark.parametrize(
    ("rials", "unit", "locale", "expected"),
    [
        (1_118_750, "rial", "en", "1,118,750 rials"),
        (1_118_750, "toman", "en", "111,875 tomans"),
        (895, "toman", "en", "89.5 tomans"),
        (0, "rial", "en", "0 rials"),
        (1, "rial", "en", "1 rial"),
        (-1, "rial", "en", "-1 rial"),
        (10, "toman", "en", "1 toman"),
        (11, "toman", "en", "1.1 tomans"),
        (1, "toman", "en", "0.1 tomans"),
        (-12_345, "toman", "en", "-1,234.5 tomans"),
        (1_118_750, "rial", "fa", "۱٬۱۱۸٬۷۵۰ ریال"),
        (1_118_755, "toman", "fa", "۱۱۱٬۸۷۵٫۵ تومان"),
        (1, "rial", "fa", "۱ ریال"),
        (-50, "toman", "fa", "\u200e\u2212۵ تومان"),
        (10**30, "rial", "en", "1" + ",000" * 10 + " rials"),
    ],
)
def test_formatted_money(rials: int, unit: Any, locale: Any, expected: str) -> None:
    """Amounts are formatted in rials or tomans, in English or in Persian with its digits and separators."""
    assert format_money(rials, unit, locale=locale) == expected


def test_rials_and_english_are_the_default() -> None:
    """The default is rials in English."""
    assert format_money(34_359_938) == "34,359,938 rials"


@pytest.mark.parametrize(
    ("rials", "unit", "locale", "error"),
    [
        (89.5, "rial", "en", "rials: expected whole rials as an int; got a number (float)"),
        (True, "rial", "en", "rials: expected whole rials as an int; got True"),
        ("5", "rial", "en", "rials: expected whole rials as an int; got a string of 1 characters with digits"),
        (5, "dollar", "en", "unit: expected 'rial' or 'toman'; got a string of 6 characters with letters"),
        (5, [], "en", "unit: expected 'rial' or 'toman'; got an object of type list"),
        (5, "rial", "de", "locale: expected 'en' or 'fa'; got a string of 2 characters with letters"),
        (5, "rial", None, "locale: expected 'en' or 'fa'; got None"),
    ],
)
def test_invalid_money(rials: Any, unit: Any, locale: Any, error: str) -> None:
    """The error names the argument, and what it may be."""
    with pytest.raises(InvalidInputError) as caught:
        format_money(rials, unit, locale=locale)
    assert str(caught.value) == error

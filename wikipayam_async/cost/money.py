"""Amounts of money: reading and formatting. Amounts are whole rials everywhere, and prices exact; neither is a float."""

from __future__ import annotations

import decimal
import re
from decimal import Decimal
from typing import Literal, TypeAlias

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers.decimals import read_decimal
from wikipayam_async.redact.masks import shape_of

__all__ = ["RIALS_PER_TOMAN", "MoneyLocale", "MoneyUnit", "format_money", "read_money"]

MoneyUnit: TypeAlias = Literal["rial", "toman"]
MoneyLocale: TypeAlias = Literal["en", "fa"]

RIALS_PER_TOMAN = 10

_MOST_DECIMALS = 2
_EXACT = decimal.Context(prec=40)
"""The thread's own context may round."""
_WRITTEN = re.compile(r"(.*?)\s*(?:(r|rials?|irr|ریال)|(t|tomans?|تومان|تومن))?", re.IGNORECASE | re.DOTALL)
_RULE = "expected an amount of 0 or more such as 895, 984.5 or 1,790 in rials, or 89.5t in tomans"
_PERSIAN_SIGNS = str.maketrans(
    {**{str(digit): chr(0x6F0 + digit) for digit in range(10)}, ",": "\u066c", ".": "\u066b", "-": "\u200e\u2212"}
)
_UNITS = {
    ("rial", "en"): ("rial", "rials"),
    ("toman", "en"): ("toman", "tomans"),
    ("rial", "fa"): ("ریال", "ریال"),
    ("toman", "fa"): ("تومان", "تومان"),
}


def read_money(text: str, *, field: str = "amount") -> Decimal:
    """Return an amount as people write it, in rials: `984.5`, `1,790`, `۸۹٫۵ تومان`, `89.5t`.

    Digits may be of any script, and thousands separated. Without a unit the amount is in rials; `r`, `rial`, `rials`,
    `IRR` and `ریال` say so, `t`, `toman`, `tomans`, `تومان` and `تومن` are tomans (10 rials each). More than two decimals
    are refused: in `1.790` the point may separate thousands.

    Args:
        text: The text.
        field: The name of the amount in the error.

    Raises:
        InvalidInputError: The text is no amount of 0 or more.
    """
    found = _WRITTEN.fullmatch(text.replace("ي", "ی")) if isinstance(text, str) else None
    number = read_decimal(found[1]) if found else None
    if found is None or number is None or number.is_signed() or _decimals(number) > _MOST_DECIMALS:
        raise InvalidInputError(field, rule=_RULE, got=shape_of(text))
    return _EXACT.multiply(number, Decimal(RIALS_PER_TOMAN)) if found[3] else number


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def format_money(rials: int, unit: MoneyUnit = "rial", *, locale: MoneyLocale = "en") -> str:
    """Return a formatted amount: `1,790 rials`, `179 tomans`, `۱۷۹ تومان`.

    Args:
        rials: The amount in rials; it may be negative.
        unit: `rial`, or `toman` (10 rials).
        locale: `en`, or `fa` for Persian words, digits and separators.

    Raises:
        InvalidInputError: An argument is invalid.
    """
    if isinstance(rials, bool) or not isinstance(rials, int):
        raise InvalidInputError("rials", rule="expected whole rials as an int", got=shape_of(rials))
    if unit not in ("rial", "toman"):
        raise InvalidInputError("unit", rule="expected 'rial' or 'toman'", got=shape_of(unit))
    if locale not in ("en", "fa"):
        raise InvalidInputError("locale", rule="expected 'en' or 'fa'", got=shape_of(locale))
    size = RIALS_PER_TOMAN if unit == "toman" else 1
    whole, rest = divmod(abs(rials), size)
    number = ("-" if rials < 0 else "") + f"{whole:,}" + (f".{rest}" if rest else "")
    one, many = _UNITS[unit, locale]
    if locale == "fa":
        number = number.translate(_PERSIAN_SIGNS)
    return f"{number} {one if abs(rials) == size else many}"

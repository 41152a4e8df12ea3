"""Amounts as people write them: separated thousands, digits of any script."""

from __future__ import annotations

import re
from decimal import Decimal

from wikipayam_async.numbers.digits import ascii_digit

__all__ = ["MOST_DIGITS", "read_decimal"]

MOST_DIGITS = 30
"""The longest number that is read."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?")
_SEPARATORS = str.maketrans({"٬": ",", "،": ",", "٫": ".", "−": "-"})
_GROUPING_SPACES = re.compile(r"(?<=[0-9])[ \u00a0\u2009\u202f](?=[0-9]{3}(?![0-9]))")
_MARKS = "\u200b\u200c\u200e\u200f\u061c\ufeff"


def read_decimal(text: str) -> Decimal | None:
    """Return a number such as `1,790`, `89.5` or `۸۹٫۵`; None for any other text.

    Thousands may be separated by commas or spaces, in groups of three; the decimal separator is a point or `٫`.

    Args:
        text: The text.
    """
    plain = "".join(map(ascii_digit, text.strip().strip(_MARKS).translate(_SEPARATORS)))
    found = _NUMBER.fullmatch(_GROUPING_SPACES.sub(",", plain))
    if found is None or len(plain) > MOST_DIGITS:
        return None
    return Decimal(found[0].replace(",", ""))

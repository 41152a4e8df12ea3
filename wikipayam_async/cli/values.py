"""The values of options, as people write them. The library's own conversions round `12.6` and read `none` as no value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from cyclopts import Parameter, Token

from wikipayam_async.cost.money import read_money
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers.decimals import read_decimal

__all__ = ["Number", "Rials", "WholeNumber", "read_number", "read_rials", "read_whole_number"]


def read_whole_number(_: Any, tokens: Sequence[Token]) -> int:
    """Return a whole number: digits of any script, thousands separated or not.

    Args:
        tokens: The value.

    Raises:
        ValueError: It is another text.
    """
    number = read_decimal(tokens[0].value)
    if number is None or "." in tokens[0].value or "٫" in tokens[0].value:
        raise ValueError("expected a whole number")
    return int(number)


def read_number(_: Any, tokens: Sequence[Token]) -> float:
    """Return a number that may have a fraction.

    Args:
        tokens: The value.

    Raises:
        ValueError: It is another text.
    """
    number = read_decimal(tokens[0].value)
    if number is None or not math.isfinite(number):
        raise ValueError("expected a number")
    return float(number)


def read_rials(_: Any, tokens: Sequence[Token]) -> Decimal:
    """Return an amount in rials, exactly.

    Args:
        tokens: The value.

    Raises:
        ValueError: It is no amount of money.
    """
    try:
        return read_money(tokens[0].value)
    except InvalidInputError as error:
        raise ValueError(error.rule) from None


WholeNumber: TypeAlias = Annotated[int, Parameter(converter=read_whole_number)]
Number: TypeAlias = Annotated[float, Parameter(converter=read_number)]
Rials: TypeAlias = Annotated[Decimal, Parameter(converter=read_rials, metavar="RIALS")]

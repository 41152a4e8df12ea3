"""The formats of a template's fields, as in `{amount|thousands|persian}`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Context, Decimal
from types import MappingProxyType
from typing import TypeAlias

from attrs import frozen

from wikipayam_async.dates import JalaliDate, parse_day, to_jalali
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers.decimals import MOST_DIGITS, read_decimal
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.templates.values import ShownValue
from wikipayam_async.text.names import comparable_name

__all__ = ["FORMATS", "Format", "find_format", "formatted"]

_EXACT = Context(prec=2 * MOST_DIGITS)
"""The thread's own context may round."""
_RIALS_PER_TOMAN = Decimal(10)
_MOST_DECIMALS = 2
"""Of an amount that was typed: in `1.790` the point may separate thousands."""
_PERSIAN_DIGITS = str.maketrans("0123456789٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹" * 2)
_ANY_DAY = datetime(2000, 1, 1)  # noqa: DTZ001 - no moment in time

Apply: TypeAlias = Callable[[object, str, str], str]
"""Returns the formatted text, given a value, its text, and the name of the field."""


@frozen
class Format:
    """A format of a field.

    Attributes:
        name: Its English name.
        aliases: Its other names.
        apply: Returns the formatted text, given a value, its text, and the name of the field.
        needs_jalali: Whether it needs the package `jdatetime`.
    """

    name: str
    aliases: tuple[str, ...]
    apply: Apply
    needs_jalali: bool = False


def find_format(name: str) -> Format | None:
    """Return a format by one of its names; None if there is no such format.

    Args:
        name: The name.

    Raises:
        ConfigurationError: It needs a package that is not installed.
    """
    found = FORMATS.get(comparable_name(name))
    if found is not None and found.needs_jalali:
        to_jalali(_ANY_DAY, field=found.name)  # a missing package is no error of a row
    return found


def _thousands(value: object, text: str, field: str) -> str:
    return f"{_number(value, text, field, 'thousands'):,f}"


def _toman(value: object, text: str, field: str) -> str:
    rials = _number(value, text, field, "toman")
    exponent = rials.as_tuple().exponent
    if isinstance(value, str) and isinstance(exponent, int) and exponent < -_MOST_DECIMALS:
        rule = f"expected rials with at most {_MOST_DECIMALS} decimals, for the format toman: a point may separate thousands"
        raise InvalidInputError(field, rule=rule, got=shape_of(text))
    return f"{_whole(_EXACT.divide(rials, _RIALS_PER_TOMAN)):,f}"


def _number(value: object, text: str, field: str, name: str) -> Decimal:
    number = read_decimal(text)
    if number is None and not isinstance(value, str | bool) and not text.endswith("%"):
        number = _plain_number(value)
    if number is None:
        raise InvalidInputError(field, rule=f"expected a number, for the format {name}", got=shape_of(text))
    return number


def _whole(number: Decimal) -> Decimal:
    """Return a number without the zeros of its fraction."""
    return number.to_integral_value() if number == number.to_integral_value() else _EXACT.normalize(number)


def _plain_number(value: object) -> Decimal | None:
    if not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite() or abs(number.adjusted()) >= MOST_DIGITS:
        return None
    return number.to_integral_value() if number == number.to_integral_value() else number


def _persian(value: object, text: str, field: str) -> str:  # noqa: ARG001 - the signature of every format
    plain = text.strip()
    if plain.isascii() and read_decimal(plain) is not None:
        text = text.replace(",", "٬").replace(".", "٫")
    return text.translate(_PERSIAN_DIGITS)


def _jalali(value: object, text: str, field: str) -> str:
    given = value if isinstance(value, date | JalaliDate) else text
    day = parse_day(given, field=field)
    jalali = to_jalali(datetime.combine(day, time()), field=field)
    if jalali is None:
        raise InvalidInputError(field, rule="expected a date of the Jalali calendar", got="another year")
    return f"{jalali.year:04}/{jalali.month:02}/{jalali.day:02}"


_ALL = (
    Format("thousands", ("هزارگان",), _thousands),
    Format("toman", ("تومان",), _toman),
    Format("persian", ("فارسی",), _persian),
    Format("jalali", ("شمسی", "جلالی"), _jalali, needs_jalali=True),
)

FORMATS: Mapping[str, Format] = MappingProxyType(
    {comparable_name(name): one for one in _ALL for name in (one.name, *one.aliases)}
)
"""The formats by all their names, as `comparable_name` returns them."""


def formatted(value: object, text: str, formats: tuple[Format, ...], field: str) -> str:
    """Return a value in its formats, the first one first.

    Args:
        value: The value.
        text: Its text without a format.
        formats: The formats.
        field: The name of the field, for errors.

    Raises:
        InvalidInputError: A format does not fit the value. The error does not show the value.
    """
    behind = value.value if isinstance(value, ShownValue) else value
    for one in formats:
        text = behind = one.apply(behind, text, field)
    return text

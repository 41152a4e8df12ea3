"""What a part of an SMS costs, and how an amount is written. Money is whole rials everywhere; there are no floats."""

from __future__ import annotations

import decimal
from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar, Literal, TypeAlias

from attrs import Attribute, Factory, field, frozen

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers import parse_number
from wikipayam_async.numbers.digits import digits_of_text
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.text.parts import Encoding

__all__ = ["MoneyLocale", "MoneyUnit", "Tariff", "format_money"]

MoneyUnit: TypeAlias = Literal["rial", "toman"]
MoneyLocale: TypeAlias = Literal["en", "fa"]

_RIALS_IN_A_TOMAN = 10
_PERSIAN_SIGNS = str.maketrans(
    {**{str(digit): chr(0x6F0 + digit) for digit in range(10)}, ",": "\u066c", ".": "\u066b", "-": "\u200e\u2212"}
)
_UNITS = {
    ("rial", "en"): ("rial", "rials"),
    ("toman", "en"): ("toman", "tomans"),
    ("rial", "fa"): ("ریال", "ریال"),
    ("toman", "fa"): ("تومان", "تومان"),
}


def _is_price(_: object, attribute: Attribute[int], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        rule = "expected whole rials, 0 or more, as an int (Tariff.tomans('89.5') takes tomans)"
        raise InvalidInputError(attribute.name, rule=rule, got=shape_of(value))


def _read_lines(lines: object) -> Mapping[str, Tariff]:
    if not isinstance(lines, Mapping):
        raise InvalidInputError("lines", rule="expected a mapping of lines to tariffs", got=shape_of(lines))
    read: dict[str, Tariff] = {}
    for line, tariff in lines.items():
        prefix = _plain_line(line) if isinstance(line, str) else ""
        if not prefix:
            raise InvalidInputError("lines", rule="expected a line or what it begins with", got=shape_of(line))
        if not isinstance(tariff, Tariff) or tariff.lines:
            rule = "expected for each line a Tariff without lines of its own"
            raise InvalidInputError("lines", rule=rule, got=shape_of(tariff))
        if prefix in read:
            raise InvalidInputError("lines", rule="expected each line once", got="one line in two spellings")
        read[prefix] = tariff
    return read


def _plain_line(line: str) -> str:
    """Bring the spellings of one line, or of what lines begin with, together."""
    try:
        return parse_number(line).local
    except InvalidInputError:
        return digits_of_text(line).removeprefix("+98").removeprefix("0098")


@frozen
class Tariff:
    """What a part of an SMS costs, in whole rials, as your account is charged for it.

    `Tariff(895, 1790)` names a price for Persian and one for Latin texts, `Tariff(895)` one for both.

    Attributes:
        persian: Rials for a part of a text in UCS-2: Persian, or with any other character that GSM-7 lacks.
        latin: Rials for a part of a text in GSM-7; `persian` if not given.
        lines: Tariffs of lines that cost something else, by the line or by what it begins with. Of several that fit,
            the longest counts. Spaces and hyphens, a `+98` in front and the script of the digits make no difference.
        currency: `IRR`, Iranian rials.

    Raises:
        InvalidInputError: A price is not an int of 0 or more, or the lines cannot be read.
    """

    currency: ClassVar[str] = "IRR"

    persian: int = field(validator=_is_price)
    latin: int = field(validator=_is_price, default=Factory(lambda self: self.persian, takes_self=True))
    lines: Mapping[str, Tariff] = field(converter=_read_lines, factory=dict, kw_only=True, hash=False)

    @classmethod
    def tomans(
        cls,
        persian: Decimal | str | int,
        latin: Decimal | str | int | None = None,
        *,
        lines: Mapping[str, Tariff] | None = None,
    ) -> Tariff:
        """Make a tariff of prices in tomans, which are 10 rials: `Tariff.tomans("89.5", 179)`.

        Args:
            persian: Tomans for a part in UCS-2. No float: it cannot hold most fractions.
            latin: Tomans for a part in GSM-7; `persian` if None.
            lines: Tariffs of lines that cost something else.

        Raises:
            InvalidInputError: A price is no number of 0 or more, or not whole in rials: round a fraction of a rial up.
        """
        first = _rials_of(persian, "persian")
        second = first if latin is None else _rials_of(latin, "latin")
        return cls(first, second, lines={} if lines is None else lines)

    def price(self, encoding: Encoding, line: str | None = None) -> int:
        """Return what a part costs, in rials.

        Args:
            encoding: How the text is written on the air.
            line: The line it is sent from; None for the tariff's own prices.
        """
        tariff = self
        if line is not None and self.lines:
            plain = _plain_line(line)
            fitting = [prefix for prefix in self.lines if plain.startswith(prefix)]
            tariff = self.lines[max(fitting, key=len)] if fitting else self
        return tariff.latin if encoding is Encoding.GSM7 else tariff.persian


def _rials_of(tomans: object, name: str) -> int:
    rials = _exact_rials(tomans) if isinstance(tomans, int | str | Decimal) and not isinstance(tomans, bool) else None
    if rials is None or rials < 0:
        rule = (
            "expected tomans, 0 or more, as an int, a Decimal or a string such as '89.5', "
            "and whole in rials (round a fraction of a rial up)"
        )
        raise InvalidInputError(name, rule=rule, got=shape_of(tomans))
    return rials


def _exact_rials(tomans: int | str | Decimal) -> int | None:
    """Return tomans in rials; None if they are no finite number, or not whole in rials."""
    # The context of the caller's thread may round; this one raises instead, which also bounds the number's size.
    exact = decimal.Context(prec=40, Emax=39, traps=[decimal.Inexact, decimal.InvalidOperation])
    try:
        number = exact.create_decimal(tomans.strip().replace("٫", ".") if isinstance(tomans, str) else tomans)
        rials = exact.multiply(number, Decimal(_RIALS_IN_A_TOMAN))
    except (decimal.Inexact, decimal.InvalidOperation):
        return None
    return int(rials) if rials.is_finite() and rials == exact.to_integral_value(rials) else None


def format_money(rials: int, unit: MoneyUnit = "rial", locale: MoneyLocale = "en") -> str:
    """Write an amount for people: `1,790 rials`, `179 tomans`, `۱۷۹ تومان`.

    Args:
        rials: The amount in rials; it may be below 0.
        unit: `rial`, or `toman` for a tenth of the number.
        locale: `en`, or `fa` for Persian words, digits and separators.

    Raises:
        InvalidInputError: An argument breaks a rule.
    """
    if isinstance(rials, bool) or not isinstance(rials, int):
        raise InvalidInputError("rials", rule="expected whole rials as an int", got=shape_of(rials))
    if unit not in ("rial", "toman"):
        raise InvalidInputError("unit", rule="expected 'rial' or 'toman'", got=shape_of(unit))
    if locale not in ("en", "fa"):
        raise InvalidInputError("locale", rule="expected 'en' or 'fa'", got=shape_of(locale))
    size = _RIALS_IN_A_TOMAN if unit == "toman" else 1
    whole, rest = divmod(abs(rials), size)
    number = ("-" if rials < 0 else "") + f"{whole:,}" + (f".{rest}" if rest else "")
    one, many = _UNITS[unit, locale]
    if locale == "fa":
        number = number.translate(_PERSIAN_SIGNS)
    return f"{number} {one if abs(rials) == size else many}"

"""Tariffs, and the formatting of amounts. Amounts are whole rials everywhere, never floats."""

from __future__ import annotations

import decimal
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Literal, TypeAlias

from attrs import Attribute, Factory, field, frozen

from wikipayam_async.checks import check_number
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers import parse_number
from wikipayam_async.numbers.digits import digits_of_text
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.text.parts import Encoding

__all__ = ["MoneyLocale", "MoneyUnit", "Tariff", "format_money"]

MoneyUnit: TypeAlias = Literal["rial", "toman"]
MoneyLocale: TypeAlias = Literal["en", "fa"]

_RIALS_PER_TOMAN = 10
_PERSIAN_SIGNS = str.maketrans(
    {**{str(digit): chr(0x6F0 + digit) for digit in range(10)}, ",": "\u066c", ".": "\u066b", "-": "\u200e\u2212"}
)
_UNITS = {
    ("rial", "en"): ("rial", "rials"),
    ("toman", "en"): ("toman", "tomans"),
    ("rial", "fa"): ("ریال", "ریال"),
    ("toman", "fa"): ("تومان", "تومان"),
}


def _is_percentage(_: object, attribute: Attribute[Any], value: object) -> None:
    check_number(value, field=attribute.name, minimum=0, maximum=100)


def _is_price(_: object, attribute: Attribute[int], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        rule = "expected whole rials, 0 or more, as an int (Tariff.tomans takes tomans)"
        raise InvalidInputError(attribute.name, rule=rule, got=shape_of(value))


def _read_lines(lines: object) -> Mapping[str, Tariff]:
    if not isinstance(lines, Mapping):
        raise InvalidInputError("lines", rule="expected a mapping of lines to tariffs", got=shape_of(lines))
    read: dict[str, Tariff] = {}
    for line, tariff in lines.items():
        prefix = _plain_line(line) if isinstance(line, str) else ""
        if not prefix:
            raise InvalidInputError("lines", rule="expected a line or a prefix of lines", got=shape_of(line))
        if not isinstance(tariff, Tariff) or tariff.lines:
            rule = "expected a Tariff without lines of its own for each line"
            raise InvalidInputError("lines", rule=rule, got=shape_of(tariff))
        if prefix in read:
            raise InvalidInputError("lines", rule="expected each line once", got="one line in two formats")
        read[prefix] = tariff
    return read


def _plain_line(line: str) -> str:
    """Return one format for all formats of a line or a prefix."""
    try:
        return parse_number(line).local
    except InvalidInputError:
        return digits_of_text(line).removeprefix("+98").removeprefix("0098")


@frozen(kw_only=True)
class Tariff:
    """The price of a part of an SMS, in whole rials, as your account is charged.

    `Tariff(persian=895, latin=1790)` sets a price for Persian and one for Latin texts, `Tariff(persian=895)` one for both;
    `Tariff(persian=895, vat=10)` adds 10 percent.

    Attributes:
        persian: Rials per part of a text in UCS-2: Persian, or with any other character that GSM-7 lacks.
        latin: Rials per part of a text in GSM-7; `persian` if not given.
        vat: The value-added tax in percent, 0 to 100, that the prices do not include. The price of a part with it is
            rounded up to a whole rial.
        lines: Tariffs of lines with other prices, by line or prefix; the longest match applies. Spaces, hyphens, a
            leading `+98` and the script of the digits are ignored. A line's tariff without `vat` has the tax of this one.
        currency: `IRR`, Iranian rials.

    Raises:
        InvalidInputError: A price is not an int of 0 or more, or `lines` is invalid.
    """

    currency: ClassVar[str] = "IRR"

    persian: int = field(validator=_is_price)
    latin: int = field(validator=_is_price, default=Factory(lambda self: self.persian, takes_self=True))
    vat: int = field(default=0, validator=_is_percentage)
    lines: Mapping[str, Tariff] = field(converter=_read_lines, factory=dict, hash=False)

    @classmethod
    def tomans(
        cls,
        *,
        persian: Decimal | str | int,
        latin: Decimal | str | int | None = None,
        vat: int = 0,
        lines: Mapping[str, Tariff] | None = None,
    ) -> Tariff:
        """Return a tariff from prices in tomans (10 rials each): `Tariff.tomans(persian="89.5", latin=179)`.

        Args:
            persian: Tomans per part in UCS-2. Not a float, which cannot represent most fractions.
            latin: Tomans per part in GSM-7; `persian` if None.
            vat: The value-added tax in percent that the prices do not include.
            lines: Tariffs of lines with other prices.

        Raises:
            InvalidInputError: A price is not a number of 0 or more, or not whole in rials: round a fraction of a rial
                up.
        """
        first = _rials_of(persian, "persian")
        second = first if latin is None else _rials_of(latin, "latin")
        return cls(persian=first, latin=second, vat=vat, lines={} if lines is None else lines)

    def price(self, encoding: Encoding, line: str | None = None) -> int:
        """Return the price of a part with its tax, in rials.

        Args:
            encoding: The encoding of the text.
            line: The sender line; None for the tariff's own prices.
        """
        tariff = self
        if line is not None and self.lines:
            plain = _plain_line(line)
            matching = [prefix for prefix in self.lines if plain.startswith(prefix)]
            tariff = self.lines[max(matching, key=len)] if matching else self
        net = tariff.latin if encoding is Encoding.GSM7 else tariff.persian
        return -(-net * (100 + (tariff.vat or self.vat)) // 100)


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
    """Return tomans in rials; None if they are not a finite number, or not whole in rials."""
    # The thread's own context may round. This one raises instead, which also limits the size of the number.
    exact = decimal.Context(prec=40, Emax=39, traps=[decimal.Inexact, decimal.InvalidOperation])
    try:
        number = exact.create_decimal(tomans.strip().replace("٫", ".") if isinstance(tomans, str) else tomans)
        rials = exact.multiply(number, Decimal(_RIALS_PER_TOMAN))
    except (decimal.Inexact, decimal.InvalidOperation):
        return None
    return int(rials) if rials.is_finite() and rials == exact.to_integral_value(rials) else None


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
    size = _RIALS_PER_TOMAN if unit == "toman" else 1
    whole, rest = divmod(abs(rials), size)
    number = ("-" if rials < 0 else "") + f"{whole:,}" + (f".{rest}" if rest else "")
    one, many = _UNITS[unit, locale]
    if locale == "fa":
        number = number.translate(_PERSIAN_SIGNS)
    return f"{number} {one if abs(rials) == size else many}"

"""Tariffs: the price of a part, by alphabet, line and operator."""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, TypeAlias

from attrs import Attribute, Factory, field, frozen

from wikipayam_async.checks import check_number
from wikipayam_async.cost.money import RIALS_PER_TOMAN
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers import Operator, normalize_receiver, parse_number
from wikipayam_async.numbers.digits import digits_of_text
from wikipayam_async.numbers.plan import operator_of
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.text.parts import Encoding

__all__ = ["Price", "Tariff"]

Price: TypeAlias = int | Decimal
"""Rials per part."""

_MOST_DIGITS = 40
_RULE = "expected rials, 0 or more, as an int or a Decimal (Tariff.tomans takes tomans)"


def _is_percentage(_: object, attribute: Attribute[Any], value: object) -> None:
    check_number(value, field=attribute.name, minimum=0, maximum=100)


def _is_price(_: object, attribute: Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not _is_exact(value) or value < 0:
        raise InvalidInputError(attribute.name, rule=_RULE, got=shape_of(value))


def _is_exact(value: Price) -> bool:
    """Return whether a number can be calculated with: it is finite, and has a reasonable length."""
    if isinstance(value, int):
        return True
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -_MOST_DIGITS and value.adjusted() <= _MOST_DIGITS


def _read_line(line: object) -> str:
    return _plain_line(line) if isinstance(line, str) else ""


def _read_operator(name: object) -> str:
    for operator in Operator:
        if isinstance(name, str) and operator.casefold() == name.casefold():
            return operator
    return ""


def _read_tariffs(given: object, name: str, read: Callable[[object], str], key: str) -> dict[str, Tariff]:
    """Return tariffs by what they are for."""
    if not isinstance(given, Mapping):
        raise InvalidInputError(name, rule=f"expected a mapping of {name} to tariffs", got=shape_of(given))
    found: dict[str, Tariff] = {}
    for one, tariff in given.items():
        of = read(one)
        if not of:
            raise InvalidInputError(name, rule=f"expected {key}", got=shape_of(one))
        if not isinstance(tariff, Tariff) or tariff.lines or (name == "operators" and tariff.operators):
            rule = f"expected a Tariff without {name} of its own for each"
            raise InvalidInputError(name, rule=rule, got=shape_of(tariff))
        if of in found:
            raise InvalidInputError(name, rule="expected each once", got="one in two formats")
        found[of] = tariff
    return found


def _read_lines(lines: Mapping[str, Tariff]) -> Mapping[str, Tariff]:
    return _read_tariffs(lines, "lines", _read_line, "a line or a prefix of lines")


def _read_operators(operators: Mapping[str, Tariff]) -> Mapping[str, Tariff]:
    return _read_tariffs(operators, "operators", _read_operator, f"one of {', '.join(Operator)}")


def _plain_line(line: str) -> str:
    """Return one format for all formats of a line or a prefix."""
    try:
        return parse_number(line).local
    except InvalidInputError:
        return digits_of_text(line).removeprefix("+98").removeprefix("0098")


@frozen(kw_only=True)
class Tariff:
    """The price of a part of an SMS, in rials, as your account is charged.

    `Tariff(persian=895, latin=1790)` sets a price for Persian and one for Latin texts, `Tariff(persian=895)` one for both;
    `Tariff(persian=895, vat=10)` adds 10 percent.

    Attributes:
        persian: Rials per part of a text in UCS-2: Persian, or with any other character that GSM-7 lacks. An int, or a
            Decimal for a fraction of a rial.
        latin: Rials per part of a text in GSM-7; `persian` if not given.
        vat: The value-added tax in percent, 0 to 100, that the prices do not include.
        lines: Tariffs of lines with other prices, by line or prefix; the longest match applies. Spaces, hyphens, a
            leading `+98` and the script of the digits are ignored. A line's tariff without `vat` has the tax of this one.
        operators: Tariffs of receivers of an operator, by `Operator` or its name; a line's tariff may have its own. The
            operator is known from the number's block, so a number that was ported is counted at the price of its first
            operator.
        currency: `IRR`, Iranian rials.

    Raises:
        InvalidInputError: A price is not an int or a Decimal of 0 or more, or `lines` or `operators` is invalid.
    """

    currency: ClassVar[str] = "IRR"

    persian: Price = field(validator=_is_price)
    latin: Price = field(validator=_is_price, default=Factory(lambda self: self.persian, takes_self=True))
    vat: int = field(default=0, validator=_is_percentage)
    lines: Mapping[str, Tariff] = field(converter=_read_lines, factory=dict, hash=False)
    operators: Mapping[str, Tariff] = field(converter=_read_operators, factory=dict, hash=False)

    @classmethod
    def tomans(
        cls,
        *,
        persian: Decimal | str | int,
        latin: Decimal | str | int | None = None,
        vat: int = 0,
        lines: Mapping[str, Tariff] | None = None,
        operators: Mapping[str, Tariff] | None = None,
    ) -> Tariff:
        """Return a tariff from prices in tomans (10 rials each): `Tariff.tomans(persian="89.5", latin=179)`.

        Args:
            persian: Tomans per part in UCS-2. Not a float, which cannot represent most fractions.
            latin: Tomans per part in GSM-7; `persian` if None.
            vat: The value-added tax in percent that the prices do not include.
            lines: Tariffs of lines with other prices.
            operators: Tariffs of receivers of an operator.

        Raises:
            InvalidInputError: A price is not a number of 0 or more.
        """
        first = _rials_of(persian, "persian")
        second = first if latin is None else _rials_of(latin, "latin")
        return cls(persian=first, latin=second, vat=vat, lines=lines or {}, operators=operators or {})

    @property
    def depends_on_operator(self) -> bool:
        """Whether a price depends on the operator of the receiver."""
        return bool(self.operators) or any(tariff.operators for tariff in self.lines.values())

    def operator_of(self, receiver: str | None) -> Operator | None:
        """Return the operator of a receiver, for `price`; None if no price depends on it, or it is unknown.

        Args:
            receiver: The mobile number, in any spelling; None if it is unknown.
        """
        if receiver is None or not self.depends_on_operator:
            return None
        try:
            return operator_of(normalize_receiver(receiver)[1:])
        except InvalidInputError:
            return None

    def price(self, encoding: Encoding, line: str | None = None, operator: Operator | None = None) -> int:
        """Return the price of a part with its tax, in whole rials: a fraction of a rial is rounded up.

        Args:
            encoding: The encoding of the text.
            line: The sender line; None for the tariff's own prices.
            operator: The operator of the receiver; None for the prices of no operator.
        """
        of_line = self
        if line is not None and self.lines:
            plain = _plain_line(line)
            matching = [prefix for prefix in self.lines if plain.startswith(prefix)]
            of_line = self.lines[max(matching, key=len)] if matching else self
        of_operator = of_line if operator is None else of_line.operators.get(operator, of_line)
        net = of_operator.latin if encoding is Encoding.GSM7 else of_operator.persian
        vat = of_operator.vat or of_line.vat or self.vat
        return math.ceil(Fraction(net) * (100 + vat) / 100)


def _rials_of(tomans: object, name: str) -> Price:
    rials = _exact_rials(tomans) if isinstance(tomans, int | str | Decimal) and not isinstance(tomans, bool) else None
    if rials is None or rials < 0:
        rule = "expected tomans, 0 or more, as an int, a Decimal or a string such as '89.5'"
        raise InvalidInputError(name, rule=rule, got=shape_of(tomans))
    return rials


def _exact_rials(tomans: int | str | Decimal) -> Decimal | None:
    """Return tomans in rials; None if they are not a finite number."""
    # The thread's own context may round. This one raises instead, which also limits the size of the number.
    exact = decimal.Context(prec=40, Emax=39, Emin=-39, traps=[decimal.Inexact, decimal.InvalidOperation])
    try:
        number = exact.create_decimal(tomans.strip().replace("٫", ".") if isinstance(tomans, str) else tomans)
        rials = exact.multiply(number, Decimal(RIALS_PER_TOMAN))
    except (decimal.Inexact, decimal.InvalidOperation):
        return None
    return rials if rials.is_finite() else None

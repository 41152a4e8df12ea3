"""The price options of a command."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from attrs import frozen
from cyclopts import Parameter

from wikipayam_async.cli.values import Rials, WholeNumber
from wikipayam_async.cost.tariff import Price, Tariff
from wikipayam_async.cost.tariff_file import read_tariff
from wikipayam_async.errors import InvalidInputError

__all__ = ["PriceOptions", "words_of_rials"]


@Parameter(name="*")
@frozen(kw_only=True)
class PriceOptions:
    """The price of a part."""

    price_persian: Rials | None = None
    """The price of a part in UCS-2 (Persian, or any character that GSM-7 lacks), in rials; 89.5t is in tomans."""
    price_latin: Rials | None = None
    """The price of a part in GSM-7, in rials or tomans (default: the Persian price)."""
    vat: WholeNumber | None = None
    """The value-added tax in percent that the prices do not include (default: 0)."""
    tariff: Path | None = None
    """A TOML file with the prices, also by line and operator, instead of the other price options."""

    def read(self) -> Tariff | None:
        """Return the tariff; None if no price is given. One price applies to both alphabets.

        Raises:
            InvalidInputError: A price is invalid, or the file cannot be read.
        """
        prices: list[Price] = [price for price in (self.price_persian, self.price_latin) if price is not None]
        if self.tariff is not None:
            if prices or self.vat is not None:
                raise InvalidInputError("--tariff", rule="cannot be combined with the other prices", got="both")
            return read_tariff(self.tariff)
        if not prices:
            if self.vat is not None:
                raise InvalidInputError("--vat", rule="needs --price-persian", got="no price")
            return None
        return Tariff(persian=prices[0], latin=prices[-1], vat=self.vat or 0)

    def words(self) -> list[str]:
        """Return what a command line needs to have the same prices."""
        values = {
            "--price-persian": None if self.price_persian is None else words_of_rials(self.price_persian),
            "--price-latin": None if self.price_latin is None else words_of_rials(self.price_latin),
            "--vat": None if self.vat is None else str(self.vat),
            "--tariff": None if self.tariff is None else str(self.tariff),
        }
        return [word for name, value in values.items() if value is not None for word in (name, value)]


def words_of_rials(rials: Decimal) -> str:
    """Return an amount as an option takes it, such as `895` or `89.5`."""
    return f"{rials:f}"

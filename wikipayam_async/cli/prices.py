"""What the options of a command say of prices."""

from __future__ import annotations

from wikipayam_async.cost.tariff import Tariff

__all__ = ["tariff_of"]


def tariff_of(persian: int | None, latin: int | None) -> Tariff | None:
    """Return the tariff that two options name; one alone counts for both kinds of text, and none is no tariff.

    Args:
        persian: Rials for a part in UCS-2.
        latin: Rials for a part in GSM-7.

    Raises:
        InvalidInputError: A price is below 0.
    """
    prices = [price for price in (persian, latin) if price is not None]
    return Tariff(prices[0], prices[-1]) if prices else None

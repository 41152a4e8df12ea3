"""The price options of a command."""

from __future__ import annotations

from wikipayam_async.cost.tariff import Tariff

__all__ = ["tariff_of"]


def tariff_of(persian: int | None, latin: int | None) -> Tariff | None:
    """Return the tariff of two price options: one price applies to both alphabets; None if both are None.

    Args:
        persian: The price of a part in UCS-2, in rials.
        latin: The price of a part in GSM-7, in rials.

    Raises:
        InvalidInputError: A price is negative.
    """
    prices = [price for price in (persian, latin) if price is not None]
    return Tariff(persian=prices[0], latin=prices[-1]) if prices else None

from __future__ import annotations

import pytest

from wikipayam_async import InvalidInputError
from wikipayam_async.cli.prices import tariff_of
from wikipayam_async.cost import Tariff


def test_one_price_counts_for_both_kinds_of_text() -> None:
    """Two prices are told apart, one stands for both, and none is no tariff."""
    assert tariff_of(895, 1790) == Tariff(895, 1790)
    assert tariff_of(895, None) == Tariff(895)
    assert tariff_of(None, 1790) == Tariff(1790)
    assert tariff_of(None, None) is None


def test_a_price_is_not_below_zero() -> None:
    """A price below 0 is refused."""
    with pytest.raises(InvalidInputError):
        tariff_of(-1, None)

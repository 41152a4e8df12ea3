from __future__ import annotations

import pytest

from wikipayam_async import InvalidInputError
from wikipayam_async.cli.prices import tariff_of
from wikipayam_async.cost import Tariff


def test_one_price_applies_to_both_alphabets() -> None:
    """Two prices are separate, one applies to both alphabets, and without any there is no tariff."""
    assert tariff_of(895, 1790) == Tariff(persian=895, latin=1790)
    assert tariff_of(895, None) == Tariff(persian=895)
    assert tariff_of(None, 1790) == Tariff(persian=1790)
    assert tariff_of(None, None) is None


def test_a_negative_price_is_refused() -> None:
    """A price below 0 is an error."""
    with pytest.raises(InvalidInputError):
        tariff_of(-1, None)

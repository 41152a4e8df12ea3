from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from wikipayam_async import InvalidInputError
from wikipayam_async.cli.prices import PriceOptions
from wikipayam_async.cost import Tariff

PERSIAN, LATIN = Decimal("894.5"), Decimal(1790)


def test_one_price_applies_to_both_alphabets() -> None:
    """Two prices are separate, one applies to both alphabets, and without any there is no tariff."""
    assert PriceOptions(price_persian=PERSIAN, price_latin=LATIN).read() == Tariff(persian=PERSIAN, latin=1790)
    assert PriceOptions(price_persian=PERSIAN, vat=10).read() == Tariff(persian=PERSIAN, vat=10)
    assert PriceOptions(price_latin=LATIN).read() == Tariff(persian=1790)
    assert PriceOptions().read() is None


def test_a_file_has_all_prices(tmp_path: Path) -> None:
    """The tariff of the file stands instead of the other options."""
    path = tmp_path / "tariff.toml"
    path.write_text("persian = 895\nvat = 10\n")
    assert PriceOptions(tariff=path).read() == Tariff(persian=895, vat=10)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (
            PriceOptions(tariff=Path("t"), price_latin=LATIN),
            "--tariff: cannot be combined with the other prices; got both",
        ),
        (PriceOptions(tariff=Path("t"), vat=0), "--tariff: cannot be combined with the other prices; got both"),
        (PriceOptions(vat=10), "--vat: needs --price-persian; got no price"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: PriceOptions, error: str) -> None:
    """No price is ignored."""
    with pytest.raises(InvalidInputError) as caught:
        options.read()
    assert str(caught.value) == error

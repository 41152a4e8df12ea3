from __future__ import annotations

import decimal
import enum
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.cost import Tariff, format_money
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.text import Encoding

GSM7, UCS2 = Encoding.GSM7, Encoding.UCS2


class Price(enum.IntEnum):
    """Prices, as a caller may define them."""

    BULK = 895


def test_one_price_is_for_both_encodings() -> None:
    """A single price applies to both encodings."""
    tariff = Tariff(persian=895)
    assert (tariff.persian, tariff.latin, tariff.currency, tariff.lines) == (895, 895, "IRR", {})
    assert (tariff.price(UCS2), tariff.price(GSM7)) == (895, 895)


def test_two_prices() -> None:
    """The first price is for UCS-2, the second for GSM-7."""
    tariff = Tariff(persian=895, latin=1790)
    assert (tariff.price(UCS2), tariff.price(GSM7)) == (895, 1790)
    assert tariff == Tariff(persian=895, latin=1790)
    assert tariff != Tariff(persian=895)


def test_a_price_may_be_zero_or_an_enum() -> None:
    """Zero is a valid price, and so is a subclass of `int`."""
    assert Tariff(persian=0, latin=Price.BULK).price(GSM7) == 895
    assert Tariff(persian=0).price(UCS2) == 0


@pytest.mark.parametrize("bad", [89.5, 895.0, float("nan"), -1, True, "895", Decimal(895), None, 5j])
@pytest.mark.parametrize("name", ["persian", "latin"])
def test_a_price_that_is_not_whole_rials(bad: Any, name: str) -> None:
    """Floats and other values are refused, and the error says how to pass tomans."""
    with pytest.raises(InvalidInputError) as caught:
        Tariff(**{"persian": 1, name: bad})
    assert caught.value.field == name
    assert caught.value.rule == "expected whole rials, 0 or more, as an int (Tariff.tomans takes tomans)"


def test_prices_are_named() -> None:
    """Prices are keyword-only, so that they cannot change places."""
    for make in (Tariff, Tariff.tomans):
        with pytest.raises(TypeError):
            make(895, 1790)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("3000", 500),
        ("30001234", 500),
        ("30005555", 700),
        ("300055551", 700),
        ("10002000", 100),
        ("+98 3000 1234", 500),
        ("983000-5555", 700),
        ("0098 3000 5555", 700),
        ("۳۰۰۰۵۵۵۵", 700),
        ("02191001234", 800),
        ("+982191001234", 800),
        ("021", 800),
        ("130001234", 100),
        ("50001234", 600),
        ("Shop", 900),
        ("Shopkeeper", 900),
        ("shop", 100),
        ("", 100),
        (None, 100),
    ],
)
def test_the_longest_matching_prefix_applies(line: str | None, expected: int) -> None:
    """A line matches by number or prefix in any format; other lines have the tariff's own price."""
    lines = {
        "3000": Tariff(persian=500),
        "0098 5000": Tariff(persian=600),
        "+98 3000 5555": Tariff(persian=700),
        "۰۲۱": Tariff(persian=800),
        "Shop": Tariff(persian=900),
    }
    assert Tariff(persian=100, lines=lines).price(UCS2, line) == expected


def test_a_line_has_both_prices_of_its_own() -> None:
    """A line's tariff has a price per encoding too."""
    tariff = Tariff(persian=1, latin=2, lines={"3000": Tariff(persian=3, latin=4)})
    assert (tariff.price(UCS2, "3000"), tariff.price(GSM7, "3000")) == (3, 4)


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        ([("3000", Tariff(persian=1))], "expected a mapping of lines to tariffs"),
        (None, "expected a mapping of lines to tariffs"),
        ({3000: Tariff(persian=1)}, "expected a line or a prefix of lines"),
        ({"": Tariff(persian=1)}, "expected a line or a prefix of lines"),
        ({" - ": Tariff(persian=1)}, "expected a line or a prefix of lines"),
        ({"+98": Tariff(persian=1)}, "expected a line or a prefix of lines"),
        ({"3000": 895}, "expected a Tariff without lines of its own for each line"),
        (
            {"3000": Tariff(persian=1, lines={"30001": Tariff(persian=2)})},
            "expected a Tariff without lines of its own for each line",
        ),
        ({"3000": Tariff(persian=1), "۳۰۰۰": Tariff(persian=2)}, "expected each line once"),
    ],
)
def test_invalid_lines(lines: Any, rule: str) -> None:
    """The error says which rule the lines break."""
    with pytest.raises(InvalidInputError) as caught:
        Tariff(persian=1, lines=lines)
    assert (caught.value.field, caught.value.rule) == ("lines", rule)


def test_the_lines_are_a_copy() -> None:
    """Changing the mapping afterwards changes no price."""
    lines = {"3000": Tariff(persian=5)}
    tariff = Tariff(persian=1, lines=lines)
    lines["3000"] = Tariff(persian=6)
    assert tariff.price(UCS2, "3000") == 5


@pytest.mark.parametrize(
    ("tomans", "rials"),
    [
        ("89.5", 895),
        (Decimal("89.5"), 895),
        (89, 890),
        ("0", 0),
        ("-0", 0),
        ("۸۹٫۵", 895),
        ("۸۹.۵", 895),
        (" 179.00 ", 1790),
        ("1e3", 10_000),
        (Price.BULK, 8950),
    ],
)
def test_tomans(tomans: Any, rials: int) -> None:
    """A toman is ten rials; fractions of a toman are strings or decimals, in any script."""
    assert Tariff.tomans(persian=tomans) == Tariff(persian=rials)
    assert Tariff.tomans(persian=1, latin=tomans) == Tariff(persian=10, latin=rials)


def test_tomans_with_lines() -> None:
    """`lines` takes any tariffs."""
    lines = {"3000": Tariff.tomans(persian="70.5")}
    assert Tariff.tomans(persian="89.5", lines=lines) == Tariff(persian=895, lines={"3000": Tariff(persian=705)})


@pytest.mark.parametrize(
    "bad",
    [
        89.5,
        True,
        [],
        "",
        "much",
        "\ud800",
        "1,790",
        "NaN",
        "sNaN",
        "Infinity",
        Decimal("-Infinity"),
        "-1",
        -1,
        "89.55",
        "1e-500000",
        "1e999999",
        "1" * 50,
        "89.5" + "0" * 40 + "1",
        10**60,
        b"89.5",
    ],
)
@pytest.mark.parametrize("name", ["persian", "latin"])
def test_invalid_tomans(bad: Any, name: str) -> None:
    """Floats, fractions of a rial and values that are not numbers are refused, and the error says how to round."""
    with pytest.raises(InvalidInputError) as caught:
        Tariff.tomans(**{"persian": 1, name: bad})
    assert caught.value.field == name
    assert caught.value.rule.endswith("and whole in rials (round a fraction of a rial up)")


def test_the_decimal_context_changes_no_price() -> None:
    """Decimal settings of the thread, which may round, do not affect prices."""
    with decimal.localcontext(prec=2, Emax=1, rounding=decimal.ROUND_UP):
        assert Tariff.tomans(persian="1234.5") == Tariff(persian=12_345)
        with pytest.raises(InvalidInputError):
            Tariff.tomans(persian="1234.56")


@given(st.integers(0, 10**12))
def test_tomans_and_rials_agree(rials: int) -> None:
    """Any whole number of rials can be written in tomans and gives the same price."""
    assert Tariff.tomans(persian=f"{rials // 10}.{rials % 10}") == Tariff(persian=rials)


@pytest.mark.parametrize(
    ("rials", "unit", "locale", "expected"),
    [
        (1_118_750, "rial", "en", "1,118,750 rials"),
        (1_118_750, "toman", "en", "111,875 tomans"),
        (895, "toman", "en", "89.5 tomans"),
        (0, "rial", "en", "0 rials"),
        (1, "rial", "en", "1 rial"),
        (-1, "rial", "en", "-1 rial"),
        (10, "toman", "en", "1 toman"),
        (11, "toman", "en", "1.1 tomans"),
        (1, "toman", "en", "0.1 tomans"),
        (-12_345, "toman", "en", "-1,234.5 tomans"),
        (1_118_750, "rial", "fa", "۱٬۱۱۸٬۷۵۰ ریال"),
        (1_118_755, "toman", "fa", "۱۱۱٬۸۷۵٫۵ تومان"),
        (1, "rial", "fa", "۱ ریال"),
        (-50, "toman", "fa", "\u200e\u2212۵ تومان"),
        (10**30, "rial", "en", "1" + ",000" * 10 + " rials"),
    ],
)
def test_formatted_money(rials: int, unit: Any, locale: Any, expected: str) -> None:
    """Amounts are formatted in rials or tomans, in English or in Persian with its digits and separators."""
    assert format_money(rials, unit, locale=locale) == expected


def test_rials_and_english_are_the_default() -> None:
    """The default is rials in English."""
    assert format_money(34_359_938) == "34,359,938 rials"


@pytest.mark.parametrize(
    ("rials", "unit", "locale", "field"),
    [
        (89.5, "rial", "en", "rials"),
        (True, "rial", "en", "rials"),
        ("5", "rial", "en", "rials"),
        (5, "dollar", "en", "unit"),
        (5, [], "en", "unit"),
        (5, "rial", "de", "locale"),
        (5, "rial", None, "locale"),
    ],
)
def test_invalid_money(rials: Any, unit: Any, locale: Any, field: str) -> None:
    """The error names the argument."""
    with pytest.raises(InvalidInputError) as caught:
        format_money(rials, unit, locale=locale)
    assert caught.value.field == field


def test_the_tax_is_added_to_every_part_and_rounded_up() -> None:
    """The price of a part includes the percentage, also of a line with a tariff of its own, which may have another."""
    lines = {"1000": Tariff(persian=101), "2000": Tariff(persian=100, vat=9)}
    tariff = Tariff(persian=895, latin=1790, vat=10, lines=lines)
    assert [tariff.price(Encoding.UCS2), tariff.price(Encoding.GSM7)] == [985, 1969]
    assert [tariff.price(Encoding.UCS2, line) for line in ("10002000", "20001000")] == [112, 109]
    assert Tariff.tomans(persian=100, vat=9).price(Encoding.UCS2) == 1090


@pytest.mark.parametrize("vat", [-1, 101, 9.5, True, "10", None])
def test_a_tax_is_a_whole_percentage(vat: Any) -> None:
    """Anything but an int from 0 to 100 is refused, and named."""
    with pytest.raises(InvalidInputError, match="vat: expected a whole number from 0 to 100"):
        Tariff(persian=1, vat=vat)

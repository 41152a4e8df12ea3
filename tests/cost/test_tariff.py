from __future__ import annotations

import decimal
import enum
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.cost import Tariff
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers import Operator
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


@pytest.mark.parametrize(
    ("bad", "got"),
    [
        (89.5, "a number (float)"),
        (895.0, "a number (float)"),
        (float("nan"), "a number (float)"),
        (-1, "a number (int)"),
        (True, "True"),
        ("895", "a string of 3 characters with digits"),
        (Decimal("-0.5"), "an object of type Decimal"),
        (Decimal("NaN"), "an object of type Decimal"),
        (Decimal("Infinity"), "an object of type Decimal"),
        (Decimal("1e999999"), "an object of type Decimal"),
        (Decimal("1e-999999"), "an object of type Decimal"),
        (None, "None"),
        (5j, "an object of type complex"),
    ],
)
@pytest.mark.parametrize("name", ["persian", "latin"])
def test_a_price_that_is_not_exact(bad: Any, got: str, name: str) -> None:
    """Floats and other values are refused, and the error says how to pass tomans."""
    with pytest.raises(InvalidInputError) as caught:
        Tariff(**{"persian": 1, name: bad})
    assert str(caught.value) == (
        f"{name}: expected rials, 0 or more, as an int or a Decimal (Tariff.tomans takes tomans); got {got}"
    )


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
        ("40701234", 750),
        ("+98 4070 1234", 750),
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
        "+98 40-70": Tariff(persian=750),
        "۰۲۱": Tariff(persian=800),
        "Shop": Tariff(persian=900),
    }
    assert Tariff(persian=100, lines=lines).price(UCS2, line) == expected


def test_a_line_has_both_prices_of_its_own() -> None:
    """A line's tariff has a price per encoding too."""
    tariff = Tariff(persian=1, latin=2, lines={"3000": Tariff(persian=3, latin=4)})
    assert (tariff.price(UCS2, "3000"), tariff.price(GSM7, "3000")) == (3, 4)


MAPPING = "expected a mapping of lines to tariffs"
PREFIX = "expected a line or a prefix of lines"
OWN = "expected a Tariff without lines of its own for each"


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ([("3000", Tariff(persian=1))], f"{MAPPING}; got an object of type list"),
        (None, f"{MAPPING}; got None"),
        ({3000: Tariff(persian=1)}, f"{PREFIX}; got a number (int)"),
        ({"": Tariff(persian=1)}, f"{PREFIX}; got a string of 0 characters"),
        ({" - ": Tariff(persian=1)}, f"{PREFIX}; got a string of 3 characters with spaces, symbols"),
        ({"+98": Tariff(persian=1)}, f"{PREFIX}; got a string of 3 characters with digits, symbols"),
        ({"3000": 895}, f"{OWN}; got a number (int)"),
        ({"3000": Tariff(persian=1, lines={"30001": Tariff(persian=2)})}, f"{OWN}; got an object of type Tariff"),
        (
            {"3000": Tariff(persian=1), "۳۰۰۰": Tariff(persian=2)},
            "expected each once; got one in two formats",
        ),
    ],
)
def test_invalid_lines(lines: Any, error: str) -> None:
    """The error says which rule the lines break."""
    with pytest.raises(InvalidInputError) as caught:
        Tariff(persian=1, lines=lines)
    assert str(caught.value) == f"lines: {error}"


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
    ("bad", "got"),
    [
        (89.5, "a number (float)"),
        (True, "True"),
        ([], "an object of type list"),
        ("", "a string of 0 characters"),
        ("much", "a string of 4 characters with letters"),
        ("\ud800", "a string of 1 characters with symbols"),
        ("1,790", "a string of 5 characters with digits, symbols"),
        ("NaN", "a string of 3 characters with letters"),
        ("sNaN", "a string of 4 characters with letters"),
        ("Infinity", "a string of 8 characters with letters"),
        (Decimal("-Infinity"), "an object of type Decimal"),
        ("-1", "a string of 2 characters with digits, symbols"),
        (-1, "a number (int)"),
        ("-0.1", "a string of 4 characters with digits, symbols"),
        ("1e-500000", "a string of 9 characters with digits, letters, symbols"),
        ("1e999999", "a string of 8 characters with digits, letters"),
        ("1" * 50, "a string of 50 characters with digits"),
        ("89.5" + "0" * 40 + "1", "a string of 45 characters with digits, symbols"),
        (10**60, "a number (int)"),
        (b"89.5", "an object of type bytes"),
    ],
)
@pytest.mark.parametrize("name", ["persian", "latin"])
def test_invalid_tomans(bad: Any, got: str, name: str) -> None:
    """Floats and values that are not numbers are refused."""
    with pytest.raises(InvalidInputError) as caught:
        Tariff.tomans(**{"persian": 1, name: bad})
    assert str(caught.value) == (
        f"{name}: expected tomans, 0 or more, as an int, a Decimal or a string such as '89.5'; got {got}"
    )


def test_the_longest_amount_in_tomans() -> None:
    """An amount has at most 40 digits in rials."""
    assert Tariff.tomans(persian="9" * 39).persian == int("9" * 39 + "0")
    assert Tariff.tomans(persian=f"{'9' * 38}.9").persian == int("9" * 39)
    with pytest.raises(InvalidInputError):
        Tariff.tomans(persian="9" * 40)


def test_the_decimal_context_changes_no_price() -> None:
    """Decimal settings of the thread, which may round, do not affect prices."""
    with decimal.localcontext(prec=2, Emax=1, rounding=decimal.ROUND_UP):
        assert Tariff.tomans(persian="1234.5") == Tariff(persian=12_345)
        assert Tariff.tomans(persian="1234.56") == Tariff(persian=Decimal("12345.6"))


@given(st.integers(0, 10**12))
def test_tomans_and_rials_agree(rials: int) -> None:
    """Any whole number of rials can be written in tomans and gives the same price."""
    assert Tariff.tomans(persian=f"{rials // 10}.{rials % 10}") == Tariff(persian=rials)


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


def test_a_fraction_of_a_rial_is_counted_with_the_tax() -> None:
    """The price of a part is exact until the tax is added, and only then rounded up: 984.5 rials are never 984."""
    assert Tariff(persian=Decimal("984.5")).price(UCS2) == 985
    assert Tariff(persian=Decimal("984.5"), vat=10).price(UCS2) == 1083
    assert Tariff(persian=Decimal("984.0"), vat=0).price(UCS2) == 984
    assert Tariff.tomans(persian="98.45").price(UCS2) == 985


BY_OPERATOR = Tariff(
    persian=895,
    latin=1790,
    vat=10,
    operators={"irancell": Tariff(persian=99, latin=232)},
    lines={
        "3000": Tariff(persian=500, operators={Operator.MCI: Tariff(persian=400, vat=9)}),
        "2000": Tariff(persian=1),
    },
)


@pytest.mark.parametrize(
    ("line", "operator", "persian", "latin"),
    [
        (None, None, 985, 1969),
        (None, Operator.IRANCELL, 109, 256),
        (None, Operator.MCI, 985, 1969),
        ("3000", Operator.MCI, 436, 436),
        ("3000", Operator.IRANCELL, 550, 550),
        ("2000", Operator.IRANCELL, 2, 2),
    ],
)
def test_an_operator_may_have_prices(line: str | None, operator: Operator | None, persian: int, latin: int) -> None:
    """They are those of the line's tariff, with its tax; an operator without a tariff has the line's prices."""
    assert [BY_OPERATOR.price(one, line, operator) for one in (UCS2, GSM7)] == [persian, latin]


@pytest.mark.parametrize(
    ("tariff", "receiver", "expected"),
    [
        (BY_OPERATOR, "+98 930 123 4567", Operator.IRANCELL),
        (BY_OPERATOR, "nobody", None),
        (BY_OPERATOR, None, None),
        (Tariff(persian=1, lines={"2": Tariff(persian=1)}), "09301234567", None),
        (Tariff(persian=1, lines={"2": Tariff(persian=1, operators={"MCI": Tariff(persian=2)})}), "0912000000", None),
        (
            Tariff(persian=1, lines={"2": Tariff(persian=1, operators={"MCI": Tariff(persian=2)})}),
            "09120000000",
            Operator.MCI,
        ),
    ],
)
def test_the_operator_is_looked_up_if_a_price_depends_on_it(
    tariff: Tariff, receiver: str | None, expected: Operator | None
) -> None:
    """It comes from the block of the number; what is no mobile has no operator."""
    assert tariff.operator_of(receiver) is expected


@pytest.mark.parametrize(
    ("operators", "error"),
    [
        ([], "expected a mapping of operators to tariffs; got an object of type list"),
        (
            {"Vodafone": Tariff(persian=1)},
            f"expected one of {', '.join(Operator)}; got a string of 8 characters with letters",
        ),
        ({5: Tariff(persian=1)}, f"expected one of {', '.join(Operator)}; got a number (int)"),
        (
            {"MCI": Tariff(persian=1, operators={"MCI": Tariff(persian=1)})},
            "expected a Tariff without operators of its own for each; got an object of type Tariff",
        ),
        ({"MCI": Tariff(persian=1), "mci": Tariff(persian=1)}, "expected each once; got one in two formats"),
    ],
)
def test_invalid_operators(operators: Any, error: str) -> None:
    """The error says which rule the operators break."""
    with pytest.raises(InvalidInputError) as caught:
        Tariff(persian=1, operators=operators)
    assert str(caught.value) == f"operators: {error}"

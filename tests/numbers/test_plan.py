from __future__ import annotations

import pytest

from wikipayam_async.numbers import Operator, parse_number


@pytest.mark.parametrize(
    ("text", "operator"),
    [
        ("09101234567", Operator.MCI),
        ("09191234567", Operator.MCI),
        ("09901234567", Operator.MCI),
        ("09941234567", Operator.MCI),
        ("09961234567", Operator.MCI),
        ("09001234567", Operator.IRANCELL),
        ("09051234567", Operator.IRANCELL),
        ("09301234567", Operator.IRANCELL),
        ("09331234567", Operator.IRANCELL),
        ("09391234567", Operator.IRANCELL),
        ("09201234567", Operator.RIGHTEL),
        ("09231234567", Operator.RIGHTEL),
        ("09981234567", Operator.SHATEL_MOBILE),
        ("09982234567", Operator.SHATEL_MOBILE),
        ("09991034567", Operator.APTEL),
        ("09991334567", Operator.APTEL),
        ("09999634567", Operator.SAMANTEL),
        ("09999934567", Operator.SAMANTEL),
        ("09990034567", Operator.LOTUSTEL),
        ("09998234567", Operator.ARIANTEL),
        ("09311234567", Operator.ESPADAN),
        ("09321234567", Operator.MCI),
        ("09951234567", Operator.MCI),
        ("09991434567", Operator.AZARTEL),
        ("09411234567", Operator.IRANCELL),
        ("09341234567", Operator.TELE_KISH),
        ("09061234567", None),
        ("09241234567", None),
        ("09955234567", None),
        ("09421234567", None),
        ("09971234567", None),
        ("09983234567", None),
        ("09990134567", None),
        ("09991234567", None),
        ("09999534567", None),
        ("02112345678", None),
    ],
)
def test_the_operator_of_a_block(text: str, operator: Operator | None) -> None:
    """A mobile has the operator that its block is allocated to; unknown blocks and landlines have none."""
    assert parse_number(text).operator == operator


@pytest.mark.parametrize(
    ("text", "province"),
    [
        ("02112345678", "Tehran"),
        ("02612345678", "Alborz"),
        ("08712345678", "Kurdistan"),
        ("09412345678", None),
        ("09123456789", None),
        ("10002000", None),
        ("2112", None),
    ],
)
def test_the_province_of_an_area_code(text: str, province: str | None) -> None:
    """A landline has the province of its area code; other numbers have none."""
    assert parse_number(text).province == province

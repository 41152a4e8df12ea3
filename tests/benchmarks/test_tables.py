"""Formatting of figures."""

from __future__ import annotations

import pytest

from tests.benchmarks.measured import Spread
from tests.benchmarks.tables import number, spread, table


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (8, "8"),
        (999.0, "999"),
        (0.04567, "0.0457"),
        (1.005, "1.00"),
        (9.999, "10.0"),
        (45.67, "45.7"),
        (1157.4, "1,160"),
        (1_342_811.0, "1,340,000"),
        (-4.567, "-4.57"),
        (float("inf"), "inf"),
    ],
)
def test_a_number_has_three_digits(value: float | None, text: str) -> None:
    """Thousands are grouped, and small whole numbers are unchanged."""
    assert number(value) == text


@pytest.mark.parametrize(
    ("found", "text"),
    [(None, "–"), (Spread(2.0, 2.0, 2.0), "2†"), (Spread(2.5, 1.25, 1000.4), "2.50† (1.25–1,000)")],
)
def test_a_spread_shows_its_ends_if_they_differ(found: Spread | None, text: str) -> None:
    """A mark follows the median."""
    assert spread(found, "†") == text


def test_a_table_is_aligned() -> None:
    """Words are aligned left and figures right, so the table is readable without rendering."""
    assert table(["", "ms"], [["a", "1,000"], ["longer", "2"]]) == (
        "|        |    ms |\n| ------ | ----: |\n| a      | 1,000 |\n| longer |     2 |"
    )

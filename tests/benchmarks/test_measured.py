"""Medians, spreads and ratios are taken round by round."""

from __future__ import annotations

import pytest

from tests.benchmarks.measured import Book, Cell, Record, Spread, read_book, write_book

OURS, THEIRS = Cell("single", "1 task", "ours"), Cell("single", "1 task", "theirs")


def book(ours: dict[int, float], theirs: dict[int, float]) -> Book:
    """Make a book of one figure of two contenders."""
    return Book(
        "full",
        {"Python": "CPython"},
        [
            Record(cell, turn, {"cpu": cpu})
            for cell, rounds in ((OURS, ours), (THEIRS, theirs))
            for turn, cpu in rounds.items()
        ],
    )


@pytest.mark.parametrize(
    ("values", "summed_up"),
    [
        ([], None),
        ([2.0], Spread(2.0, 2.0, 2.0)),
        ([3.0, 1.0, 9.0], Spread(3.0, 1.0, 9.0)),
        ([4.0, 2.0], Spread(3.0, 2.0, 4.0)),
    ],
)
def test_a_spread_is_the_median_with_the_least_and_the_most(values: list[float], summed_up: Spread | None) -> None:
    """Of nothing there is none."""
    assert Spread.of(values) == summed_up


def test_a_ratio_is_the_median_of_the_ratios_within_the_rounds() -> None:
    """A round in which everything took ten times as long counts like any other."""
    found = book({0: 2.0, 1: 30.0, 2: 5.0}, {0: 1.0, 1: 10.0, 2: 1.0}).ratio(OURS, THEIRS, "cpu")
    assert found == Spread(3.0, 2.0, 5.0)


def test_rounds_that_one_of_two_does_not_have_are_not_compared() -> None:
    """So are rounds in which the other one is zero."""
    several = book({0: 2.0, 1: 3.0, 2: 8.0}, {1: 0.0, 2: 2.0})
    assert several.ratio(OURS, THEIRS, "cpu") == Spread(4.0, 4.0, 4.0)
    assert several.difference(OURS, THEIRS, "cpu") == Spread(4.5, 3.0, 6.0)
    assert several.ratio(OURS, THEIRS, "rate") is None


def test_two_figures_of_one_contender_are_compared_within_the_round() -> None:
    """Their quotient is a spread like any other."""
    records = [Record(OURS, turn, {"bytes": 10.0 * turn, "done": 5.0}) for turn in (1, 2, 3)]
    assert Book("full", {}, records).quotient(OURS, "bytes", "done") == Spread(4.0, 2.0, 6.0)


def test_the_first_remark_of_a_cell_is_the_one_to_show() -> None:
    """Where there is none, it is empty."""
    records = [Record(OURS, 0), Record(OURS, 1, note="5 done"), Record(OURS, 2, note="6 done")]
    assert (Book("full", {}, records).note(OURS), Book("full", {}, records).note(THEIRS)) == ("5 done", "")


def test_a_book_is_written_and_read_again() -> None:
    """Six digits of each figure are kept, and every measurement has its own line."""
    records = [Record(OURS, 0, {"cpu": 1.23456789}, "slow", [(0.0, 41.5), (10.0, 42.123456789)]), Record(THEIRS, 0)]
    text = write_book(Book("quick", {"Python": "CPython"}, records))
    again = read_book(text)
    assert (again.profile, again.machine) == ("quick", {"Python": "CPython"})
    assert list(again.records) == [
        Record(OURS, 0, {"cpu": 1.23457}, "slow", [(0.0, 41.5), (10.0, 42.1235)]),
        Record(THEIRS, 0, {}, "", []),
    ]
    assert len(text.splitlines()) == 4

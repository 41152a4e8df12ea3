"""Medians, spreads and ratios, round by round."""

from __future__ import annotations

import pytest

from tests.benchmarks.measured import Cell, Record, Results, Spread, read_results, write_results

OURS, THEIRS = Cell("single", "1 task", "ours"), Cell("single", "1 task", "theirs")


def results(ours: dict[int, float], theirs: dict[int, float]) -> Results:
    """Return results of one figure of two implementations."""
    return Results(
        "full",
        {"Python": "CPython"},
        [
            Record(cell, turn, {"cpu": cpu})
            for cell, rounds in ((OURS, ours), (THEIRS, theirs))
            for turn, cpu in rounds.items()
        ],
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        ([2.0], Spread(2.0, 2.0, 2.0)),
        ([3.0, 1.0, 9.0], Spread(3.0, 1.0, 9.0)),
        ([4.0, 2.0], Spread(3.0, 2.0, 4.0)),
    ],
)
def test_a_spread_is_the_median_the_minimum_and_the_maximum(values: list[float], expected: Spread | None) -> None:
    """No values have no spread."""
    assert Spread.of(values) == expected


def test_a_ratio_is_the_median_of_the_ratios_within_the_rounds() -> None:
    """A round in which everything took ten times as long does not change the ratio."""
    found = results({0: 2.0, 1: 30.0, 2: 5.0}, {0: 1.0, 1: 10.0, 2: 1.0}).ratio(OURS, THEIRS, "cpu")
    assert found == Spread(3.0, 2.0, 5.0)


def test_rounds_that_either_lacks_are_not_compared() -> None:
    """Rounds that one of the two lacks, or in which the divisor is zero, are left out."""
    several = results({0: 2.0, 1: 3.0, 2: 8.0}, {1: 0.0, 2: 2.0})
    assert several.ratio(OURS, THEIRS, "cpu") == Spread(4.0, 4.0, 4.0)
    assert several.difference(OURS, THEIRS, "cpu") == Spread(4.5, 3.0, 6.0)
    assert several.ratio(OURS, THEIRS, "rate") is None


def test_two_figures_of_one_cell_are_compared_within_the_round() -> None:
    """The quotient of two figures is a spread over the rounds."""
    records = [Record(OURS, turn, {"bytes": 10.0 * turn, "done": 5.0}) for turn in (1, 2, 3)]
    assert Results("full", {}, records).quotient(OURS, "bytes", "done") == Spread(4.0, 2.0, 6.0)


def test_the_note_of_a_cell_is_its_first_remark() -> None:
    """A cell without remarks has an empty note."""
    records = [Record(OURS, 0), Record(OURS, 1, note="5 done"), Record(OURS, 2, note="6 done")]
    assert (Results("full", {}, records).note(OURS), Results("full", {}, records).note(THEIRS)) == ("5 done", "")


def test_results_survive_encoding_and_decoding() -> None:
    """Figures keep six digits, and every measurement has its own line."""
    records = [Record(OURS, 0, {"cpu": 1.23456789}, "slow", [(0.0, 41.5), (10.0, 42.123456789)]), Record(THEIRS, 0)]
    text = write_results(Results("quick", {"Python": "CPython"}, records))
    again = read_results(text)
    assert (again.profile, again.machine) == ("quick", {"Python": "CPython"})
    assert list(again.records) == [
        Record(OURS, 0, {"cpu": 1.23457}, "slow", [(0.0, 41.5), (10.0, 42.1235)]),
        Record(THEIRS, 0, {}, "", []),
    ]
    assert len(text.splitlines()) == 4

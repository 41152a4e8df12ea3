"""Goals are held against what was measured, and nothing else."""

from __future__ import annotations

import pytest

from tests.benchmarks.contenders import registry as known
from tests.benchmarks.goals import Goal, goals, goals_table
from tests.benchmarks.measured import Book, Cell, Record, Spread

EMPTY = Book("quick", {}, [])


@pytest.mark.parametrize(
    ("sign", "found", "reached"),
    [
        ("≤", 1.0, True),
        ("≤", 1.01, False),
        ("≥", 1.0, True),
        ("≥", 0.99, False),
        ("<", 1.0, False),
        (">", 1.0, False),
        ("<", 0.9, True),
        (">", 1.1, True),
        ("=", 1.0, True),
        ("=", 2.0, False),
    ],
)
def test_the_median_decides_whether_a_goal_is_reached(sign: str, found: float, reached: bool) -> None:
    """The bound itself counts where the sign says so."""
    assert Goal("x", sign, 1.0, Spread(found, 0.0, 5.0)).reached is reached


def test_what_was_not_measured_is_neither_reached_nor_missed() -> None:
    """A run of one part shows the other goals all the same."""
    assert {goal.reached for goal in goals(EMPTY)} == {None}
    assert "not reached" not in goals_table(goals(EMPTY))
    assert len({goal.text for goal in goals(EMPTY)}) == len(goals(EMPTY))


def test_plain_httpx_is_represented_by_the_better_of_its_two_ways() -> None:
    """Otherwise the goal would be reached by choosing a bad one."""
    cpu = {known.SDK: 100.0, known.GATHER: 900.0, known.SEMAPHORE: 500.0, known.AIOHTTP: 125.0}
    book = Book("full", {}, [Record(Cell("single", "50 tasks", name), 0, {"cpu": one}) for name, one in cpu.items()])
    found = {goal.text: goal.found.median for goal in goals(book) if goal.found is not None}
    assert found == {
        "single sends, 50 tasks: CPU a send, to that of aiohttp + orjson": 0.8,
        "single sends, 50 tasks: CPU a send of the better plain httpx, to ours": 5.0,
    }
    row = next(line for line in goals_table(goals(book)).splitlines() if "0.800" in line)
    assert [cell.strip() for cell in row.strip("|").split("|")][1:] == ["≤ 1", "0.800", "reached"]

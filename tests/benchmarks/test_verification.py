"""The probe of verification."""

from __future__ import annotations

from tests.benchmarks.job import Job
from tests.benchmarks.measured import Cell, Record, Results
from tests.benchmarks.report import pieces
from tests.benchmarks.verification import starts_and_checks

FIGURES = {"starts", "start", "checks", "check", "store_start", "store_check", "load"}


def test_starts_and_checks_are_measured() -> None:
    """Every check of the probe is right, and each figure is there."""
    few, many = (
        starts_and_checks(Job(kind="verification", implementation="verifier", messages=20, tasks=tasks))[0]
        for tasks in (10, 1000)
    )
    assert (set(few.figures), set(many.figures)) == (FIGURES, FIGURES | {"memory"})
    assert all(many.figures[name] > 0 for name in ("starts", "checks", "start", "store_start"))


def test_the_table_has_a_column_for_each_number() -> None:
    """One pending challenge, and many."""
    cell = Cell("verification", "100,000 pending", "verifier")
    text = pieces(Results("full", {}, [Record(cell, 0, {"starts": 8000.0})]))["verification"]
    assert text.splitlines()[0].split("|")[2:4] == [" 1 pending ", " 100,000 pending "]
    assert "8,000" in text

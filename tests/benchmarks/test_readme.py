"""The table of the README."""

from __future__ import annotations

from tests.benchmarks.batches import PUBLISHED
from tests.benchmarks.goals import goals, goals_table
from tests.benchmarks.implementations import registry
from tests.benchmarks.measured import Cell, Record, Results, read_results
from tests.benchmarks.page import DOCS, README
from tests.benchmarks.readme import readme_table
from tests.benchmarks.report import pieces
from tests.support.figures import figures_of


def test_the_readme_and_the_page_quote_the_measurements() -> None:
    """Nobody changed a figure by hand."""
    results = read_results((DOCS / "performance.json").read_text("utf-8"))
    page, readme = (DOCS / "performance.md").read_text("utf-8"), README.read_text("utf-8")
    assert figures_of(readme, "performance") == readme_table(results)
    assert [table for table in (goals_table(goals(results)), *pieces(results).values()) if table not in page] == []


def test_the_table_quotes_medians_of_ratios() -> None:
    """Single sends by tasks, the better plain httpx, and both methods of bulk sends; the rest was not measured."""
    figures = {
        ("single", "1 task", registry.AIOHTTP): 100.0,
        ("single", "1 task", registry.SDK): 60.0,
        ("single", "1 task", registry.GATHER): 600.0,
        ("single", "1 task", registry.SEMAPHORE): 300.0,
        ("batches", PUBLISHED, registry.AIOHTTP): 10.0,
        ("batches", PUBLISHED, registry.SDK): 8.0,
        ("batches", PUBLISHED, registry.SDK_STREAM): 9.0,
    }
    records = [Record(Cell(*place), 0, {"cpu": cpu}) for place, cpu in figures.items()]
    rows = [line.strip("| ").split(" | ")[1] for line in readme_table(Results("full", {}, records)).splitlines()[2:]]
    assert rows[:4] == [
        "0.600, – and – of hand-written aiohttp + orjson",
        "5 to 5 times less",
        "0.800 and 0.900 of hand-written aiohttp + orjson",
        "– of hand-written aiohttp + orjson",
    ]

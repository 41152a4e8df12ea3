"""Rendering of the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import main
from tests.benchmarks.implementations import registry
from tests.benchmarks.measured import Cell, Record, Results, read_results, write_results
from tests.benchmarks.page import make_page
from tests.benchmarks.readme import readme_table
from tests.benchmarks.report import NOT_MEASURED, TITLES, pieces
from tests.benchmarks.sections import BULK_CASES, MEMORY_METHODS, SECTIONS, SINGLE_CASES
from tests.support.figures import with_figures

EMPTY = Results("quick", {"Python": "CPython 3"}, [])
FIGURES = {"cpu": 5.0, "rate": 2000.0, "server": 0.9, "done": 10.0, "received": 2000.0, "sent": 1000.0}


def measured() -> Results:
    """Return results in which all implementations have the same figures, including those that the text quotes."""
    cells = [Cell("single", case.name, name) for case in SINGLE_CASES for name in registry.SINGLE]
    cells += [Cell("bulk", case.name, name) for case in BULK_CASES for name in registry.BULK]
    cells += [Cell("memory", "a million", method) for method in MEMORY_METHODS]
    memory = {"start": 40.0, "top": 44.5, "growth": 4.5}
    return Results("full", {"Python": "CPython 3"}, [Record(cell, 0, FIGURES | memory) for cell in cells])


def test_the_page_of_an_empty_run_says_not_measured() -> None:
    """Every placeholder of the template is filled."""
    page = make_page(EMPTY)
    assert page.count(NOT_MEASURED) == len(TITLES)
    assert re.findall(r"\$\w+|\$\{", page) == []


def test_the_text_quotes_figures() -> None:
    """The text quotes the rounds, the memory of a process, and the messages that half a core sends per day."""
    page = make_page(measured())
    assert "There were 3 rounds, and 5 of single" in page
    assert "about 44.5 MiB" in page
    assert "send 8,640 million messages" in page.replace("\n", " ")


def test_a_saturated_gateway_is_marked() -> None:
    """The throughput has a star if the gateway used more than 0.8 of its core."""
    rows = pieces(measured())["bulk_0"].splitlines()
    assert [cell.strip() for cell in rows[2].strip("|").split("|")] == ["near-limit", r"2,000\*", "5", "1", "1", "0.90"]


def test_a_campaign_is_shown_relative_to_bulk() -> None:
    """Time and CPU are ratios within a round; the first row of a case is its own measure."""
    ways = {registry.SDK_STREAM: (2.0, 5.0), registry.CAMPAIGN: (2.5, 15.0)}
    records = [
        Record(Cell("campaign", "50 ms", way), 0, {"rate": 1000.0, "seconds": seconds, "cpu": cpu, "load": 0.5})
        for way, (seconds, cpu) in ways.items()
    ]
    rows = pieces(Results("full", {}, records))["campaign"].splitlines()[4:]
    assert [[cell.strip() for cell in row.strip("|").split("|")] for row in rows] == [
        ["`bulk()`, 50 ms", "1,000", "5", "1", "1", "0.500"],
        ["a campaign, 50 ms", "1,000", "15", "1.25", "3", "0.500"],
    ]


def test_a_million_messages_are_shown() -> None:
    """A figure that a system does not provide is missing, not 0."""
    cell = Cell("campaign", "a million", registry.CAMPAIGN)
    rows = pieces(Results("full", {}, [Record(cell, 0, {"rate": 251_000.0, "size": 157.2})]))["planning"].splitlines()
    shown = dict([cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:])
    assert (shown["planned, messages/s"], shown["file, MB"], shown["load average"]) == ("251,000", "157", "–")


def test_a_remark_is_marked_and_shown() -> None:
    """The rate has a dagger, and the remark is listed."""
    cell = Cell("single", "50 tasks", registry.GATHER)
    tables = pieces(Results("full", {}, [Record(cell, 0, {"rate": 7.0}, "7 done, 3 PoolTimeout")]))
    assert "7†" in tables["single_rate"]
    assert tables["single_notes"] == "† httpx + gather, 50 tasks: 7 done, 3 PoolTimeout"


def test_every_table_belongs_to_a_section() -> None:
    """Every table has a section, so the terminal shows it."""
    assert {section for section, _ in TITLES.values()} == set(SECTIONS)
    assert set(TITLES) < set(pieces(EMPTY))


def test_render_writes_the_page_from_the_json_file(tmp_path: Path) -> None:
    """`--render` needs no measurements."""
    (tmp_path / "performance.json").write_text(write_results(EMPTY), encoding="utf-8")
    readme = tmp_path / "README.md"
    readme.write_text("<!-- figures:performance -->\nbefore the run\n<!-- /figures:performance -->\n", encoding="utf-8")
    assert main(["--render", "--folder", str(tmp_path), "--readme", str(readme)]) == 0
    assert readme.read_text("utf-8") == with_figures(readme.read_text("utf-8"), "performance", readme_table(EMPTY))
    assert "before the run" not in readme.read_text("utf-8")
    assert (tmp_path / "performance.md").read_text("utf-8") == make_page(EMPTY)
    assert read_results((tmp_path / "performance.json").read_text("utf-8")) == Results(
        "quick", {"Python": "CPython 3"}, []
    )


def test_an_unknown_section_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """The error lists the sections."""
    with pytest.raises(SystemExit):
        main(["--only", "triple"])
    error = capsys.readouterr().err
    assert [name for name in SECTIONS if name not in error] == []

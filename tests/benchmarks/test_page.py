"""The page is made from what was measured, and from nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import main
from tests.benchmarks.contenders import registry as known
from tests.benchmarks.measured import Book, Cell, Record, read_book, write_book
from tests.benchmarks.page import make_page
from tests.benchmarks.report import NOT_MEASURED, TITLES, pieces
from tests.benchmarks.sections import BULK_CASES, MEMORY_WAYS, SECTIONS, SINGLE_CASES

EMPTY = Book("quick", {"Python": "CPython 3"}, [])
FIGURES = {"cpu": 5.0, "rate": 2000.0, "server": 0.9, "done": 10.0, "received": 2000.0, "sent": 1000.0}


def measured() -> Book:
    """Make a book in which everybody got the same figures, the page's own among them."""
    cells = [Cell("single", way.name, name) for way in SINGLE_CASES for name in known.SINGLE]
    cells += [Cell("bulk", way.name, name) for way in BULK_CASES for name in known.BULK]
    cells += [Cell("memory", "a million", way) for way in MEMORY_WAYS]
    memory = {"start": 40.0, "top": 44.5, "growth": 4.5}
    return Book("full", {"Python": "CPython 3"}, [Record(cell, 0, FIGURES | memory) for cell in cells])


def test_the_page_of_nothing_says_that_nothing_was_measured() -> None:
    """Every place of the template is filled."""
    page = make_page(EMPTY)
    assert page.count(NOT_MEASURED) == len(TITLES)
    assert re.findall(r"\$\w+|\$\{", page) == []


def test_the_page_tells_the_figures_that_its_text_needs() -> None:
    """How many rounds there were, what memory a process takes, and how many messages half a core sends in a day."""
    page = make_page(measured())
    assert "5 rounds were made" in page
    assert "about 44.5 MiB" in page
    assert "hand over 8,640 million messages" in page.replace("\n", " ")


def test_a_busy_gateway_is_marked() -> None:
    """Then the throughput is only a lower bound."""
    rows = pieces(measured())["bulk_0"].splitlines()
    assert [cell.strip() for cell in rows[2].strip("|").split("|")] == ["near-limit", r"2,000\*", "5", "1", "1", "0.90"]


def test_what_was_broken_off_is_marked_and_told() -> None:
    """The remark stands below the tables."""
    cell = Cell("single", "50 tasks", known.GATHER)
    made = pieces(Book("full", {}, [Record(cell, 0, {"rate": 7.0}, "7 done, 3 PoolTimeout")]))
    assert "7†" in made["single_rate"]
    assert made["single_notes"] == "- † httpx + gather, 50 tasks: 7 done, 3 PoolTimeout"


def test_every_table_belongs_to_a_section() -> None:
    """Otherwise the terminal would never show it."""
    assert {section for section, _ in TITLES.values()} == set(SECTIONS)
    assert set(TITLES) < set(pieces(EMPTY))


def test_the_page_is_made_again_from_what_was_written(tmp_path: Path) -> None:
    """So that its words can be changed without measuring again."""
    (tmp_path / "performance.json").write_text(write_book(EMPTY), encoding="utf-8")
    assert main(["--render", "--folder", str(tmp_path)]) == 0
    assert (tmp_path / "performance.md").read_text("utf-8") == make_page(EMPTY)
    assert read_book((tmp_path / "performance.json").read_text("utf-8")) == Book("quick", {"Python": "CPython 3"}, [])


def test_a_section_that_nobody_knows_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The command names those there are."""
    with pytest.raises(SystemExit):
        main(["--only", "triple"])
    told = capsys.readouterr().err
    assert [name for name in SECTIONS if name not in told] == []

"""The pages of figures say when, with which version and on which machine they were measured."""

from __future__ import annotations

import datetime as dt
import re
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.figures import figures_of, with_figures
from tests.support.run_facts import RUN_FACTS, run_facts, run_line, runs_of, write_run

DOCS = Path(__file__).parents[2] / "docs"
RUNS = {
    "comparison.md": ["peers"],
    "mutation.md": ["mutation"],
    "performance.md": ["bench"],
    "reliability.md": ["faults", "chaos"],
}
PATTERNS = {
    "Date": r"(20\d\d-\d\d-\d\d)",
    "Version": r"(\d+\.\d+\.\d+)",
    "Python": r"(\w+ 3\.\d+\.\d+)",
    "System": r"(\w+ [\d.]+)",
    "Processor": r"(.+, \d+ cores?)",
}
FACTS = {
    "Date": "2026-01-02",
    "Version": "1.2.3",
    "Python": "CPython 3.13.0",
    "System": "Linux 6.1",
    "Processor": "P, 2 cores",
}
PAGE = "# Page\n\n<!-- run:faults -->\nold\n<!-- /run:faults -->\n\n<!-- run:chaos -->\n<!-- /run:chaos -->\n"


def told(page: Path, language: str) -> dict[str, tuple[str, ...]]:
    """Return the facts of each run of a page; none of a run whose line does not hold them."""
    pattern = run_line(PATTERNS, language)
    found = {run: re.fullmatch(pattern, line) for run, line in runs_of(page.read_text("utf-8")).items()}
    return {run: match.groups() if match else () for run, match in found.items()}


@pytest.mark.skipif(not DOCS.is_dir(), reason="the documentation is not in this tree")
@pytest.mark.parametrize("name", RUNS)
def test_a_page_says_how_its_figures_were_measured(name: str) -> None:
    """The date, the version, the interpreter, the system and the processor of each run, the same in both languages."""
    english, persian = (told(DOCS / language / name, language) for language in ("en", "fa"))
    assert english == persian
    assert {run: len(facts) for run, facts in english.items()} == dict.fromkeys(RUNS[name], len(RUN_FACTS))


def test_a_run_is_written_into_the_pages_of_both_languages(tmp_path: Path) -> None:
    """The line replaces that of the same run; other runs, and pages without markers, stay."""
    for language in ("en", "fa"):
        (tmp_path / language).mkdir()
        (tmp_path / language / "reliability.md").write_text(PAGE, encoding="utf-8")
    (tmp_path / "en" / "mutation.md").write_text("# Page\n", encoding="utf-8")
    write_run(tmp_path, "reliability.md", "faults", FACTS)
    write_run(tmp_path, "mutation.md", "mutation", FACTS)
    assert (tmp_path / "en" / "mutation.md").read_text("utf-8") == "# Page\n"
    assert (tmp_path / "en" / "reliability.md").read_text("utf-8") == PAGE.replace(
        "old", "Measured on 2026-01-02: version 1.2.3, CPython 3.13.0, Linux 6.1, P, 2 cores."
    )
    assert runs_of((tmp_path / "fa" / "reliability.md").read_text("utf-8")) == {
        "faults": "اندازه‌گیری در `2026-01-02`: نسخه‌ی 1.2.3، `CPython 3.13.0`، `Linux 6.1`، `P, 2 cores`.",
        "chaos": "",
    }


def test_the_facts_are_of_this_machine_and_version() -> None:
    """A fact that a page lacks is named as unknown."""
    facts = run_facts(dt.date(2026, 1, 2))
    assert (list(facts), facts["Date"], facts["Version"]) == (list(RUN_FACTS), "2026-01-02", version("wikipayam_async"))
    assert run_line({"Date": "2026-01-02"}) == "Measured on 2026-01-02: version unknown, unknown, unknown, unknown."


def test_figures_stand_between_their_markers() -> None:
    """They replace those of the same name; a page with one marker alone is unchanged, and has none."""
    page = "a\n<!-- figures:one -->\nold\n<!-- /figures:one -->\nb\n"
    changed = with_figures(page, "one", "| new |")
    assert (figures_of(page, "one"), figures_of(changed, "one")) == ("old", "| new |")
    assert changed == page.replace("old", "| new |")
    for other in ("a", "<!-- figures:two -->", "<!-- /figures:two -->"):
        assert (figures_of(other, "two"), with_figures(other, "two", "| new |")) == (None, other)

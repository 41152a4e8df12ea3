"""Render the page from its template and the results."""

from __future__ import annotations

from pathlib import Path
from string import Template

from tests.benchmarks import scale
from tests.benchmarks.implementations import registry
from tests.benchmarks.job import CAP
from tests.benchmarks.measured import Cell, Results, write_results
from tests.benchmarks.network import NETWORK_TASKS
from tests.benchmarks.plan import PROFILES
from tests.benchmarks.plots import draw
from tests.benchmarks.processes import ROOT
from tests.benchmarks.readme import readme_table
from tests.benchmarks.report import pieces
from tests.benchmarks.sections import MEMORY_METHODS
from tests.benchmarks.server import JITTER
from tests.benchmarks.tables import number
from tests.support.figures import with_figures
from tests.support.run_facts import write_run

__all__ = ["DOCS", "README", "make_page", "write_page"]

DOCS = ROOT / "docs" / "en"
README = ROOT / "README.md"

_TEMPLATE = Path(__file__).with_name("page.template.md")
_HALF_A_CORE_FOR_A_DAY = scale.DAY / 2


def make_page(results: Results) -> str:
    """Return the page as Markdown."""
    cpu = results.median(Cell("bulk", "TLS", registry.SDK_STREAM), "cpu")
    # Seconds divided by µs per message give millions of messages.
    figures = {
        "rounds": str(PROFILES[results.profile].rounds),
        "more_rounds": str(PROFILES[results.profile].more_rounds),
        "jitter": f"{JITTER:.0%}".replace("%", " %"),
        "network_tasks": str(NETWORK_TASKS),
        "cap": f"{CAP:.0f}",
        "peak": number(results.median(Cell("memory", "a million", MEMORY_METHODS[0]), "top")),
        "per_process": number(cpu and _HALF_A_CORE_FOR_A_DAY / cpu),
    }
    return Template(_TEMPLATE.read_text("utf-8")).substitute(pieces(results) | figures)


def write_page(results: Results, folder: Path, readme: Path) -> None:
    """Write the page, its pictures, all measurements, and the table of the README, if that has markers."""
    folder.mkdir(parents=True, exist_ok=True)
    draw(results, folder / "img")
    (folder / "performance.md").write_text(make_page(results), encoding="utf-8")
    write_run(folder.parent, "performance.md", "bench", results.machine)
    (folder / "performance.json").write_text(write_results(results), encoding="utf-8")
    if readme.exists():
        readme.write_text(
            with_figures(readme.read_text("utf-8"), "performance", readme_table(results)), encoding="utf-8"
        )

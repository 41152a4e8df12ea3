"""Render the page of the comparison from its template and the results."""

from __future__ import annotations

from pathlib import Path
from string import Template

from tests.peers.events import EVENTS, LATENCY, MANY, SILENCE
from tests.peers.job import RECEIVER, Results, write_results
from tests.peers.tables import pieces, summary_table
from tests.support.figures import with_figures
from tests.support.run_facts import run_line, write_run

__all__ = ["DOCS", "README", "make_page", "write_page"]

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "en"
README = ROOT / "README.md"

_TEMPLATE = Path(__file__).with_name("page.template.md")


def make_page(results: Results) -> str:
    """Return the page as Markdown."""
    failed = [f"{record.peer}, {record.event}" for record in results.records if record.note.startswith("the process")]
    words = {
        "run": run_line(_run_of(results)),
        "silence": f"{SILENCE:.0f}",
        "latency": f"{LATENCY * 1000:.0f}",
        "many": str(MANY),
        "events": str(len(EVENTS)),
        "receiver": RECEIVER,
        "failed": "; ".join(failed) or "none",
    }
    return Template(_TEMPLATE.read_text("utf-8")).substitute(pieces(results) | words)


def _run_of(results: Results) -> dict[str, str]:
    return {"Date": results.date, **results.machine}


def write_page(results: Results, folder: Path, readme: Path) -> None:
    """Write the page, the results, and the summary table in the README, if that has markers."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "comparison.md").write_text(make_page(results), encoding="utf-8")
    write_run(folder.parent, "comparison.md", "peers", _run_of(results))
    (folder / "comparison.json").write_text(write_results(results), encoding="utf-8")
    if readme.exists():
        readme.write_text(with_figures(readme.read_text("utf-8"), "peers", summary_table(results)), encoding="utf-8")

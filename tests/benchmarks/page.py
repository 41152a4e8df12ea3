"""The page of figures: the template, and what was measured put into it."""

from __future__ import annotations

from pathlib import Path
from string import Template

from tests.benchmarks import scale
from tests.benchmarks.contenders import registry as known
from tests.benchmarks.job import CAP
from tests.benchmarks.measured import Book, Cell, write_book
from tests.benchmarks.plan import PROFILES
from tests.benchmarks.plots import draw
from tests.benchmarks.processes import ROOT
from tests.benchmarks.report import pieces
from tests.benchmarks.sections import MEMORY_WAYS
from tests.benchmarks.tables import number

__all__ = ["DOCS", "make_page", "write_page"]

DOCS = ROOT / "docs" / "en"

_TEMPLATE = Path(__file__).with_name("page.template.md")
_HALF_A_CORE_FOR_A_DAY = scale.DAY / 2


def make_page(book: Book) -> str:
    """Return the page as Markdown."""
    cpu = book.median(Cell("bulk", "TLS", known.SDK_STREAM), "cpu")
    # µs a message: as many millions of messages as the half core has seconds, divided by them.
    figures = {
        "rounds": str(PROFILES[book.profile].rounds),
        "cap": f"{CAP:.0f}",
        "peak": number(book.median(Cell("memory", "a million", MEMORY_WAYS[0]), "top")),
        "per_process": number(cpu and _HALF_A_CORE_FOR_A_DAY / cpu),
    }
    return Template(_TEMPLATE.read_text("utf-8")).substitute(pieces(book) | figures)


def write_page(book: Book, folder: Path) -> None:
    """Write the page, its pictures and all measurements."""
    folder.mkdir(parents=True, exist_ok=True)
    draw(book, folder / "img")
    (folder / "performance.md").write_text(make_page(book), encoding="utf-8")
    (folder / "performance.json").write_text(write_book(book), encoding="utf-8")

"""The pictures of the page, as SVG that can be read on a light and on a dark ground."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.contenders import registry as known
from tests.benchmarks.measured import Book, Cell
from tests.benchmarks.sections import MEMORY_WAYS, SWEEP, sweep_case

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MEMORY", "THROUGHPUT", "draw"]

THROUGHPUT, MEMORY = "throughput.svg", "memory.svg"

_GREY = "#808890"
"""Lettering that stands out from white and from black alike."""
_COLOURS: Mapping[str, str] = {
    known.NEAR_LIMIT: "#8c8c8c",
    known.AIOHTTP: "#d98200",
    known.SDK: "#1f8ad6",
    known.SDK_TRIO: "#22a884",
    known.SEMAPHORE: "#c9609c",
    known.GATHER: "#d6532c",
    known.PER_CALL: "#9a7bd0",
    MEMORY_WAYS[0]: "#1f8ad6",
    MEMORY_WAYS[1]: "#22a884",
    MEMORY_WAYS[2]: "#d6532c",
}
_STYLE: Mapping[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 11,
    "svg.fonttype": "none",
    "svg.hashsalt": "wikipayam_async",
    "text.color": _GREY,
    "axes.labelcolor": _GREY,
    "axes.edgecolor": _GREY,
    "xtick.color": _GREY,
    "ytick.color": _GREY,
    "grid.color": _GREY,
    "grid.alpha": 0.3,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "figure.figsize": (9.5, 4.8),
}


def draw(book: Book, folder: Path) -> None:
    """Draw what the book has figures for."""
    if book.cases("single"):
        with _axes(folder / THROUGHPUT) as axes:
            _throughput(book, axes)
    if book.cases("memory"):
        with _axes(folder / MEMORY) as axes:
            _memory(book, axes)


@contextlib.contextmanager
def _axes(path: Path) -> Iterator[Axes]:
    import matplotlib as mpl  # noqa: PLC0415 - only where pictures are drawn
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    with mpl.rc_context(dict(_STYLE)):
        figure = Figure(layout="constrained")
        axes = figure.add_subplot()
        yield axes
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", transparent=True, metadata={"Date": None, "Creator": None})


def _throughput(book: Book, axes: Axes) -> None:
    for name in known.SINGLE:
        cells = {tasks: Cell("single", sweep_case(tasks), name) for tasks in SWEEP}
        points = [(tasks, rate) for tasks, cell in cells.items() if (rate := book.median(cell, "rate")) is not None]
        if points:
            width = 3.0 if name == known.SDK else 1.6
            axes.plot(*zip(*points, strict=True), marker="o", color=_COLOURS[name], linewidth=width, label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(SWEEP, [f"{tasks:,}" for tasks in SWEEP])
    axes.yaxis.set_major_formatter(lambda rate, _: f"{rate:,.0f}")
    axes.minorticks_off()
    axes.set_xlabel("concurrent tasks")
    axes.set_ylabel("single sends a second")


def _memory(book: Book, axes: Axes) -> None:
    for way in MEMORY_WAYS:
        record = next((one for one in book.at(Cell("memory", "a million", way)) if one.curve), None)
        if record is not None:
            messages, mebibytes = zip(*record.curve, strict=True)
            axes.plot([count / 1e6 for count in messages], mebibytes, color=_COLOURS[way], linewidth=2.2, label=way)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("million messages sent")
    axes.set_ylabel("MiB of memory")

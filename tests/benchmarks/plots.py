"""The page's pictures, as SVG for light and dark backgrounds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.implementations import registry
from tests.benchmarks.measured import Cell, Results
from tests.benchmarks.sections import MEMORY_METHODS, SWEEP, sweep_case

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MEMORY", "THROUGHPUT", "draw"]

THROUGHPUT, MEMORY = "throughput.svg", "memory.svg"

_GREY = "#808890"
"""Text that is legible on white and on black."""
_COLOURS: Mapping[str, str] = {
    registry.NEAR_LIMIT: "#8c8c8c",
    registry.AIOHTTP: "#d98200",
    registry.SDK: "#1f8ad6",
    registry.SDK_TRIO: "#22a884",
    registry.ON_AIOHTTP: "#8a6d3b",
    registry.HTTPX2: "#5b6abf",
    registry.SEMAPHORE: "#c9609c",
    registry.GATHER: "#d6532c",
    registry.PER_CALL: "#9a7bd0",
    MEMORY_METHODS[0]: "#1f8ad6",
    MEMORY_METHODS[1]: "#9a7bd0",
    MEMORY_METHODS[2]: "#22a884",
    MEMORY_METHODS[3]: "#d6532c",
    MEMORY_METHODS[4]: "#d98200",
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


def draw(results: Results, folder: Path) -> None:
    """Draw the pictures of the measured sections."""
    if results.cases("single"):
        with _axes(folder / THROUGHPUT) as axes:
            _throughput(results, axes)
    if results.cases("memory"):
        with _axes(folder / MEMORY) as axes:
            _memory(results, axes)


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


def _throughput(results: Results, axes: Axes) -> None:
    for name in registry.SINGLE:
        cells = {tasks: Cell("single", sweep_case(tasks), name) for tasks in SWEEP}
        points = [(tasks, rate) for tasks, cell in cells.items() if (rate := results.median(cell, "rate")) is not None]
        if points:
            width = 3.0 if name == registry.SDK else 1.6
            axes.plot(*zip(*points, strict=True), marker="o", color=_COLOURS[name], linewidth=width, label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(SWEEP, [f"{tasks:,}" for tasks in SWEEP])
    axes.yaxis.set_major_formatter(lambda rate, _: f"{rate:,.0f}")
    axes.minorticks_off()
    axes.set_xlabel("concurrent tasks")
    axes.set_ylabel("single sends per second")


def _memory(results: Results, axes: Axes) -> None:
    for method in MEMORY_METHODS:
        record = next((one for one in results.at(Cell("memory", "a million", method)) if one.curve), None)
        if record is not None:
            messages, mebibytes = zip(*record.curve, strict=True)
            axes.plot(
                [count / 1e6 for count in messages], mebibytes, color=_COLOURS[method], linewidth=2.2, label=method
            )
    axes.set_ylim(bottom=0)
    axes.set_xlabel("million messages sent")
    axes.set_ylabel("MiB of memory")

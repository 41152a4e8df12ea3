"""Format figures: numbers with three digits, spreads, and Markdown tables readable as plain text. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from tests.benchmarks.measured import Spread

__all__ = ["NOTHING", "number", "spread", "table"]

NOTHING = "–"
"""The mark for a missing figure."""

_DIGITS = 3
_FEW = 1000


def number(value: float | None) -> str:
    """Format a number with three significant digits and grouped thousands; small whole numbers unchanged."""
    if value is None:
        return NOTHING
    if not math.isfinite(value) or (value == round(value) and abs(value) < _FEW):
        return f"{value:g}"
    rounded = float(f"{value:.{_DIGITS}g}")
    decimals = _DIGITS - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(decimals, 0)}f}"


def spread(found: Spread | None, mark: str = "") -> str:
    """Format a median, with the minimum and the maximum in brackets."""
    if found is None:
        return NOTHING
    if found.low == found.high:
        return f"{number(found.median)}{mark}"
    return f"{number(found.median)}{mark} ({number(found.low)}–{number(found.high)})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, with the first column aligned left and the others aligned right."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(cells, widths) for cells in (lines[0], rule, *lines[1:]))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return f"| {' | '.join(padded)} |"

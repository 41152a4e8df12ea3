"""Figures that are measured for the documentation, and their places in its pages."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["figures_of", "record", "with_figures"]


def record(name: str, figures: Mapping[str, object] | Sequence[Mapping[str, object]]) -> None:
    """Write the figures of one experiment into the folder `WIKIPAYAM_FIGURES`; without the variable, do nothing.

    Args:
        name: The experiment, as in `matrix.asyncio`; it becomes the file's name.
        figures: One set of figures, which gets the date, or a list of rows.
    """
    folder = os.environ.get("WIKIPAYAM_FIGURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        dated = {**figures, "date": datetime.now(UTC).date().isoformat()} if isinstance(figures, Mapping) else figures
        text = json.dumps(dated, indent=1, ensure_ascii=False, sort_keys=True)
        Path(folder, f"{name}.json").write_text(text + "\n", encoding="utf-8")


def figures_of(page: str, name: str) -> str | None:
    """Return the text between the markers `<!-- figures:NAME -->` and `<!-- /figures:NAME -->`; None if one is missing."""
    _, begin, rest = page.partition(f"<!-- figures:{name} -->")
    figures, end, _ = rest.partition(f"<!-- /figures:{name} -->")
    return figures.strip() if begin and end else None


def with_figures(page: str, name: str, figures: str) -> str:
    """Return a page with other figures between the markers of a name; a page without them is unchanged."""
    if figures_of(page, name) is None:
        return page
    before, begin, rest = page.partition(f"<!-- figures:{name} -->")
    _, end, after = rest.partition(f"<!-- /figures:{name} -->")
    return f"{before}{begin}\n{figures}\n{end}{after}"

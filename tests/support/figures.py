"""Figures that tests measure for the documentation."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["record"]


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

"""The table of docs/en/mutation.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from attrs import frozen

from tests.support.figures import figures_of, with_figures

__all__ = ["Row", "read_results", "rows_of", "table", "with_rows"]

_KILLED = {1, 3, 24, 36, 152, 255, -24, -11, -9}
"""mutmut's codes of a mutant that failed a test, crashed or exceeded the time limit."""
_SURVIVED = {0, 5, 33}
"""Of one that passed all tests, or that no test calls."""
_FIGURES = "mutation"
_ROW = re.compile(
    r"^\| `(?P<module>[^`]+)` \| (?P<mutants>[\d,]+) \| (?P<killed>[\d,]+) \|.*\| (?P<date>[\d-]*) \|$", re.MULTILINE
)


@frozen
class Row:
    """The result of a module.

    Attributes:
        module: Its path below the package.
        mutants: The number of mutants that were tested.
        killed: The number of those that were detected.
        date: The day on which they were tested, such as `2026-11-29`.
    """

    module: str
    mutants: int
    killed: int
    date: str = ""

    @property
    def rate(self) -> str:
        """The share of the mutants that were killed."""
        return f"{self.killed / self.mutants:.1%}" if self.mutants else "–"

    def __str__(self) -> str:
        name = f"`{self.module}`" if self.module.endswith(".py") else f"**{self.module}**"
        return f"| {name} | {self.mutants:,} | {self.killed:,} | {self.mutants - self.killed:,} | {self.rate} | {self.date} |"


def read_results(meta: Path) -> dict[str, bool | None]:
    """Return whether each mutant of a module was killed, from mutmut's file; None if it was not tested."""
    codes: dict[str, int | None] = json.loads(meta.read_text("utf-8"))["exit_code_by_key"]
    return {name: True if code in _KILLED else False if code in _SURVIVED else None for name, code in codes.items()}


def rows_of(page: str) -> dict[str, Row]:
    """Return the rows of a page by module."""
    found = figures_of(page, _FIGURES) or ""
    return {
        one["module"]: Row(one["module"], _number(one["mutants"]), _number(one["killed"]), one["date"])
        for one in _ROW.finditer(found)
    }


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def table(rows: Iterable[Row]) -> str:
    """Return the table with its last line, the total."""
    rows = list(rows)
    total = Row("All", sum(row.mutants for row in rows), sum(row.killed for row in rows))
    head = ["| Module | Mutants | Killed | Survived | Rate | Date |", "| --- | ---: | ---: | ---: | ---: | --- |"]
    return "\n".join([*head, *map(str, [*sorted(rows, key=lambda row: row.module), total])])


def with_rows(page: str, rows: Mapping[str, Row], existing: Iterable[str]) -> str:
    """Return a page with new rows in place of the old ones of their modules; rows of modules that are gone are left out."""
    kept = set(existing)
    merged = {name: row for name, row in {**rows_of(page), **rows}.items() if name in kept}
    return with_figures(page, _FIGURES, table(merged.values()))

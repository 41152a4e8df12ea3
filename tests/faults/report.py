"""Write the figures that the tests recorded to the documentation: `python -m tests.faults.report FOLDER [--run NAME] [--check]`.

Each file of the folder becomes a table between the markers `<!-- figures:NAME -->` and `<!-- /figures:NAME -->` of
`docs/en/reliability.md`. A table without markers is appended with a heading. A table without a file is not changed.

`--check` changes nothing. It compares what does not vary between machines: the words, the zeros, and the whole fault
matrix. All other numbers are measurements.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.support.figures import figures_of, with_figures
from tests.support.run_facts import run_facts, write_run

__all__ = ["PAGE", "check", "main", "stable", "tables", "update"]

PAGE = Path(__file__).parents[2] / "docs" / "en" / "reliability.md"
MATRIX = "matrix"
BACKENDS = ("asyncio", "trio")
KINDS = ("read", "mark_read", "send", "bulk")
HEADINGS = ("fault", "read", "mark as read", "send", "bulk send")

_CELL = re.compile(r"(?P<raised>\S+) (?P<seen>\d+)/(?P<accepted>\d+) (?P<outcome>\S+)")
_NUMBER = re.compile(r"(?<![\w`])(?!0(?![.\d]))\d[\d,]*(\.\d+)?\b")


def tables(folder: Path) -> dict[str, str]:
    """Return the table of each file of figures in a folder, by name; the files of the matrix become one table."""
    figures = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}
    matrix = {backend: figures.pop(f"{MATRIX}.{backend}", None) for backend in BACKENDS}
    found = {name: _table(one) for name, one in figures.items()}
    if all(matrix.values()):
        found[MATRIX] = _matrix(matrix)
    return found


def _matrix(measured: Mapping[str, Sequence[Mapping[str, str]]]) -> str:
    lines = _head(HEADINGS)
    pairs = zip(*(measured[backend] for backend in BACKENDS), strict=True)
    for group, rows in itertools.groupby(pairs, key=lambda pair: pair[0]["group"]):
        lines.append(_line([f"**{group}**", "", "", "", ""]))
        for here, there in rows:
            cells = [_both(here.get(kind, "-"), there.get(kind, "-"), kind) for kind in KINDS]
            lines.append(_line([here["fault"], *cells]))
    return "\n".join(lines)


def _both(here: str, there: str, kind: str) -> str:
    if here == there:
        return _cell(here, kind)
    return "; ".join(f"{name}: {_cell(cell, kind)}" for name, cell in zip(BACKENDS, (here, there), strict=True))


def _cell(text: str, kind: str) -> str:
    return " or ".join(_words(one, kind) for one in text.split(" or "))


def _words(text: str, kind: str) -> str:
    found = _CELL.fullmatch(text)
    if found is None:
        return "–"
    counts = f"{found['seen']} / {found['accepted']}"
    if kind == "bulk":
        outcomes = Counter(found["outcome"].split("+"))
        words = ", ".join(
            outcome if len(outcomes) == count == 1 else f"{count} {outcome}" for outcome, count in outcomes.items()
        )
        return f"{words} {counts}".replace("not_attempted", "not attempted")
    return f"{'success' if found['raised'] == 'ok' else '`' + found['raised'] + '`'} {counts}"


def _table(figures: object) -> str:
    if isinstance(figures, dict):
        return "\n".join(
            [*_head(["figure", "value"]), *(_line([_name(name), _value(one)]) for name, one in figures.items())]
        )
    assert isinstance(figures, list)
    names = list(dict.fromkeys(itertools.chain.from_iterable(figures)))
    return "\n".join(
        [
            *_head([_name(name) for name in names]),
            *(_line(_value(row.get(name, "–")) for name in names) for row in figures),
        ]
    )


def _name(key: str) -> str:
    return key.replace("_", " ")


def _value(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dict):
        return ", ".join(f"{_name(str(name))} {_value(one)}" for name, one in value.items())
    return f"{value:,.3g}" if isinstance(value, float) and abs(value) < 1000 else f"{value}"


def _head(names: Sequence[str]) -> list[str]:
    return [_line(names), _line("---" for _ in names)]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |".replace("  ", " ").replace("|  |", "| |")


def update(page: str, found: Mapping[str, str]) -> str:
    """Return the page with the tables."""
    for name, table in found.items():
        if figures_of(page, name) is None:
            page = f"{page.rstrip()}\n\n## {name}\n\n<!-- figures:{name} -->\n<!-- /figures:{name} -->\n"
        page = with_figures(page, name, table)
    return page


def stable(name: str, table: str) -> str:
    """Return the part of a table that does not vary between machines."""
    return table if name == MATRIX else _NUMBER.sub("#", table)


def check(page: str, found: Mapping[str, str]) -> list[str]:
    """Return the names of the tables that differ from the page."""
    return [name for name, table in found.items() if stable(name, figures_of(page, name) or "") != stable(name, table)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Rewrite the page, or check it."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.report", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="the folder of the figures: the value of WIKIPAYAM_FIGURES")
    parser.add_argument("--check", action="store_true", help="change nothing, and fail if the page is out of date")
    parser.add_argument("--run", help="the name of the run, whose date, version and machine are written, too")
    parser.add_argument("--page", type=Path, default=PAGE, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    found = tables(options.folder)
    page = options.page.read_text("utf-8")
    if options.check:
        stale = check(page, found)
        if stale:
            print(f"{options.page.name} differs from the figures in: {', '.join(stale)}", file=sys.stderr)  # noqa: T201
        return 1 if stale else 0
    options.page.write_text(update(page, found), encoding="utf-8")
    if options.run:
        write_run(options.page.parents[1], options.page.name, options.run, run_facts(datetime.now(UTC).date()))
    return 0


if __name__ == "__main__":
    sys.exit(main())

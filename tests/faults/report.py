"""Put the figures that the suites recorded into the documentation: `python -m tests.faults.report FOLDER [--check]`.

Every file of the folder becomes a table between the markers `<!-- figures:NAME -->` and `<!-- /figures:NAME -->` of
`docs/en/reliability.md`; one that has no markers there yet gets a heading at the end of the page. What was not measured
this time stays as it is.

`--check` changes nothing. It compares what cannot vary from machine to machine: the words, the zeros (each of them is a
promise), and all of the fault matrix. Any other number is a measurement.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

__all__ = ["PAGE", "check", "main", "stable", "tables", "update"]

PAGE = Path(__file__).parents[2] / "docs" / "en" / "reliability.md"
MATRIX = "matrix"
BACKENDS = ("asyncio", "trio")
KINDS = ("read", "marking", "send", "bulk")
HEADINGS = ("fault", "a read", "a marking", "a send", "a bulk send")

_CELL = re.compile(r"(?P<told>\S+) (?P<seen>\d+)/(?P<accepted>\d+) (?P<outcome>\S+)")
_NUMBER = re.compile(r"(?<![\w`])(?!0(?![.\d]))\d[\d,]*(\.\d+)?\b")


def tables(folder: Path) -> dict[str, str]:
    """Make a table of every file of figures in a folder, by its name; those of the matrix become one."""
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
    return f"{'success' if found['told'] == 'ok' else '`' + found['told'] + '`'} {counts}"


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


def _markers(name: str) -> tuple[str, str]:
    return f"<!-- figures:{name} -->", f"<!-- /figures:{name} -->"


def _shown(page: str, name: str) -> str | None:
    """Return what stands between the markers of a name; None if the page has none."""
    begin, end = _markers(name)
    if begin not in page or end not in page:
        return None
    return page.partition(begin)[2].partition(end)[0].strip()


def update(page: str, found: Mapping[str, str]) -> str:
    """Put tables into a page."""
    for name, table in found.items():
        begin, end = _markers(name)
        if _shown(page, name) is None:
            page = f"{page.rstrip()}\n\n## {name}\n\n{begin}\n{end}\n"
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"
    return page


def stable(name: str, table: str) -> str:
    """Return what of a table cannot vary from machine to machine."""
    return table if name == MATRIX else _NUMBER.sub("#", table)


def check(page: str, found: Mapping[str, str]) -> list[str]:
    """Name the tables that a page does not show as they were measured."""
    return [name for name, table in found.items() if stable(name, _shown(page, name) or "") != stable(name, table)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Rewrite the page, or check it."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.report", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="where the figures are, as WIKIPAYAM_FIGURES named it")
    parser.add_argument("--check", action="store_true", help="change nothing, and fail if the page is out of date")
    parser.add_argument("--page", type=Path, default=PAGE, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    found = tables(options.folder)
    page = options.page.read_text("utf-8")
    if options.check:
        stale = check(page, found)
        if stale:
            print(f"{options.page.name} does not show what was measured: {', '.join(stale)}", file=sys.stderr)  # noqa: T201
        return 1 if stale else 0
    options.page.write_text(update(page, found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Measure, and put what was measured into the documentation: `python -m tests.benchmarks [--quick] [--only SECTION]`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.goals import goals, goals_table
from tests.benchmarks.machine import facts
from tests.benchmarks.measured import Book, read_book
from tests.benchmarks.page import DOCS, write_page
from tests.benchmarks.plan import FULL, QUICK, Bench
from tests.benchmarks.processes import Workers, gateway
from tests.benchmarks.report import TITLES, pieces
from tests.benchmarks.sections import SECTIONS

__all__ = ["main"]

_ONLY_QUICK = f"""\
A quick run, to look at and not to quote: {QUICK.rounds} rounds, few messages, and {QUICK.million:,} in place of a million.

"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for, print it, and after a whole run write the page."""
    options = _parse(arguments)
    if options.render:
        write_page(read_book((options.folder / "performance.json").read_text("utf-8")), options.folder)
        return 0
    names = options.only or list(SECTIONS)
    with gateway() as served, Workers() as workers:
        bench = Bench(served, workers, QUICK if options.quick else FULL)
        for name in names:
            begun = time.perf_counter()
            SECTIONS[name](bench)
            bench.say(f"{name}: {time.perf_counter() - begun:.0f} s in all")
    book = Book(bench.profile.name, facts(), bench.records)
    print(_in_the_terminal(book))
    if options.page or (bench.profile.is_full and not options.only):
        write_page(book, options.folder)
    return 0


def _in_the_terminal(book: Book) -> str:
    made = pieces(book)
    measured = {record.cell.section for record in book.records}
    shown = [(title, made[name]) for name, (section, title) in TITLES.items() if section in measured]
    held = goals_table(goal for goal in goals(book) if goal.found is not None)
    parts = [*shown, ("The goals", held), ("The machine", made["machine"])]
    remark = "" if book.profile == FULL.name else _ONLY_QUICK
    return remark + "\n\n".join(f"{title}\n\n{piece}" for title, piece in parts)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--quick", action="store_true", help="a minute or two, to look at; prints, and writes nothing")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="measure this part; may be given repeatedly")
    parser.add_argument(
        "--page", action="store_true", help="write the page even so, with gaps where nothing was measured"
    )
    parser.add_argument("--render", action="store_true", help="measure nothing; write the page from performance.json")
    parser.add_argument("--folder", type=Path, default=DOCS, help="where the page is (%(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

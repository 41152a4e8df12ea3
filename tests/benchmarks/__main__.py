"""Run the benchmarks and write the page: `python -m tests.benchmarks [--quick] [--only SECTION]`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.goals import goals, goals_table
from tests.benchmarks.machine import facts
from tests.benchmarks.measured import Results, read_results
from tests.benchmarks.page import DOCS, README, write_page
from tests.benchmarks.plan import FULL, QUICK, Bench
from tests.benchmarks.processes import Workers, gateway
from tests.benchmarks.report import TITLES, pieces
from tests.benchmarks.sections import QUICK_SECTIONS, SECTIONS

__all__ = ["main"]

_ONLY_QUICK = f"""\
A quick run, not for quoting: one round, few messages, and {QUICK.million:,} instead of a million.

"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sections, print the tables, and after a full run write the page."""
    options = _parse(arguments)
    if options.render:
        write_page(
            read_results((options.folder / "performance.json").read_text("utf-8")), options.folder, options.readme
        )
        return 0
    names = options.only or (QUICK_SECTIONS if options.quick else list(SECTIONS))
    machine = facts(datetime.now(UTC).date())  # before the run, which is a load of its own
    with gateway() as served, Workers() as workers:
        bench = Bench(served, workers, QUICK if options.quick else FULL)
        for name in names:
            begun = time.perf_counter()
            SECTIONS[name](bench)
            bench.log(f"{name}: {time.perf_counter() - begun:.0f} s in total")
    results = Results(bench.profile.name, machine, bench.records)
    print(_terminal_text(results))
    if options.page or (bench.profile.is_full and not options.only):
        write_page(results, options.folder, options.readme)
    return 0


def _terminal_text(results: Results) -> str:
    tables = pieces(results)
    measured = {record.cell.section for record in results.records}
    shown = [(title, tables[name]) for name, (section, title) in TITLES.items() if section in measured]
    measured_goals = goals_table(goal for goal in goals(results) if goal.measured is not None)
    parts = [*shown, ("Goals", measured_goals), ("Machine", tables["machine"])]
    remark = "" if results.profile == FULL.name else _ONLY_QUICK
    return remark + "\n\n".join(f"{title}\n\n{text}" for title, text in parts)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=(__doc__ or "").partition(":")[0])
    parser.add_argument(
        "--quick",
        action="store_true",
        help="measure the main sections in less than a minute; print the tables, write nothing",
    )
    parser.add_argument("--only", action="append", choices=SECTIONS, help="measure this section; repeatable")
    parser.add_argument(
        "--page", action="store_true", help="write the page after any run, with gaps where nothing was measured"
    )
    parser.add_argument("--render", action="store_true", help="measure nothing; write the page from performance.json")
    parser.add_argument("--folder", type=Path, default=DOCS, help="the page's folder (%(default)s)")
    parser.add_argument("--readme", type=Path, default=README, help="the file whose table is rewritten (%(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

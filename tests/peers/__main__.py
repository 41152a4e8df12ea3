"""Run the same events with every peer, and write the page: `python -m tests.peers --site FOLDER`.

`FOLDER` is the folder of the installed peers (`pip install --target`); `nox -s peers` does both.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path

import attrs

from tests.peers.facts import facts_of_all
from tests.peers.job import Record, Results, read, write_results
from tests.peers.page import DOCS, README, write_page
from tests.peers.peers import PEERS, VARIANTS
from tests.peers.runner import run_all
from tests.peers.tables import pieces
from tests.support.run_facts import run_facts

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the events, print the tables, and after a full run write the page."""
    options = _parse(arguments)
    if options.render:
        write_page(
            read(Results, (options.folder / "comparison.json").read_text("utf-8")), options.folder, options.readme
        )
        return 0
    only = options.only and {name for name in PEERS | VARIANTS if name.partition(",")[0] in options.only}
    records = [_rounded(record) for record in run_all(_log, options.site, only or PEERS | VARIANTS)]
    today = dt.datetime.now(dt.UTC).date()
    results = Results(today.isoformat(), run_facts(today), facts_of_all(options.site), records)
    if options.json:
        options.json.write_text(write_results(results), encoding="utf-8")
    print("\n\n".join(f"{name}\n\n{table}" for name, table in pieces(results).items()))
    if not only:
        write_page(results, options.folder, options.readme)
    return 0


def _rounded(record: Record) -> Record:
    return attrs.evolve(record, seconds=round(record.seconds, 3))


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.peers", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--site", default="", help="the folder of the installed peers")
    parser.add_argument(
        "--only", action="append", choices=PEERS, help="run this peer only; print the tables, write no page"
    )
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    parser.add_argument("--render", action="store_true", help="run nothing; write the page from comparison.json")
    parser.add_argument("--folder", type=Path, default=DOCS, help="the page's folder (%(default)s)")
    parser.add_argument(
        "--readme", type=Path, default=README, help="the file for the summary table, between its markers"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

"""Play the same events to every peer, and write the page about it: `python -m tests.peers --site FOLDER`.

`FOLDER` is where the peers were installed (`pip install --target`); `nox -s peers` does both.
"""

from __future__ import annotations

import argparse
import datetime as dt
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

import attrs

from tests.peers.facts import facts_of_all
from tests.peers.job import Book, Record, read, write_book
from tests.peers.page import DOCS, README, write_page
from tests.peers.peers import PEERS, VARIANTS
from tests.peers.stage import play_all
from tests.peers.tables import pieces

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Play what was asked for, print the tables, and after a whole run write the page."""
    options = _parse(arguments)
    if options.render:
        write_page(read(Book, (options.folder / "comparison.json").read_text("utf-8")), options.folder, options.readme)
        return 0
    only = options.only and {name for name in PEERS | VARIANTS if name.partition(",")[0] in options.only}
    records = [_rounded(record) for record in play_all(_say, options.site, only or PEERS | VARIANTS)]
    machine = {"Python": platform.python_version(), "System": platform.system()}
    today = dt.datetime.now(dt.UTC).date().isoformat()
    book = Book(today, machine, facts_of_all(options.site), records)
    if options.json:
        options.json.write_text(write_book(book), encoding="utf-8")
    print("\n\n".join(f"{name}\n\n{table}" for name, table in pieces(book).items()))
    if not only:
        write_page(book, options.folder, options.readme)
    return 0


def _rounded(record: Record) -> Record:
    return attrs.evolve(record, seconds=round(record.seconds, 3))


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.peers", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--site", default="", help="the folder that the peers were installed into")
    parser.add_argument("--only", action="append", choices=PEERS, help="play to this one; prints, and writes no page")
    parser.add_argument("--json", type=Path, help="write what was found out into this file as well")
    parser.add_argument("--render", action="store_true", help="play nothing; write the page from comparison.json")
    parser.add_argument("--folder", type=Path, default=DOCS, help="where the page is (%(default)s)")
    parser.add_argument("--readme", type=Path, default=README, help="where the narrow table goes, between its markers")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

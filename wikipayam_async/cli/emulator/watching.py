"""Lists that a running emulator adds to: they are read page by page, and followed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from attrs import frozen

from wikipayam_async.cli.output import Output

__all__ = ["Listing", "show_all"]

INTERVAL = 0.5
"""Seconds between two looks at a list that is followed."""

T = TypeVar("T")


@frozen
class Listing(Generic[T]):
    """A list of a running emulator.

    Attributes:
        read: Reads the items after one (None is before the first), and whether there are more after them.
        columns: The headings of the table.
        cells: Returns the cells of an item.
    """

    read: Callable[[T | None], tuple[Sequence[T], bool]]
    columns: tuple[str, ...]
    cells: Callable[[T], tuple[str, ...]]


def show_all(out: Output, listing: Listing[T], *, follow: bool) -> None:
    """Show every item of a list: as a table, or with `--json` one per line.

    Args:
        out: The output.
        listing: The list.
        follow: Whether to wait for new items, until Ctrl-C or until the output is closed.
    """
    last, headed = None, True
    while True:
        found = list(_items_after(listing, last))
        if found or not follow:
            out.table(listing.columns, [listing.cells(item) for item in found], headed=headed)
            headed = False
        for item in found:
            out.emit(item)
            last = item
        if not follow or out.is_lost:
            return
        time.sleep(INTERVAL)


def _items_after(listing: Listing[T], last: T | None) -> Iterator[T]:
    more = True
    while more:
        items, more = listing.read(last)
        yield from items
        last = items[-1] if items else last

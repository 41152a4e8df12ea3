"""What is told of a file before the question: receivers that occur twice, and what is left out of it."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import repeat

from wikipayam_async.cli.bulk.files.table import Table
from wikipayam_async.cli.output import counted

__all__ = ["ReceiverCounter", "notes_of"]

_BITS = 16
_BUCKETS = (10**9 >> _BITS) + 1
"""Of the nine digits that differ between mobile numbers."""


class ReceiverCounter:
    """Counts messages to a receiver that already has one, in two bytes a message."""

    def __init__(self) -> None:
        self._buckets: list[array[int] | None] = list(repeat(None, _BUCKETS))

    def add(self, receiver: str) -> None:
        """Add the receiver of a message.

        Args:
            receiver: The number in the form `09…`.
        """
        number = int(receiver[2:])
        place = number >> _BITS
        bucket = self._buckets[place]
        if bucket is None:
            bucket = self._buckets[place] = array("H")
        bucket.append(number & (1 << _BITS) - 1)

    @property
    def repeated(self) -> int:
        """The number of messages whose receiver has an earlier one."""
        return sum(len(bucket) - len(set(bucket)) for bucket in self._buckets if bucket is not None)


def notes_of(table: Table, repeated: int) -> Iterator[str]:
    """Yield what is told before the question, a line each.

    Args:
        table: The table, whose rows were read.
        repeated: The number of messages whose receiver has an earlier one.
    """
    hidden = table.hidden
    if hidden.rows:
        yield f"{counted(hidden.rows, 'hidden or filtered row')} left out; --include-hidden reads them, too"
    if hidden.columns:
        yield f"{counted(len(hidden.columns), 'hidden column')} left out: {', '.join(hidden.columns)}"
    if hidden.sheets:
        yield f"not read: {counted(len(hidden.sheets), 'hidden sheet')} ({', '.join(hidden.sheets)}; see --sheet)"
    if table.other_sheets:
        yield f"not read: {counted(len(table.other_sheets), 'other sheet')} ({', '.join(table.other_sheets)}; see --sheet)"
    if repeated:
        whom = "a receiver that has an earlier one"
        yield f"{counted(repeated, 'message')} to {whom}; --dedupe receiver sends each receiver one message"

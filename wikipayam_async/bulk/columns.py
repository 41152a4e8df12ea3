"""The results of a bulk send in columns: a `SendResult` is made when it is looked at."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from itertools import chain, pairwise, repeat
from operator import attrgetter, eq
from typing import TypeAlias, final, overload

from wikipayam_async.bulk.results import SendResult
from wikipayam_async.messages.columns import MessageColumn
from wikipayam_async.outcomes import SendStatus

__all__ = ["AcceptedColumn", "GrowingResults", "ResultColumns", "statuses_of"]

_index_of = attrgetter("index")


@final
class AcceptedColumn(Sequence[SendResult]):
    """The results of the accepted messages of one request.

    Args:
        indexes: The index of each message in the input, rising.
        messages: The messages.
        track_ids: Their track ids.
        ids: The gateway's ids.
    """

    __slots__ = ("ids", "indexes", "messages", "track_ids")

    def __init__(
        self,
        indexes: Sequence[int],
        messages: MessageColumn,
        track_ids: Sequence[str],
        ids: Sequence[str | None],
    ) -> None:
        self.indexes = indexes
        self.messages = messages
        self.track_ids = track_ids
        self.ids = ids

    def __len__(self) -> int:
        return len(self.indexes)

    @overload
    def __getitem__(self, index: int) -> SendResult: ...

    @overload
    def __getitem__(self, index: slice) -> list[SendResult]: ...

    def __getitem__(self, index: int | slice) -> SendResult | list[SendResult]:
        if isinstance(index, slice):
            return [self[position] for position in range(len(self))[index]]
        message, track_id = self.messages[index], self.track_ids[index]
        return SendResult(self.indexes[index], message, SendStatus.ACCEPTED, self.ids[index], None, track_id)

    def __iter__(self) -> Iterator[SendResult]:
        statuses, errors = repeat(SendStatus.ACCEPTED), repeat(None)
        return map(SendResult, self.indexes, self.messages, statuses, self.ids, errors, self.track_ids)

    def __repr__(self) -> str:
        return f"<AcceptedColumn of {len(self):,} results>"


@final
class ResultColumns(Sequence[SendResult]):
    """Results in the order of their indexes: columns of accepted messages, and the single results of all others.

    Results are added to it while messages are sent; the order is made at the first look, or by `in_order`.

    Args:
        results: The first results.
    """

    __slots__ = ("_columns", "_first", "_is_arranged", "_numbers", "_singles", "_starts")

    def __init__(self, results: Iterable[SendResult] = ()) -> None:
        self._columns: list[AcceptedColumn] = []
        self._singles: list[SendResult] = []
        self._starts: list[int] = []
        self._numbers: list[int] = []
        self._first = 0
        self._is_arranged = False
        self.extend(results)

    def append(self, result: SendResult) -> None:
        """Add one result."""
        self._singles.append(result)
        self._is_arranged = False

    def extend(self, results: Iterable[SendResult]) -> None:
        """Add results."""
        if isinstance(results, AcceptedColumn):
            self._columns.append(results)
        elif isinstance(results, ResultColumns):
            self._columns += results.columns()
            self._singles += results.singles()
        else:
            self._singles.extend(results)
        self._is_arranged = False

    def sort(self, *, key: Callable[[SendResult], int]) -> None:
        """Do nothing: the order is that of the indexes, whatever was added when."""

    def statuses(self) -> list[SendStatus]:
        """Return the status of every result, in any order."""
        statuses = [SendStatus.ACCEPTED] * sum(map(len, self._columns))
        return statuses + [result.status for result in self._singles]

    def columns(self) -> list[AcceptedColumn]:
        """Return the columns."""
        return [*self._columns]

    def singles(self) -> list[SendResult]:
        """Return the results that are in no column: of all messages that were not accepted, and of some others."""
        return [*self._singles]

    def accepted_ids(self) -> list[str]:
        """Return the gateway's ids of the accepted messages, in order."""
        self._arrange()
        if self._singles:
            return [result.id for result in self if result.status is SendStatus.ACCEPTED and result.id]
        return [id_ for column in self._columns for id_ in column.ids if id_]

    def in_order(self) -> Sequence[SendResult]:
        """Return all results in the order of their indexes, in a list if there are no columns."""
        self._arrange()
        return self if self._columns else self._singles

    def __len__(self) -> int:
        return sum(map(len, self._columns)) + len(self._singles)

    @overload
    def __getitem__(self, index: int) -> SendResult: ...

    @overload
    def __getitem__(self, index: slice) -> list[SendResult]: ...

    def __getitem__(self, index: int | slice) -> SendResult | list[SendResult]:
        self._arrange()
        positions = range(len(self))[index]
        return self._at(positions) if isinstance(positions, int) else [self._at(position) for position in positions]

    def __iter__(self) -> Iterator[SendResult]:
        self._arrange()
        if not self._singles:
            return chain.from_iterable(self._columns)
        return merge(chain.from_iterable(self._columns), self._singles, key=_index_of)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, list | ResultColumns):
            return NotImplemented
        return len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment] # as for any list

    def __repr__(self) -> str:
        return f"<{len(self):,} results>"

    def _at(self, position: int) -> SendResult:
        if not self._columns:
            return self._singles[position]
        index = self._first + position
        among = bisect_left(self._numbers, index)
        if among < len(self._numbers) and self._numbers[among] == index:
            return self._singles[among]
        column = self._columns[bisect_right(self._starts, index) - 1]
        return column[bisect_left(column.indexes, index)]

    def _arrange(self) -> None:
        """Put columns and single results in order; make single results of all, if the columns overlap or indexes are left out."""
        if self._is_arranged:
            return
        columns = sorted(self._columns, key=_start_of)
        singles = sorted(self._singles, key=_index_of)
        if columns:
            first = min([columns[0].indexes[0], *(result.index for result in singles[:1])])
            last = max([columns[-1].indexes[-1], *(result.index for result in singles[-1:])])
            apart = all(one.indexes[-1] < following.indexes[0] for one, following in pairwise(columns))
            if not apart or last - first + 1 != len(self):
                singles = sorted(chain(singles, *columns), key=_index_of)
                columns = []
            self._first = first
        self._starts = list(map(_start_of, columns))
        self._numbers = list(map(_index_of, singles)) if columns else []
        self._columns, self._singles = columns, singles
        self._is_arranged = True


GrowingResults: TypeAlias = list[SendResult] | ResultColumns
"""Results that more are added to."""


def _start_of(column: AcceptedColumn) -> int:
    return column.indexes[0]


def statuses_of(results: Sequence[SendResult]) -> list[SendStatus]:
    """Return the status of every result, in any order, without making results of a column."""
    # `isinstance` of an abstract class is slow for what is no instance.
    return results.statuses() if type(results) is ResultColumns else [result.status for result in results]

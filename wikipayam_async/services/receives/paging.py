"""Reading a list to its end by pages, from a server that is not to be trusted with the arithmetic. The pager is pure."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

__all__ = ["MAX_PAGE", "Pager", "Pages"]

T = TypeVar("T")

MAX_PAGE = 500
"""The most items the gateway gives at once."""

_REMEMBERED = 100_000
_MOST_BARREN_PAGES = 3


class Pager(Generic[T]):
    """Decides which page to ask for next, and which of its items are new.

    The end is a page with nothing new. `total` is believed only where it promises more: then a barren page is asked
    for once again, and once more further on. Pages may be shorter than asked for, overlap, or repeat: nothing is given
    out twice (within the last 100,000 items) and nothing loops for ever. If the list grows at the front while it is
    read, what was read stands further on and is passed over. If it shrinks from the front, because the messages that
    came were marked as read, the reading starts again at the front.

    Attributes:
        offset: How many items to skip in the next request.
        limit: How many to ask for in the next request.
        done: Whether the end was reached.
    """

    def __init__(self, key: Callable[[T], Hashable], *, limit: int, offset: int = 0) -> None:
        self._key = key
        self._seen: dict[Hashable, None] = {}
        self._start = offset
        self._previous: list[Hashable] = []
        self._passed = 0
        self._barren = 0
        self._total = 0
        self._may_restart = True
        self.offset = offset
        self.limit = limit
        self.done = False

    def feed(self, items: Sequence[T], total: int | None) -> list[T]:
        """Take a page; return what is new on it.

        Args:
            items: The page's items.
            total: How many there are in all, as far as the gateway says.
        """
        keys = [self._key(item) for item in items]
        fresh = [item for item, key in zip(items, keys, strict=True) if self._remember(key)]
        shrunk = total is not None and total < self._total and self.offset > self._start and self._may_restart
        self._total = total or 0
        if fresh:
            self._barren = 0
            self._passed = 0
            self._may_restart = True
            self.offset += len(items)
        elif not shrunk:
            self._pass_over(keys)
        if shrunk:
            self._may_restart = bool(fresh)
            self._passed = 0
            self.offset = self._start
        self._previous = keys
        return fresh

    def _pass_over(self, keys: list[Hashable]) -> None:
        """Go on from a page with nothing new on it, or end."""
        came = len(keys)
        if came and keys != self._previous and self._passed + came <= len(self._seen):
            self._passed += came  # what was read may stand here again, but all of it only once
            self.offset += came
            return
        self._barren += 1
        promised = self._total > self.offset
        if self._barren >= _MOST_BARREN_PAGES or not (promised or came):
            self.done = True
        elif self._barren > 1:
            self.offset += came or self.limit

    def _remember(self, key: Hashable) -> bool:
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return True


class Pages(AsyncIterator[T]):
    """Reads page after page and gives out the items. It may be left at any point, since it holds nothing.

    It is no generator because trio warns of each of those that is not read to its end. One step that fails or is
    cancelled loses nothing either: the next asks for the same page again.

    Args:
        pager: Decides which page comes next.
        fetch: Reads a page, given its limit and offset; returns its items and how many there are in all.
    """

    def __init__(self, pager: Pager[T], fetch: Callable[[int, int], Awaitable[tuple[Sequence[T], int | None]]]) -> None:
        self._pager = pager
        self._fetch = fetch
        self._items: deque[T] = deque()

    async def __anext__(self) -> T:
        while not self._items:
            if self._pager.done:
                raise StopAsyncIteration
            items, total = await self._fetch(self._pager.limit, self._pager.offset)
            self._items.extend(self._pager.feed(items, total))
        return self._items.popleft()

    async def aclose(self) -> None:
        """End the iteration, for those who use `contextlib.aclosing`."""
        self._pager.done = True
        self._items.clear()

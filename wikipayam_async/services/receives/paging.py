"""Reading a list page by page to its end, without relying on the server's counts and offsets. The pager is pure."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Sequence
from types import TracebackType
from typing import ClassVar, Generic, TypeVar

from wikipayam_async.errors import ResponseError, ServerError
from wikipayam_async.misuse import AsyncIteration

__all__ = ["MAX_PAGE", "Pager", "Pages"]

T = TypeVar("T")

MAX_PAGE = 500
"""The gateway's maximum page size."""

_MAX_REMEMBERED = 100_000
_MAX_PAGES_WITHOUT_NEWS = 3
_MAX_UNREADABLE_PAGES = 100


class Pager(Generic[T]):
    """Decides which page to request next, and which of its items are new.

    The list ends at a page without new items. `total` matters only if it exceeds the offset: then that page is
    requested once more, and after it one page further on. Pages may be shorter than requested, overlap or repeat: no
    item is returned twice (within the last 100,000 items) and no loop is endless. If the list grows at the front while
    it is read, the items already read are skipped. If it shrinks from the front, because messages were marked as read,
    reading restarts at the front.

    Attributes:
        offset: The number of items to skip in the next request.
        limit: The number of items in the next request.
        unreadable: The number of unreadable entries of the next page that is fed.
        done: Whether the end was reached.
    """

    def __init__(self, key: Callable[[T], Hashable], *, limit: int, offset: int = 0) -> None:
        self._key = key
        self._seen: dict[Hashable, None] = {}
        self._start = offset
        self._previous: list[Hashable] = []
        self._skipped = 0
        self._pages_without_news = 0
        self._total = 0
        self._may_restart = True
        self._unreadable_pages = 0
        self.offset = offset
        self.limit = limit
        self.unreadable = 0
        self.done = False

    def feed(self, items: Sequence[T], total: int | None) -> list[T]:
        """Take a page; return its new items.

        Args:
            items: The page's items.
            total: The length of the list; None if the gateway omitted it.
        """
        unreadable, self.unreadable = self.unreadable, 0
        if unreadable and not items and self._unreadable_pages < _MAX_UNREADABLE_PAGES:
            self._unreadable_pages += 1
            self.offset += unreadable
            return []
        self._unreadable_pages = 0
        keys = [self._key(item) for item in items]
        new = [item for item, key in zip(items, keys, strict=True) if self._remember(key)]
        shrunk = total is not None and total < self._total and self.offset > self._start and self._may_restart
        self._total = total or 0
        if new:
            self._pages_without_news = 0
            self._skipped = 0
            self._may_restart = True
            self.offset += len(items) + unreadable
        elif not shrunk:
            self._skip(keys)
        if shrunk:
            self._may_restart = bool(new)
            self._skipped = 0
            self.offset = self._start
        self._previous = keys
        return new

    def step_over(self) -> None:
        """Go on behind a message that cannot be read."""
        self._pages_without_news = 0
        self.offset += 1

    def _skip(self, keys: list[Hashable]) -> None:
        """Move past a page without new items, or end."""
        count = len(keys)
        if count and keys != self._previous and self._skipped + count <= len(self._seen):
            self._skipped += count  # items already read may have moved here, but each of them only once
            self.offset += count
            return
        self._pages_without_news += 1
        more_expected = self._total > self.offset
        if self._pages_without_news >= _MAX_PAGES_WITHOUT_NEWS or not (more_expected or count):
            self.done = True
        elif self._pages_without_news > 1:
            self.offset += count or self.limit

    def _remember(self, key: Hashable) -> bool:
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > _MAX_REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return True


class Pages(AsyncIteration, AsyncGenerator[T, None]):
    """Yields the items of all pages. It may be abandoned at any point, since it holds no resources.

    It has the methods of an async generator, but is not one: trio warns about each async generator that is not exhausted.
    A step that fails or is cancelled loses nothing: the next step requests the same page again. If the error has an
    `offset`, it is about the one message there: the next step continues behind it.

    Args:
        pager: Decides which page to request next.
        fetch: Fetches a page, given its limit and offset; returns its items and the length of the list.
    """

    _usage: ClassVar[str] = (
        "messages are iterated with async for: async for message in client.receives.iter(): ...; "
        "for one page, write await client.receives.list()"
    )

    def __init__(self, pager: Pager[T], fetch: Callable[[int, int], Awaitable[tuple[Sequence[T], int | None]]]) -> None:
        self._pager = pager
        self._fetch = fetch
        self._items: deque[T] = deque()

    async def __anext__(self) -> T:
        while not self._items:
            if self._pager.done:
                raise StopAsyncIteration
            try:
                items, total = await self._fetch(self._pager.limit, self._pager.offset)
            except (ResponseError, ServerError) as error:
                if error.offset is not None:
                    self._pager.step_over()
                raise
            self._items.extend(self._pager.feed(items, total))
        return self._items.popleft()

    async def asend(self, value: None) -> T:
        """Return the next item, as `anext` does."""
        del value
        return await anext(self)

    async def athrow(
        self,
        typ: type[BaseException] | BaseException,
        val: BaseException | object = None,
        tb: TracebackType | None = None,
        /,
    ) -> T:
        """End the iteration and raise an exception."""
        await self.aclose()
        if isinstance(typ, BaseException):
            error = typ
        else:
            error = val if isinstance(val, BaseException) else typ() if val is None else typ(val)
        raise error.with_traceback(tb or error.__traceback__)

    async def aclose(self) -> None:
        """End the iteration, for `contextlib.aclosing`."""
        self._pager.done = True
        self._items.clear()

"""Reading around a message that cannot be read: smaller pages, down to the one message that makes a page fail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from wikipayam_async.errors import ResponseError, ServerError, WikipayamError
from wikipayam_async.services.base import FailureScope, failure_scope, is_transient

__all__ = ["SplittingReader"]

P = TypeVar("P")

_FACTOR = 4
_FAR = 1_000_000


class SplittingReader(Generic[P]):
    """Requests pages, and smaller ones where a page fails.

    A page may be unreadable because of one message: invalid UTF-8, a lone surrogate, or a text that the gateway itself
    cannot encode, so that it answers 500. Whether a failure is of that kind, the gateway is asked with a page far behind
    the end of the list, which contains no message.

    Args:
        fetch: Requests a page, given its limit and offset.
    """

    def __init__(self, fetch: Callable[[int, int], Awaitable[P]]) -> None:
        self._fetch = fetch
        self._size: int | None = None

    @property
    def is_splitting(self) -> bool:
        """Whether smaller pages are requested, because a page failed."""
        return self._size is not None

    async def read(self, limit: int, offset: int) -> P:
        """Return the page at an offset. It may be shorter than `limit`, as any page of the gateway.

        Raises:
            ResponseError: The page cannot be read. If one message is the reason, the error's `offset` is this offset.
            ServerError: The gateway failed; likewise.
        """
        while True:
            size = limit if self._size is None else min(limit, self._size)
            try:
                page = await self._fetch(size, offset)
            except (ResponseError, ServerError) as error:
                if failure_scope(error) is not FailureScope.UNCLEAR:
                    raise
                # Asked again at the end, too: the gateway may have failed altogether in the meantime.
                if (self._size is None or size == 1) and not await self._answers_otherwise(offset):
                    self._size = None
                    raise
                if size == 1:
                    self._size = 1
                    raise error.at_offset(offset) from None
                self._size = max(1, size // _FACTOR)
            else:
                if self._size is not None:
                    self._size = None if size == limit else size * _FACTOR
                return page

    async def _answers_otherwise(self, offset: int) -> bool:
        try:
            await self._fetch(1, offset + _FAR)
        except WikipayamError as error:
            if not is_transient(error):
                raise
            return False
        return True

"""Received messages: reading them, one page or all pages."""

from __future__ import annotations

import functools
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import tzinfo
from typing import TypeVar

from wikipayam_async.checks import check_id, check_number
from wikipayam_async.core.converter import JsonValue
from wikipayam_async.core.operation import Call, Operation, Replay
from wikipayam_async.dates import DateLike
from wikipayam_async.outcomes import HasId
from wikipayam_async.redact.sealed import SealedFields, seal
from wikipayam_async.services.base import Service, optional_timeout
from wikipayam_async.services.receives.answers import read_count, read_page, read_receive, read_unread_page
from wikipayam_async.services.receives.models import (
    ReceivedMessage,
    ReceivesPage,
    Statistics,
    UnreadPage,
    key_of,
)
from wikipayam_async.services.receives.paging import MAX_PAGE, Pager, Pages
from wikipayam_async.services.receives.queries import (
    ReadStatus,
    SortBy,
    SortOrder,
    filter_query,
    list_query,
    page_query,
)
from wikipayam_async.services.receives.splitting import SplittingReader

__all__ = ["InboxReading"]

logger = logging.getLogger("wikipayam_async")

P = TypeVar("P", ReceivesPage, UnreadPage)

_SHOWN_OFFSETS = 5

LIST = Operation("receives.list", "GET", "receives", Replay.READ)
UNREAD = Operation("receives.unread", "GET", "receives/unread", Replay.READ)
UNREAD_COUNT = Operation("receives.unread_count", "GET", "receives/unread/count", Replay.READ)
STATISTICS = Operation("receives.statistics", "GET", "receives/statistics", Replay.READ)
GET = Operation("receives.get", "GET", "receives/{id}", Replay.READ)


class InboxReading(Service):
    """The part of `client.receives` that reads: `GET /receives` and the endpoints below it."""

    async def list(
        self,
        *,
        limit: int = 20,
        offset: int = 0,
        status: ReadStatus = "all",
        sender: str | None = None,
        from_date: DateLike | None = None,
        to_date: DateLike | None = None,
        search: str | None = None,
        sort_by: SortBy | None = None,
        sort_order: SortOrder | None = None,
        timeout: float | None = None,
    ) -> ReceivesPage:
        """Return one page of received messages (`GET /receives`).

        Args:
            limit: The maximum number of messages; 1 to 500.
            offset: The number of messages to skip.
            status: `all`, `read` or `unread`.
            sender: Only messages from this number, in the gateway's format (`989127782175`) or as you know it.
            from_date: The first day: a date, `2024-01-31`, or `1403/01/15` with the extra `jalali`.
            to_date: The last day; not before `from_date`.
            search: Only messages whose text contains this.
            sort_by: `created_at`, `sender` or `message`.
            sort_order: `asc` or `desc`.
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid.
            APIStatusError: The gateway refused the request.
            APIConnectionError: The gateway could not be reached.
            ResponseError: The answer cannot be read.
        """
        number, text = seal(sender), seal(search)
        del sender, search  # keep them out of tracebacks that show locals
        query = list_query(status, number, from_date, to_date, text, sort_by, sort_order)
        return await self._list(query, limit, offset, timeout=timeout)

    def iter(
        self,
        *,
        status: ReadStatus = "all",
        sender: str | None = None,
        from_date: DateLike | None = None,
        to_date: DateLike | None = None,
        search: str | None = None,
        sort_by: SortBy | None = None,
        sort_order: SortOrder | None = None,
        page_size: int = 100,
        timeout: float | None = None,
    ) -> AsyncGenerator[ReceivedMessage, None]:
        """Yield all matching messages, page by page (`GET /receives`).

        Every message is yielded once, even if the gateway's pages are short, overlap or repeat, and even if messages
        are marked or deleted meanwhile. To process messages as they arrive, prefer `consume`.

        A message that cannot be read, or with which the gateway cannot answer, does not hide the others: those before it
        are yielded first, then an error is raised whose `offset` names it, and the iteration can be continued behind it.
        An entry that is no message, such as null, is skipped with a warning in the log.

        Args:
            status: As for `list`.
            sender: As for `list`.
            from_date: As for `list`.
            to_date: As for `list`.
            search: As for `list`.
            sort_by: As for `list`.
            sort_order: As for `list`.
            page_size: The number of messages per request; 1 to 500.
            timeout: Seconds for each attempt of each request; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid.
            APIStatusError: The gateway refused the request.
            APIConnectionError: The gateway could not be reached.
            ResponseError: The answer cannot be read. With an `offset`, continue behind it.
            ServerError: The gateway failed. With an `offset`, continue behind it.
        """
        number, text = seal(sender), seal(search)
        del sender, search  # keep them out of tracebacks that show locals
        query = list_query(status, number, from_date, to_date, text, sort_by, sort_order)
        fetch = functools.partial(self._list, query, timeout=optional_timeout(timeout))
        return _all_pages(fetch, lambda page: page.pagination.total, page_size, "receives.iter")

    async def unread(
        self,
        *,
        limit: int = 20,
        offset: int = 0,
        sender: str | None = None,
        from_date: DateLike | None = None,
        to_date: DateLike | None = None,
        timeout: float | None = None,
    ) -> UnreadPage:
        """Return one page of unread messages (`GET /receives/unread`). Reading does not mark them as read.

        Args:
            limit: As for `list`.
            offset: As for `list`.
            sender: As for `list`.
            from_date: As for `list`.
            to_date: As for `list`.
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid.
            APIStatusError: The gateway refused the request.
            APIConnectionError: The gateway could not be reached.
            ResponseError: The answer cannot be read.
        """
        number = seal(sender)
        del sender  # keep it out of tracebacks that show locals
        return await self._unread(filter_query(number, from_date, to_date), limit, offset, timeout=timeout)

    def iter_unread(
        self,
        *,
        sender: str | None = None,
        from_date: DateLike | None = None,
        to_date: DateLike | None = None,
        page_size: int = 100,
        timeout: float | None = None,
    ) -> AsyncGenerator[ReceivedMessage, None]:
        """Yield all unread messages, page by page (`GET /receives/unread`). See `iter`.

        Args:
            sender: As for `list`.
            from_date: As for `list`.
            to_date: As for `list`.
            page_size: The number of messages per request; 1 to 500.
            timeout: Seconds for each attempt of each request; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid.
            APIStatusError: The gateway refused the request.
            APIConnectionError: The gateway could not be reached.
            ResponseError: The answer cannot be read. With an `offset`, continue behind it.
            ServerError: The gateway failed. With an `offset`, continue behind it.
        """
        number = seal(sender)
        del sender  # keep it out of tracebacks that show locals
        query = filter_query(number, from_date, to_date)
        fetch = functools.partial(self._unread, query, timeout=optional_timeout(timeout))
        return _all_pages(fetch, lambda page: page.total_unread, page_size, "receives.iter_unread")

    async def unread_count(self, *, timeout: float | None = None) -> int:
        """Return the number of unread messages (`GET /receives/unread/count`).

        Args:
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            APIStatusError: The gateway refused the request.
            APIConnectionError: The gateway could not be reached.
            ResponseError: The answer cannot be read.
        """
        return await self._pipeline.run(Call(operation=UNREAD_COUNT, read=read_count, timeout=timeout))

    async def statistics(
        self, from_date: DateLike | None = None, to_date: DateLike | None = None, *, timeout: float | None = None
    ) -> Statistics:
        """Return statistics about received messages (`GET /receives/statistics`). Their keys are undocumented.

        Args:
            from_date: As for `list`.
            to_date: As for `list`.
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid.
            ConfigurationError: A Jalali date was given without the extra `jalali`.
        """
        query = filter_query(None, from_date, to_date)
        return await self._pipeline.run(Call(operation=STATISTICS, read=Statistics, query=query, timeout=timeout))

    async def get(self, id: str | HasId, *, timeout: float | None = None) -> ReceivedMessage:  # noqa: A002 - the gateway's name for it
        """Return one message (`GET /receives/{id}`). The answer is undocumented; a message is expected.

        Args:
            id: The message's id, or an object with an id, such as a `ReceivedMessage`.
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            InvalidInputError: `id` is not a valid id, or the object has none.
            NotFoundError: There is no such message.
        """
        asked = check_id(id)
        read = functools.partial(read_receive, zone=self._options.timezone, asked=asked)
        return await self._pipeline.run(Call(operation=GET, path=f"receives/{asked}", read=read, timeout=timeout))

    async def _list(self, query: SealedFields, limit: int, offset: int, *, timeout: float | None) -> ReceivesPage:
        return await self._page(LIST, read_page, query.after(page_query(limit, offset)), timeout)

    async def _unread(self, query: SealedFields, limit: int, offset: int, *, timeout: float | None) -> UnreadPage:
        return await self._page(UNREAD, read_unread_page, query.after(page_query(limit, offset)), timeout)

    async def _page(
        self,
        operation: Operation,
        read: Callable[[JsonValue, tzinfo | None], P],
        query: SealedFields,
        timeout: float | None,
    ) -> P:
        return await self._pipeline.run(
            Call(
                operation=operation,
                read=lambda data: read(data, self._options.timezone),
                query=query,
                timeout=timeout,
            )
        )


def _all_pages(
    fetch: Callable[[int, int], Awaitable[P]], total_of: Callable[[P], int | None], page_size: int, name: str
) -> Pages[ReceivedMessage]:
    pager = Pager(key_of, limit=check_number(page_size, field="page_size", minimum=1, maximum=MAX_PAGE))
    reader = SplittingReader(fetch)

    async def fetch_items(limit: int, offset: int) -> tuple[Sequence[ReceivedMessage], int | None]:
        page = await reader.read(limit, offset)
        pager.unreadable = len(page.unreadable)
        if page.unreadable:
            offsets = ", ".join(str(offset + position) for position in page.unreadable[:_SHOWN_OFFSETS])
            logger.warning("%s: skipped %d entries that are no messages, at offset %s", name, pager.unreadable, offsets)
        return page.receives, total_of(page)

    return Pages(pager, fetch_items)

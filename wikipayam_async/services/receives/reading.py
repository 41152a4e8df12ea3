"""Received messages: reading them, page by page or all of them."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Mapping, Sequence

from wikipayam_async.checks import check_id, check_number
from wikipayam_async.core.operation import Call, Operation, Replay
from wikipayam_async.dates import DateLike
from wikipayam_async.redact.sealed import SealedFields, seal
from wikipayam_async.services.base import Service
from wikipayam_async.services.receives.models import (
    Receive,
    ReceivesPage,
    Statistics,
    UnreadPage,
    key_of,
    read_count,
    read_page,
    read_receive,
    read_unread_page,
)
from wikipayam_async.services.receives.paging import MAX_PAGE, Pager, Pages
from wikipayam_async.services.receives.queries import SortBy, SortOrder, Status, filter_query, list_query, page_query

__all__ = ["InboxReading"]

LIST = Operation("receives.list", "GET", "receives", Replay.READ)
UNREAD = Operation("receives.unread", "GET", "receives/unread", Replay.READ)
UNREAD_COUNT = Operation("receives.unread_count", "GET", "receives/unread/count", Replay.READ)
STATISTICS = Operation("receives.statistics", "GET", "receives/statistics", Replay.READ)
GET = Operation("receives.get", "GET", "receives/{id}", Replay.READ)


class InboxReading(Service):
    """What `client.receives` reads: `GET /receives` and all below it."""

    async def list(
        self,
        limit: int = 20,
        offset: int = 0,
        status: Status = "all",
        sender: str | None = None,
        from_date: DateLike | None = None,
        to_date: DateLike | None = None,
        search: str | None = None,
        sort_by: SortBy | None = None,
        sort_order: SortOrder | None = None,
    ) -> ReceivesPage:
        """Return one page of received messages (`GET /receives`).

        Args:
            limit: How many; 1 to 500.
            offset: How many to skip.
            status: `all`, `read` or `unread`.
            sender: Only from this number, written as the gateway does (`989127782175`) or as you know it.
            from_date: Only from this day on: a date, `2024-01-31`, or `1403/01/15` with the extra `jalali`.
            to_date: Only until this day, which is not before `from_date`.
            search: Only with this in the text.
            sort_by: `created_at`, `sender` or `message`.
            sort_order: `asc` or `desc`.

        Raises:
            InvalidInputError: An argument breaks a rule.
            APIStatusError: The gateway refused the call.
            APIConnectionError: It could not be reached.
            ResponseError: Its answer cannot be read.
        """
        sender, search = seal(sender), seal(search)
        query = list_query(status, sender, from_date, to_date, search, sort_by, sort_order)
        return await self._list(query, limit, offset)

    def iter(
        self,
        status: Status = "all",
        sender: str | None = None,
        from_date: DateLike | None = None,
        to_date: DateLike | None = None,
        search: str | None = None,
        sort_by: SortBy | None = None,
        sort_order: SortOrder | None = None,
        *,
        page_size: int = 100,
    ) -> AsyncIterator[Receive]:
        """Yield all received messages that fit, page by page (`GET /receives`).

        Every message comes once, even if the gateway's pages are short, overlap or repeat, and even if messages are
        marked or deleted meanwhile. To act on messages as they come, `consume` is the safer way.

        Args:
            status: As for `list`.
            sender: As for `list`.
            from_date: As for `list`.
            to_date: As for `list`.
            search: As for `list`.
            sort_by: As for `list`.
            sort_order: As for `list`.
            page_size: How many to ask for at once; 1 to 500.

        Raises:
            InvalidInputError: An argument breaks a rule.
            APIStatusError: The gateway refused the call.
            APIConnectionError: It could not be reached.
            ResponseError: Its answer cannot be read.
        """
        sender, search = seal(sender), seal(search)
        query = list_query(status, sender, from_date, to_date, search, sort_by, sort_order)
        pager = Pager(key_of, limit=check_number(page_size, field="page_size", minimum=1, maximum=MAX_PAGE))

        async def fetch(limit: int, offset: int) -> tuple[Sequence[Receive], int | None]:
            page = await self._list(query, limit, offset)
            return page.receives, page.pagination.total

        return Pages(pager, fetch)

    async def unread(
        self,
        limit: int = 20,
        offset: int = 0,
        sender: str | None = None,
        from_date: DateLike | None = None,
        to_date: DateLike | None = None,
    ) -> UnreadPage:
        """Return one page of unread messages (`GET /receives/unread`). Reading them does not mark them.

        Args:
            limit: How many; 1 to 500.
            offset: How many to skip.
            sender: Only from this number.
            from_date: Only from this day on: a date, `2024-01-31`, or `1403/01/15` with the extra `jalali`.
            to_date: Only until this day, which is not before `from_date`.

        Raises:
            InvalidInputError: An argument breaks a rule.
            APIStatusError: The gateway refused the call.
            APIConnectionError: It could not be reached.
            ResponseError: Its answer cannot be read.
        """
        sender = seal(sender)
        return await self._unread(filter_query(sender, from_date, to_date), limit, offset)

    def iter_unread(
        self,
        sender: str | None = None,
        from_date: DateLike | None = None,
        to_date: DateLike | None = None,
        *,
        page_size: int = 100,
    ) -> AsyncIterator[Receive]:
        """Yield all unread messages, page by page (`GET /receives/unread`). See `iter`.

        Args:
            sender: Only from this number.
            from_date: Only from this day on: a date, `2024-01-31`, or `1403/01/15` with the extra `jalali`.
            to_date: Only until this day, which is not before `from_date`.
            page_size: How many to ask for at once; 1 to 500.

        Raises:
            InvalidInputError: An argument breaks a rule.
            APIStatusError: The gateway refused the call.
            APIConnectionError: It could not be reached.
            ResponseError: Its answer cannot be read.
        """
        sender = seal(sender)
        query = filter_query(sender, from_date, to_date)
        pager = Pager(key_of, limit=check_number(page_size, field="page_size", minimum=1, maximum=MAX_PAGE))

        async def fetch(limit: int, offset: int) -> tuple[Sequence[Receive], int | None]:
            page = await self._unread(query, limit, offset)
            return page.receives, page.total_unread

        return Pages(pager, fetch)

    async def unread_count(self) -> int:
        """Return how many messages are unread (`GET /receives/unread/count`)."""
        return await self._pipeline.run(Call(operation=UNREAD_COUNT, read=read_count))

    async def statistics(self, from_date: DateLike | None = None, to_date: DateLike | None = None) -> Statistics:
        """Return figures about received messages (`GET /receives/statistics`). The gateway does not document which.

        Args:
            from_date: From this day on: a date, `2024-01-31`, or `1403/01/15` with the extra `jalali`.
            to_date: Until this day, which is not before `from_date`.

        Raises:
            InvalidInputError: A date breaks a rule.
            ConfigurationError: A Jalali date was given without the extra `jalali`.
        """
        query = filter_query(None, from_date, to_date)
        return await self._pipeline.run(Call(operation=STATISTICS, read=Statistics, query=query))

    async def get(self, id: str) -> Receive:  # noqa: A002 - the gateway's own word
        """Return one message (`GET /receives/{id}`). The gateway does not document the answer; a message is expected.

        Args:
            id: The message's id.

        Raises:
            InvalidInputError: It cannot be an id.
            NotFoundError: There is no such message.
        """
        path = f"receives/{check_id(id)}"
        read = functools.partial(read_receive, zone=self._options.timezone, asked=id)
        return await self._pipeline.run(Call(operation=GET, path=path, read=read))

    async def _list(self, query: Mapping[str, str], limit: int, offset: int) -> ReceivesPage:
        read = functools.partial(read_page, zone=self._options.timezone)
        return await self._pipeline.run(
            Call(operation=LIST, read=read, query=SealedFields({**page_query(limit, offset), **query}))
        )

    async def _unread(self, query: Mapping[str, str], limit: int, offset: int) -> UnreadPage:
        read = functools.partial(read_unread_page, zone=self._options.timezone)
        return await self._pipeline.run(
            Call(operation=UNREAD, read=read, query=SealedFields({**page_query(limit, offset), **query}))
        )

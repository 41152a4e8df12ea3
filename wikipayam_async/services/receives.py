"""Received messages: list, read, mark, delete, and hand to a handler as they come."""

from __future__ import annotations

import builtins
import functools
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

from wikipayam_async.core.converter import encode_json, to_mapping, to_model
from wikipayam_async.core.operation import Call, Operation
from wikipayam_async.core.redact import SealedBytes, SealedFields, seal
from wikipayam_async.core.retry import Replay
from wikipayam_async.dates import DateLike
from wikipayam_async.services.base import Service, check_id, check_ids, check_number, chunked
from wikipayam_async.services.consumer import Consumer, ErrorHandler, Handler
from wikipayam_async.services.filters import SortBy, SortOrder, Status, filter_query, list_query, page_query
from wikipayam_async.services.inbound import (
    DeleteResult,
    MarkReadResult,
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
from wikipayam_async.services.paging import MAX_PAGE, Pager, Pages
from wikipayam_async.services.worker import InboundWorker, WorkerOptions

__all__ = ["ReceivesService"]

_IDS_A_REQUEST = 500

LIST = Operation("receives.list", "GET", "receives", Replay.READ)
UNREAD = Operation("receives.unread", "GET", "receives/unread", Replay.READ)
UNREAD_COUNT = Operation("receives.unread_count", "GET", "receives/unread/count", Replay.READ)
STATISTICS = Operation("receives.statistics", "GET", "receives/statistics", Replay.READ)
GET = Operation("receives.get", "GET", "receives/{id}", Replay.READ)
MARK_READ = Operation("receives.mark_read", "POST", "receives/mark-read", Replay.IDEMPOTENT)
DELETE = Operation("receives.delete", "DELETE", "receives", Replay.IDEMPOTENT)


class ReceivesService(Service):
    """`client.receives`: everything under `/receives`."""

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
        pager = Pager(key_of, limit=check_number(page_size, field="page_size", least=1, most=MAX_PAGE))

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
        pager = Pager(key_of, limit=check_number(page_size, field="page_size", least=1, most=MAX_PAGE))

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

    async def mark_read(self, ids: str | Iterable[str]) -> MarkReadResult:
        """Mark messages as read (`POST /receives/mark-read`), in requests of at most 500.

        Args:
            ids: One id or many. None at all is no request.

        Raises:
            InvalidInputError: Something in it cannot be an id.
        """
        results = [await self._mark({"receive_ids": part}) for part in chunked(check_ids(ids), _IDS_A_REQUEST)]
        return MarkReadResult(
            marked_count=_sum(result.marked_count for result in results),
            requested_count=_sum(result.requested_count for result in results),
            extra=results[0].extra if len(results) == 1 else {},
        )

    async def mark_all_read(self) -> MarkReadResult:
        """Mark every message as read (`POST /receives/mark-read`). The gateway does not document the answer."""
        return await self._mark({"mark_all": True})

    async def delete(self, ids: str | Iterable[str]) -> DeleteResult:
        """Delete messages (`DELETE /receives`), in requests of at most 500.

        Args:
            ids: One id or many. None at all is no request.

        Raises:
            InvalidInputError: Something in it cannot be an id.
        """
        results = [await self._delete({"receive_ids": part}) for part in chunked(check_ids(ids), _IDS_A_REQUEST)]
        return DeleteResult(
            deleted_count=_sum(result.deleted_count for result in results),
            requested_count=_sum(result.requested_count for result in results),
            message=results[0].message if len(results) == 1 else None,
            extra=results[0].extra if len(results) == 1 else {},
        )

    async def delete_all_read(self) -> DeleteResult:
        """Delete every message that was read (`DELETE /receives`)."""
        return await self._delete({"delete_all_read": True})

    async def delete_all_unread(self) -> DeleteResult:
        """Delete every message that was not read (`DELETE /receives`). The gateway does not document the answer."""
        return await self._delete({"delete_all_unread": True})

    async def delete_older_than(self, days: int) -> DeleteResult:
        """Delete messages older than so many days (`DELETE /receives`). The gateway does not document the answer.

        Args:
            days: At least 1.

        Raises:
            InvalidInputError: It is no whole number, or below 1.
        """
        return await self._delete({"delete_older_than_days": check_number(days, field="days", least=1)})

    async def consume(
        self,
        handler: Handler,
        poll_interval: float = 5.0,
        *,
        concurrency: int = 1,
        on_error: ErrorHandler | None = None,
        sender: str | None = None,
    ) -> None:
        """Hand every unread message to a handler as they come, until cancelled (`GET /receives/unread`).

        A message is marked as read only after its handler returned. One whose handler raised stays unread, goes to
        `on_error`, and is tried again after a growing pause. Every message is handed over at least once; in the rare
        case that marking fails and the process ends, it comes again. One consumer a line is enough: two would hand over
        every message twice.

        Args:
            handler: Called with each `Receive`; may be async.
            poll_interval: Seconds between two looks at an empty inbox.
            concurrency: How many handlers may run at once.
            on_error: Called with the message and the exception when a handler raises; may be async. By default the
                failure is logged, without the text. If it raises, consuming ends.
            sender: Only messages from this number.

        Raises:
            InvalidInputError: An argument breaks a rule.
            AuthenticationError: The token is wrong; so for every refusal that waiting does not mend. While the gateway
                cannot be reached, or fails, the consumer waits and goes on.
        """
        sender = seal(sender)
        await Consumer(
            fetch=functools.partial(self._unread, filter_query(sender, None, None)),
            mark=self.mark_read,
            handler=handler,
            on_error=on_error,
            poll_interval=poll_interval,
            concurrency=concurrency,
        ).run()

    def worker(
        self,
        handler: Handler,
        *,
        poll_interval: float = 5.0,
        concurrency: int = 1,
        on_error: ErrorHandler | None = None,
        sender: str | None = None,
        stop_timeout: float = 10.0,
        name: str = "inbound",
    ) -> InboundWorker:
        """Hand messages over like `consume`, for as long as a service runs (`GET /receives/unread`).

        Use it as `async with client.receives.worker(handle) as worker`, or run `await worker.run()` in a task of your own.
        What ends `consume` does not end it: it begins again after a pause. One for each deployment: two would hand over
        every message twice.

        Args:
            handler: Called with each `Receive`; may be async.
            poll_interval: Seconds between two looks at an empty inbox.
            concurrency: How many handlers may run at once.
            on_error: Called with the message and the exception when a handler raises; may be async. By default the
                failure is logged, without the text.
            sender: Only messages from this number.
            stop_timeout: How many seconds a handler that is under way is given to finish when the worker is stopped.
            name: Stands in the log.

        Raises:
            InvalidInputError: An argument breaks a rule.
        """
        sender = seal(sender)
        options = WorkerOptions(
            handler=handler,
            on_error=on_error,
            poll_interval=poll_interval,
            concurrency=concurrency,
            stop_timeout=stop_timeout,
            name=name,
        )
        return InboundWorker(functools.partial(self._unread, filter_query(sender, None, None)), self.mark_read, options)

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

    async def _mark(self, body: Mapping[str, object]) -> MarkReadResult:
        return await self._pipeline.run(
            Call(
                operation=MARK_READ,
                read=lambda data: to_model(to_mapping(data), MarkReadResult),
                body=SealedBytes(encode_json(body)),
            )
        )

    async def _delete(self, body: Mapping[str, object]) -> DeleteResult:
        return await self._pipeline.run(
            Call(
                operation=DELETE,
                read=lambda data: to_model(to_mapping(data), DeleteResult),
                body=SealedBytes(encode_json(body)),
            )
        )


def _sum(counts: Iterable[int | None]) -> int | None:
    """Add up what was said; None if nothing was."""
    known: builtins.list[int] = [count for count in counts if count is not None]
    return sum(known) if known else None

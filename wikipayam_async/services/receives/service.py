"""Received messages: marking, deleting and consuming them."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Iterable
from typing import TypeVar

from wikipayam_async.checks import check_ids, check_number
from wikipayam_async.core.converter import encode_json, to_mapping, to_model
from wikipayam_async.core.operation import Call, Operation, Replay
from wikipayam_async.outcomes import Ids
from wikipayam_async.publish import publish
from wikipayam_async.redact.sealed import Sealed, SealedBytes, seal
from wikipayam_async.services.base import chunked, optional_timeout
from wikipayam_async.services.raw import with_raw_response
from wikipayam_async.services.receives.consumer import Consumer, MessageErrorHandler, MessageHandler
from wikipayam_async.services.receives.handled import HandledMessages
from wikipayam_async.services.receives.models import DeleteResult, MarkReadResult
from wikipayam_async.services.receives.queries import filter_query
from wikipayam_async.services.receives.reading import InboxReading
from wikipayam_async.services.receives.scanning import Fetch
from wikipayam_async.services.receives.worker import InboundWorker, WorkerOptions

__all__ = ["ReceivesService"]

T = TypeVar("T")

_IDS_PER_REQUEST = 500

MARK_READ = Operation("receives.mark_read", "POST", "receives/mark-read", Replay.IDEMPOTENT, needs_content=False)
DELETE = Operation("receives.delete", "DELETE", "receives", Replay.IDEMPOTENT, needs_content=False)


class ReceivesService(InboxReading):
    """`client.receives`: all endpoints under `/receives`."""

    @property
    def with_raw_response(self) -> ReceivesServiceWithRawResponse:
        """The same methods, returning the status and the headers of the response beside the value."""
        return ReceivesServiceWithRawResponse(self)

    async def mark_read(self, ids: Ids, *, timeout: float | None = None) -> MarkReadResult:
        """Mark messages as read (`POST /receives/mark-read`), in requests of at most 500 ids.

        Args:
            ids: One id or many; or objects with an id, such as a `ReceivedMessage`, and pages of them. An empty iterable
                sends no request.
            timeout: Seconds for each attempt of each request; the client's if None.

        Raises:
            InvalidInputError: A value is not a valid id, or an object has none.
        """
        chunks = chunked(check_ids(ids), _IDS_PER_REQUEST)
        results = [await self._modify(MARK_READ, MarkReadResult, timeout, receive_ids=chunk) for chunk in chunks]
        return MarkReadResult(
            marked_count=_sum(result.marked_count for result in results),
            requested_count=_sum(result.requested_count for result in results),
            extra=results[0].extra if len(results) == 1 else {},
        )

    async def mark_all_read(self, *, timeout: float | None = None) -> MarkReadResult:
        """Mark every message as read (`POST /receives/mark-read`). The gateway does not document the answer.

        Args:
            timeout: Seconds for each attempt; the client's if None.
        """
        return await self._modify(MARK_READ, MarkReadResult, timeout, mark_all=True)

    async def delete(self, ids: Ids, *, timeout: float | None = None) -> DeleteResult:
        """Delete messages (`DELETE /receives`), in requests of at most 500 ids.

        Args:
            ids: One id or many; or objects with an id, such as a `ReceivedMessage`, and pages of them. An empty iterable
                sends no request.
            timeout: Seconds for each attempt of each request; the client's if None.

        Raises:
            InvalidInputError: A value is not a valid id, or an object has none.
        """
        chunks = chunked(check_ids(ids), _IDS_PER_REQUEST)
        results = [await self._modify(DELETE, DeleteResult, timeout, receive_ids=chunk) for chunk in chunks]
        return DeleteResult(
            deleted_count=_sum(result.deleted_count for result in results),
            requested_count=_sum(result.requested_count for result in results),
            message=results[0].message if len(results) == 1 else None,
            extra=results[0].extra if len(results) == 1 else {},
        )

    async def delete_all_read(self, *, timeout: float | None = None) -> DeleteResult:
        """Delete all read messages (`DELETE /receives`).

        Args:
            timeout: Seconds for each attempt; the client's if None.
        """
        return await self._modify(DELETE, DeleteResult, timeout, delete_all_read=True)

    async def delete_all_unread(self, *, timeout: float | None = None) -> DeleteResult:
        """Delete all unread messages (`DELETE /receives`). The gateway does not document the answer.

        Args:
            timeout: Seconds for each attempt; the client's if None.
        """
        return await self._modify(DELETE, DeleteResult, timeout, delete_all_unread=True)

    async def delete_older_than(self, days: int, *, timeout: float | None = None) -> DeleteResult:
        """Delete messages older than `days` days (`DELETE /receives`). The gateway does not document the answer.

        Args:
            days: At least 1.
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            InvalidInputError: `days` is not a whole number, or below 1; or `timeout` is invalid.
        """
        days = check_number(days, field="days", minimum=1)
        return await self._modify(DELETE, DeleteResult, timeout, delete_older_than_days=days)

    async def consume(
        self,
        handler: MessageHandler,
        *,
        poll_interval: float = 5.0,
        concurrency: int = 1,
        on_error: MessageErrorHandler | None = None,
        sender: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Call a handler with every unread message as it arrives, until cancelled (`GET /receives/unread`).

        A message is marked as read only after its handler returned. If the handler raises, the message stays unread, is
        passed to `on_error`, and is handled again after a growing delay. Delivery is at least once: if marking fails
        and the process ends, the message is handled again. Run one consumer per line: two processes would handle every
        message twice.

        A message that was handled is never handled again by this client, whatever the gateway lists as unread: not by a
        second `consume` either, nor by a client made with `with_options`. It is marked again after growing pauses. A
        message that the gateway refuses to mark, or that cannot be read, delays no other; it is named in the log, and
        tried again now and then.

        Args:
            handler: Called with each `ReceivedMessage`; may be async.
            poll_interval: Seconds between polls of an empty inbox; at least 0.1 is waited.
            concurrency: The maximum number of concurrent handlers.
            on_error: Called with the message and the exception when a handler raises; may be async. By default the
                failure is logged, without the text. If it raises, `consume` raises that exception.
            sender: Only messages from this number.
            timeout: Seconds for each attempt of each request; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid.
            AuthenticationError: The token is wrong. The same holds for every refusal of a poll, and of a marking with
                401, 402 or 403; while the gateway cannot be reached, or fails, the consumer waits and polls again.
        """
        number = seal(sender)
        del sender  # keep it out of tracebacks that show locals
        await Consumer(
            fetch=self._fetch_from(number, timeout),
            mark_read=functools.partial(self.mark_read, timeout=timeout),
            handler=handler,
            on_error=on_error,
            poll_interval=poll_interval,
            concurrency=concurrency,
            handled=self._handled(),
        ).run()

    def worker(
        self,
        handler: MessageHandler,
        *,
        poll_interval: float = 5.0,
        concurrency: int = 1,
        on_error: MessageErrorHandler | None = None,
        sender: str | None = None,
        timeout: float | None = None,
        stop_timeout: float = 10.0,
        name: str = "inbound",
    ) -> InboundWorker:
        """Call a handler like `consume`, for as long as a service runs (`GET /receives/unread`).

        Use it as `async with client.receives.worker(handle) as worker`, or run `await worker.run()` in a task of your
        own. Errors that end `consume` restart the worker after a delay. `worker.healthy` tells whether it does its work,
        and `worker.health` what is wrong. Run one worker per deployment: two would handle
        every message twice.

        Args:
            handler: Called with each `ReceivedMessage`; may be async.
            poll_interval: Seconds between polls of an empty inbox; at least 0.1 is waited.
            concurrency: The maximum number of concurrent handlers.
            on_error: Called with the message and the exception when a handler raises; may be async. By default the
                failure is logged, without the text. If it raises, the messages that were read already are handled, and
                the worker restarts.
            sender: Only messages from this number.
            timeout: Seconds for each attempt of each request; the client's if None.
            stop_timeout: Seconds that running handlers get to finish when the worker stops.
            name: The worker's name in the log.

        Raises:
            InvalidInputError: An argument is invalid.
        """
        number = seal(sender)
        del sender  # keep it out of tracebacks that show locals
        options = WorkerOptions(
            handler=handler,
            on_error=on_error,
            poll_interval=poll_interval,
            concurrency=concurrency,
            stop_timeout=stop_timeout,
            name=name,
        )
        mark_read = functools.partial(self.mark_read, timeout=timeout)
        return InboundWorker(self._fetch_from(number, timeout), mark_read, options, handled=self._handled())

    def _fetch_from(self, sender: Sealed[str] | None, timeout: float | None) -> Fetch:
        return functools.partial(self._unread, filter_query(sender), timeout=optional_timeout(timeout))

    def _handled(self) -> HandledMessages:
        """Return the handled messages of the account: all consumers of the client, and of its `with_options`, share them."""
        return self._pipeline.shared_object(HandledMessages)

    async def _modify(self, operation: Operation, result: type[T], timeout: float | None, **body: object) -> T:
        return await self._pipeline.run(
            Call(
                operation=operation,
                read=lambda data: to_model(to_mapping(data), result),
                body=SealedBytes(encode_json(body)),
                timeout=timeout,
            )
        )


def _sum(counts: Iterable[int | None]) -> int | None:
    """Add up counts; return None if one of them is not known, or if there are none."""
    known: builtins.list[int] = []
    for count in counts:
        if count is None:
            return None
        known.append(count)
    return sum(known) if known else None


class ReceivesServiceWithRawResponse:
    """The methods of `client.receives`, returning a `RawResponse`: status, headers and value."""

    def __init__(self, service: ReceivesService) -> None:
        self.list = with_raw_response(service.list)
        self.unread = with_raw_response(service.unread)
        self.unread_count = with_raw_response(service.unread_count)
        self.statistics = with_raw_response(service.statistics)
        self.get = with_raw_response(service.get)
        self.mark_read = with_raw_response(service.mark_read)
        self.mark_all_read = with_raw_response(service.mark_all_read)
        self.delete = with_raw_response(service.delete)
        self.delete_all_read = with_raw_response(service.delete_all_read)
        self.delete_all_unread = with_raw_response(service.delete_all_unread)
        self.delete_older_than = with_raw_response(service.delete_older_than)


publish("wikipayam_async.services", ["ReceivesService"], globals())

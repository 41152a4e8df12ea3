"""Received messages: mark and delete them, and hand them to a handler as they come."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Iterable, Mapping

from wikipayam_async.checks import check_ids, check_number
from wikipayam_async.core.converter import encode_json, to_mapping, to_model
from wikipayam_async.core.operation import Call, Operation, Replay
from wikipayam_async.redact.sealed import SealedBytes, seal
from wikipayam_async.services.base import chunked
from wikipayam_async.services.receives.consumer import Consumer, ErrorHandler, Handler
from wikipayam_async.services.receives.models import DeleteResult, MarkReadResult
from wikipayam_async.services.receives.queries import filter_query
from wikipayam_async.services.receives.reading import InboxReading
from wikipayam_async.services.receives.worker import InboundWorker, WorkerOptions

__all__ = ["ReceivesService"]

_IDS_A_REQUEST = 500

MARK_READ = Operation("receives.mark_read", "POST", "receives/mark-read", Replay.IDEMPOTENT)
DELETE = Operation("receives.delete", "DELETE", "receives", Replay.IDEMPOTENT)


class ReceivesService(InboxReading):
    """`client.receives`: everything under `/receives`."""

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
        return await self._delete({"delete_older_than_days": check_number(days, field="days", minimum=1)})

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
            stop_timeout: How many seconds a handler that is in flight is given to finish when the worker is stopped.
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

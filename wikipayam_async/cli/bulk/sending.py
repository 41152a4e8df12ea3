"""Sends the messages of a file: each is claimed in the results file before it is sent, and its outcome recorded after."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import anyio.to_thread
from attrs import define, field

from wikipayam_async.bulk.results import SendResult
from wikipayam_async.cli.bulk.classifier import ClassifiedRow, HeldBack, InvalidRow, ToSend
from wikipayam_async.cli.bulk.record import RowRecord
from wikipayam_async.cli.bulk.results_file import ResultsFile
from wikipayam_async.cli.exits import Exit, exit_of, worst
from wikipayam_async.errors import (
    AuthenticationError,
    InsufficientBalanceError,
    PermissionDeniedError,
    RateLimitError,
    WikipayamError,
)
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.redact.masks import mask_number

if TYPE_CHECKING:
    from wikipayam_async.client import AsyncWikipayam

__all__ = ["ClaimedMessages", "ErrorSummary", "send_file"]

_MAX_REFUSED_PER_CLAIM = 1000
_MAX_REASON_LENGTH = 300
_MAX_CAUSES = 5
_ACCOUNT_ERRORS = (AuthenticationError, InsufficientBalanceError, PermissionDeniedError, RateLimitError)


@define
class ErrorSummary:
    """The errors of a run.

    Attributes:
        code: The most severe exit code of the messages that were not accepted.
        causes: The first five different reasons, and the number of messages of each.
        is_account_error: Whether the gateway refused requests for a reason that is not in their messages: the token, the
            balance, the sender, the rate. Sending these messages again is safe.
        failure: The local error that stopped the run: the file changed, or the disk is full.
    """

    code: Exit = Exit.OK
    causes: dict[str, int] = field(factory=dict)
    is_account_error: bool = False
    failure: Exception | None = None

    def add(self, result: SendResult) -> None:
        """Count the result of a message.

        Args:
            result: The result.
        """
        if result.status is SendStatus.ACCEPTED:
            return
        self.code = worst([self.code, Exit.REJECTED if result.error is None else exit_of(result.error)])
        self.is_account_error |= isinstance(result.error, _ACCOUNT_ERRORS)
        reason = _reason(result.error)
        if reason is not None and (reason in self.causes or len(self.causes) < _MAX_CAUSES):
            self.causes[reason] = self.causes.get(reason, 0) + 1


class ClaimedMessages:
    """Iterates over the messages of a file, after claiming them in the results file.

    Invalid rows and rows that are held back are recorded with the next claim, and yield no message.

    Args:
        rows: The classified rows that remain.
        results: The results file.
        run: The name of the run, with which its track ids begin.
        claim_size: The maximum number of messages per claim.
    """

    def __init__(self, rows: Iterator[ClassifiedRow], results: ResultsFile, run: str, claim_size: int) -> None:
        self._rows = rows
        self._results = results
        self._run = run
        self._claim_size = claim_size
        self._claimed: deque[ToSend] = deque()
        self._in_flight: dict[int, int] = {}
        self._yielded = 0
        self._stopped = False

    def __aiter__(self) -> AsyncIterator[SmsMessage]:
        return self

    async def __anext__(self) -> SmsMessage:
        if not self._claimed and not self._stopped:
            await anyio.to_thread.run_sync(self._claim)  # reads the file, and syncs the disk
        if not self._claimed or self._stopped:
            raise StopAsyncIteration
        one = self._claimed.popleft()
        self._in_flight[self._yielded] = one.row
        self._yielded += 1
        return one.message

    def stop(self) -> None:
        """Claim and yield no more messages."""
        self._stopped = True

    def row_of(self, result: SendResult) -> int:
        """Return the row of a result, once.

        Args:
            result: A result of the run that sends these messages.
        """
        return self._in_flight.pop(result.index)

    def release(self) -> list[RowRecord]:
        """Return the records of the rows that were claimed and never yielded: they are not attempted."""
        left = [
            RowRecord(row=one.row, status=SendStatus.NOT_ATTEMPTED, receiver=mask_number(one.message.receiver))
            for one in self._claimed
        ]
        self._claimed.clear()
        return left

    def _claim(self) -> None:
        """Claim the next messages, if any are left."""
        ended = False
        while not (ended or self._claimed):
            claim: list[ToSend] = []
            others: list[RowRecord] = []
            while len(claim) < self._claim_size and len(others) < _MAX_REFUSED_PER_CLAIM:
                one = next(self._rows, None)
                if one is None:
                    ended = True
                    break
                if isinstance(one, ToSend):
                    claim.append(self._with_track_id(one))
                else:
                    others.append(_record_of(one))
            if claim or others:
                self._results.claim([one.row for one in claim], others)
            self._claimed.extend(claim)

    def _with_track_id(self, one: ToSend) -> ToSend:
        """Derive the track id from the row number, so that it is known even if the outcome is never written."""
        message = one.message
        if message.track_id is not None:
            return one
        track_id = f"{self._run}-{one.row}"
        return ToSend(one.row, SmsMessage(message.receiver, message.message, sender=message.sender, track_id=track_id))


def _record_of(one: InvalidRow | HeldBack) -> RowRecord:
    receiver = one.receiver if isinstance(one, HeldBack) else None
    return RowRecord(row=one.row, status=SendStatus.REJECTED, receiver=receiver, reason=one.reason)


class ResultWriter:
    """Writes the outcomes of a run to the results file."""

    def __init__(self, messages: ClaimedMessages, results: ResultsFile, errors: ErrorSummary) -> None:
        self._messages = messages
        self._results = results
        self._errors = errors
        self._unwritten: list[RowRecord] = []

    def write(self, results: Iterable[SendResult]) -> None:
        """Write some results.

        Args:
            results: The results.

        Raises:
            OSError: The results could not be written. They are written with the next ones.
        """
        self._add(results)
        self._flush()

    def close(self, leftover: Iterable[SendResult]) -> None:
        """Write the remaining results, and the rows that were claimed and never sent.

        Args:
            leftover: The results that were not taken.

        Raises:
            OSError: They could not be written. Rows without a written outcome count as unknown.
        """
        self._messages.stop()
        self._add(leftover)
        self._unwritten.extend(self._messages.release())
        self._flush()

    def _add(self, results: Iterable[SendResult]) -> None:
        for result in results:
            self._errors.add(result)
            self._unwritten.append(
                RowRecord(
                    row=self._messages.row_of(result),
                    status=result.status,
                    track_id=result.track_id,
                    id=result.id,
                    receiver=mask_number(result.message.receiver),
                    reason=_reason(result.error),
                )
            )

    def _flush(self) -> None:
        if self._unwritten:
            self._results.record(self._unwritten)
            self._unwritten = []


async def send_file(
    client: AsyncWikipayam,
    messages: ClaimedMessages,
    results: ResultsFile,
    errors: ErrorSummary,
    *,
    batch_size: int,
    concurrency: int,
    stop_on_error: bool = False,
    on_progress: Callable[[], object],
) -> None:
    """Send the messages of a file. On cancellation, requests in flight are finished and all outcomes are written.

    Args:
        client: The client.
        messages: The messages.
        results: The results file.
        errors: Collects the errors; it is complete even after a cancellation.
        batch_size: The maximum number of messages per request.
        concurrency: The maximum number of requests in flight.
        stop_on_error: Leave the rest unattempted after a message that was not accepted.
        on_progress: Called after every request.

    Raises:
        InvalidInputError: `batch_size` or `concurrency` is invalid; nothing was sent.
    """
    writer = ResultWriter(messages, results, errors)
    run = client.sms.bulk(messages, batch_size=batch_size, concurrency=concurrency, stop_on_error=stop_on_error)
    try:
        async with run:
            while (batch := await run.take()) is not None:
                if run.stopped_by is not None:
                    messages.stop()
                writer.write(batch)
                on_progress()
    except OSError as error:
        errors.failure = error
    finally:
        errors.failure = _close(writer, run.leftover) or run.source_error or errors.failure
        on_progress()


def _close(writer: ResultWriter, leftover: Iterable[SendResult]) -> OSError | None:
    try:
        writer.close(leftover)
    except OSError as error:
        return error
    return None


def _reason(error: WikipayamError | None) -> str | None:
    return None if error is None else " ".join(str(error).split())[:_MAX_REASON_LENGTH]

"""Sending what a file lists: every message is claimed in the results file before it can leave, and settled there after."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import anyio.to_thread
from attrs import define, field, frozen

from wikipayam_async.bulk.options import OnError
from wikipayam_async.bulk.results import SendResult
from wikipayam_async.cli.bulk.record import RowLine
from wikipayam_async.cli.bulk.results_file import ResultsFile
from wikipayam_async.cli.bulk.sorting import HeldBack, Refused, Sorted, ToSend
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

__all__ = ["Feed", "Pace", "Tally", "send_file"]

_MOST_REFUSED_AT_ONCE = 1000
_LONGEST_REASON = 300
_MOST_CAUSES = 5
_REFUSALS_AS_A_WHOLE = (AuthenticationError, InsufficientBalanceError, PermissionDeniedError, RateLimitError)


@frozen(kw_only=True)
class Pace:
    """How a run goes about its work.

    Attributes:
        batch_size: The most messages of a request, and of a claim.
        concurrency: How many requests are in flight at once.
        on_error: `collect` goes on after a message that was not accepted; `stop` leaves the rest unattempted.
    """

    batch_size: int
    concurrency: int
    on_error: OnError = "collect"


@define
class Tally:
    """What a run came to, besides what the results file says.

    Attributes:
        code: The gravest exit code of what was not accepted.
        causes: The first different reasons, and how many messages each concerned.
        is_refused_as_a_whole: Whether the gateway refused requests for what has nothing to do with their messages: the
            token, the balance, the line, the pace. Sending them again is safe and sensible.
        failure: What ended the run before its time on our side: the file changed, or the disk is full.
    """

    code: Exit = Exit.OK
    causes: dict[str, int] = field(factory=dict)
    is_refused_as_a_whole: bool = False
    failure: Exception | None = None

    def note(self, result: SendResult) -> None:
        """Take note of a message.

        Args:
            result: What became of it.
        """
        if result.status is SendStatus.ACCEPTED:
            return
        self.code = worst([self.code, Exit.REJECTED if result.error is None else exit_of(result.error)])
        self.is_refused_as_a_whole |= isinstance(result.error, _REFUSALS_AS_A_WHOLE)
        reason = _reason(result.error)
        if reason is not None and (reason in self.causes or len(self.causes) < _MOST_CAUSES):
            self.causes[reason] = self.causes.get(reason, 0) + 1


class Feed:
    """Gives the messages of a file to a run, in groups that are claimed first.

    What is refused or held back is written down with the claim of its neighbours, and given to nobody.

    Args:
        rows: What becomes of each row that is still to be seen to.
        results: The results file.
        run: The name of the run, with which its references begin.
        group: The most messages of a claim.
    """

    def __init__(self, rows: Iterator[Sorted], results: ResultsFile, run: str, group: int) -> None:
        self._rows = rows
        self._results = results
        self._run = run
        self._group = group
        self._claimed: deque[ToSend] = deque()
        self._in_flight: dict[int, int] = {}
        self._given = 0
        self._stopped = False

    def __aiter__(self) -> AsyncIterator[SmsMessage]:
        return self

    async def __anext__(self) -> SmsMessage:
        if not self._claimed and not self._stopped:
            await anyio.to_thread.run_sync(self._claim)  # reads the file, and waits for the disk
        if not self._claimed or self._stopped:
            raise StopAsyncIteration
        given = self._claimed.popleft()
        self._in_flight[self._given] = given.row
        self._given += 1
        return given.message

    def stop(self) -> None:
        """Claim and give nothing more."""
        self._stopped = True

    def row_of(self, result: SendResult) -> int:
        """Return the row that a result belongs to, once.

        Args:
            result: A result of the run that this feeds.
        """
        return self._in_flight.pop(result.index)

    def give_back(self) -> list[RowLine]:
        """Return what became of the rows that were claimed and never given."""
        left = [
            RowLine(row=one.row, status=SendStatus.NOT_ATTEMPTED, receiver=mask_number(one.message.receiver))
            for one in self._claimed
        ]
        self._claimed.clear()
        return left

    def _claim(self) -> None:
        """Claim the next group, if there is one."""
        ended = False
        while not (ended or self._claimed):
            group: list[ToSend] = []
            others: list[RowLine] = []
            while len(group) < self._group and len(others) < _MOST_REFUSED_AT_ONCE:
                one = next(self._rows, None)
                if one is None:
                    ended = True
                    break
                if isinstance(one, ToSend):
                    group.append(self._named(one))
                else:
                    others.append(_line_of(one))
            if group or others:
                self._results.claim([one.row for one in group], others)
            self._claimed.extend(group)

    def _named(self, one: ToSend) -> ToSend:
        """Give a message its reference, which is that of its row: it is known although its outcome never gets written."""
        message = one.message
        if message.track_id is not None:
            return one
        track_id = f"{self._run}-{one.row}"
        return ToSend(one.row, SmsMessage(message.receiver, message.message, sender=message.sender, track_id=track_id))


def _line_of(one: Refused | HeldBack) -> RowLine:
    if isinstance(one, Refused):
        return RowLine(row=one.row, status=SendStatus.REJECTED, reason=one.reason)
    return RowLine(row=one.row, status=SendStatus.REJECTED, receiver=one.receiver, reason=one.word)


class ResultWriter:
    """Writes down what became of the messages of one run."""

    def __init__(self, feed: Feed, results: ResultsFile, tally: Tally) -> None:
        self._feed = feed
        self._results = results
        self._tally = tally
        self._unwritten: list[RowLine] = []

    def enter(self, results: Iterable[SendResult]) -> None:
        """Write down some results.

        Args:
            results: The results.

        Raises:
            OSError: They could not be written; they are tried again with the next.
        """
        self._note(results)
        self._write()

    def close(self, leftover: Iterable[SendResult]) -> None:
        """Write down everything that nobody took, at the end.

        Args:
            leftover: The results that were left.

        Raises:
            OSError: It could not be written. What is not in the file counts as unknown.
        """
        self._feed.stop()
        self._note(leftover)
        self._unwritten.extend(self._feed.give_back())
        self._write()

    def _note(self, results: Iterable[SendResult]) -> None:
        for result in results:
            self._tally.note(result)
            self._unwritten.append(
                RowLine(
                    row=self._feed.row_of(result),
                    status=result.status,
                    track_id=result.track_id,
                    id=result.id,
                    receiver=mask_number(result.message.receiver),
                    reason=_reason(result.error),
                )
            )

    def _write(self) -> None:
        if self._unwritten:
            self._results.record(self._unwritten)
            self._unwritten = []


async def send_file(
    client: AsyncWikipayam,
    feed: Feed,
    results: ResultsFile,
    tally: Tally,
    *,
    pace: Pace,
    on_progress: Callable[[], object],
) -> None:
    """Send the messages of a file. If it is cancelled, what is in flight is finished and everything is written down.

    Args:
        client: The client.
        feed: The messages.
        results: The results file.
        tally: Takes note of what is not in the file; it is whole also if this is cancelled.
        pace: How to go about it.
        on_progress: Called after every request.

    Raises:
        InvalidInputError: The pace breaks a rule; nothing was sent.
    """
    books = ResultWriter(feed, results, tally)
    run = client.sms.bulk(feed, pace.batch_size, pace.concurrency, on_error=pace.on_error)
    try:
        async with run:
            while (some := await run.take()) is not None:
                if run.stopped_by is not None:
                    feed.stop()
                books.enter(some)
                on_progress()
    except OSError as error:
        tally.failure = error
    finally:
        tally.failure = _close(books, run.leftover) or run.source_error or tally.failure
        on_progress()


def _close(books: ResultWriter, leftover: Iterable[SendResult]) -> OSError | None:
    try:
        books.close(leftover)
    except OSError as error:
        return error
    return None


def _reason(error: WikipayamError | None) -> str | None:
    return None if error is None else " ".join(str(error).split())[:_LONGEST_REASON]

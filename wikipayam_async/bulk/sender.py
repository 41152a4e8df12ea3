"""Send one chunk. Only messages of a request that was refused as a whole are sent again."""

from __future__ import annotations

import functools
import re
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

from wikipayam_async.bulk.chunker import Chunk
from wikipayam_async.bulk.columns import AcceptedColumn, GrowingResults
from wikipayam_async.bulk.hooks import Announcement, BeforeSend, WaitTurn, outgoing_of, refusal_of
from wikipayam_async.bulk.hours import OpeningWait
from wikipayam_async.bulk.interruption import log_interrupted_request
from wikipayam_async.bulk.options import BulkOptions
from wikipayam_async.bulk.results import SendResult, accepted
from wikipayam_async.core.operation import BeforeAttempt, Observer, message_of, unreported_error
from wikipayam_async.errors import (
    APIConnectionError,
    AuthenticationError,
    BeforeSendError,
    ClosedError,
    ConfigurationError,
    InsufficientBalanceError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    UnknownOutcomeError,
    UnprocessableError,
    WikipayamError,
)
from wikipayam_async.messages.columns import MessageColumn
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.messages.payload import Batch
from wikipayam_async.outcomes import MessageOutcome, SendStatus

__all__ = ["ChunkSender", "SendFunc", "results_of"]


class SendFunc(Protocol):
    """Sends messages as one request."""

    def __call__(
        self,
        batch: Batch[SmsMessage],
        observer: Observer,
        before_attempt: BeforeAttempt | None = None,
        before_wait: BeforeAttempt | None = None,
        /,
    ) -> Awaitable[Sequence[str | None]]:
        """Return the id of each message; None for a message that the answer does not mention."""
        ...


Reports: TypeAlias = list[Callable[[], Sequence[MessageOutcome]]]
"""What the pipeline reported of the messages of a request, if it has."""

_INDEX = re.compile(r"([0-9]{1,9})(\.|$)")
_MAX_THROTTLED_ROUNDS = 10
_STOPPING = (
    AuthenticationError,
    BeforeSendError,
    ClosedError,
    ConfigurationError,
    InsufficientBalanceError,
    PermissionDeniedError,
)


class ChunkSender:
    """Sends the chunks of one run. Remembers what applies to later chunks: the maximum size, an unreachable gateway.

    Args:
        send_batch: Sends messages as one request.
        options: The options of the run. `concurrency` requests in a row, and at least 3, that do not reach the gateway
            stop the run; so does the first failure with `stop_on_error`.
        longest_wait: The longest delay, in seconds, that the pipeline waits when the gateway asks for one.

    Attributes:
        stopped_by: The error that stopped the run; None while it goes on.
    """

    def __init__(self, send_batch: SendFunc, options: BulkOptions, longest_wait: float) -> None:
        self._send_batch = send_batch
        self._longest_wait = longest_wait
        self._max_unreached = max(options.concurrency, 3)
        self._stop_on_error = options.stop_on_error
        self._is_recorded = options.after_send is not None
        self._before_send = options.before_send
        self._withdraw = options.withdraw
        self._wait_turn = options.wait_turn
        self._wait_for_hours = options.make_wait()
        self._unreached = 0
        self._max_size: int | None = None
        self.stopped_by: WikipayamError | None = None

    async def send(self, chunk: Chunk, results: GrowingResults) -> bool:
        """Send a chunk and append the result of every message to `results`.

        If an exception ends this, as a cancellation or the handler of a signal raises it at any moment, the results are
        appended all the same: messages that were in flight have the outcome that the pipeline reported, the others are
        not attempted.

        Returns:
            Whether one request was enough, so that the results are in the order of the messages.
        """
        waiting = deque([(chunk, self._before_send)])
        pieces = 0
        try:
            while waiting:
                pieces += 1
                piece, hook = waiting.popleft()
                if self.stopped_by is not None:
                    results.extend(results_of(piece, SendStatus.NOT_ATTEMPTED, self.stopped_by))
                elif self._max_size is not None and len(piece) > self._max_size:
                    waiting.extendleft((part, hook) for part in reversed(list(piece.cut(self._max_size))))
                else:
                    rest = await self._send_piece(piece, hook, results)
                    waiting.extendleft((part, None) for part in reversed(rest))  # the hook has seen these messages
        except BaseException:
            results.extend(_left_out(results_of(chunk, SendStatus.NOT_ATTEMPTED, None), results))
            raise
        return pieces == 1

    async def _send_piece(self, piece: Chunk, hook: BeforeSend | None, results: GrowingResults) -> list[Chunk]:
        """Send one request, append its results, and return the pieces that must be sent again."""
        outcomes: Reports = []
        try:
            return await self._send_until_answered(piece, hook, outcomes, results)
        except BaseException as error:
            # Also one that comes while a failure is handled: what the pipeline reported holds all the same.
            known = outcomes[0]() if outcomes else ()
            results.extend(_left_out(_interrupted(piece, known), results))
            self._log_interruption(error, known)
            raise
        finally:
            outcomes.clear()  # breaks a reference cycle: the function holds the call, and the call its observer

    async def _send_until_answered(
        self, piece: Chunk, hook: BeforeSend | None, outcomes: Reports, results: GrowingResults
    ) -> list[Chunk]:
        announcement = None if hook is None else Announcement(hook, piece, self._withdraw)
        hooks = self._hooks(announcement)
        rounds = 0
        while True:
            rounds += 1
            outcomes.clear()
            try:
                if self._wait_for_hours is not None:
                    await self._wait_for_hours()
                if self._wait_turn is not None and not await self._has_turn(self._wait_turn, piece):
                    results.extend(results_of(piece, SendStatus.NOT_ATTEMPTED, self.stopped_by))
                    return []
                if announcement is not None and rounds > 1:
                    await announcement.withdraw()
                ids = await self._send_batch(piece.batch, outcomes.append, *hooks)
            except RateLimitError as error:
                # The pipeline holds the next request back until the delay is over.
                too_long = error.retry_after is not None and error.retry_after > self._longest_wait
                if too_long or rounds == _MAX_THROTTLED_ROUNDS:
                    return self._give_up(piece, error, results)
            except WikipayamError as error:
                return self._handle_failure(piece, error, results)
            else:
                self._unreached = 0
                results.extend(self._handle_answer(piece, ids))
                return []

    def _hooks(self, announcement: Announcement | None) -> tuple[BeforeAttempt, ...]:
        """Return what is awaited before every attempt, and before a wait."""
        first: BeforeAttempt | None = announcement
        if self._wait_for_hours is not None:
            first = functools.partial(_in_hours, self._wait_for_hours, announcement)
        if first is None:
            return ()
        return (first,) if announcement is None or self._withdraw is None else (first, announcement.withdraw)

    def _log_interruption(self, error: BaseException, outcomes: Sequence[MessageOutcome]) -> None:
        if not self._is_recorded:  # a campaign records every outcome
            log_interrupted_request(error, "sms.send", outcomes)

    async def _has_turn(self, wait_turn: WaitTurn, piece: Chunk) -> bool:
        """Wait for the turn of a request; return whether it may be sent."""
        try:
            await wait_turn(outgoing_of(piece))
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not pass for an answer of the gateway
            self.stop(refusal_of(error))
        return self.stopped_by is None

    def _give_up(self, piece: Chunk, error: RateLimitError, results: GrowingResults) -> list[Chunk]:
        """Stop the run: the gateway throttles for longer than a run waits."""
        results.extend(results_of(piece, _status_of(error), error))
        self.stop(error)
        return []

    def _handle_answer(self, piece: Chunk, ids: Sequence[str | None]) -> Sequence[SendResult]:
        messages = piece.batch.messages
        if type(messages) is MessageColumn and None not in ids:
            return AcceptedColumn(piece.indexes, messages, piece.batch.track_ids, ids)
        results = accepted(piece.indexes, piece.batch, ids)
        missing = [] if all(ids) else [position for position, id_ in enumerate(ids) if id_ is None]
        if missing:
            error = _unmentioned(piece, missing, message_of(ids))
            self.note_failure(error)
            for position in missing:
                results[position] = _result(piece, position, _status_of(error), error)
        return results

    def _handle_failure(self, piece: Chunk, error: WikipayamError, results: GrowingResults) -> list[Chunk]:
        self._count_unreached(error)
        if isinstance(error, PayloadTooLargeError) and len(piece) > 1:
            half = (len(piece) + 1) // 2
            self._max_size = half if self._max_size is None else min(self._max_size, half)
            return list(piece.cut(half))
        if isinstance(error, UnprocessableError):
            errors = _errors_by_position(error, len(piece))
            if errors:
                return self._reject_some(piece, error, errors, results)
        results.extend(results_of(piece, _status_of(error), error))
        if isinstance(error, _STOPPING):
            self.stop(error)
        self.note_failure(error)
        return []

    def _reject_some(
        self,
        piece: Chunk,
        error: UnprocessableError,
        errors: Mapping[int, dict[str, Sequence[str]]],
        results: GrowingResults,
    ) -> list[Chunk]:
        """Reject the messages that a 422 names; return the others, none of which was accepted."""
        for position, own_errors in sorted(errors.items()):
            own = _for_one(error, position, own_errors)
            results.append(_result(piece, position, _status_of(own), own))
        self.note_failure(error)
        rest = piece.without(frozenset(errors))
        return [rest] if rest is not None else []

    def _count_unreached(self, error: WikipayamError) -> None:
        if not isinstance(error, APIConnectionError):
            self._unreached = 0
            return
        self._unreached += 1
        if self._unreached >= self._max_unreached:
            self.stop(error)

    def note_failure(self, error: WikipayamError) -> None:
        """Stop the run with `stop_on_error`."""
        if self._stop_on_error:
            self.stop(error)

    def stop(self, error: WikipayamError) -> None:
        """Stop the run, unless it was stopped before."""
        if self.stopped_by is None:
            self.stopped_by = error


async def _in_hours(wait: OpeningWait, announcement: Announcement | None) -> None:
    """Wait for the sending hours once more, since other waits may have outlasted them; then announce the messages."""
    await wait()
    if announcement is not None:
        await announcement()


def _status_of(error: WikipayamError) -> SendStatus:
    """Return the outcome of a message whose request failed; unknown if the error does not say."""
    return error.send_status or SendStatus.UNKNOWN


def _result(
    chunk: Chunk, position: int, status: SendStatus, error: WikipayamError | None, id_: str | None = None
) -> SendResult:
    batch = chunk.batch
    return SendResult(chunk.indexes[position], batch.messages[position], status, id_, error, batch.track_ids[position])


def results_of(chunk: Chunk, status: SendStatus, error: WikipayamError | None) -> list[SendResult]:
    """Return the same result for all messages of a chunk."""
    return [_result(chunk, position, status, error) for position in range(len(chunk))]


def _interrupted(chunk: Chunk, outcomes: Sequence[MessageOutcome]) -> list[SendResult]:
    """Return the results of a cancelled request, with the outcomes that the pipeline reported before it stopped."""
    if len(outcomes) != len(chunk):
        return results_of(chunk, SendStatus.NOT_ATTEMPTED, None)
    unknown = _unmentioned(
        chunk, [position for position, outcome in enumerate(outcomes) if outcome.status is SendStatus.UNKNOWN]
    )
    return [
        _result(chunk, position, outcome.status, unknown if outcome.status is SendStatus.UNKNOWN else None, outcome.id)
        for position, outcome in enumerate(outcomes)
    ]


def _left_out(found: Sequence[SendResult], results: GrowingResults) -> list[SendResult]:
    """Return those of some results whose messages have none yet."""
    known = {result.index for result in results}
    return [result for result in found if result.index not in known]


def _unmentioned(chunk: Chunk, positions: Sequence[int], message: str = "") -> UnknownOutcomeError:
    return unreported_error("sms.send", chunk.batch.messages, chunk.batch.track_ids, positions, message=message)


def _errors_by_position(error: UnprocessableError, count: int) -> dict[int, dict[str, Sequence[str]]]:
    """Return the errors of each message by its position, from keys such as `3.receiver`."""
    errors: dict[int, dict[str, Sequence[str]]] = {}
    for key, texts in error.errors.items():
        found = _INDEX.match(key)
        if found and int(found[1]) < count:
            errors.setdefault(int(found[1]), {})[key] = texts
    return errors


def _for_one(error: UnprocessableError, position: int, errors: Mapping[str, Sequence[str]]) -> UnprocessableError:
    details = "; ".join(f"{key.partition('.')[2] or 'message'}: {', '.join(texts)}" for key, texts in errors.items())
    own = UnprocessableError(
        f"sms.send: the gateway refused this message (index {position} of its request): {details}",
        status_code=error.status_code,
        message=error.message,
        errors=errors,
        headers=error.headers,
        attempts=error.attempts,
    )
    own.send_status = error.send_status
    return own

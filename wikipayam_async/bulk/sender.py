"""Sending one chunk to the end of its matter: what is refused as a whole is cut down or sent again, nothing else is."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from wikipayam_async.bulk.chunker import Chunk
from wikipayam_async.bulk.results import SendResult, accepted
from wikipayam_async.core.operation import Observer
from wikipayam_async.errors import (
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    ConfigurationError,
    InsufficientBalanceError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    ResponseError,
    UnknownOutcomeError,
    UnprocessableError,
    WikipayamError,
)
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.messages.payload import Batch
from wikipayam_async.outcomes import MessageOutcome, SendStatus

__all__ = ["ChunkSender", "SendFunc", "results_of"]

SendFunc: TypeAlias = Callable[[Batch[SmsMessage], Observer], Awaitable[Sequence[str | None]]]
"""Sends messages as one request and returns the id of each, None where nothing was told of it."""

_INDEX = re.compile(r"([0-9]{1,9})(\.|$)")
_MOST_THROTTLED_ROUNDS = 10
_STOPPING = (AuthenticationError, InsufficientBalanceError, PermissionDeniedError)


class ChunkSender:
    """Sends the chunks of one run and keeps what they teach: a size that is too large, a gateway that is not there.

    Args:
        send: Sends messages as one request.
        concurrency: How many chunks are in flight at once; so many in a row that never reach the gateway stop the run.
        longest_pause: The longest pause, in seconds, that the pipeline waits out when the gateway asks for one.
        stop_on_failure: Stop the run at the first message that is not accepted.

    Attributes:
        stopped_by: Why nothing more is to be sent; None while all is well.
    """

    def __init__(self, send: SendFunc, *, concurrency: int, longest_pause: float, stop_on_failure: bool) -> None:
        self._send = send
        self._longest_pause = longest_pause
        self._most_unreached = max(concurrency, 3)
        self._stop_on_failure = stop_on_failure
        self._unreached = 0
        self._most_items: int | None = None
        self.stopped_by: WikipayamError | None = None

    async def settle(self, chunk: Chunk, results: list[SendResult]) -> None:
        """Bring every message of a chunk to its result, which is appended to `results`.

        If this is cancelled, the results of the messages that were in flight are there all the same, and the others
        are appended as not attempted.
        """
        waiting = deque([chunk])
        try:
            while waiting:
                piece = waiting.popleft()
                if self.stopped_by is not None:
                    results += results_of(piece, SendStatus.NOT_ATTEMPTED, self.stopped_by)
                elif self._most_items is not None and len(piece) > self._most_items:
                    waiting.extendleft(reversed(list(piece.cut(self._most_items))))
                else:
                    waiting.extendleft(reversed(await self._send_piece(piece, results)))
        except BaseException:
            for piece in waiting:
                results += results_of(piece, SendStatus.NOT_ATTEMPTED, None)
            raise

    async def _send_piece(self, piece: Chunk, results: list[SendResult]) -> list[Chunk]:
        """Send one request, note its results, and return what of it is to be sent again."""
        outcomes: list[Callable[[], Sequence[MessageOutcome]]] = []
        rounds = 0
        while True:
            rounds += 1
            try:
                ids = await self._send(piece.batch, outcomes.append)
            except RateLimitError as error:
                # The pipeline's gate is closed now: sending again waits until it opens.
                lasting = error.retry_after is not None and error.retry_after > self._longest_pause
                if lasting or rounds == _MOST_THROTTLED_ROUNDS:
                    return self._give_up(piece, error, results)
            except WikipayamError as error:
                return self._take_failure(piece, error, results)
            except BaseException:
                results += _interrupted(piece, outcomes[0]() if outcomes else ())
                raise
            else:
                self._unreached = 0
                results += self._take_answer(piece, ids)
                return []
            finally:
                outcomes.clear()  # what tells the outcomes holds the whole call, and the call its observer

    def _give_up(self, piece: Chunk, error: RateLimitError, results: list[SendResult]) -> list[Chunk]:
        """Stop the run: the gateway lets nothing through for longer than a run waits."""
        results += results_of(piece, SendStatus.REJECTED if error.attempts else SendStatus.NOT_ATTEMPTED, error)
        self._stop(error)
        return []

    def _take_answer(self, piece: Chunk, ids: Sequence[str | None]) -> list[SendResult]:
        missing = [place for place, id_ in enumerate(ids) if id_ is None]
        results = accepted(piece.indexes, piece.batch.messages, piece.batch.track_ids, ids)
        if missing:
            error = _left_out(piece, missing)
            self.note_failure(error)
            for place in missing:
                results[place] = _result(piece, place, SendStatus.UNKNOWN, error)
        return results

    def _take_failure(self, piece: Chunk, error: WikipayamError, results: list[SendResult]) -> list[Chunk]:
        self._count_unreached(error)
        if isinstance(error, PayloadTooLargeError) and len(piece) > 1:
            half = (len(piece) + 1) // 2
            self._most_items = half if self._most_items is None else min(self._most_items, half)
            return list(piece.cut(half))
        if isinstance(error, UnprocessableError):
            blamed = _blamed(error, len(piece))
            if blamed:
                return self._set_aside(piece, error, blamed, results)
        if isinstance(error, UnknownOutcomeError):
            status = SendStatus.UNKNOWN
        elif isinstance(error, APIStatusError):
            status = SendStatus.REJECTED
        else:
            status = SendStatus.NOT_ATTEMPTED
        results += results_of(piece, status, error)
        if isinstance(error, (*_STOPPING, ConfigurationError)):
            self._stop(error)
        self.note_failure(error)
        return []

    def _set_aside(
        self,
        piece: Chunk,
        error: UnprocessableError,
        blamed: Mapping[int, dict[str, Sequence[str]]],
        results: list[SendResult],
    ) -> list[Chunk]:
        """Reject the messages that the gateway found fault with; return the others, none of which it took."""
        for place, complaints in blamed.items():
            results.append(_result(piece, place, SendStatus.REJECTED, _for_one(error, place, complaints)))
        self.note_failure(error)
        rest = piece.without(frozenset(blamed))
        return [rest] if rest is not None else []

    def _count_unreached(self, error: WikipayamError) -> None:
        if not isinstance(error, APIConnectionError):
            self._unreached = 0
            return
        self._unreached += 1
        if self._unreached >= self._most_unreached:
            self._stop(error)

    def note_failure(self, error: WikipayamError) -> None:
        """Take note of a message that was not accepted, which ends the run if it is set to."""
        if self._stop_on_failure:
            self._stop(error)

    def _stop(self, error: WikipayamError) -> None:
        if self.stopped_by is None:
            self.stopped_by = error


def _result(
    chunk: Chunk, place: int, status: SendStatus, error: WikipayamError | None, id_: str | None = None
) -> SendResult:
    batch = chunk.batch
    return SendResult(chunk.indexes[place], batch.messages[place], status, id_, error, batch.track_ids[place])


def results_of(chunk: Chunk, status: SendStatus, error: WikipayamError | None) -> list[SendResult]:
    """Return the same result for all messages of a chunk."""
    return [_result(chunk, place, status, error) for place in range(len(chunk))]


def _interrupted(chunk: Chunk, outcomes: Sequence[MessageOutcome]) -> list[SendResult]:
    """Return the results of a request that was cancelled: what the pipeline told of it before it let go."""
    if len(outcomes) != len(chunk):
        return results_of(chunk, SendStatus.NOT_ATTEMPTED, None)
    unknown = _left_out(
        chunk, [place for place, outcome in enumerate(outcomes) if outcome.status is SendStatus.UNKNOWN]
    )
    return [
        _result(chunk, place, outcome.status, unknown if outcome.status is SendStatus.UNKNOWN else None, outcome.id)
        for place, outcome in enumerate(outcomes)
    ]


def _left_out(chunk: Chunk, places: Sequence[int]) -> UnknownOutcomeError:
    error = UnknownOutcomeError(
        f"sms.send: the gateway did not tell what became of {len(places)} messages of the request; they may have been "
        "accepted. Do not resend blindly: look up the track ids in the panel first",
        messages=[chunk.batch.messages[place] for place in places],
        track_ids=[chunk.batch.track_ids[place] for place in places],
    )
    error.__cause__ = ResponseError("sms.send: no answer that mentions them")
    return error


def _blamed(error: UnprocessableError, count: int) -> dict[int, dict[str, Sequence[str]]]:
    """Return the complaints by the place of the message, from keys such as `3.receiver`."""
    blamed: dict[int, dict[str, Sequence[str]]] = {}
    for key, texts in error.errors.items():
        found = _INDEX.match(key)
        if found and int(found[1]) < count:
            blamed.setdefault(int(found[1]), {})[key] = texts
    return blamed


def _for_one(error: UnprocessableError, place: int, complaints: Mapping[str, Sequence[str]]) -> UnprocessableError:
    details = "; ".join(
        f"{key.partition('.')[2] or 'message'}: {', '.join(texts)}" for key, texts in complaints.items()
    )
    return UnprocessableError(
        f"sms.send: the gateway refused this message (number {place} of its request): {details}",
        status_code=error.status_code,
        message=error.message,
        errors=complaints,
        headers=error.headers,
        attempts=error.attempts,
    )

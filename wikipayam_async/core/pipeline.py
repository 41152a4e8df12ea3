"""The loop that every call runs through: wait for the limits, make an attempt, then return, retry or raise."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, TypeVar, cast

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from wikipayam_async.core.events import CallReporter
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.httpx_adapter import HttpxCarrier
from wikipayam_async.core.limits import RateLimiter
from wikipayam_async.core.operation import BeforeAttempt, Call, Observer, Replay, captured, format_track_ids, received
from wikipayam_async.core.options import Options
from wikipayam_async.core.progress import AttemptProgress
from wikipayam_async.core.protocol import (
    Answer,
    Outgoing,
    RequestBuilder,
    event_headers,
    status_error,
)
from wikipayam_async.core.reading import read_answer
from wikipayam_async.core.retry import (
    RetryDecision,
    RetryPolicy,
    judge_fault,
    judge_status,
    longest_delay,
    may_retry,
    retry_delay,
)
from wikipayam_async.core.shared_state import SharedState
from wikipayam_async.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    RateLimitError,
    ResponseError,
    UnknownOutcomeError,
    WikipayamError,
)
from wikipayam_async.outcomes import LOOK_FIRST, Attempt, CallOutcome, MessageOutcome, Phase, SendStatus

__all__ = ["Pipeline", "SharedState"]

T = TypeVar("T")


class Pipeline:
    """Runs calls with the given options.

    Args:
        options: The client's settings.
        shared: The state shared with the other clients on these connections.
        limiter: The rate limiter, if a rate limit is set.
        user_agent: The User-Agent header.
    """

    def __init__(self, options: Options, shared: SharedState, limiter: RateLimiter | None, user_agent: bytes) -> None:
        self._options = options
        self._shared = shared
        self._limiter = limiter
        self._requests = RequestBuilder(options, user_agent)
        self._base_url = options.origin.url

    @property
    def logs_urls(self) -> bool:
        """Whether something outside this package may log complete URLs."""
        carrier = self._shared.carrier
        return isinstance(carrier, HttpxCarrier) and carrier.logs_urls

    def shared_object(self, kind: type[T]) -> T:
        """Return the one object of a class that the clients of this account share; it is made on first use."""
        return cast("T", self._shared.objects.setdefault(kind, kind()))

    async def run(self, call: Call[T], observer: Observer | None = None) -> T:
        """Run a call.

        Args:
            call: The call.
            observer: What is told the outcomes of its messages; that of the call if None.

        Raises:
            APIConnectionError: The gateway could not be reached. No message of a send was accepted.
            APIStatusError: The gateway answered with an error status. A send was rejected as a whole.
            ResponseError: The answer to a read cannot be read.
            UnknownOutcomeError: The outcome of a send is unknown.
        """
        shared = self._shared
        now = shared.clock()
        reporter = CallReporter(
            self._options.on_event,
            new_call_id=shared.new_call_id,
            operation=call.operation.name,
            method=call.operation.method,
            base_url=self._base_url,
            now=now,
            track_ids=call.batch.track_ids if call.batch else (),
        )
        run = _CallRun(call, self._requests.build(call), reporter, shared, observer or call.observer)
        ready = (
            None
            if call.before_attempt is None
            else functools.partial(self._announce, call.before_attempt, call, reporter)
        )
        try:
            while True:
                if self._limiter is not None or shared.gate.remaining(now) > 0 or reporter.attempts:
                    await self._wait_for_limits(call, reporter)
                result, failure = await run.attempt(ready)
                if failure is None:
                    run.succeed(result)
                    await run.raise_cancellation()
                    return cast("T", result)
                await run.raise_or_wait(failure, self._options.retry)
        except BaseException as error:
            run.report_end(error)
            raise

    async def _wait_for_limits(self, call: Call[Any], reporter: CallReporter) -> None:
        """Wait until the rate limit and the gate allow the next attempt."""
        if self._limiter is not None:
            await self._limiter.wait(len(call.batch.messages) if call.batch else 0)
        await self._wait_for_gate(call, reporter)

    async def _announce(self, before_attempt: BeforeAttempt, call: Call[Any], reporter: CallReporter) -> None:
        """Await what is to be awaited last. A 429 of another call may close the gate before that and meanwhile."""
        await self._wait_for_gate(call, reporter)
        await before_attempt()
        while self._shared.gate.remaining(self._shared.clock()) > 0:
            if call.before_wait is None:
                await self._wait_for_gate(call, reporter)
            else:
                await call.before_wait()
                await self._wait_for_gate(call, reporter)
                await before_attempt()
        await checkpoint_if_cancelled()  # the hook may have shielded itself from a cancellation

    async def _wait_for_gate(self, call: Call[Any], reporter: CallReporter) -> None:
        shared = self._shared
        while (remaining := shared.gate.remaining(shared.clock())) > 0:
            if (
                remaining > longest_delay(self._options.retry)
                or remaining >= anyio.current_effective_deadline() - shared.clock()
            ):
                error = RateLimitError(
                    f"{call.operation.name}: not sent: the gateway asked for a delay ({remaining:.0f} s remain)",
                    status_code=429,
                    retry_after=remaining,
                    attempts=reporter.attempts,
                )
                if call.operation.replay is Replay.SEND:
                    error.send_status = SendStatus.REJECTED if reporter.attempts else SendStatus.NOT_ATTEMPTED
                raise error
            await shared.sleep(remaining)


class _Failure:
    """A failed attempt: the retry decision, and the error to raise without a retry."""

    __slots__ = ("decision", "error", "reason", "retry_after", "throttled")

    def __init__(self, decision: RetryDecision, error: WikipayamError, reason: str) -> None:
        self.decision = decision
        self.error = error
        self.reason = reason
        self.retry_after: float | None = getattr(error, "retry_after", None)
        self.throttled = isinstance(error, RateLimitError)


class _CallRun:
    """The attempts and the end of one call."""

    __slots__ = (
        "_answer",
        "_call",
        "_name",
        "_observer",
        "_outgoing",
        "_progress",
        "_reported",
        "_shared",
        "_undecided",
        "reporter",
    )
    _progress: AttemptProgress

    def __init__(
        self,
        call: Call[Any],
        outgoing: Outgoing,
        reporter: CallReporter,
        shared: SharedState,
        observer: Observer | None,
    ) -> None:
        self._answer: Answer | None = None
        self._call = call
        self._observer = observer
        self._name = call.operation.name
        self._outgoing = outgoing
        self._shared = shared
        self._reported = False
        self._undecided = False
        self.reporter = reporter

    async def attempt(self, ready: BeforeAttempt | None) -> tuple[Any, _Failure | None]:
        """Make one attempt; return the result or the failure."""
        number = len(self.reporter.attempts) + 1
        self.reporter.attempt_started(number)
        self._progress = progress = AttemptProgress(protected=self._call.operation.replay is Replay.SEND)
        progress.ready = ready
        self._undecided = True
        self._answer = None
        try:
            answer = await self._shared.carrier.carry(self._outgoing, progress)
        except ExchangeFault as fault:
            self._finish_attempt(number, fault.status_code, fault.kind.value)
            return None, self._failure_of(fault)
        except BaseException:
            self._finish_attempt(number, None, "interrupted")
            raise
        self._answer = answer
        if (answers := received.get()) is not None:
            answers.append(answer)
        self._finish_attempt(number, answer.status, None)
        return self._read(answer)

    def _finish_attempt(self, number: int, status: int | None, failure: str | None) -> None:
        progress = self._progress
        elapsed = 0.0
        if progress.started is not None:
            elapsed = (self._shared.clock() if progress.ended is None else progress.ended) - progress.started
        self.reporter.attempt_finished(Attempt(number, progress.phase, elapsed, status, failure))

    def _failure_of(self, fault: ExchangeFault) -> _Failure:
        text, attempts, phase = f"{self._name}: {fault.detail}", self.reporter.attempts, self._progress.phase
        error: WikipayamError
        if fault.kind is ExchangeFaultKind.TIMEOUT:
            error = APITimeoutError(text, phase=phase, attempts=attempts)
        elif fault.kind in {ExchangeFaultKind.UNREADABLE, ExchangeFaultKind.TOO_LARGE}:
            error = ResponseError(text, status_code=fault.status_code, attempts=attempts)
        else:
            error = APIConnectionError(text, phase=phase, attempts=attempts)
        error.__cause__ = fault.cause
        return _Failure(judge_fault(self._call.operation.replay, fault), error, fault.kind.value)

    def _read(self, answer: Answer) -> tuple[Any, _Failure | None]:
        decision = judge_status(self._call.operation.replay, answer.status)
        if decision is not None:
            error = status_error(answer, self._outgoing, operation=self._name, attempts=self.reporter.attempts)
            return None, _Failure(decision, error, str(answer.status))
        result, unreadable = read_answer(self._call, answer, self._outgoing)
        if unreadable is None:
            return result, None
        response_error = ResponseError(
            f"{self._name}: {unreadable}",
            status_code=answer.status,
            message=unreadable.message,
            attempts=self.reporter.attempts,
        )
        is_send = self._call.operation.replay is Replay.SEND
        return None, _Failure(RetryDecision.UNKNOWN if is_send else RetryDecision.FAIL, response_error, "unreadable")

    def succeed(self, result: Any) -> None:
        """Report the success."""
        self._shared.budget.succeed()
        # `all` is fast, and true of all results but of odd ones; `in` compares each with None.
        complete = self._call.batch is None or all(result) or None not in result
        if (raw := captured.get()) is not None and self._answer is not None:
            raw.append(self._answer)
        self._report(CallOutcome.SUCCEEDED if complete else CallOutcome.UNKNOWN, result)

    async def raise_or_wait(self, failure: _Failure, policy: RetryPolicy) -> None:
        """Raise the failure's error, or wait out the delay before the next attempt."""
        shared = self._shared
        self._undecided = failure.decision is RetryDecision.UNKNOWN
        number = len(self.reporter.attempts)
        if failure.decision is RetryDecision.RETRY:
            delay = retry_delay(policy, number, failure.retry_after, shared.uniform)
            now = shared.clock()
            if failure.throttled:
                # The random delay is this retry's own: other calls wait only for what the gateway stated.
                shared.gate.close(now, delay if failure.retry_after is None else failure.retry_after)
            remaining = anyio.current_effective_deadline() - now
            if may_retry(policy, number, delay, remaining) and shared.budget.take():
                await self.raise_cancellation()
                self.reporter.retry_scheduled(delay, failure.reason)
                if self._call.before_wait is not None:
                    await self._call.before_wait()
                await shared.sleep(delay)
                return
        unknown = failure.decision is RetryDecision.UNKNOWN
        error = self._unknown_outcome(failure) if unknown else failure.error
        if self._call.operation.replay is Replay.SEND and error.send_status is None:
            error.send_status = SendStatus.REJECTED if isinstance(error, APIStatusError) else SendStatus.NOT_ATTEMPTED
        self.report_end(error)
        await self.raise_cancellation()
        raise error from (failure.error if unknown else error.__cause__)

    def _unknown_outcome(self, failure: _Failure) -> UnknownOutcomeError:
        batch = self._call.batch
        messages, track_ids = (batch.messages, batch.track_ids) if batch else ((), ())
        names = format_track_ids(track_ids)
        message = getattr(failure.error, "message", "")
        said = f'; the gateway said "{message}"' if message else ""
        return UnknownOutcomeError(
            f"{self._name}: it is not known whether the gateway accepted this ({failure.reason}{said}). Do not resend blindly: "
            f"{LOOK_FIRST}{f' ({names})' if names else ''}",
            messages=messages,
            track_ids=track_ids,
            phase=self._progress.phase,
            attempts=self.reporter.attempts,
        )

    async def raise_cancellation(self) -> None:
        """Raise a cancellation that arrived during the attempt."""
        progress = self._progress
        if progress.cancellation is not None:
            raise progress.cancellation
        if progress.caller_deadline() == -math.inf:
            await checkpoint_if_cancelled()

    def report_end(self, error: BaseException) -> None:
        """Report the end of a call that raised, unless it was reported before."""
        # Ctrl-C and a signal's handler may raise anywhere, also while an answer is read.
        has_left = self._undecided and self._progress.phase not in {Phase.WAITING, Phase.CONNECTING}
        may_be_sent = has_left and self._call.batch is not None
        if may_be_sent or isinstance(error, UnknownOutcomeError):
            self._report(CallOutcome.UNKNOWN, None)
        elif isinstance(error, Exception):
            rejected = isinstance(error, APIStatusError) and error.send_status is SendStatus.REJECTED
            self._report(CallOutcome.FAILED, None, rejected=rejected)
        else:
            self._report(CallOutcome.CANCELLED, None)

    def _report(self, outcome: CallOutcome, result: Sequence[Any] | None, *, rejected: bool = False) -> None:
        if self._reported:
            return
        outcomes = functools.partial(self._outcomes, outcome, result, rejected=rejected)
        if self._observer is not None:
            self._observer(outcomes)
        self._reported = True  # not before: the exception of a signal may come in between
        self.reporter.call_finished(outcome, self._shared.clock, outcomes, self._headers)

    def _headers(self) -> dict[str, str]:
        return {} if self._answer is None else event_headers(self._answer.headers)

    def _outcomes(self, outcome: CallOutcome, result: Sequence[Any] | None, *, rejected: bool) -> list[MessageOutcome]:
        batch = self._call.batch
        if batch is None:
            return []
        if result is not None:
            return [
                MessageOutcome(track_id, SendStatus.UNKNOWN)
                if item is None
                else MessageOutcome(track_id, SendStatus.ACCEPTED, batch.id_of(item))
                for track_id, item in zip(batch.track_ids, result, strict=True)
            ]
        status = SendStatus.REJECTED if rejected else SendStatus.NOT_ATTEMPTED
        status = SendStatus.UNKNOWN if outcome is CallOutcome.UNKNOWN else status
        return [MessageOutcome(track_id, status) for track_id in batch.track_ids]

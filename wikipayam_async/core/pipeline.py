"""The one loop: wait for the turn, try, look at what came, try again or raise. Every call goes through here."""

from __future__ import annotations

import functools
import itertools
import math
import random
import secrets
from collections.abc import Sequence
from typing import Any, TypeVar, cast

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from wikipayam_async.core.events import CallReporter
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.limits import Clock, Gate, RateLimiter, Sleep
from wikipayam_async.core.operation import Call, Replay, SendBatch, name_some
from wikipayam_async.core.options import Options
from wikipayam_async.core.progress import AttemptProgress
from wikipayam_async.core.protocol import (
    Answer,
    Outgoing,
    RequestBuilder,
    UnreadableAnswerError,
    read_data,
    status_error,
)
from wikipayam_async.core.retry import RetryBudget, RetryDecision, RetryPolicy, Uniform, judge_fault, judge_status
from wikipayam_async.core.transport import Carrier
from wikipayam_async.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    RateLimitError,
    ResponseError,
    UnknownOutcomeError,
    WikipayamError,
)
from wikipayam_async.outcomes import Attempt, MessageOutcome, Outcome, Phase, SendStatus

__all__ = ["Pipeline", "Shared"]

T = TypeVar("T")


class Shared:
    """What all clients that share connections share besides: the gate of a 429, the retry budget, names for calls."""

    def __init__(self, carrier: Carrier, *, clock: Clock = anyio.current_time, sleep: Sleep = anyio.sleep) -> None:
        self.carrier = carrier
        self.gate = Gate()
        self.budget = RetryBudget()
        self.clock = clock
        self.sleep = sleep
        self.uniform: Uniform = random.SystemRandom().uniform
        self._prefix = secrets.token_hex(4)
        self._numbers = itertools.count(1)

    def name_call(self) -> str:
        """Return a name for one call, which its events and log lines carry."""
        return f"{self._prefix}-{next(self._numbers)}"


class Pipeline:
    """Carries out calls with the given options.

    Args:
        options: The client's settings.
        shared: What it shares with its siblings.
        limiter: The rate limit at work, if there is one.
        user_agent: The User-Agent header.
    """

    def __init__(self, options: Options, shared: Shared, limiter: RateLimiter | None, user_agent: bytes) -> None:
        self._options = options
        self._shared = shared
        self._limiter = limiter
        self._requests = RequestBuilder(options, user_agent)

    async def run(self, call: Call[T]) -> T:
        """Carry out a call.

        Raises:
            APIConnectionError: The gateway could not be reached; of a send, nothing was accepted.
            APIStatusError: It answered with an error; a send was refused as a whole.
            ResponseError: The answer to a read cannot be read.
            UnknownOutcomeError: A send whose outcome is not known.
        """
        shared = self._shared
        now = shared.clock()
        reporter = CallReporter(
            self._options.on_event,
            call_id=shared.name_call(),
            operation=call.operation.name,
            method=call.operation.method,
            base_url=self._options.origin.url,
            now=now,
        )
        run = _Run(call, self._requests.build(call), reporter, shared)
        try:
            while True:
                if self._limiter is not None or shared.gate.remaining(now) > 0 or reporter.attempts:
                    await self._wait_for_turn(call, reporter)
                result, failure = await run.attempt()
                if failure is None:
                    return cast("T", await run.succeed(result))
                await run.fail_or_pause(failure, self._options.retry)
        except BaseException as error:
            run.end(error)
            raise

    async def _wait_for_turn(self, call: Call[Any], reporter: CallReporter) -> None:
        """Wait until the gate is open and the rate limit lets the call through."""
        shared = self._shared
        if self._limiter is not None:
            await self._limiter.wait(len(call.batch.messages) if call.batch else 0)
        while (closed := shared.gate.remaining(shared.clock())) > 0:
            if (
                closed > self._options.retry.longest_wait
                or closed >= anyio.current_effective_deadline() - shared.clock()
            ):
                raise RateLimitError(
                    f"{call.operation.name}: not sent, because the gateway asked for a pause ({closed:.0f} s remain)",
                    status_code=429,
                    retry_after=closed,
                    attempts=reporter.attempts,
                )
            await shared.sleep(closed)


class _Failure:
    """A failed attempt: the error that it would be, and whether it may be tried again."""

    __slots__ = ("error", "reason", "retry_after", "throttled", "verdict")

    def __init__(self, verdict: RetryDecision, error: WikipayamError, reason: str) -> None:
        self.verdict = verdict
        self.error = error
        self.reason = reason
        self.retry_after: float | None = getattr(error, "retry_after", None)
        self.throttled = isinstance(error, RateLimitError)


class _Run:
    """One call on its way."""

    __slots__ = ("_call", "_lost", "_name", "_outgoing", "_progress", "_shared", "_told", "reporter")

    def __init__(self, call: Call[Any], outgoing: Outgoing, reporter: CallReporter, shared: Shared) -> None:
        self._call = call
        self._name = call.operation.name
        self._outgoing = outgoing
        self._shared = shared
        self._told = False
        self._lost = False
        self._progress = AttemptProgress(protected=False)
        self.reporter = reporter

    async def attempt(self) -> tuple[Any, _Failure | None]:
        """Try once; return the result or the failure."""
        number = len(self.reporter.attempts) + 1
        self.reporter.started(number)
        self._progress = progress = AttemptProgress(protected=self._call.operation.replay is Replay.SEND)
        try:
            answer = await self._shared.carrier.carry(self._outgoing, progress)
        except ExchangeFault as fault:
            self._tried(number, fault.status_code, fault.kind.value)
            return None, self._from_fault(fault)
        except BaseException:
            self._lost = progress.phase not in {Phase.WAITING, Phase.CONNECTING}
            self._tried(number, None, "interrupted")
            raise
        self._tried(number, answer.status, None)
        return self._from_answer(answer)

    def _tried(self, number: int, status: int | None, failure: str | None) -> None:
        progress = self._progress
        elapsed = 0.0
        if progress.started is not None:
            elapsed = (self._shared.clock() if progress.ended is None else progress.ended) - progress.started
        self.reporter.tried(Attempt(number, progress.phase, elapsed, status, failure))

    def _from_fault(self, fault: ExchangeFault) -> _Failure:
        replay = self._call.operation.replay
        text = f"{self._name}: {fault.detail}"
        attempts = self.reporter.attempts
        phase = self._progress.phase
        error: WikipayamError
        if fault.kind is ExchangeFaultKind.TIMEOUT:
            error = APITimeoutError(text, phase=phase, attempts=attempts)
        elif fault.kind in {ExchangeFaultKind.UNREADABLE, ExchangeFaultKind.TOO_LARGE}:
            error = ResponseError(text, status_code=fault.status_code, attempts=attempts)
        else:
            error = APIConnectionError(text, phase=phase, attempts=attempts)
        return _Failure(judge_fault(replay, fault), error, fault.kind.value)

    def _from_answer(self, answer: Answer) -> tuple[Any, _Failure | None]:
        verdict = judge_status(self._call.operation.replay, answer.status)
        if verdict is not None:
            error = status_error(answer, self._outgoing, operation=self._name, attempts=self.reporter.attempts)
            return None, _Failure(verdict, error, str(answer.status))
        shortcut = self._call.shortcut
        try:
            result = None if shortcut is None else shortcut(answer.body)
            return self._call.read(read_data(answer)) if result is None else result, None
        except UnreadableAnswerError as unreadable:
            text = f"{self._name}: {unreadable}"
        except Exception as error:  # noqa: BLE001 - whatever a strange answer provokes, the caller sees one of our errors
            text = f"{self._name}: a {answer.status} answer without what the call needs ({type(error).__name__})"
        wrong = ResponseError(text, status_code=answer.status, attempts=self.reporter.attempts)
        sends = self._call.operation.replay is Replay.SEND
        return None, _Failure(RetryDecision.UNKNOWN if sends else RetryDecision.FAIL, wrong, "unreadable")

    async def succeed(self, result: Any) -> Any:
        """Tell of the success, and only then let a cancellation through that came meanwhile."""
        self._shared.budget.succeed()
        complete = self._call.batch is None or None not in result
        self._tell(Outcome.SUCCEEDED if complete else Outcome.UNKNOWN, result)
        await self._let_cancellation_through()
        return result

    async def fail_or_pause(self, failure: _Failure, policy: RetryPolicy) -> None:
        """Raise the failure, or wait until the call may be tried again."""
        shared = self._shared
        number = len(self.reporter.attempts)
        if failure.verdict is RetryDecision.RETRY:
            pause = policy.pause(number, failure.retry_after, shared.uniform)
            now = shared.clock()
            if failure.throttled:
                shared.gate.close(now, pause)
            deadline = anyio.current_effective_deadline()
            if (
                policy.allows(number, pause, math.inf if deadline == math.inf else deadline - now)
                and shared.budget.take()
            ):
                await self._let_cancellation_through()
                self.reporter.retrying(pause, failure.reason)
                await shared.sleep(pause)
                return
        error: WikipayamError = self._unknown(failure) if failure.verdict is RetryDecision.UNKNOWN else failure.error
        self.end(error)
        await self._let_cancellation_through()
        raise error from (failure.error if failure.verdict is RetryDecision.UNKNOWN else None)

    def _unknown(self, failure: _Failure) -> UnknownOutcomeError:
        sent: SendBatch[Any] | None = self._call.batch
        messages, track_ids = (sent.messages, sent.track_ids) if sent else ((), ())
        names = name_some(track_ids)
        return UnknownOutcomeError(
            f"{self._name}: it is not known whether the gateway accepted this ({failure.reason}). Do not resend blindly: "
            f"look up the track ids in the panel first{f' ({names})' if names else ''}",
            messages=messages,
            track_ids=track_ids,
            phase=self._progress.phase,
            attempts=self.reporter.attempts,
        )

    async def _let_cancellation_through(self) -> None:
        cancellation = self._progress.cancellation
        if cancellation is not None:
            raise cancellation
        await checkpoint_if_cancelled()

    def end(self, error: BaseException) -> None:
        """Tell how the call ended, unless that was told already."""
        lost = self._lost and self._call.batch is not None
        if lost or isinstance(error, UnknownOutcomeError):
            self._tell(Outcome.UNKNOWN, None)
        elif isinstance(error, Exception):
            self._tell(Outcome.FAILED, None, refused=isinstance(error, APIStatusError) and bool(self.reporter.attempts))
        else:
            self._tell(Outcome.CANCELLED, None)

    def _tell(self, outcome: Outcome, result: Sequence[Any] | None, *, refused: bool = False) -> None:
        if self._told:
            return
        self._told = True
        outcomes = functools.partial(self._outcomes, outcome, result, refused=refused)
        if self._call.observer is not None:
            self._call.observer(outcomes)
        self.reporter.finished(outcome, self._shared.clock, outcomes)

    def _outcomes(self, outcome: Outcome, result: Sequence[Any] | None, *, refused: bool) -> list[MessageOutcome]:
        sent = self._call.batch
        if sent is None:
            return []
        if result is not None:
            return [
                MessageOutcome(track_id, SendStatus.UNKNOWN)
                if item is None
                else MessageOutcome(track_id, SendStatus.ACCEPTED, sent.id_of(item))
                for track_id, item in zip(sent.track_ids, result, strict=True)
            ]
        status = SendStatus.REJECTED if refused else SendStatus.NOT_ATTEMPTED
        status = SendStatus.UNKNOWN if outcome is Outcome.UNKNOWN else status
        return [MessageOutcome(track_id, status) for track_id in sent.track_ids]

"""What happens to a call, as data: its attempts, its retries, its outcome. Given to `on_event` and to the log."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeAlias

from attrs import field, frozen

from wikipayam_async.outcomes import Attempt, MessageOutcome, Outcome
from wikipayam_async.redact.scrub import scrub

__all__ = ["AttemptFinished", "AttemptStarted", "CallFinished", "Event", "EventHook", "RetryScheduled", "CallReporter"]

logger = logging.getLogger("wikipayam_async")
logger.addHandler(logging.NullHandler())


@frozen
class AttemptStarted:
    """A try of a call begins.

    Attributes:
        call_id: The same for all events of one call.
        operation: The call's name, as in `sms.send`.
        attempt: The number of the try, counted from 1.
    """

    call_id: str
    operation: str
    attempt: int


@frozen
class AttemptFinished:
    """A try of a call is over, with an answer or without.

    Attributes:
        call_id: The same for all events of one call.
        operation: The call's name, as in `sms.send`.
        attempt: The number, phase, duration and result of the try.
    """

    call_id: str
    operation: str
    attempt: Attempt


@frozen
class RetryScheduled:
    """A try failed in a way that allows another.

    Attributes:
        call_id: The same for all events of one call.
        operation: The call's name, as in `sms.send`.
        attempt: The number of the try that failed.
        delay: Seconds until the next.
        reason: What went wrong, in a word, or the status.
    """

    call_id: str
    operation: str
    attempt: int
    delay: float
    reason: str


@frozen
class CallFinished:
    """A call is over. There is exactly one for every call that was begun, cancelled ones included.

    Attributes:
        call_id: The same for all events of one call.
        operation: The call's name, as in `sms.send`.
        outcome: How it ended.
        elapsed: Seconds since the call was made, waiting included.
        attempts: What was tried, oldest first.
        messages: The outcome of every message, for a send; empty for everything else.
        method: The HTTP method, as in `POST`.
        base_url: Where the gateway is, as in `https://wikipayam.ir`.
    """

    call_id: str
    operation: str
    outcome: Outcome
    elapsed: float
    attempts: tuple[Attempt, ...]
    messages: tuple[MessageOutcome, ...] = field(default=())
    method: str = ""
    base_url: str = ""


Event: TypeAlias = AttemptStarted | AttemptFinished | RetryScheduled | CallFinished
EventHook: TypeAlias = Callable[[Event], None]


def _nobody(_: Event) -> None:
    """Stand where no hook was given."""


class CallReporter:
    """Tells one call's story as it happens, to the hook and to the log, and keeps what its errors need of it."""

    __slots__ = ("_base_url", "_begun", "_call_id", "_hook", "_listening", "_method", "_operation", "attempts")

    def __init__(
        self, hook: EventHook | None, *, call_id: str, operation: str, method: str, base_url: str, now: float
    ) -> None:
        self._hook: EventHook = hook or _nobody
        self._listening = hook is not None
        self._call_id = call_id
        self._operation = operation
        self._method = method
        self._base_url = base_url
        self._begun = now
        self.attempts: tuple[Attempt, ...] = ()

    def started(self, number: int) -> None:
        """Tell that a try begins."""
        if self._listening:
            self._emit(AttemptStarted(self._call_id, self._operation, number))

    def tried(self, attempt: Attempt) -> None:
        """Tell that a try is over."""
        self.attempts += (attempt,)
        if self._listening:
            self._emit(AttemptFinished(self._call_id, self._operation, attempt))
        if logger.isEnabledFor(logging.DEBUG):
            result = attempt.failure or attempt.status_code
            self._log(
                logging.DEBUG,
                f"attempt {attempt.number}: {result} while {attempt.phase}, {attempt.elapsed:.3f} s",
                {
                    "wikipayam_event": "attempt",
                    "wikipayam_attempt": attempt.number,
                    "wikipayam_phase": attempt.phase.value,
                    "wikipayam_elapsed": attempt.elapsed,
                    "wikipayam_status_code": attempt.status_code,
                    "wikipayam_failure": attempt.failure,
                },
            )

    def retrying(self, delay: float, reason: str) -> None:
        """Tell that another try follows."""
        number = len(self.attempts)
        if self._listening:
            self._emit(RetryScheduled(self._call_id, self._operation, number, delay, reason))
        if logger.isEnabledFor(logging.INFO):
            self._log(
                logging.INFO,
                f"attempt {number} failed ({reason}), the next in {delay:.2f} s",
                {
                    "wikipayam_event": "retry",
                    "wikipayam_attempt": number,
                    "wikipayam_delay": delay,
                    "wikipayam_reason": reason,
                },
            )

    def finished(
        self,
        outcome: Outcome,
        clock: Callable[[], float],
        messages: Callable[[], Sequence[MessageOutcome]],
    ) -> None:
        """Tell how the call ended; what became of each message is worked out only if somebody listens."""
        level = logging.WARNING if outcome is Outcome.UNKNOWN else logging.INFO
        heard = logger.isEnabledFor(level)
        if not heard and not self._listening:
            return
        end = CallFinished(
            self._call_id,
            self._operation,
            outcome,
            clock() - self._begun,
            self.attempts,
            tuple(messages()),
            self._method,
            self._base_url,
        )
        if self._listening:
            self._emit(end)
        if heard:
            self._log_end(level, end)

    def _log_end(self, level: int, end: CallFinished) -> None:
        tries = len(end.attempts)
        fields: dict[str, object] = {
            "wikipayam_event": "call",
            "wikipayam_outcome": end.outcome.value,
            "wikipayam_attempts": tries,
            "wikipayam_elapsed": end.elapsed,
            "wikipayam_status_code": end.attempts[-1].status_code if end.attempts else None,
            "wikipayam_messages": len(end.messages),
        }
        for status, count in Counter([outcome.status for outcome in end.messages]).items():
            fields[f"wikipayam_{status}"] = count
        self._log(level, f"{end.outcome} after {tries} attempt{'' if tries == 1 else 's'}, {end.elapsed:.3f} s", fields)

    def _log(self, level: int, text: str, fields: dict[str, object]) -> None:
        # The name of a call that a user made up holds its path, and who knows what stands in that.
        operation = scrub(self._operation) if " " in self._operation else self._operation
        fields["wikipayam_operation"] = operation
        fields["wikipayam_call_id"] = self._call_id
        logger.log(level, "%s %s: %s", operation, self._call_id, text, extra=fields)

    def _emit(self, event: Event) -> None:
        try:
            self._hook(event)
        except Exception as error:  # noqa: BLE001 - an observer's fault must not change what is told of a message
            logger.error("on_event raised %s for %s; the call goes on", type(error).__name__, type(event).__name__)

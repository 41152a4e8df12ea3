"""What happens to a call, as data: its attempts, its retries, its outcome. Given to `on_event` and to the log."""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable, Sequence
from typing import TypeAlias

from attrs import field, frozen

__all__ = [
    "Attempt",
    "AttemptFinished",
    "AttemptStarted",
    "CallFinished",
    "Event",
    "EventHook",
    "MessageOutcome",
    "Outcome",
    "Phase",
    "RetryScheduled",
    "SendStatus",
    "Teller",
]

logger = logging.getLogger("wikipayam_async")
logger.addHandler(logging.NullHandler())


class Phase(enum.StrEnum):
    """How far an attempt got."""

    WAITING = "waiting"
    """Nothing has left: it waits for its turn or for a connection."""
    CONNECTING = "connecting"
    """The connection is being made."""
    SENDING = "sending"
    """The request is being handed to the connection; its last byte has not been."""
    SENT = "sent"
    """The whole request was handed over; no answer yet."""
    READING = "reading"
    """The answer has begun to come."""
    ANSWERED = "answered"
    """The answer is complete."""


class SendStatus(enum.StrEnum):
    """What became of one message."""

    ACCEPTED = "accepted"
    """The gateway took it and named its id."""
    REJECTED = "rejected"
    """It was refused, by the gateway or by the checks before it; it was not sent."""
    UNKNOWN = "unknown"
    """The gateway may or may not have taken it. Sending it again may send it twice."""
    NOT_ATTEMPTED = "not_attempted"
    """It never reached the gateway whole; sending it again is safe."""


class Outcome(enum.StrEnum):
    """How a call ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


@frozen
class Attempt:
    """One try of a call, as its error and its events remember it.

    Attributes:
        number: Counted from 1.
        phase: How far it got.
        elapsed: Seconds it took.
        status_code: The answer's status, if there was an answer.
        failure: What went wrong, in a word (`timeout`, `disconnected`, ...); None if an answer came.
    """

    number: int
    phase: Phase
    elapsed: float
    status_code: int | None = None
    failure: str | None = None


@frozen
class MessageOutcome:
    """What became of one message of a send.

    Attributes:
        track_id: The message's track id; None where the service has none.
        status: Its fate.
        id: The gateway's id, if it was accepted.
    """

    track_id: str | None
    status: SendStatus
    id: str | None = None


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
        messages: The fate of every message, for a send; empty for everything else.
    """

    call_id: str
    operation: str
    outcome: Outcome
    elapsed: float
    attempts: tuple[Attempt, ...]
    messages: tuple[MessageOutcome, ...] = field(default=())


Event: TypeAlias = AttemptStarted | AttemptFinished | RetryScheduled | CallFinished
EventHook: TypeAlias = Callable[[Event], None]


def _nobody(_: Event) -> None:
    """Stand where no hook was given."""


class Teller:
    """Tells one call's story as it happens, to the hook and to the log, and keeps what its errors need of it."""

    __slots__ = ("_begun", "_call_id", "_hook", "_listening", "_operation", "attempts")

    def __init__(self, hook: EventHook | None, *, call_id: str, operation: str, now: float) -> None:
        self._hook: EventHook = hook or _nobody
        self._listening = hook is not None
        self._call_id = call_id
        self._operation = operation
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
                logging.DEBUG, f"attempt {attempt.number}: {result} while {attempt.phase}, {attempt.elapsed:.3f} s"
            )

    def retrying(self, delay: float, reason: str) -> None:
        """Tell that another try follows."""
        number = len(self.attempts)
        if self._listening:
            self._emit(RetryScheduled(self._call_id, self._operation, number, delay, reason))
        self._log(logging.INFO, f"attempt {number} failed ({reason}), the next in {delay:.2f} s")

    def finished(
        self, outcome: Outcome, clock: Callable[[], float], messages: Callable[[], Sequence[MessageOutcome]]
    ) -> None:
        """Tell how the call ended; what became of each message is worked out only for a hook that listens."""
        level = logging.WARNING if outcome is Outcome.UNKNOWN else logging.INFO
        heard = logger.isEnabledFor(level)
        if not heard and not self._listening:
            return
        elapsed = clock() - self._begun
        if self._listening:
            fates = tuple(messages())
            self._emit(CallFinished(self._call_id, self._operation, outcome, elapsed, self.attempts, fates))
        if heard:
            tries = len(self.attempts)
            self._log(level, f"{outcome} after {tries} attempt{'' if tries == 1 else 's'}, {elapsed:.3f} s")

    def _log(self, level: int, text: str) -> None:
        logger.log(level, "%s %s: %s", self._operation, self._call_id, text)

    def _emit(self, event: Event) -> None:
        try:
            self._hook(event)
        except Exception as error:  # noqa: BLE001 - an observer's fault must not change what is told of a message
            logger.error("on_event raised %s for %s; the call goes on", type(error).__name__, type(event).__name__)

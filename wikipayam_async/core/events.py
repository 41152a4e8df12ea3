"""The events of a call: its attempts, retries and outcome. Each is passed to `on_event` and written to the log."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import attrs
from attrs import field, frozen

from wikipayam_async.outcomes import Attempt, CallOutcome, MessageOutcome, Phase
from wikipayam_async.publish import publish_in_package
from wikipayam_async.redact.scrub import scrub

__all__ = [
    "AttemptFinished",
    "AttemptStarted",
    "CallFinished",
    "CallReporter",
    "CampaignProgressed",
    "Event",
    "EventHook",
    "RetryScheduled",
]

logger = logging.getLogger("wikipayam_async")
# No `NullHandler`: where nobody configured logging, warnings and errors are to reach stderr, by `logging.lastResort`.

_SHOWN = 20
"""The number of messages that a line names."""


@frozen
class AttemptStarted:
    """An attempt of a call starts.

    Attributes:
        call_id: The same for all events of one call.
        operation: The name of the operation, such as `sms.send`.
        number: The number of the attempt, counted from 1.
    """

    call_id: str
    operation: str
    number: int


@frozen
class AttemptFinished:
    """An attempt of a call ended, with or without an answer.

    Attributes:
        call_id: The same for all events of one call.
        operation: The name of the operation, such as `sms.send`.
        number: The number of the attempt, counted from 1.
        phase: How far the attempt got.
        elapsed: Seconds it took.
        status_code: The HTTP status, if an answer arrived.
        failure: The failure in one word, such as `timeout`; None if an answer arrived.
    """

    call_id: str
    operation: str
    number: int
    phase: Phase
    elapsed: float
    status_code: int | None = None
    failure: str | None = None


@frozen
class RetryScheduled:
    """An attempt failed and another follows.

    Attributes:
        call_id: The same for all events of one call.
        operation: The name of the operation, such as `sms.send`.
        number: The number of the attempt that failed.
        delay: Seconds until the next attempt.
        failure: The failure in one word, such as `connect`, or the HTTP status.
    """

    call_id: str
    operation: str
    number: int
    delay: float
    failure: str


@frozen
class CallFinished:
    """A call ended. Every call has exactly one such event, also a cancelled one.

    Attributes:
        call_id: The same for all events of one call.
        operation: The name of the operation, such as `sms.send`.
        outcome: The outcome of the call.
        elapsed: Seconds since the call was made, waiting included.
        attempts: The attempts, oldest first.
        messages: For a send, the outcome of every message; otherwise empty.
        method: The HTTP method, such as `POST`.
        base_url: The base URL of the gateway, such as `https://wikipayam.ir`.
        status_code: The HTTP status of the last answer; None without one.
        headers: The well-known headers of the last answer, such as `x-request-id`, names in lower case. Cookies and
            other headers are left out, because they may repeat a message. Empty without an answer.
    """

    call_id: str
    operation: str
    outcome: CallOutcome
    elapsed: float
    attempts: tuple[Attempt, ...]
    messages: tuple[MessageOutcome, ...] = field(default=())
    method: str = ""
    base_url: str = ""
    status_code: int | None = None
    headers: Mapping[str, str] = field(factory=dict, repr=False, hash=False)


@frozen
class CampaignProgressed:
    """A campaign has got further, or its status has changed. `Campaign.open(..., on_event=hook)` receives it.

    It is no event of a call, so the hook of a client does not receive it; those of the integrations take both.

    Attributes:
        campaign: The name of the campaign's journal, such as `eid` for `eid.db`.
        status: The status: `running`, `paused`, `completed` or `canceled`.
        total: The number of its messages.
        pending: Messages that were not attempted.
        sending: Messages in flight.
        accepted: Messages that were accepted.
        rejected: Messages that were refused or held back.
        unknown: Messages that may or may not have been accepted.
        reason: Why it is paused or canceled, or what it waits for; None otherwise.
    """

    campaign: str
    status: str
    total: int
    pending: int
    sending: int
    accepted: int
    rejected: int
    unknown: int
    reason: str | None = None


Event: TypeAlias = AttemptStarted | AttemptFinished | RetryScheduled | CallFinished
"""An event of a call."""

EventHook: TypeAlias = Callable[[Event], None]
"""Called with every event; a plain function that returns at once."""


class CallReporter:
    """Passes the events of one call to the hook and to the log.

    Attributes:
        attempts: The finished attempts, oldest first.
    """

    __slots__ = (
        "_base_url", "_hook", "_made_call_id", "_method", "_new_call_id", "_operation", "_started", "_track_ids", "attempts",
    )  # fmt: skip

    def __init__(
        self,
        hook: EventHook | None,
        *,
        new_call_id: Callable[[], str],
        operation: str,
        method: str,
        base_url: str,
        now: float,
        track_ids: Sequence[str | None] = (),
    ) -> None:
        self._hook = hook
        self._new_call_id = new_call_id
        self._made_call_id = ""
        self._operation = operation
        self._method = method
        self._base_url = base_url
        self._started = now
        self._track_ids = track_ids
        self.attempts: tuple[Attempt, ...] = ()

    @property
    def _call_id(self) -> str:
        """The id of the call, made when it is first shown."""
        self._made_call_id = self._made_call_id or self._new_call_id()
        return self._made_call_id

    def attempt_started(self, number: int) -> None:
        """Report the start of an attempt."""
        if self._hook is not None:
            self._emit(self._hook, AttemptStarted(self._call_id, self._operation, number))

    def attempt_finished(self, attempt: Attempt) -> None:
        """Report the end of an attempt."""
        self.attempts += (attempt,)
        if self._hook is not None:
            self._emit(self._hook, AttemptFinished(self._call_id, self._operation, *attrs.astuple(attempt)))
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

    def retry_scheduled(self, delay: float, failure: str) -> None:
        """Report that another attempt follows after a delay."""
        number = len(self.attempts)
        if self._hook is not None:
            self._emit(self._hook, RetryScheduled(self._call_id, self._operation, number, delay, failure))
        if logger.isEnabledFor(logging.INFO):
            names = [name for name in self._track_ids[:_SHOWN] if name]
            of = f"; {'track id' if len(self._track_ids) == 1 else 'track ids'} {', '.join(names)}" if names else ""
            more = f" and {len(self._track_ids) - _SHOWN} more" if len(self._track_ids) > _SHOWN else ""
            self._log(
                logging.INFO,
                f"attempt {number} failed ({failure}), next attempt in {delay:.2f} s{of}{more}",
                {
                    **({"wikipayam_track_ids": names} if names else {}),
                    "wikipayam_event": "retry",
                    "wikipayam_attempt": number,
                    "wikipayam_delay": delay,
                    "wikipayam_failure": failure,
                },
            )

    def call_finished(
        self,
        outcome: CallOutcome,
        clock: Callable[[], float],
        messages: Callable[[], Sequence[MessageOutcome]],
        headers: Callable[[], Mapping[str, str]],
    ) -> None:
        """Report the end of the call. The functions are called only if there is a hook or the log level is enabled."""
        may_warn = outcome is CallOutcome.UNKNOWN or outcome is CallOutcome.FAILED
        if self._hook is None and not logger.isEnabledFor(logging.WARNING if may_warn else logging.INFO):
            return
        event = CallFinished(
            self._call_id,
            self._operation,
            outcome,
            clock() - self._started,
            self.attempts,
            tuple(messages()),
            self._method,
            self._base_url,
            self.attempts[-1].status_code if self.attempts else None,
            headers(),
        )
        if self._hook is not None:
            self._emit(self._hook, event)
        is_warning = outcome is CallOutcome.UNKNOWN or (outcome is CallOutcome.FAILED and event.messages)
        level = logging.WARNING if is_warning else logging.INFO
        if logger.isEnabledFor(level):
            self._log_end(level, event)

    def _log_end(self, level: int, event: CallFinished) -> None:
        count = len(event.attempts)
        fields: dict[str, object] = {
            "wikipayam_event": "call",
            "wikipayam_outcome": event.outcome.value,
            "wikipayam_attempts": count,
            "wikipayam_elapsed": event.elapsed,
            "wikipayam_status_code": event.status_code,
            "wikipayam_messages": len(event.messages),
        }
        for status, messages in Counter([outcome.status for outcome in event.messages]).items():
            fields[f"wikipayam_{status}"] = messages
        text = f"{event.outcome} after {count} attempt{'' if count == 1 else 's'}, {event.elapsed:.3f} s"
        if event.messages and event.outcome is not CallOutcome.SUCCEEDED:
            fields["wikipayam_outcomes"] = [
                {"track_id": one.track_id, "status": one.status.value, "id": one.id} for one in event.messages[:_SHOWN]
            ]
            answered = "" if event.status_code is None else f"; status {event.status_code}"
            text = f"{text}{answered}; {_named(event.messages)}"
        self._log(level, text, fields)

    def _log(self, level: int, text: str, fields: dict[str, object]) -> None:
        # A call of `client.request` is named by its method and path, and the path may hold a phone number.
        operation = scrub(self._operation) if " " in self._operation else self._operation
        fields["wikipayam_operation"] = operation
        fields["wikipayam_call_id"] = self._call_id
        logger.log(level, "%s %s: %s", operation, self._call_id, text, extra=fields)

    def _emit(self, hook: EventHook, event: Event) -> None:
        try:
            hook(event)
        except Exception as error:  # noqa: BLE001 - a fault of the hook must not change the outcome of the call
            logger.error("on_event raised %s for %s; the call continues", type(error).__name__, type(event).__name__)


def _named(outcomes: Sequence[MessageOutcome]) -> str:
    """Return the outcomes of messages with their ids, as text."""
    shown = []
    for one in outcomes[:_SHOWN]:
        ids = [f"{name} {value}" for name, value in (("track id", one.track_id), ("gateway id", one.id)) if value]
        word = one.status.value.replace("_", " ")
        shown.append(f"{word} ({', '.join(ids)})" if ids else word)
    more = [f"and {len(outcomes) - _SHOWN} more"] if len(outcomes) > _SHOWN else []
    return "; ".join([*shown, *more])


publish_in_package(["AttemptFinished", "AttemptStarted", "CallFinished", "RetryScheduled"], globals())

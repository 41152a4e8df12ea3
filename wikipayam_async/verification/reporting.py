"""The events of a verifier: passed to the hook, and written to the log."""

from __future__ import annotations

import logging

from wikipayam_async.outcomes import SendStatus
from wikipayam_async.redact.masks import mask_number
from wikipayam_async.verification.codes import CodeKeys
from wikipayam_async.verification.errors import LimitScope
from wikipayam_async.verification.events import (
    ChallengeSubject,
    CodeChecked,
    CodeSent,
    LimitReached,
    VerificationEvent,
    VerificationHook,
)
from wikipayam_async.verification.subjects import Subject

__all__ = ["Reporter"]

logger = logging.getLogger("wikipayam_async")

_ALARMS = {LimitScope.PREFIX, LimitScope.DESTINATION, LimitScope.ACCOUNT}
_SHOWN = 8


class Reporter:
    """Reports the events of a verifier.

    Args:
        hook: Called with every event; None for none.
        keys: The secrets, for the digests of numbers.
    """

    def __init__(self, hook: VerificationHook | None, keys: CodeKeys) -> None:
        self._hook = hook
        self._keys = keys

    def subject(self, subject: Subject, challenge: str = "") -> ChallengeSubject:
        """Return whom an event is about.

        Args:
            subject: The receiver, the purpose and the address.
            challenge: The id of the challenge; empty without one.
        """
        return ChallengeSubject(
            challenge=challenge[:_SHOWN],
            purpose=subject.purpose,
            receiver=mask_number(subject.receiver) if subject.receiver else "",
            # Without a hook nobody reads it.
            receiver_key=self._keys.pseudonym(subject.receiver) if subject.receiver and self._hook else "",
            destination=subject.destination,
            ip=subject.ip,
        )

    def report(self, event: VerificationEvent) -> None:
        """Pass an event to the hook and to the log."""
        self._log(event)
        if self._hook is None:
            return
        try:
            self._hook(event)
        except Exception as error:  # noqa: BLE001 - a fault of the hook must not change the outcome of the call
            logger.error("on_event raised %s for %s; the call continues", type(error).__name__, type(event).__name__)

    def _log(self, event: VerificationEvent) -> None:
        level = _level_of(event)
        if not logger.isEnabledFor(level):
            return
        fields = {
            "wikipayam_event": "verification",
            "wikipayam_challenge": event.subject.challenge,
            "wikipayam_purpose": event.subject.purpose,
        }
        of = f"challenge {event.subject.challenge or '(none)'} ({event.subject.purpose})"
        logger.log(level, "verification, %s: %s", of, _text_of(event), extra=fields)


def _level_of(event: VerificationEvent) -> int:
    if isinstance(event, CodeSent):
        return logging.INFO if event.send_status is SendStatus.ACCEPTED else logging.WARNING
    return logging.WARNING if isinstance(event, LimitReached) and event.scope in _ALARMS else logging.INFO


def _text_of(event: VerificationEvent) -> str:
    if isinstance(event, CodeSent):
        why = f" ({event.failure})" if event.failure else ""
        return f"{event.channel} message {event.number}: {event.send_status}{why}"
    if isinstance(event, CodeChecked):
        return f"code {event.status}, {event.attempts_left} left"
    return f"limit by {event.scope} reached, for {event.retry_after:.0f} s"

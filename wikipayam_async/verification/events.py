"""The events that a verifier passes to `on_event`, for the monitoring of fraud. None has a code or a full number."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from attrs import frozen

from wikipayam_async.outcomes import SendStatus
from wikipayam_async.verification.errors import LimitScope
from wikipayam_async.verification.models import CheckStatus

__all__ = [
    "ChallengeSubject",
    "CodeChecked",
    "CodeSent",
    "LimitReached",
    "VerificationEvent",
    "VerificationHook",
]


@frozen(kw_only=True)
class ChallengeSubject:
    """Whom an event is about.

    Attributes:
        challenge: The first 8 characters of the challenge's id; empty if there is no challenge.
        purpose: What the code is for.
        receiver: The number, masked: `0912*****89`.
        receiver_key: A keyed digest of the number, the same in all events of the number under one secret.
        destination: The country: `IR`, or a calling code such as `+971`.
        ip: The address that started the challenge or asked for this message, as the caller gave it; None if unknown.
    """

    challenge: str
    purpose: str
    receiver: str
    receiver_key: str
    destination: str
    ip: str | None = None


@frozen(kw_only=True)
class CodeSent:
    """A code was sent, or could not be sent.

    Attributes:
        subject: Whom it is about.
        channel: The name of the channel.
        number: How often the challenge was sent, this one included; 1 for its start.
        automatic: Whether it is the automatic fall-back.
        send_status: The outcome.
        failure: The type of the error; None if there was none.
    """

    subject: ChallengeSubject
    channel: str
    number: int
    automatic: bool
    send_status: SendStatus
    failure: str | None = None


@frozen(kw_only=True)
class CodeChecked:
    """A code was entered. Few of these for many `CodeSent` are a sign of pumping.

    Attributes:
        subject: Whom it is about; its `receiver` is empty for `NOT_FOUND`.
        status: The status.
        attempts_left: How many more codes may be entered.
        wrong_in_a_row: The wrong codes of the receiver for this purpose, across challenges; 0 unless `WRONG` or `LOCKED`.
    """

    subject: ChallengeSubject
    status: CheckStatus
    attempts_left: int
    wrong_in_a_row: int


@frozen(kw_only=True)
class LimitReached:
    """A message was not sent, because a limit is reached.

    Attributes:
        subject: Whom it is about.
        scope: What the limit counts by. `PREFIX`, `DESTINATION` and `ACCOUNT` deserve an alarm.
        retry_after: Seconds until the limit takes another message.
        automatic: Whether it was the automatic fall-back.
    """

    subject: ChallengeSubject
    scope: LimitScope
    retry_after: float
    automatic: bool


VerificationEvent: TypeAlias = CodeSent | CodeChecked | LimitReached
"""An event of a verifier."""

VerificationHook: TypeAlias = Callable[[VerificationEvent], None]
"""Called with every event; a plain function that returns at once."""

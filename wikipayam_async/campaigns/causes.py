"""The cause of an outcome in one word, so that outcomes can be grouped. Pure."""

from __future__ import annotations

from wikipayam_async.errors import (
    APIStatusError,
    BeforeSendError,
    InvalidInputError,
    SuppressedError,
    UnknownOutcomeError,
    WikipayamError,
)
from wikipayam_async.outcomes import Attempt

__all__ = ["INTERRUPTED", "IN_FLIGHT", "cause_of"]

INTERRUPTED = "interrupted"
"""The process ended while the message was in flight."""
IN_FLIGHT = "in_flight"
"""The message is being sent."""


def cause_of(error: WikipayamError | None) -> str:
    """Return the cause of an outcome that is not accepted: `timeout`, `502`, `opted_out`, `unreported`, ...

    Args:
        error: The error of the result; None for a send that was cut off.
    """
    if error is None:
        return INTERRUPTED
    if isinstance(error, SuppressedError):
        return error.reason
    if isinstance(error, APIStatusError):
        return str(error.status_code)
    attempts: tuple[Attempt, ...] = getattr(error, "attempts", ())
    if isinstance(error, UnknownOutcomeError):
        return _failure(attempts) or ("unreadable" if attempts else "unreported")
    names = {InvalidInputError: "invalid", BeforeSendError: "not_attempted"}
    return _failure(attempts) or names.get(type(error)) or type(error).__name__


def _failure(attempts: tuple[Attempt, ...]) -> str | None:
    """Return how the last attempt failed; None if it succeeded, or there was none."""
    if not attempts:
        return None
    last = attempts[-1]
    if last.failure is not None:
        return last.failure
    status = last.status_code
    return str(status) if status is not None and not 200 <= status < 300 else None  # noqa: PLR2004 - HTTP's success

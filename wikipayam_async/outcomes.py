"""What became of a call and of each message: how far an attempt got, how a call ended, the outcome of a message."""

from __future__ import annotations

import enum

from attrs import frozen

__all__ = ["Attempt", "MessageOutcome", "Outcome", "Phase", "SendStatus"]


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
        status: Its outcome.
        id: The gateway's id, if it was accepted.
    """

    track_id: str | None
    status: SendStatus
    id: str | None = None

"""Outcomes: how far an attempt got, how a call ended, and the outcome of each message."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Protocol, TypeAlias

from attrs import frozen

from wikipayam_async.publish import publish, publish_in_package
from wikipayam_async.structs import Model

__all__ = [
    "LOOK_FIRST",
    "AnyMessage",
    "Attempt",
    "CallOutcome",
    "HasId",
    "Ids",
    "MessageOutcome",
    "Phase",
    "SendStatus",
]

LOOK_FIRST = "look in the panel first, by receiver, text and time, or by track id if it shows one"
"""What to do about an unknown outcome, for errors. What the panel shows is not documented."""


class Phase(enum.StrEnum):
    """How far an attempt got."""

    WAITING = "waiting"
    """Nothing was sent; the attempt waits for a rate limit or a connection."""
    CONNECTING = "connecting"
    """The connection is being opened."""
    SENDING = "sending"
    """The request is being written to the connection; its last byte is not written yet."""
    SENT = "sent"
    """The whole request was written; no answer has arrived."""
    READING = "reading"
    """The answer has started to arrive."""
    ANSWERED = "answered"
    """The answer is complete."""


class SendStatus(enum.StrEnum):
    """The outcome of one message."""

    ACCEPTED = "accepted"
    """The gateway accepted the message and returned its id."""
    REJECTED = "rejected"
    """The gateway or a check before it rejected the message. It was not sent."""
    UNKNOWN = "unknown"
    """The gateway may have accepted the message. Sending it again may send it twice."""
    NOT_ATTEMPTED = "not_attempted"
    """The message never fully reached the gateway. Sending it again is safe."""


class CallOutcome(enum.StrEnum):
    """The outcome of a call."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


class Attempt(Model, frozen=True):
    """One attempt of a call, in its error and its events.

    Attributes:
        number: The number of the attempt, counted from 1.
        phase: How far the attempt got.
        elapsed: The duration in seconds.
        status_code: The HTTP status, if an answer arrived.
        failure: The fault in one word (`timeout`, `disconnected`, ...); None if an answer arrived.
    """

    number: int
    phase: Phase
    elapsed: float
    status_code: int | None = None
    failure: str | None = None


@frozen
class MessageOutcome:
    """The outcome of one message of a send.

    Attributes:
        track_id: The track id; None where the service has none.
        status: The outcome.
        id: The gateway's id of the message, if it was accepted.
    """

    track_id: str | None
    status: SendStatus
    id: str | None = None


class AnyMessage(Protocol):
    """A message of any service: an `SmsMessage` or an `OtpMessage`."""

    @property
    def receiver(self) -> str:
        """The receiver, as the caller wrote it."""
        ...

    @property
    def track_id(self) -> str | None:
        """The caller's reference; None if one is generated."""
        ...


class HasId(Protocol):
    """An object with the gateway's id of a message, such as a `SentMessage`, a `SendResult` or a `ReceivedMessage`."""

    @property
    def id(self) -> str | None:
        """The gateway's id; None if the gateway named none."""
        ...


Ids: TypeAlias = str | HasId | Iterable[str | HasId]
"""One id or several: ids, or objects with an id."""


publish_in_package(["Attempt", "CallOutcome", "MessageOutcome", "Phase", "SendStatus"], globals())
publish("wikipayam_async.types", ["AnyMessage", "HasId"], globals())

"""A message under an idempotency key, and what a record of the key means for it. Pure."""

from __future__ import annotations

import enum
import secrets
from typing import Any

from attrs import field, frozen

from wikipayam_async.errors import UnknownOutcomeError, WikipayamError
from wikipayam_async.idempotency.digest import digest_of
from wikipayam_async.idempotency.errors import IdempotencyConflictError, InFlightError
from wikipayam_async.idempotency.outcome import load_error, load_result
from wikipayam_async.idempotency.process import has_ended, process_name
from wikipayam_async.idempotency.store import Claim, IdempotencyRecord, IdempotencyStore
from wikipayam_async.outcomes import LOOK_FIRST, AnyMessage, SendStatus
from wikipayam_async.redact.scrub import scrub
from wikipayam_async.redact.sealed import Sealed

__all__ = ["KeyedMessage", "Standing", "standing_of"]

_LEASE_MARGIN = 5.0
"""Seconds after the time-out of an attempt until its claim counts as lost: it is written within that time."""


class Standing(enum.Enum):
    """What a record of a key means for a message under the same key."""

    CONFLICT = enum.auto()
    """The key is another message's."""
    FREE = enum.auto()
    """The message was not attempted."""
    KNOWN = enum.auto()
    """The message has an outcome: accepted, rejected or unknown."""
    IN_FLIGHT = enum.auto()
    """Another call is sending the message."""
    LOST = enum.auto()
    """Another call claimed the message, and ended or was stopped before it wrote an outcome."""


@frozen(kw_only=True)
class KeyedMessage:
    """A message under an idempotency key.

    Attributes:
        key: The key.
        kind: `sms`, `otp`, `voice` or `holoo`.
        operation: The name of the operation, such as `sms.send`.
        message: The message as the caller passed it.
        track_id: The track id that it is sent with; None where the service has none.
        receiver: The receiver, as it is sent.
        text: The text or the code, as it is sent.
        result: The class of the answer.
        variant: What else makes the message this one, such as the pattern of a code.
        claim_id: The id of the claims of this call.
    """

    key: str
    kind: str
    operation: str
    message: AnyMessage = field(repr=False)
    track_id: str | None
    receiver: Sealed[str]
    text: Sealed[str]
    result: type[Any] = field(repr=False)
    variant: str = ""
    claim_id: str = field(factory=lambda: secrets.token_hex(16), repr=False)

    @property
    def shown_key(self) -> str:
        """The key as errors show it."""
        return scrub(self.key)

    def digest(self, secret: bytes) -> str:
        """Return the keyed digest of receiver and text."""
        return digest_of(self.key, self.kind, (self.receiver.reveal(), self.text.reveal(), self.variant), secret)

    def claim(self, store: IdempotencyStore, timeout: float) -> Claim:
        """Return the claim of an attempt.

        Args:
            store: The store.
            timeout: Seconds for the attempt.
        """
        return Claim(
            key=self.key,
            kind=self.kind,
            digest=self.digest(store.secret),
            claim_id=self.claim_id,
            owner=process_name(),
            track_id=self.track_id,
            lease=timeout + _LEASE_MARGIN,
            keep=store.keep_for.total_seconds(),
        )

    def answer(self, record: IdempotencyRecord, standing: Standing) -> Any:
        """Return the result of the message that a record tells, or raise its error.

        Raises:
            IdempotencyConflictError: The record is another message's.
            UnknownOutcomeError: The outcome is unknown.
            APIStatusError: The gateway refused the message.
        """
        if standing is Standing.CONFLICT:
            raise IdempotencyConflictError(
                f"{self.operation}: not sent: the idempotency key {self.shown_key} was used for another message "
                f"(another receiver, another text or another kind; that was a message of the kind {record.kind}). One "
                "key is for one message",
                key=self.key,
            )
        if standing is Standing.KNOWN and record.status is not SendStatus.UNKNOWN:
            try:
                if record.status is SendStatus.ACCEPTED:
                    return load_result(record.outcome, self.result, self.receiver, self.text)
                error = load_error(record.outcome)
            except ValueError:
                pass  # it was accepted or refused, but nobody can say how: unknown is what is left to tell
            else:
                error.add_note(f"wikipayam_async: the outcome of an earlier call with the key {self.shown_key}")
                raise error
        raise self.unknown(record, standing)

    def unknown(self, record: IdempotencyRecord, standing: Standing) -> UnknownOutcomeError:
        """Return the error of a message whose outcome is not known, although an earlier call claimed it."""
        ended = {
            Standing.LOST: "ended before it wrote an outcome",
            Standing.KNOWN: "ended with an unknown outcome",
        }[standing]
        names = f" ({record.track_id})" if record.track_id else ""
        return UnknownOutcomeError(
            f"{self.operation}: not sent again: an earlier call with the idempotency key {self.shown_key} {ended}, so "
            f"the gateway may have accepted this message. Do not resend blindly: {LOOK_FIRST}{names}",
            messages=[self.message],
            track_ids=[record.track_id],
        )

    def in_flight(self, record: IdempotencyRecord, waited: float) -> WikipayamError:
        """Return the error of a call that waited for another in vain."""
        return InFlightError(
            f"{self.operation}: not sent: another call with the idempotency key {self.shown_key} is in progress, and had "
            f"no outcome after {waited:.1f} s. Call again with the same key later",
            key=self.key,
            track_id=record.track_id,
        )


def standing_of(record: IdempotencyRecord, kind: str, digest: str) -> Standing:
    """Return what a record means for a message of a kind and with a digest."""
    if (record.kind, record.digest) != (kind, digest):
        return Standing.CONFLICT
    if record.status is SendStatus.NOT_ATTEMPTED:
        return Standing.FREE
    if record.status is not None:
        return Standing.KNOWN
    # A claim without an outcome is never sent again: at most its outcome is unknown.
    return Standing.LOST if record.lease_left <= 0 or has_ended(record.owner) else Standing.IN_FLIGHT

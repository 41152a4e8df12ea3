"""What a bulk send tells: one result for every message, and a report of them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import field, frozen

from wikipayam_async.core.events import SendStatus
from wikipayam_async.errors import BulkError, UnknownOutcomeError, WikipayamError
from wikipayam_async.messages import SmsMessage

__all__ = ["BulkReport", "SendResult"]


@frozen
class SendResult:
    """What became of one message.

    Attributes:
        index: Its place in the input, counted from 0.
        message: The message as it was put in.
        status: Its fate.
        id: The gateway's id, if it was accepted.
        error: Why it was not accepted, or why nobody knows.
        track_id: The reference it was sent with; None if it never got as far as having one.
    """

    index: int
    message: SmsMessage
    status: SendStatus
    id: str | None = None
    error: WikipayamError | None = field(default=None, eq=False)
    track_id: str | None = None


@frozen
class BulkReport:
    """Every result of a bulk send, in the order of the input.

    Attributes:
        results: All results.
    """

    results: Sequence[SendResult]

    @property
    def accepted(self) -> list[SendResult]:
        """The messages that the gateway took."""
        return self._with(SendStatus.ACCEPTED)

    @property
    def rejected(self) -> list[SendResult]:
        """The messages that were refused, by the gateway or by the checks before it."""
        return self._with(SendStatus.REJECTED)

    @property
    def unknown(self) -> list[SendResult]:
        """The messages that may or may not have been accepted. Do not resend them blindly."""
        return self._with(SendStatus.UNKNOWN)

    @property
    def not_attempted(self) -> list[SendResult]:
        """The messages that never reached the gateway. Sending them again is safe."""
        return self._with(SendStatus.NOT_ATTEMPTED)

    @property
    def counts(self) -> Mapping[SendStatus, int]:
        """How many messages there are of each fate."""
        found = Counter(result.status for result in self.results)
        return {status: found[status] for status in SendStatus}

    def summary(self) -> str:
        """Return the counts in one line."""
        fates = ", ".join(f"{count:,} {status.value.replace('_', ' ')}" for status, count in self.counts.items())
        return f"{len(self.results):,} messages: {fates}"

    def raise_for_failures(self) -> None:
        """Raise if any message was not accepted.

        Raises:
            UnknownOutcomeError: The fate of some is not known; this goes before the other.
            BulkError: Some were refused or not attempted.
        """
        unknown = self.unknown
        if unknown:
            raise UnknownOutcomeError(
                f"{self.summary()}. Do not resend the unknown ones blindly: look up their track ids in the panel first",
                messages=[result.message for result in unknown],
                track_ids=[result.track_id for result in unknown],
                accepted=self.accepted,
            ) from unknown[0].error
        if len(self.accepted) < len(self.results):
            first = next((result.error for result in self.results if result.error is not None), None)
            raise BulkError(self.summary() + (f"; the first failure: {first}" if first else ""), report=self) from first

    def _with(self, status: SendStatus) -> list[SendResult]:
        return [result for result in self.results if result.status is status]

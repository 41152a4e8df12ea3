"""What a bulk send tells: one result for every message, and a report of them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from wikipayam_async.errors import SuppressedError, UnknownOutcomeError, WikipayamError
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.outcomes import SendStatus

__all__ = ["BulkError", "BulkReport", "BulkSourceError", "SendResult", "accepted"]


@frozen(weakref_slot=False)  # Python 3.11 would not let a blank become one: see `accepted`
class SendResult:
    """What became of one message.

    Attributes:
        index: Its place in the input, counted from 0.
        message: The message as it was put in.
        status: Its outcome.
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


class _Blank:
    """A `SendResult` that can still be written to: the same slots in the same order."""

    __slots__ = ("error", "id", "index", "message", "status", "track_id")

    index: int
    message: SmsMessage
    status: SendStatus
    id: str | None
    error: WikipayamError | None
    track_id: str | None


def accepted(
    indexes: Iterable[int], messages: Iterable[SmsMessage], track_ids: Iterable[str], ids: Iterable[str | None]
) -> list[SendResult]:
    """Return the results of messages that were accepted.

    There is one for every message of a bulk send, and a frozen class makes its instances slowly, so that this took a
    third of all its time: they are filled in as blanks first, and then become what they are.
    """
    results: list[Any] = []
    for index, message, track_id, id_ in zip(indexes, messages, track_ids, ids, strict=True):
        blank = _Blank()
        blank.index = index
        blank.message = message
        blank.status = SendStatus.ACCEPTED
        blank.id = id_
        blank.error = None
        blank.track_id = track_id
        blank.__class__ = SendResult  # type: ignore[assignment]
        results.append(blank)
    return results


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
    def suppressed(self) -> list[SendResult]:
        """Those of the rejected messages that we held back ourselves, as duplicates or for an opt-out."""
        return [result for result in self.results if isinstance(result.error, SuppressedError)]

    @property
    def counts(self) -> Mapping[SendStatus, int]:
        """How many messages there are of each outcome."""
        found = Counter(result.status for result in self.results)
        return {status: found[status] for status in SendStatus}

    def summary(self) -> str:
        """Return the counts in one line."""
        outcomes = ", ".join(f"{count:,} {status.value.replace('_', ' ')}" for status, count in self.counts.items())
        return f"{len(self.results):,} messages: {outcomes}"

    def raise_for_failures(self) -> None:
        """Raise if any message was not accepted. What was held back as it should be is no failure.

        Raises:
            UnknownOutcomeError: The outcome of some is not known; this goes before the other.
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
        failed = [
            result
            for result in self.results
            if result.status is not SendStatus.ACCEPTED and not isinstance(result.error, SuppressedError)
        ]
        if failed:
            first = next((result.error for result in failed if result.error is not None), None)
            raise BulkError(self.summary() + (f"; the first failure: {first}" if first else ""), report=self) from first

    def _with(self, status: SendStatus) -> list[SendResult]:
        return [result for result in self.results if result.status is status]


class BulkError(WikipayamError):
    """A bulk send did not get every message accepted. Raised by `BulkReport.raise_for_failures()`.

    Attributes:
        report: The whole report. Not part of a pickle.
    """

    _unpickled = MappingProxyType({"report": None})

    def __init__(self, text: str, *, report: BulkReport) -> None:
        super().__init__(text)
        self.report = report


class BulkSourceError(BulkError):
    """The iterable that gave the messages raised in the middle of a bulk send; `__cause__` is what it raised.

    Attributes:
        report: The outcome of every message that the iterable had given until then. Not part of a pickle.
    """

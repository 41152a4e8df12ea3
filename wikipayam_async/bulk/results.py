"""The results of a bulk send: one result per message, and a report of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from wikipayam_async.errors import SuppressedError, UnknownOutcomeError, WikipayamError
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.outcomes import LOOK_FIRST, SendStatus
from wikipayam_async.publish import publish_in_package

__all__ = [
    "BulkError",
    "BulkReport",
    "BulkSourceError",
    "BulkUnknownOutcomeError",
    "SendResult",
    "accepted",
    "counts_text",
]


@frozen(weakref_slot=False)  # or Python 3.11 forbids the change of class in `accepted`
class SendResult:
    """The outcome of one message.

    Attributes:
        index: The index of the message in the input, counted from 0.
        message: The message as the caller passed it.
        status: Its outcome.
        id: The gateway's id, if the message was accepted.
        error: The reason why it was not accepted, or why its outcome is unknown.
        track_id: The track id it was sent with; None if it was not prepared for sending.
    """

    index: int
    message: SmsMessage
    status: SendStatus
    id: str | None = None
    error: WikipayamError | None = field(default=None, eq=False)
    track_id: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the gateway accepted the message."""
        return self.status is SendStatus.ACCEPTED


class _Blank:
    """A writable `SendResult`: the same slots in the same order. Filling a frozen class takes three times as long."""

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
    """Return the results of accepted messages.

    Every message of a bulk send gets one, so speed counts: each is filled as a `_Blank`, then becomes a `SendResult`.
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


def counts_text(counts: Mapping[SendStatus, int]) -> str:
    """Return the number of messages of each outcome in one line."""
    outcomes = ", ".join(f"{counts.get(status, 0):,} {status.value.replace('_', ' ')}" for status in SendStatus)
    return f"{sum(counts.values()):,} messages: {outcomes}"


@frozen
class BulkReport:
    """Every result of a bulk send, in the order of the input. Iterable and sized.

    Attributes:
        results: All results.
    """

    results: Sequence[SendResult]

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[SendResult]:
        return iter(self.results)

    def __repr__(self) -> str:
        return f"BulkReport({self.summary()})"

    @property
    def accepted(self) -> list[SendResult]:
        """The results of the messages that the gateway accepted."""
        return self._with(SendStatus.ACCEPTED)

    @property
    def accepted_ids(self) -> list[str]:
        """The gateway's ids of the accepted messages, such as `delivery_status` takes."""
        return [result.id for result in self.accepted if result.id]

    @property
    def rejected(self) -> list[SendResult]:
        """The results of the messages that were refused, by the gateway or by the checks before sending."""
        return self._with(SendStatus.REJECTED)

    @property
    def unknown(self) -> list[SendResult]:
        """The results of the messages that may or may not have been accepted. Do not resend them blindly."""
        return self._with(SendStatus.UNKNOWN)

    @property
    def not_attempted(self) -> list[SendResult]:
        """The results of the messages that were not sent. Sending them again is safe."""
        return self._with(SendStatus.NOT_ATTEMPTED)

    @property
    def suppressed(self) -> list[SendResult]:
        """The results of the rejected messages that were held back before sending: duplicates and opt-outs."""
        return [result for result in self.results if isinstance(result.error, SuppressedError)]

    @property
    def counts(self) -> Mapping[SendStatus, int]:
        """The number of messages of each outcome."""
        found = Counter(result.status for result in self.results)
        return {status: found[status] for status in SendStatus}

    def summary(self) -> str:
        """Return the counts in one line."""
        return counts_text(self.counts)

    def raise_for_failures(self) -> None:
        """Raise if any message was not accepted. A message that was held back is no failure.

        Raises:
            BulkUnknownOutcomeError: The outcome of some messages is unknown. It is a `BulkError`, too.
            BulkError: Some messages were refused or not attempted.
        """
        unknown = self.unknown
        if unknown:
            raise BulkUnknownOutcomeError(
                f"{self.summary()}. Do not resend the unknown ones blindly: {LOOK_FIRST}",
                report=self,
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
    """Some messages of a bulk send were not accepted. Raised by `BulkReport.raise_for_failures()`.

    Attributes:
        report: The whole report. Not part of a pickle.
    """

    _unpickled = MappingProxyType({"report": None})

    def __init__(self, text: str, *, report: BulkReport) -> None:
        super().__init__(text)
        self.report = report


class BulkSourceError(BulkError):
    """The iterable of the messages raised during a bulk send; `__cause__` is its exception.

    Attributes:
        report: The results of the messages that the iterable returned before. Not part of a pickle.
    """


class BulkUnknownOutcomeError(BulkError, UnknownOutcomeError):
    """The outcome of some messages of a bulk send is unknown. Raised by `BulkReport.raise_for_failures()`.

    Attributes:
        report: The whole report. Not part of a pickle.
        messages: The messages with an unknown outcome. Not part of a pickle.
        track_ids: Their track ids, in the same order.
        accepted: The results of the accepted messages. Not part of a pickle.
    """

    _unpickled = MappingProxyType({"report": None, "messages": (), "accepted": ()})

    def __init__(self, text: str, *, report: BulkReport) -> None:
        unknown = report.unknown
        UnknownOutcomeError.__init__(
            self,
            text,
            messages=[result.message for result in unknown],
            track_ids=[result.track_id for result in unknown],
            accepted=report.accepted,
        )
        self.report = report


publish_in_package(["BulkError", "BulkReport", "BulkSourceError", "BulkUnknownOutcomeError", "SendResult"], globals())

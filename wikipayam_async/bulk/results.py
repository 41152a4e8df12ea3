"""The results of a bulk send: one result per message, and a report of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

import msgspec
from attrs import frozen

from wikipayam_async.errors import SuppressedError, UnknownOutcomeError, WikipayamError
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.messages.payload import Batch
from wikipayam_async.outcomes import LOOK_FIRST, SendStatus
from wikipayam_async.publish import publish_in_package
from wikipayam_async.structs import Model

__all__ = [
    "BulkError",
    "BulkReport",
    "BulkSourceError",
    "BulkUnknownOutcomeError",
    "InColumns",
    "SendResult",
    "accepted",
    "counts_text",
]


class SendResult(Model, frozen=True):
    """The outcome of one message.

    It cannot be changed: `copy.replace` and `attrs.evolve` return a changed copy.

    Attributes:
        index: The index of the message in the input, counted from 0.
        message: The message as the caller passed it.
        status: Its outcome.
        id: The gateway's id, if the message was accepted.
        error: The reason why it was not accepted, or why its outcome is unknown. Results that differ in it alone are equal.
        track_id: The track id it was sent with; None if it was not prepared for sending.
    """

    index: int
    message: SmsMessage
    status: SendStatus
    id: str | None = None
    error: WikipayamError | None = None
    track_id: str | None = None
    _not_compared = frozenset({"error"})

    @property
    def ok(self) -> bool:
        """Whether the gateway accepted the message."""
        return self.status is SendStatus.ACCEPTED

    def __eq__(self, other: object) -> bool:
        return self._compared() == other._compared() if isinstance(other, SendResult) else NotImplemented

    def __ne__(self, other: object) -> bool:  # that of a struct would compare the errors, too
        return not self == other

    def __hash__(self) -> int:
        return hash(self._compared())

    def _compared(self) -> tuple[object, ...]:
        return self.index, self.message, self.status, self.id, self.track_id


class _UntrackedResult(SendResult, frozen=True, gc=False):
    """A result that the garbage collector does not know: nothing in it can refer to anything, so it is in no cycle.

    A run of a million messages keeps a million of them, and the collector goes through all objects that it knows again
    and again. It must know every other result. The error of a failed one has a traceback once it was raised; its frames
    refer to the results, and so to itself: a cycle through an object that the collector does not know is never freed.

    It is a `SendResult` to everybody: it says so, and copies of it are.
    """

    __class__ = property(lambda _: SendResult)  # pyright: ignore[reportIncompatibleMethodOverride]

    def __reduce__(self) -> tuple[type[SendResult], tuple[object, ...]]:
        return SendResult, msgspec.structs.astuple(self)

    def __copy__(self) -> SendResult:
        return self

    def __replace__(self, **changes: Any) -> SendResult:
        return msgspec.structs.replace(SendResult(*msgspec.structs.astuple(self)), **changes)


def accepted(indexes: Sequence[int], batch: Batch[SmsMessage], ids: Sequence[str | None]) -> list[SendResult]:
    """Return the results of the messages of a request that were accepted under these ids.

    Raises:
        ValueError: There is not one id for each message.
    """
    if not len(indexes) == len(batch.messages) == len(ids):
        raise ValueError(f"{len(ids)} ids for {len(indexes)} messages")
    make = _UntrackedResult if batch.is_plain else SendResult
    statuses, errors = repeat(SendStatus.ACCEPTED), repeat(None)
    return list(map(make, indexes, batch.messages, statuses, ids, errors, batch.track_ids))


def counts_text(counts: Mapping[SendStatus, int]) -> str:
    """Return the number of messages of each outcome in one line."""
    outcomes = ", ".join(f"{counts.get(status, 0):,} {status.value.replace('_', ' ')}" for status in SendStatus)
    return f"{sum(counts.values()):,} messages: {outcomes}"


@runtime_checkable
class InColumns(Protocol):
    """Results of which most are columns of accepted messages."""

    def statuses(self) -> list[SendStatus]:
        """Return the status of every result, in any order."""
        ...

    def accepted_ids(self) -> list[str]:
        """Return the gateway's ids of the accepted messages, in order."""
        ...

    def singles(self) -> list[SendResult]:
        """Return the results that are in no column, in order."""
        ...


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
        if isinstance(self.results, InColumns):
            return self.results.accepted_ids()
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
        return [result for result in self._looked_at if isinstance(result.error, SuppressedError)]

    @property
    def counts(self) -> Mapping[SendStatus, int]:
        """The number of messages of each outcome."""
        columns = self.results.statuses() if isinstance(self.results, InColumns) else None
        found = Counter(columns or (result.status for result in self.results))
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
            for result in self._looked_at
            if result.status is not SendStatus.ACCEPTED and not isinstance(result.error, SuppressedError)
        ]
        if failed:
            first = next((result.error for result in failed if result.error is not None), None)
            raise BulkError(self.summary() + (f"; the first failure: {first}" if first else ""), report=self) from first

    def _with(self, status: SendStatus) -> list[SendResult]:
        results = self.results if status is SendStatus.ACCEPTED else self._looked_at
        return [result for result in results if result.status is status]

    @property
    def _looked_at(self) -> Sequence[SendResult]:
        """The results without those columns that hold accepted messages only."""
        return self.results.singles() if isinstance(self.results, InColumns) else self.results


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

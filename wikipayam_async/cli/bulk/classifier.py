"""Classifies each row: to send, invalid or held back. The check before a run and the run use the same rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from attrs import field, frozen

from wikipayam_async.bulk.screening import Dedupe, Screen
from wikipayam_async.cli.bulk.columns import ColumnMapping
from wikipayam_async.cli.bulk.outcomes import RowOutcome, RowOutcomes
from wikipayam_async.cli.bulk.tables import TableRow
from wikipayam_async.errors import InvalidInputError, SuppressedError
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.optout import OptOutList
from wikipayam_async.redact.masks import mask_number

__all__ = ["ClassifiedRow", "Deduplicator", "HeldBack", "InvalidRow", "RowClassifier", "ScreeningRules", "ToSend"]


@frozen
class ToSend:
    """A row whose message is to be sent.

    Attributes:
        row: The row number.
        message: The message.
    """

    row: int
    message: SmsMessage


@frozen
class InvalidRow:
    """A row that gives no message.

    Attributes:
        row: The row number.
        reason: Why; it quotes no value of the row.
    """

    row: int
    reason: str


@frozen
class HeldBack:
    """A row whose message is not to be sent.

    Attributes:
        row: The row number.
        receiver: The receiver, masked.
        reason: `duplicate`, `opted_out` or `opt_out_unknown`.
    """

    row: int
    receiver: str
    reason: str


ClassifiedRow: TypeAlias = ToSend | InvalidRow | HeldBack


@frozen(kw_only=True)
class ScreeningRules:
    """Which messages are held back.

    Attributes:
        dedupe: What makes a message a duplicate of an earlier one.
        opt_out: The receivers who opted out.
    """

    dedupe: Dedupe | None = None
    opt_out: OptOutList | None = None


class Deduplicator:
    """Holds back duplicates and messages to receivers who opted out.

    It remembers what it has seen, so each pass over a file needs a new one. Opt-outs are checked first: a message that is
    held back for an opt-out does not count as the first of its duplicates.
    """

    def __init__(self, rules: ScreeningRules) -> None:
        self._opt_out = None if rules.opt_out is None else Screen(opt_out=rules.opt_out)
        self._dedupe = None if rules.dedupe is None else Screen(dedupe=rules.dedupe)

    def remember(self, message: SmsMessage) -> None:
        """Record a message that an earlier run sent or may have sent.

        Args:
            message: The message.
        """
        _reason_of(self._dedupe, message)

    def check(self, message: SmsMessage) -> str | None:
        """Return why a message is held back; None if it may be sent.

        Args:
            message: The message.
        """
        return _reason_of(self._opt_out, message) or _reason_of(self._dedupe, message)


def _reason_of(screen: Screen | None, message: SmsMessage) -> str | None:
    refusal = None if screen is None else screen.check(message.receiver, message.message or "")
    return refusal.reason if isinstance(refusal, SuppressedError) else None


@frozen
class RowClassifier:
    """Classifies the rows that earlier runs left.

    Attributes:
        mapping: Makes the message of a row.
        rules: Which messages are held back.
        outcomes: The outcomes of the rows in earlier runs.
        retry_rejected: Whether rejected rows are sent again.
    """

    mapping: ColumnMapping
    rules: ScreeningRules = field(factory=ScreeningRules)
    outcomes: RowOutcomes = field(factory=RowOutcomes)
    retry_rejected: bool = False

    @property
    def needs_history(self) -> bool:
        """Whether `deduplicator` needs the rows, to record what earlier runs sent."""
        return self.rules.dedupe is not None

    def deduplicator(self, rows: Iterable[TableRow] = ()) -> Deduplicator:
        """Return a new deduplicator.

        Args:
            rows: All rows of the file, if `needs_history`.

        Raises:
            InvalidInputError: A row that was sent is now invalid.
        """
        deduplicator = Deduplicator(self.rules)
        for row in rows:
            if self.outcomes.may_have_been_sent(row.number):
                deduplicator.remember(self.mapping.message_of(row))
        return deduplicator

    def classify(self, rows: Iterable[TableRow], deduplicator: Deduplicator) -> Iterator[ClassifiedRow]:
        """Classify each row that earlier runs left.

        Args:
            rows: All rows of the file.
            deduplicator: A new deduplicator.
        """
        for row in rows:
            if self._is_open(row.number):
                yield self._classify(row, deduplicator)

    def _is_open(self, row: int) -> bool:
        if self.retry_rejected and self.outcomes[row] in (RowOutcome.REJECTED, RowOutcome.HELD_BACK):
            return True
        return self.outcomes.may_be_sent(row)

    def _classify(self, row: TableRow, deduplicator: Deduplicator) -> ClassifiedRow:
        try:
            message = self.mapping.message_of(row)
        except InvalidInputError as error:
            return InvalidRow(row.number, str(error))
        reason = deduplicator.check(message)
        if reason is None:
            return ToSend(row.number, message)
        return HeldBack(row.number, mask_number(message.receiver), reason)

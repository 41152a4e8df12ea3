"""Row by row: is it sent, refused or held back? The check before a run and the run itself ask the same."""

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

__all__ = ["ToSend", "HeldBack", "Holding", "Refused", "Deduplicator", "Sorted", "Sorter"]


@frozen
class ToSend:
    """A row that gives a message to send.

    Attributes:
        row: Its number.
        message: The message.
    """

    row: int
    message: SmsMessage


@frozen
class Refused:
    """A row that gives no message.

    Attributes:
        row: Its number.
        reason: Why; nothing of its values.
    """

    row: int
    reason: str


@frozen
class HeldBack:
    """A row whose message is not to be sent.

    Attributes:
        row: Its number.
        receiver: Its receiver, masked.
        word: `duplicate`, `opted_out` or `opt_out_unknown`.
    """

    row: int
    receiver: str
    word: str


Sorted: TypeAlias = ToSend | Refused | HeldBack


@frozen(kw_only=True)
class Holding:
    """What is held back.

    Attributes:
        dedupe: What makes a message the same as one before.
        opt_out: Who wants no messages.
    """

    dedupe: Dedupe | None = None
    opt_out: OptOutList | None = None


class Deduplicator:
    """Holds messages back. Keeps what it has seen: every reading of a file needs one of its own.

    Who opted out is asked first: what is held back for that is not a first one of several.
    """

    def __init__(self, holding: Holding) -> None:
        self._opt_out = None if holding.opt_out is None else Screen(opt_out=holding.opt_out)
        self._dedupe = None if holding.dedupe is None else Screen(dedupe=holding.dedupe)

    def remember(self, message: SmsMessage) -> None:
        """Take a message for seen that an earlier run sent, or may have sent.

        Args:
            message: The message.
        """
        _ask(self._dedupe, message)

    def check(self, message: SmsMessage) -> str | None:
        """Return why a message is held back, in a word; None if it may be sent.

        Args:
            message: The message.
        """
        return _ask(self._opt_out, message) or _ask(self._dedupe, message)


def _ask(screen: Screen | None, message: SmsMessage) -> str | None:
    verdict = None if screen is None else screen.check(message.receiver, message.message or "")
    return verdict.reason if isinstance(verdict, SuppressedError) else None


@frozen
class Sorter:
    """Decides for each row.

    Attributes:
        plan: What becomes of a row.
        holding: What is held back.
        outcomes: What is known of the rows from earlier runs.
        retry_rejected: Whether what was refused is to be tried again.
    """

    plan: ColumnMapping
    holding: Holding = field(factory=Holding)
    outcomes: RowOutcomes = field(factory=RowOutcomes)
    retry_rejected: bool = False

    @property
    def needs_memory(self) -> bool:
        """Whether a deduplicator has to be told first what earlier runs sent."""
        return self.holding.dedupe is not None

    def deduplicator(self, rows: Iterable[TableRow] = ()) -> Deduplicator:
        """Return a new deduplicator.

        Args:
            rows: All rows of the file, if it has to know what earlier runs sent.

        Raises:
            InvalidInputError: A row that was sent gives no message now.
        """
        deduplicator = Deduplicator(self.holding)
        for row in rows:
            if self.outcomes.may_have_been_sent(row.number):
                deduplicator.remember(self.plan.message_of(row))
        return deduplicator

    def sort(self, rows: Iterable[TableRow], deduplicator: Deduplicator) -> Iterator[Sorted]:
        """Yield what becomes of each row that is still to be seen to.

        Args:
            rows: All rows of the file.
            deduplicator: A new deduplicator.
        """
        for row in rows:
            if self._is_open(row.number):
                yield self._sort(row, deduplicator)

    def _is_open(self, row: int) -> bool:
        if self.retry_rejected and self.outcomes[row] in (RowOutcome.REJECTED, RowOutcome.HELD_BACK):
            return True
        return self.outcomes.may_be_sent(row)

    def _sort(self, row: TableRow, deduplicator: Deduplicator) -> Sorted:
        try:
            message = self.plan.message_of(row)
        except InvalidInputError as error:
            return Refused(row.number, str(error))
        word = deduplicator.check(message)
        return (
            ToSend(row.number, message) if word is None else HeldBack(row.number, mask_number(message.receiver), word)
        )

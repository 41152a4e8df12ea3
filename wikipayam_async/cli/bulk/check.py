"""The check of the whole file before anything is sent: the number of messages, the bad rows, and the cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import count
from operator import attrgetter

from attrs import field, frozen

from wikipayam_async.cli.bulk.classifier import Deduplicator, HeldBack, InvalidRow, RowClassifier, ToSend
from wikipayam_async.cli.bulk.files.notes import ReceiverCounter
from wikipayam_async.cli.bulk.tables import TableRow
from wikipayam_async.cost.estimate import CostEstimate, CostTally
from wikipayam_async.cost.tariff import Tariff
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.redact.masks import mask_text
from wikipayam_async.text.parts import SmsParts, count_parts

__all__ = ["FileCheck", "Sample", "check_rows"]

_MAX_BAD_ROWS_SHOWN = 10


@frozen
class Sample:
    """The text of one row.

    Attributes:
        row: The row number.
        text: The text.
        parts: The parts of the text.
    """

    row: int
    text: str = field(repr=mask_text)
    parts: SmsParts

    @property
    def size(self) -> tuple[int, float]:
        """The number of parts, then how full the last one is. It compares across encodings."""
        return self.parts.parts, -self.parts.remaining / self.parts.unit_limit


@frozen(kw_only=True)
class FileCheck:
    """The result of the check.

    Attributes:
        rows: The number of rows in the file.
        done: How many of them earlier runs processed.
        messages: The number of messages to send now.
        bad: The number of invalid rows.
        bad_rows: The first ten invalid rows, with their reasons.
        held_back: The number of messages held back, by reason.
        estimate: The parts of the messages, and their cost if there is a tariff.
        cost: The cost in rials; None if there is no tariff.
        shortest: The shortest text.
        longest: The longest text.
        repeated: The number of messages to send whose receiver has an earlier one.
        hidden: The number of rows left out because the sheet does not show them.
        notes: What else is told before the question, a line each.
    """

    rows: int
    done: int
    messages: int
    bad: int
    bad_rows: tuple[InvalidRow, ...]
    held_back: Mapping[str, int]
    estimate: CostEstimate
    cost: int | None
    shortest: Sample | None
    longest: Sample | None
    repeated: int = 0
    hidden: int = 0
    notes: tuple[str, ...] = ()


def check_rows(
    rows: Iterable[TableRow], classifier: RowClassifier, deduplicator: Deduplicator, tariff: Tariff | None
) -> FileCheck:
    """Check every row, in constant memory.

    Args:
        rows: All rows of the file.
        classifier: Classifies each row.
        deduplicator: A new deduplicator.
        tariff: The price of a part, if it is known.

    Raises:
        InputFileError: The file cannot be read to its end.
    """
    counter = count()
    counted = (row for row, _ in zip(rows, counter, strict=False))
    tally = CostTally(tariff or Tariff(persian=0), sender=classifier.mapping.sender)
    held_back: Counter[str] = Counter()
    bad_rows: list[InvalidRow] = []
    bad = messages = 0
    samples = _Samples()
    receivers = ReceiverCounter()
    for one in classifier.classify(counted, deduplicator):
        if isinstance(one, ToSend):
            messages += 1
            tally.add(one.message)
            samples.add(one.row, one.message)
            receivers.add(one.message.receiver)
        elif isinstance(one, HeldBack):
            held_back[one.reason] += 1
        else:
            bad += 1
            if bad <= _MAX_BAD_ROWS_SHOWN:
                bad_rows.append(one)
    estimate, total = tally.estimate(), next(counter)
    return FileCheck(
        rows=total,
        done=total - messages - bad - held_back.total(),
        messages=messages,
        bad=bad,
        bad_rows=tuple(bad_rows),
        held_back=held_back,
        estimate=estimate,
        cost=None if tariff is None else estimate.cost,
        shortest=samples.shortest,
        longest=samples.longest,
        repeated=receivers.repeated,
    )


class _Samples:
    """Keeps the shortest and the longest text."""

    def __init__(self) -> None:
        self.shortest: Sample | None = None
        self.longest: Sample | None = None
        self._last: object = None

    def add(self, row: int, message: SmsMessage) -> None:
        text = message.message or ""
        if text is self._last:  # one text for all rows is counted once
            return
        self._last = text
        sample = Sample(row, text, count_parts(text))
        self.shortest = min(self.shortest or sample, sample, key=attrgetter("size"))
        self.longest = max(self.longest or sample, sample, key=attrgetter("size"))

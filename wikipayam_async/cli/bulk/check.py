"""The look at the whole file before anything is sent: how many messages, what is wrong with which rows, what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from attrs import field, frozen

from wikipayam_async.cli.bulk.sorting import Deduplicator, HeldBack, Refused, Sorter, ToSend
from wikipayam_async.cli.bulk.tables import TableRow
from wikipayam_async.cost.estimate import CostEstimate, CostTally
from wikipayam_async.cost.tariff import Tariff
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.redact.masks import mask_text
from wikipayam_async.text.parts import SmsParts, count_parts

__all__ = ["Check", "Sample", "look_through"]

_MOST_NAMED = 10


@frozen
class Sample:
    """The text of one row.

    Attributes:
        row: The row's number.
        text: The text.
        parts: What it takes of the network.
    """

    row: int
    text: str = field(repr=mask_text)
    parts: SmsParts

    @property
    def size(self) -> tuple[int, float]:
        """Its parts, then how full the last one is, which compares across encodings."""
        return self.parts.parts, -self.parts.remaining / self.parts.unit_limit


@frozen(kw_only=True)
class Check:
    """What the look found.

    Attributes:
        rows: How many rows the file has.
        done: How many of them earlier runs have seen to.
        messages: How many messages are to be sent now.
        bad: How many rows give no message.
        bad_rows: The first ten of them, with the reason.
        held_back: How many are held back, by the reason.
        estimate: What the messages take, and cost if there is a tariff.
        cost: What they cost in rials; None if there is no tariff.
        shortest: The text that takes the least.
        longest: The text that takes the most.
    """

    rows: int
    done: int
    messages: int
    bad: int
    bad_rows: tuple[Refused, ...]
    held_back: Mapping[str, int]
    estimate: CostEstimate
    cost: int | None
    shortest: Sample | None
    longest: Sample | None


class _Counted:
    """Counts rows while they pass by."""

    def __init__(self, rows: Iterable[TableRow]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[TableRow]:
        for row in self._rows:
            self.count += 1
            yield row


def look_through(rows: Iterable[TableRow], sorter: Sorter, deduplicator: Deduplicator, tariff: Tariff | None) -> Check:
    """Look at every row, in flat memory.

    Args:
        rows: All rows of the file.
        sorter: Decides for each.
        deduplicator: A new deduplicator.
        tariff: What a part costs, if that is known.

    Raises:
        InputFileError: The file cannot be read to its end.
    """
    counted = _Counted(rows)
    tally = CostTally(tariff or Tariff(0), sender=sorter.plan.sender)
    held_back: Counter[str] = Counter()
    bad_rows: list[Refused] = []
    bad = messages = 0
    samples = _Samples()
    for one in sorter.sort(counted, deduplicator):
        if isinstance(one, ToSend):
            messages += 1
            tally.add(one.message)
            samples.add(one.row, one.message)
        elif isinstance(one, HeldBack):
            held_back[one.word] += 1
        else:
            bad += 1
            if bad <= _MOST_NAMED:
                bad_rows.append(one)
    estimate = tally.estimate()
    return Check(
        rows=counted.count,
        done=counted.count - messages - bad - held_back.total(),
        messages=messages,
        bad=bad,
        bad_rows=tuple(bad_rows),
        held_back=held_back,
        estimate=estimate,
        cost=None if tariff is None else estimate.cost,
        shortest=samples.shortest,
        longest=samples.longest,
    )


class _Samples:
    """Keeps the shortest and the longest text."""

    def __init__(self) -> None:
        self.shortest: Sample | None = None
        self.longest: Sample | None = None
        self._last: object = None

    def add(self, row: int, message: SmsMessage) -> None:
        text = message.message or ""
        if text is self._last:  # one text for all is looked at once
            return
        self._last = text
        sample = Sample(row, text, count_parts(text))
        if self.shortest is None or sample.size < self.shortest.size:
            self.shortest = sample
        if self.longest is None or sample.size > self.longest.size:
            self.longest = sample

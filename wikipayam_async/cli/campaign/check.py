"""The check of a plan before anything is sent: its messages, its bad rows, its cost; and the question about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from operator import attrgetter

from attrs import field, frozen

from wikipayam_async.campaigns.campaign import Campaign
from wikipayam_async.campaigns.journal import PlanBlock
from wikipayam_async.cli.campaign.causes import HELD_BACK
from wikipayam_async.cli.campaign.options import ConfirmationOptions
from wikipayam_async.cli.output import Output, counted, spaced
from wikipayam_async.cli.prompts import confirm
from wikipayam_async.cost.money import format_money
from wikipayam_async.cost.tariff import Tariff
from wikipayam_async.messages.footer import Footer
from wikipayam_async.numbers import Operator
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.redact.masks import mask_text
from wikipayam_async.text.parts import Encoding, SmsParts, count_parts
from wikipayam_async.text.remarks import TextRemark, remarks_on

__all__ = ["PlanCheck", "PlanTally", "Sample", "confirmed", "count_pending", "described_check", "show_check"]

_MAX_BAD_ROWS_SHOWN = 10
_ADDS_PART = frozenset({"footer_adds_part"})
_REMARKS = {
    "footer_adds_part": "with more parts because of the footer",
    TextRemark.LINK: "with a link, which gateways may hold back",
    TextRemark.CARD_NUMBER: "with a card or account number, which gateways may hold back",
    TextRemark.ARABIC_LETTERS: "with the Arabic ي or ك in place of the Persian letters",
}


@frozen
class Sample:
    """The text of one row.

    Attributes:
        row: The row number.
        text: The text.
        parts: The parts of the text.
    """

    row: int | None
    text: str = field(repr=mask_text)
    parts: SmsParts

    @property
    def size(self) -> tuple[int, float]:
        """The number of parts, then how full the last one is. It compares across encodings."""
        return self.parts.parts, -self.parts.remaining / self.parts.unit_limit


@frozen(kw_only=True)
class PlanCheck:
    """The result of the check.

    Attributes:
        rows: The number of rows.
        messages: The number of messages to send now.
        bad: The number of rows that give no message.
        bad_rows: The first ten of them: the row number and the reason, which quotes no value.
        held_back: The number of messages held back on purpose, by cause.
        parts: The number of parts.
        cost: The cost in rials; None if the price is not known.
        shortest: The shortest text.
        longest: The longest text.
        repeated: The number of messages to send whose receiver has an earlier one.
        hidden: The number of rows left out because the sheet does not show them.
        notes: What else is told before the question, a line each.
        remarks: The number of messages to send whose text is worth a second look, by remark.
    """

    rows: int
    messages: int
    bad: int
    bad_rows: Sequence[tuple[int | None, str]]
    held_back: Mapping[str, int]
    parts: int
    cost: int | None
    shortest: Sample | None
    longest: Sample | None
    repeated: int = 0
    hidden: int = 0
    notes: tuple[str, ...] = ()
    remarks: Mapping[str, int] = field(factory=dict)


class PlanTally:
    """Adds up what is planned while it is stored: each text is counted once, in constant memory.

    Args:
        tariff: The price of a part, if it is known.
        line: The line of messages that name none.
        footer: The footer of the texts.
    """

    def __init__(self, tariff: Tariff | None, line: str | None, footer: Footer | None = None) -> None:
        self._tariff = tariff
        self._line = line
        self._footer = footer
        self._remarks: Counter[str] = Counter()
        self._found: frozenset[str] = frozenset()
        self._rows = 0
        self._kinds: Counter[tuple[str | None, Operator | None, Encoding, int]] = Counter()
        self._bad = 0
        self._bad_rows: list[tuple[int | None, str]] = []
        self._held: Counter[str] = Counter()
        self._text: str | None = None
        self._encoding, self._parts = Encoding.GSM7, 0
        self._shortest: Sample | None = None
        self._longest: Sample | None = None

    def add(self, blocks: Sequence[PlanBlock]) -> None:
        """Count blocks of a plan."""
        for block in blocks:
            rows = block.messages
            self._rows += len(rows)
            for _, chunk, receiver, text, sender, _, row, _ in rows:
                if chunk is not None:
                    self.count(text, sender, receiver, row)
            for outcome in block.held_back:
                row = rows[outcome.index - rows[0][0]][6]
                self._hold_back(row, outcome.reason or "", outcome.error or "")

    def count(self, text: str, sender: str | None, receiver: str, row: int | None) -> None:
        """Count a message to send."""
        if text != self._text:
            self._text = text
            parts = count_parts(text)
            self._encoding, self._parts = parts.encoding, parts.parts
            self._sample(Sample(row, text, parts))
            self._found = remarks_on(text) | self._remarks_on_footer(text)
        self._remarks.update(self._found)
        operator = None if self._tariff is None else self._tariff.operator_of(receiver)
        self._kinds[sender, operator, self._encoding, self._parts] += 1

    def check(self) -> PlanCheck:
        """Return the check of what was counted so far."""
        cost = None
        if (tariff := self._tariff) is not None:
            cost = sum(
                count * parts * tariff.price(encoding, sender or self._line, operator)
                for (sender, operator, encoding, parts), count in self._kinds.items()
            )
        messages = self._kinds.total()
        return PlanCheck(
            rows=max(self._rows, messages),
            messages=messages,
            bad=self._bad,
            bad_rows=tuple(self._bad_rows),
            held_back=dict(self._held),
            parts=sum(count * parts for (*_, parts), count in self._kinds.items()),
            cost=cost,
            shortest=self._shortest,
            longest=self._longest,
            remarks=dict(self._remarks),
        )

    def _remarks_on_footer(self, text: str) -> frozenset[str]:
        return _ADDS_PART if self._footer is not None and self._footer.adds_part(text) else frozenset()

    def _hold_back(self, row: int | None, cause: str, error: str) -> None:
        if cause in HELD_BACK:
            self._held[cause] += 1
            return
        self._bad += 1
        if self._bad <= _MAX_BAD_ROWS_SHOWN:
            self._bad_rows.append((row, error))

    def _sample(self, sample: Sample) -> None:
        self._shortest = min(self._shortest or sample, sample, key=attrgetter("size"))
        self._longest = max(self._longest or sample, sample, key=attrgetter("size"))


async def count_pending(campaign: Campaign, tally: PlanTally) -> None:
    """Count what is left of a campaign.

    Args:
        campaign: The campaign.
        tally: Where to count it.
    """
    async for result in campaign.results(status=SendStatus.NOT_ATTEMPTED):
        tally.count(result.message or "", result.sender, result.receiver, result.row)


def show_check(out: Output, check: PlanCheck, detected_format: str) -> None:
    """Show the result of the check.

    Args:
        out: The output.
        check: The result of the check.
        detected_format: How the file was read; empty if it does not matter.
    """
    lines = [f"{counted(check.rows, 'row')}{f' ({detected_format})' if detected_format else ''}"]
    lines += [f"{count:,} held back: {spaced(cause)}" for cause, count in check.held_back.items()]
    lines += check.notes
    lines += [
        f"{counted(check.remarks[one], 'message')} {text}" for one, text in _REMARKS.items() if one in check.remarks
    ]
    lines += [f"row {row}: {reason}" for row, reason in check.bad_rows]
    if check.bad:
        lines.append(
            f"{counted(check.bad, 'bad row')} without a message"
            + ("; the first are above" if check.bad > len(check.bad_rows) else "")
        )
    cost = "unknown without --price-persian or --tariff" if check.cost is None else format_money(check.cost)
    lines.append(f"{counted(check.messages, 'message')} to send, {counted(check.parts, 'part')}; cost: {cost}")
    for name, sample in (("shortest", check.shortest), ("longest", check.longest)):
        if sample is not None:
            parts = f"{counted(sample.parts.parts, 'part')} in {sample.parts.encoding}"
            lines += [f"{name} text, row {sample.row}, {parts}:", *(f"  {line}" for line in sample.text.splitlines())]
    out.say("\n".join(lines))


def described_check(check: PlanCheck) -> dict[str, object]:
    """Return the result of the check for `--json`, without any text.

    Args:
        check: The result of the check.
    """
    return {
        "rows": check.rows,
        "messages": check.messages,
        "bad": check.bad,
        "bad_rows": [{"row": row, "reason": reason} for row, reason in check.bad_rows],
        "held_back": dict(check.held_back),
        "repeated": check.repeated,
        "hidden": check.hidden,
        "remarks": dict(check.remarks),
        "parts": check.parts,
        "cost": check.cost,
        "currency": "IRR",
    }


def confirmed(check: PlanCheck, options: ConfirmationOptions, out: Output, *, ask_about_bad_rows: bool = False) -> bool:
    """Return whether the messages may be sent: the options say so, or the answer to the question.

    Args:
        check: The result of the check.
        options: What to ask.
        out: The output.
        ask_about_bad_rows: Whether bad rows have to be confirmed, too.

    Raises:
        InvalidInputError: A question is necessary, and stdin is no terminal.
    """
    instead: list[str] = []
    question = f"Send {counted(check.messages, 'message')}"
    limit = options.yes_up_to
    if not options.yes and (check.cost is None or limit is None or check.cost > limit):
        instead.append("--yes" if check.cost is None else "--yes or --yes-up-to RIALS")
        cost = "at an unknown cost" if check.cost is None else f"for {format_money(check.cost)}"
        question += f" {cost}"
    if check.bad and ask_about_bad_rows:
        instead.append("--skip-bad-rows")
        question += f", without {counted(check.bad, 'bad row')}"
    return not instead or confirm(question, out, instead=" and ".join(instead))
